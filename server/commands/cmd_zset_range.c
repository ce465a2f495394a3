/* Ranges of sorted sets: by rank, by score, by member, both ways, as replies and into keys. */
#include "server/commands/call_collection.h"
#include "server/commands/call_reads.h"
#include "server/commands/cmd_zset.h"
#include "server/commands/zset_args.h"
#include "server/request/args.h"
#include "server/request/notify.h"
#include "server/request/reply.h"

enum range_by { BY_UNSAID, BY_RANK, BY_SCORE, BY_MEMBER };

/* A request for a range. */
struct request {
    size_t key; /* Of its argument; then come the bounds. */
    bool is_store;
    enum range_by by;
    bool may_reverse; /* REV may be said. */
    bool is_reverse;
    bool has_scores;
    int64_t offset; /* LIMIT; a negative one leaves nothing. */
    int64_t limit;  /* Negative for none. */
    int64_t start;  /* By rank. */
    int64_t stop;
    struct zset_range range; /* By score or member. */
};

static enum status parse_limit(struct call *call, size_t at, struct request *request)
{
    enum status status = args_int64(call->argv[at + 1], &request->offset);

    return status == STATUS_OK ? args_int64(call->argv[at + 2], &request->limit) : status;
}

/* Parse the options behind the bounds. */
static enum status parse_options(struct call *call, struct request *request)
{
    bool may_say_by = request->by == BY_UNSAID;

    for (size_t i = request->key + 3; i < call->argc; i++) {
        struct slice word = call->argv[i];
        enum status status;

        if (!request->is_store && args_is(word, "withscores")) {
            request->has_scores = true;
        } else if (args_is(word, "limit") && i + 2 < call->argc) {
            status = parse_limit(call, i, request);
            if (status != STATUS_OK) {
                return status;
            }
            i += 2;
        } else if (request->may_reverse && !request->is_reverse && args_is(word, "rev")) {
            request->is_reverse = true;
        } else if (may_say_by && request->by == BY_UNSAID && args_is(word, "bylex")) {
            request->by = BY_MEMBER;
        } else if (may_say_by && request->by == BY_UNSAID && args_is(word, "byscore")) {
            request->by = BY_SCORE;
        } else {
            return STATUS_SYNTAX;
        }
    }
    request->by = request->by == BY_UNSAID ? BY_RANK : request->by;
    return STATUS_OK;
}

static enum status parse_bounds(struct call *call, struct reply *reply, struct request *request)
{
    bool is_swapped = request->is_reverse && request->by != BY_RANK; /* Then the greater one comes first. */
    struct slice min = call->argv[request->key + 1 + is_swapped];
    struct slice max = call->argv[request->key + 2 - is_swapped];
    enum status status;

    switch (request->by) {
    case BY_SCORE:
        return zset_args_scores(reply, min, max, &request->range);
    case BY_MEMBER:
        return zset_args_members(reply, min, max, &request->range);
    default:
        break;
    }
    status = args_int64(min, &request->start);
    return status == STATUS_OK ? args_int64(max, &request->stop) : status;
}

static enum status parse(struct call *call, struct reply *reply, struct request *request)
{
    enum status status;

    request->limit = -1;
    status = parse_options(call, request);
    if (status != STATUS_OK) {
        return status;
    }
    if (request->limit != -1 && request->by == BY_RANK) {
        return reply_error(reply,
                           "ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX");
    }
    if (request->has_scores && request->by == BY_MEMBER) {
        return reply_error(reply, "ERR syntax error, WITHSCORES not supported in combination with BYLEX");
    }
    return parse_bounds(call, reply, request);
}

/* Whom a range's members are told. */
struct sink {
    void (*take)(void *context, struct slice member, double score);
    void *context;
};

/* Tell of the members between the ranks. */
static uint64_t walk_ranks(const struct collection *zset, const struct request *request, const struct sink *sink)
{
    struct zset_ranks ranks = zset_args_ranks(request->start, request->stop, zset_count(zset));
    struct zset_walk walk;
    struct slice member;
    double score;
    uint64_t count = 0;

    if (ranks.count == 0) {
        return 0;
    }
    zset_walk_begin_rank(&walk, zset, request->is_reverse ? zset_count(zset) - 1 - ranks.first : ranks.first,
                         !request->is_reverse);
    for (; count < ranks.count && zset_walk_next(&walk, &member, &score); count++) {
        sink->take(sink->context, member, score);
    }
    zset_walk_end(&walk);
    return count;
}

/* LIMIT's offset is passed by rank where that saves a long walk. */
#define OFFSET_WALKED_MAX 1000

/* Begin at the first member of the range that LIMIT's offset leaves. */
static void begin_cuts(struct zset_walk *walk, const struct collection *zset, const struct request *request)
{
    const struct zset_cut *cut = request->is_reverse ? &request->range.to : &request->range.from;
    uint64_t offset = (uint64_t)request->offset;
    uint64_t before;
    struct slice member;
    double score;

    if (offset > OFFSET_WALKED_MAX) {
        before = zset_count_before(zset, cut);
        if (request->is_reverse) {
            zset_walk_begin_rank(walk, zset, before > offset ? before - 1 - offset : UINT64_MAX, false);
        } else {
            zset_walk_begin_rank(walk, zset, before + offset, true);
        }
        return;
    }
    zset_walk_begin_at(walk, zset, cut, !request->is_reverse);
    for (; offset > 0 && zset_walk_next(walk, &member, &score); offset--) {
    }
}

/* Tell of the members between the cuts. */
static uint64_t walk_cuts(const struct collection *zset, const struct request *request, const struct sink *sink)
{
    struct zset_walk walk;
    struct slice member;
    double score;
    uint64_t count = 0;

    if (request->offset < 0 || request->limit == 0) {
        return 0;
    }
    begin_cuts(&walk, zset, request);
    while ((request->limit < 0 || count < (uint64_t)request->limit) && zset_walk_next(&walk, &member, &score)) {
        if (request->is_reverse ? !zset_cut_precedes(&request->range.from, score, member)
                                : zset_cut_precedes(&request->range.to, score, member)) {
            break;
        }
        sink->take(sink->context, member, score);
        count++;
    }
    zset_walk_end(&walk);
    return count;
}

static uint64_t walk_request(const struct collection *zset, const struct request *request, const struct sink *sink)
{
    return request->by == BY_RANK ? walk_ranks(zset, request, sink) : walk_cuts(zset, request, sink);
}

struct range_reply {
    struct reply *reply;
    bool has_scores;
};

static void take_reply(void *context, struct slice member, double score)
{
    struct range_reply *range = context;

    if (range->has_scores && range->reply->protocol == 3) {
        reply_array(range->reply, 2);
    }
    reply_bulk(range->reply, member);
    if (range->has_scores) {
        reply_double(range->reply, score);
    }
}

static enum status reply_range(struct call *call, struct reply *reply, struct request request)
{
    struct range_reply range = {.reply = reply};
    struct sink sink = {.take = take_reply, .context = &range};
    struct reply_deferred deferred;
    struct collection zset;
    uint64_t count;
    enum status status;

    request.key = 1;
    status = parse(call, reply, &request);
    if (status != STATUS_OK) {
        return status;
    }
    status = call_open_collection(call, ENTRY_ZSET, &zset);
    if (status == STATUS_WRONG_TYPE) {
        return status;
    }
    range.has_scores = request.has_scores;
    deferred = reply_deferred_begin(reply);
    count = walk_request(&zset, &request, &sink);
    reply_deferred_array(reply, deferred, request.has_scores && reply->protocol == 2 ? 2 * count : count);
    collection_close(&zset);
    return STATUS_OK;
}

/* ZRANGE key start stop [BYSCORE | BYLEX] [REV] [LIMIT offset count] [WITHSCORES]. */
static enum status run_zrange(struct call *call, struct reply *reply)
{
    return reply_range(call, reply, (struct request){.may_reverse = true});
}

static enum status run_zrevrange(struct call *call, struct reply *reply)
{
    return reply_range(call, reply, (struct request){.by = BY_RANK, .is_reverse = true});
}

static enum status run_zrangebyscore(struct call *call, struct reply *reply)
{
    return reply_range(call, reply, (struct request){.by = BY_SCORE});
}

static enum status run_zrevrangebyscore(struct call *call, struct reply *reply)
{
    return reply_range(call, reply, (struct request){.by = BY_SCORE, .is_reverse = true});
}

static enum status run_zrangebylex(struct call *call, struct reply *reply)
{
    return reply_range(call, reply, (struct request){.by = BY_MEMBER});
}

static enum status run_zrevrangebylex(struct call *call, struct reply *reply)
{
    return reply_range(call, reply, (struct request){.by = BY_MEMBER, .is_reverse = true});
}

static void take_store(void *context, struct slice member, double score)
{
    zset_add(context, member, score);
}

/* ZRANGESTORE destination source min max ...: what ZRANGE would tell replaces the destination. */
static enum status run_zrangestore(struct call *call, struct reply *reply)
{
    struct request request = {.key = 2, .is_store = true, .may_reverse = true};
    struct collection source;
    struct collection result;
    struct sink sink = {.take = take_store, .context = &result};
    enum status status = parse(call, reply, &request);

    if (status != STATUS_OK) {
        return status;
    }
    status = collection_open(call->keyspace, call->db, call->argv[2], ENTRY_ZSET, &source);
    call_count_read(call, call->argv[2], status != STATUS_NOT_FOUND);
    if (status == STATUS_WRONG_TYPE) {
        return status;
    }
    collection_begin(call->keyspace, call->db, call->argv[1], ENTRY_ZSET, &result);
    (void)walk_request(&source, &request, &sink);
    call_replace_collection(call, &result, "zrangestore");
    reply_integer(reply, (int64_t)zset_count(&result));
    collection_close(&result);
    collection_close(&source);
    return STATUS_OK;
}

const struct command zset_range_commands[] = {
    {.name = "zrange",
     .summary = "Return a range of members in a sorted set",
     .since = "1.2.0",
     .complexity =
         "O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements returned.",
     .group = "sorted-set",
     .arity = -4,
     .flags = COMMAND_READONLY,
     .categories = CATEGORY_SORTED_SET,
     .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
     .run = run_zrange},
    {.name = "zrangestore",
     .summary = "Store a range of members from sorted set into another key",
     .since = "6.2.0",
     .complexity = "O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements "
                   "stored into the destination key.",
     .group = "sorted-set",
     .arity = -5,
     .flags = COMMAND_WRITE | COMMAND_DENYOOM,
     .categories = CATEGORY_SORTED_SET,
     .keys = {KEY_RANGE(KEY_OW | KEY_UPDATE, 1, 0, 1), KEY_RANGE(KEY_RO | KEY_ACCESS, 2, 0, 1)},
     .run = run_zrangestore},
    {.name = "zrevrange",
     .summary = "Return a range of members in a sorted set, by index, with scores ordered from high to low",
     .since = "1.2.0",
     .complexity =
         "O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements returned.",
     .group = "sorted-set",
     .arity = -4,
     .flags = COMMAND_READONLY,
     .categories = CATEGORY_SORTED_SET,
     .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
     .run = run_zrevrange},
    {.name = "zrangebyscore",
     .summary = "Return a range of members in a sorted set, by score",
     .since = "1.0.5",
     .complexity = "O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements "
                   "being returned. If M is constant (e.g. always asking for the first 10 elements with LIMIT), you "
                   "can consider it O(log(N)).",
     .group = "sorted-set",
     .arity = -4,
     .flags = COMMAND_READONLY,
     .categories = CATEGORY_SORTED_SET,
     .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
     .run = run_zrangebyscore},
    {.name = "zrevrangebyscore",
     .summary = "Return a range of members in a sorted set, by score, with scores ordered from high to low",
     .since = "2.2.0",
     .complexity = "O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements "
                   "being returned. If M is constant (e.g. always asking for the first 10 elements with LIMIT), you "
                   "can consider it O(log(N)).",
     .group = "sorted-set",
     .arity = -4,
     .flags = COMMAND_READONLY,
     .categories = CATEGORY_SORTED_SET,
     .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
     .run = run_zrevrangebyscore},
    {.name = "zrangebylex",
     .summary = "Return a range of members in a sorted set, by lexicographical range",
     .since = "2.8.9",
     .complexity = "O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements "
                   "being returned. If M is constant (e.g. always asking for the first 10 elements with LIMIT), you "
                   "can consider it O(log(N)).",
     .group = "sorted-set",
     .arity = -4,
     .flags = COMMAND_READONLY,
     .categories = CATEGORY_SORTED_SET,
     .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
     .run = run_zrangebylex},
    {.name = "zrevrangebylex",
     .summary =
         "Return a range of members in a sorted set, by lexicographical range, ordered from higher to lower strings.",
     .since = "2.8.9",
     .complexity = "O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements "
                   "being returned. If M is constant (e.g. always asking for the first 10 elements with LIMIT), you "
                   "can consider it O(log(N)).",
     .group = "sorted-set",
     .arity = -4,
     .flags = COMMAND_READONLY,
     .categories = CATEGORY_SORTED_SET,
     .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
     .run = run_zrevrangebylex},
    {.name = NULL},
};
