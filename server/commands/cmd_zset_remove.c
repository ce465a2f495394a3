/* Removing from sorted sets by range, and taking members from their ends. */
#include "server/commands/call_collection.h"
#include "server/commands/cmd_zset.h"
#include "server/commands/zset_args.h"
#include "server/commands/zset_pop.h"
#include "server/request/args.h"
#include "server/request/reply.h"

/* Members gathered before they are removed, in one piece of a long range. */
#define PIECE_MEMBERS 1024
/* A set is made anew if so many times more would go than stay: adding costs more than removing does. */
#define REMAKE_FACTOR 4

/* Remove up to `limit` members between the cuts; returns how many. `batch` is memory for the piece; `*from` becomes the
 * place behind the last of them, borrowed from it: the next piece need not pass the places of those that are gone. */
static size_t remove_piece(struct collection *zset, struct zset_batch *batch, struct zset_cut *from,
                           const struct zset_cut *to, uint64_t limit)
{
    struct zset_walk walk;
    struct slice member;
    double score;

    zset_walk_begin_at(&walk, zset, from, true);
    zset_batch_clear(batch);
    while (batch->count < limit && zset_walk_next(&walk, &member, &score) && !zset_cut_precedes(to, score, member)) {
        zset_batch_add(batch, member, score);
    }
    zset_walk_end(&walk);
    for (size_t i = 0; i < batch->count; i++) {
        member = zset_batch_member(batch, i);
        score = zset_batch_score(batch, i);
        zset_take(zset, member, score);
        *from = (struct zset_cut){.kind = ZSET_CUT_ITEM, .is_after = true, .score = score, .member = member};
    }
    return batch->count;
}

/* Remove up to `limit` members between the cuts, in pieces. */
static void remove_between(struct collection *zset, struct zset_cut from, const struct zset_cut *to, uint64_t limit)
{
    struct zset_batch batch;
    uint64_t wanted;
    uint64_t count;

    zset_batch_init(&batch);
    do {
        wanted = limit < PIECE_MEMBERS ? limit : PIECE_MEMBERS;
        count = remove_piece(zset, &batch, &from, to, wanted);
        limit -= count;
    } while (count == wanted && limit > 0);
    zset_batch_release(&batch);
}

/* Gather `count` members from `rank` on. */
static void gather_ranks(const struct collection *zset, uint64_t rank, uint64_t count, struct zset_batch *batch)
{
    struct zset_walk walk;
    struct slice member;
    double score;

    zset_walk_begin_rank(&walk, zset, rank, true);
    for (; count > 0 && zset_walk_next(&walk, &member, &score); count--) {
        zset_batch_add(batch, member, score);
    }
    zset_walk_end(&walk);
}

/* Remove by making the set anew of the few that stay. */
static void remake(struct collection *zset, const struct zset_ranks *ranks)
{
    uint64_t end = ranks->first + ranks->count;
    struct zset_batch kept;

    zset_batch_init(&kept);
    gather_ranks(zset, 0, ranks->first, &kept);
    gather_ranks(zset, end, zset_count(zset) - end, &kept);
    collection_clear(zset);
    for (size_t i = 0; i < kept.count; i++) {
        zset_add(zset, zset_batch_member(&kept, i), zset_batch_score(&kept, i));
    }
    zset_batch_release(&kept);
}

static void remove_ranks(struct collection *zset, struct zset_ranks ranks)
{
    const struct zset_cut end = {.kind = ZSET_CUT_END, .is_after = true};
    struct zset_cut from = {.kind = ZSET_CUT_ITEM};
    struct zset_batch first;

    if (ranks.count > REMAKE_FACTOR * (zset_count(zset) - ranks.count)) {
        remake(zset, &ranks);
        return;
    }
    zset_batch_init(&first);
    gather_ranks(zset, ranks.first, 1, &first);
    from.score = zset_batch_score(&first, 0);
    from.member = zset_batch_member(&first, 0);
    remove_between(zset, from, &end, ranks.count);
    zset_batch_release(&first);
}

/* Write the set back, tell, and reply with how many have gone. */
static void finish(struct call *call, struct reply *reply, struct collection *zset, const char *event)
{
    uint64_t count = zset->old_count - zset_count(zset);

    if (count > 0) {
        call->changes += count;
        call_commit_collection(call, zset, event);
    }
    collection_close(zset);
    reply_integer(reply, (int64_t)count);
}

/* ZREMRANGEBYRANK key start stop. */
static enum status run_zremrangebyrank(struct call *call, struct reply *reply)
{
    struct collection zset;
    struct zset_ranks ranks;
    int64_t start;
    int64_t stop;
    enum status status = args_int64(call->argv[2], &start);

    if (status == STATUS_OK) {
        status = args_int64(call->argv[3], &stop);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (call_open_collection(call, ENTRY_ZSET, &zset) == STATUS_WRONG_TYPE) {
        return STATUS_WRONG_TYPE;
    }
    ranks = zset_args_ranks(start, stop, zset_count(&zset));
    if (ranks.count > 0) {
        remove_ranks(&zset, ranks);
    }
    finish(call, reply, &zset, "zremrangebyrank");
    return STATUS_OK;
}

static bool is_all(const struct zset_range *range)
{
    return zset_cut_is_at_end(&range->from) && !range->from.is_after && zset_cut_is_at_end(&range->to) &&
           range->to.is_after;
}

static enum status remove_range(struct call *call, struct reply *reply, const struct zset_range *range,
                                const char *event)
{
    struct collection zset;

    if (call_open_collection(call, ENTRY_ZSET, &zset) == STATUS_WRONG_TYPE) {
        return STATUS_WRONG_TYPE;
    }
    if (zset_count(&zset) > 0 && is_all(range)) {
        collection_clear(&zset);
    }
    remove_between(&zset, range->from, &range->to, UINT64_MAX);
    finish(call, reply, &zset, event);
    return STATUS_OK;
}

/* ZREMRANGEBYSCORE key min max. */
static enum status run_zremrangebyscore(struct call *call, struct reply *reply)
{
    struct zset_range range;
    enum status status = zset_args_scores(reply, call->argv[2], call->argv[3], &range);

    return status == STATUS_OK ? remove_range(call, reply, &range, "zremrangebyscore") : status;
}

/* ZREMRANGEBYLEX key min max. */
static enum status run_zremrangebylex(struct call *call, struct reply *reply)
{
    struct zset_range range;
    enum status status = zset_args_members(reply, call->argv[2], call->argv[3], &range);

    return status == STATUS_OK ? remove_range(call, reply, &range, "zremrangebylex") : status;
}

/* ZPOPMIN and ZPOPMAX key [count]. */
static enum status pop(struct call *call, struct reply *reply, bool is_max)
{
    struct zset_pop pop = {.is_max = is_max, .is_nested = reply->protocol == 3 && call->argc == 3, .count = 1};
    struct collection zset;
    int64_t count = 1;

    if (call->argc > 3) {
        return STATUS_SYNTAX;
    }
    if (call->argc == 3 && (args_int64(call->argv[2], &count) != STATUS_OK || count < 0)) {
        return STATUS_NEGATIVE;
    }
    if (call_open_collection(call, ENTRY_ZSET, &zset) == STATUS_WRONG_TYPE) {
        return STATUS_WRONG_TYPE;
    }
    pop.count = (uint64_t)count;
    pop.count = zset_pop_count(&zset, &pop);
    reply_array(reply, pop.is_nested ? pop.count : 2 * pop.count);
    if (pop.count > 0) {
        zset_pop_and_reply(call, reply, &zset, &pop);
    }
    collection_close(&zset);
    return STATUS_OK;
}

static enum status run_zpopmin(struct call *call, struct reply *reply)
{
    return pop(call, reply, false);
}

static enum status run_zpopmax(struct call *call, struct reply *reply)
{
    return pop(call, reply, true);
}

/* ZMPOP numkeys key [key ...] MIN|MAX [COUNT n]: the first sorted set that is there, and what was popped. */
static enum status run_zmpop(struct call *call, struct reply *reply)
{
    struct zset_mpop mpop;
    enum status status = zset_mpop_parse(call, reply, 1, &mpop);

    if (status == STATUS_OK) {
        status = zset_mpop_run(call, reply, &mpop);
    }
    if (status == STATUS_NOT_FOUND) {
        reply_null_array(reply);
        status = STATUS_OK;
    }
    return status;
}

const struct command zset_remove_commands[] = {
    {.name = "zremrangebyrank",
     .summary = "Remove all members in a sorted set within the given indexes",
     .since = "2.0.0",
     .complexity = "O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements "
                   "removed by the operation.",
     .group = "sorted-set",
     .arity = 4,
     .flags = COMMAND_WRITE,
     .categories = CATEGORY_SORTED_SET,
     .keys = {KEY_RANGE(KEY_RW | KEY_DELETE, 1, 0, 1)},
     .run = run_zremrangebyrank},
    {.name = "zremrangebyscore",
     .summary = "Remove all members in a sorted set within the given scores",
     .since = "1.2.0",
     .complexity = "O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements "
                   "removed by the operation.",
     .group = "sorted-set",
     .arity = 4,
     .flags = COMMAND_WRITE,
     .categories = CATEGORY_SORTED_SET,
     .keys = {KEY_RANGE(KEY_RW | KEY_DELETE, 1, 0, 1)},
     .run = run_zremrangebyscore},
    {.name = "zremrangebylex",
     .summary = "Remove all members in a sorted set between the given lexicographical range",
     .since = "2.8.9",
     .complexity = "O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements "
                   "removed by the operation.",
     .group = "sorted-set",
     .arity = 4,
     .flags = COMMAND_WRITE,
     .categories = CATEGORY_SORTED_SET,
     .keys = {KEY_RANGE(KEY_RW | KEY_DELETE, 1, 0, 1)},
     .run = run_zremrangebylex},
    {.name = "zpopmin",
     .summary = "Remove and return members with the lowest scores in a sorted set",
     .since = "5.0.0",
     .complexity = "O(log(N)*M) with N being the number of elements in the sorted set, and M being the number of "
                   "elements popped.",
     .group = "sorted-set",
     .arity = -2,
     .flags = COMMAND_WRITE | COMMAND_FAST,
     .categories = CATEGORY_SORTED_SET,
     .keys = {KEY_RANGE(KEY_RW | KEY_ACCESS | KEY_DELETE, 1, 0, 1)},
     .run = run_zpopmin},
    {.name = "zpopmax",
     .summary = "Remove and return members with the highest scores in a sorted set",
     .since = "5.0.0",
     .complexity = "O(log(N)*M) with N being the number of elements in the sorted set, and M being the number of "
                   "elements popped.",
     .group = "sorted-set",
     .arity = -2,
     .flags = COMMAND_WRITE | COMMAND_FAST,
     .categories = CATEGORY_SORTED_SET,
     .keys = {KEY_RANGE(KEY_RW | KEY_ACCESS | KEY_DELETE, 1, 0, 1)},
     .run = run_zpopmax},
    {.name = "zmpop",
     .summary = "Remove and return members with scores in a sorted set",
     .since = "7.0.0",
     .complexity = "O(K) + O(M*log(N)) where K is the number of provided keys, N being the number of elements in the "
                   "sorted set, and M being the number of elements popped.",
     .group = "sorted-set",
     .arity = -4,
     .flags = COMMAND_WRITE | COMMAND_MOVABLEKEYS,
     .categories = CATEGORY_SORTED_SET,
     .keys = {{.flags = KEY_RW | KEY_ACCESS | KEY_DELETE,
               .begin = KEY_BEGIN_INDEX,
               .index = 1,
               .find = KEY_FIND_KEYNUM,
               .keynum_index = 0,
               .first_key = 1,
               .step = 1}},
     .run = run_zmpop},
    {.name = NULL},
};
