/* Sorted sets page by page, and members at random. */
#include "base/number.h"
#include "server/commands/cmd_zset.h"
#include "server/commands/object_encoding.h"
#include "server/commands/random_choice.h"
#include "server/commands/scan_args.h"
#include "server/request/reply.h"
#include "storage/value/zset_walk.h"

/* Redis keeps whole scores of small sets as integers, up to this, and ZSCAN shows them so. */
#define INTEGER_SCORE_MAX 0x1p62

static void put_score(struct scan_page *page, double score, bool may_be_integer)
{
    char text[NUMBER_DOUBLE_TEXT_MAX];
    size_t len;

    if (may_be_integer && score >= -INTEGER_SCORE_MAX && score <= INTEGER_SCORE_MAX &&
        score == (double)(int64_t)score) {
        len = number_format_int64(text, (int64_t)score);
    } else {
        len = number_format_double(text, score);
    }
    scan_page_put(page, slice_make(text, len));
}

struct scan {
    struct scan_page page;
    bool is_compact; /* Redis' small form. */
};

static void visit_scanned(void *context, struct slice member, double score)
{
    struct scan *scan = context;

    if (scan_args_match(&scan->page.args, member)) {
        scan_page_put(&scan->page, member);
        put_score(&scan->page, score, scan->is_compact);
    }
}

/* ZSCAN key cursor [MATCH pattern] [COUNT n]. */
static enum status run_zscan(struct call *call, struct reply *reply)
{
    struct scan scan;
    struct zset_visitor visitor = {.visit = visit_scanned, .context = &scan};
    struct collection zset;
    uint64_t next;
    enum status status = scan_page_open(&scan.page, call, reply, ENTRY_ZSET, &zset);

    if (status != STATUS_OK) {
        return status;
    }
    scan.is_compact = collection_is_inline(&zset) && zset.was_there &&
                      strcmp(object_encoding(call, call->argv[1], &zset.entry), "listpack") == 0;
    next = zset_scan(&zset, scan.page.args.cursor, scan.page.args.count, &visitor);
    scan_page_end(&scan.page, reply, next);
    collection_close(&zset);
    return STATUS_OK;
}

/* Between choices that are no farther apart one walk goes on. */
#define WALKED_MAX 200

/* A walk that gives members by rank, in the order of their ranks. */
struct rank_walk {
    const struct collection *zset;
    struct zset_walk walk;
    uint64_t next; /* Rank that the walk gives next. */
    struct slice member;
    double score;
};

static void begin_at(struct rank_walk *ranks, uint64_t rank)
{
    zset_walk_begin_rank(&ranks->walk, ranks->zset, rank, true);
    ranks->next = rank;
}

/* Let `member` and `score` be those of the rank, which is not before the last one. */
static void go_to(struct rank_walk *ranks, uint64_t rank)
{
    if (rank > ranks->next + WALKED_MAX) {
        zset_walk_end(&ranks->walk);
        begin_at(ranks, rank);
    }
    while (ranks->next <= rank && zset_walk_next(&ranks->walk, &ranks->member, &ranks->score)) {
        ranks->next++;
    }
}

/* Reply with the chosen members, in the order in which they lie: any order is as random. */
static void reply_choices(struct reply *reply, const struct collection *zset, const struct random_choice *choices,
                          size_t count, bool with_scores)
{
    bool is_nested = with_scores && reply->protocol == 3;
    struct rank_walk ranks = {.zset = zset};

    reply_array(reply, with_scores && !is_nested ? 2 * count : count);
    begin_at(&ranks, count > 0 ? choices[0].rank : 0);
    for (size_t i = 0; i < count; i++) {
        go_to(&ranks, choices[i].rank);
        if (is_nested) {
            reply_array(reply, 2);
        }
        reply_bulk(reply, ranks.member);
        if (with_scores) {
            reply_double(reply, ranks.score);
        }
    }
    zset_walk_end(&ranks.walk);
}

static void reply_one_choice(struct reply *reply, const struct collection *zset, uint64_t rank)
{
    struct rank_walk ranks = {.zset = zset};

    begin_at(&ranks, rank);
    go_to(&ranks, rank);
    reply_bulk(reply, ranks.member);
    zset_walk_end(&ranks.walk);
}

/* ZRANDMEMBER key [count [WITHSCORES]]. */
static enum status run_zrandmember(struct call *call, struct reply *reply)
{
    static const struct random_command command = {
        .type = ENTRY_ZSET,
        .with = "withscores",
        .reply_one = reply_one_choice,
        .reply_choices = reply_choices,
    };

    return random_run(call, reply, &command);
}

const struct command zset_walk_commands[] = {
    {.name = "zscan",
     .summary = "Incrementally iterate sorted sets elements and associated scores",
     .since = "2.8.0",
     .complexity = "O(1) for every call. O(N) for a complete iteration, including enough command calls for the cursor "
                   "to return back to 0. N is the number of elements inside the collection..",
     .group = "sorted-set",
     .arity = -3,
     .flags = COMMAND_READONLY,
     .categories = CATEGORY_SORTED_SET,
     .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
     .tips = "nondeterministic_output",
     .run = run_zscan},
    {.name = "zrandmember",
     .summary = "Get one or multiple random elements from a sorted set",
     .since = "6.2.0",
     .complexity = "O(N) where N is the number of elements returned",
     .group = "sorted-set",
     .arity = -2,
     .flags = COMMAND_READONLY,
     .categories = CATEGORY_SORTED_SET,
     .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
     .tips = "nondeterministic_output",
     .run = run_zrandmember},
    {.name = NULL},
};
