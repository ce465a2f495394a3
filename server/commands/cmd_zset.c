/* Members of sorted sets by name: adding, incrementing, removing, looking up. */
#include "server/commands/cmd_zset.h"
#include "base/memory.h"
#include "server/commands/call_collection.h"
#include "server/commands/zset_add.h"
#include "server/commands/zset_args.h"
#include "server/request/args.h"
#include "server/request/reply.h"
#include <math.h>

static bool take_option(struct slice word, struct zset_add_options *options)
{
    const struct {
        const char *name;
        bool *flag;
    } known[] = {{"nx", &options->is_nx}, {"xx", &options->is_xx}, {"gt", &options->is_gt},
                 {"lt", &options->is_lt}, {"ch", &options->is_ch}, {"incr", &options->is_incr}};

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (args_is(word, known[i].name)) {
            *known[i].flag = true;
            return true;
        }
    }
    return false;
}

/* `*first` becomes the index of the first score. */
static enum status parse_options(struct call *call, struct reply *reply, struct zset_add_options *options,
                                 size_t *first)
{
    size_t next = 2;

    while (next < call->argc && take_option(call->argv[next], options)) {
        next++;
    }
    if (next == call->argc || (call->argc - next) % 2 != 0) {
        return STATUS_SYNTAX;
    }
    if (options->is_nx && options->is_xx) {
        return reply_error(reply, "ERR XX and NX options at the same time are not compatible");
    }
    if (options->is_nx + options->is_gt + options->is_lt > 1) {
        return reply_error(reply, "ERR GT, LT, and/or NX options at the same time are not compatible");
    }
    if (options->is_incr && call->argc - next > 2) {
        return reply_error(reply, "ERR INCR option supports a single increment-element pair");
    }
    *first = next;
    return STATUS_OK;
}

/* All scores, before the first is used; the caller frees them. */
static enum status parse_scores(struct call *call, size_t first, double **scores)
{
    size_t count = (call->argc - first) / 2;

    *scores = memory_allocate(count * sizeof(double));
    for (size_t i = 0; i < count; i++) {
        enum status status = args_double(call->argv[first + 2 * i], &(*scores)[i]);

        if (status != STATUS_OK) {
            memory_free(*scores);
            return status;
        }
    }
    return STATUS_OK;
}

static enum status add_all(struct call *call, struct reply *reply, const struct zset_add_options *options, size_t first,
                           const double *scores)
{
    struct collection zset;
    struct zset_add_outcome outcome = {.is_refused = true};
    uint64_t added_count = 0;
    enum status status = STATUS_OK;

    if (call_open_collection(call, ENTRY_ZSET, &zset) == STATUS_WRONG_TYPE) {
        return STATUS_WRONG_TYPE;
    }
    for (size_t i = 0; status == STATUS_OK && first + 2 * i < call->argc; i++) {
        status = zset_add_by(&zset, options, call->argv[first + 2 * i + 1], scores[i], &outcome);
        added_count += outcome.is_added;
        call->changes += outcome.is_added || outcome.is_updated;
    }
    if (status != STATUS_OK) {
        /* INCR alone ends so, and has one pair: nothing was changed. */
        status = reply_error(reply, "ERR resulting score is not a number (NaN)");
    } else if (!options->is_incr) {
        reply_integer(reply, (int64_t)(options->is_ch ? call->changes : added_count));
    } else if (outcome.is_refused) {
        reply_null(reply);
    } else {
        reply_double(reply, outcome.score);
    }
    if (call->changes > 0) {
        call_commit_collection(call, &zset, options->is_incr ? "zincr" : "zadd");
    }
    collection_close(&zset);
    return status;
}

static enum status add(struct call *call, struct reply *reply, struct zset_add_options options)
{
    double *scores;
    size_t first = 0;
    enum status status = parse_options(call, reply, &options, &first);

    if (status != STATUS_OK) {
        return status;
    }
    status = parse_scores(call, first, &scores);
    if (status != STATUS_OK) {
        return status;
    }
    status = add_all(call, reply, &options, first, scores);
    memory_free(scores);
    return status;
}

/* ZADD key [NX | XX] [GT | LT] [CH] [INCR] score member [score member ...]. */
static enum status run_zadd(struct call *call, struct reply *reply)
{
    return add(call, reply, (struct zset_add_options){.is_nx = false});
}

/* ZINCRBY key increment member. As in Redis, an option's word for the increment is taken for the option. */
static enum status run_zincrby(struct call *call, struct reply *reply)
{
    return add(call, reply, (struct zset_add_options){.is_incr = true});
}

/* ZREM key member [member ...]: how many were there. */
static enum status run_zrem(struct call *call, struct reply *reply)
{
    struct collection zset;

    if (call_open_collection(call, ENTRY_ZSET, &zset) == STATUS_WRONG_TYPE) {
        return STATUS_WRONG_TYPE;
    }
    for (size_t i = 2; i < call->argc; i++) {
        call->changes += zset_remove(&zset, call->argv[i]);
    }
    if (call->changes > 0) {
        call_commit_collection(call, &zset, "zrem");
    }
    collection_close(&zset);
    reply_integer(reply, (int64_t)call->changes);
    return STATUS_OK;
}

static void reply_score(struct reply *reply, const struct collection *zset, struct slice member)
{
    double score;

    if (zset_score(zset, member, &score)) {
        reply_double(reply, score);
    } else {
        reply_null(reply);
    }
}

static enum status run_zscore(struct call *call, struct reply *reply)
{
    struct collection zset;

    if (call_open_collection(call, ENTRY_ZSET, &zset) == STATUS_WRONG_TYPE) {
        return STATUS_WRONG_TYPE;
    }
    reply_score(reply, &zset, call->argv[2]);
    collection_close(&zset);
    return STATUS_OK;
}

static enum status run_zmscore(struct call *call, struct reply *reply)
{
    struct collection zset;

    if (call_open_collection(call, ENTRY_ZSET, &zset) == STATUS_WRONG_TYPE) {
        return STATUS_WRONG_TYPE;
    }
    reply_array(reply, call->argc - 2);
    for (size_t i = 2; i < call->argc; i++) {
        reply_score(reply, &zset, call->argv[i]);
    }
    collection_close(&zset);
    return STATUS_OK;
}

static enum status run_zcard(struct call *call, struct reply *reply)
{
    struct collection zset;

    if (call_open_collection(call, ENTRY_ZSET, &zset) == STATUS_WRONG_TYPE) {
        return STATUS_WRONG_TYPE;
    }
    reply_integer(reply, (int64_t)zset_count(&zset));
    collection_close(&zset);
    return STATUS_OK;
}

static enum status reply_rank(struct call *call, struct reply *reply, bool is_reverse)
{
    struct collection zset;
    uint64_t rank;
    double score;

    if (call_open_collection(call, ENTRY_ZSET, &zset) == STATUS_WRONG_TYPE) {
        return STATUS_WRONG_TYPE;
    }
    if (zset_score(&zset, call->argv[2], &score)) {
        rank = zset_rank_of(&zset, call->argv[2], score);
        reply_integer(reply, (int64_t)(is_reverse ? zset_count(&zset) - 1 - rank : rank));
    } else {
        reply_null(reply);
    }
    collection_close(&zset);
    return STATUS_OK;
}

static enum status run_zrank(struct call *call, struct reply *reply)
{
    return reply_rank(call, reply, false);
}

static enum status run_zrevrank(struct call *call, struct reply *reply)
{
    return reply_rank(call, reply, true);
}

static enum status reply_count(struct call *call, struct reply *reply, const struct zset_range *range)
{
    struct collection zset;

    if (call_open_collection(call, ENTRY_ZSET, &zset) == STATUS_WRONG_TYPE) {
        return STATUS_WRONG_TYPE;
    }
    reply_integer(reply, (int64_t)zset_count_between(&zset, &range->from, &range->to));
    collection_close(&zset);
    return STATUS_OK;
}

/* ZCOUNT key min max. */
static enum status run_zcount(struct call *call, struct reply *reply)
{
    struct zset_range range;
    enum status status = zset_args_scores(reply, call->argv[2], call->argv[3], &range);

    return status == STATUS_OK ? reply_count(call, reply, &range) : status;
}

/* ZLEXCOUNT key min max. */
static enum status run_zlexcount(struct call *call, struct reply *reply)
{
    struct zset_range range;
    enum status status = zset_args_members(reply, call->argv[2], call->argv[3], &range);

    return status == STATUS_OK ? reply_count(call, reply, &range) : status;
}

const struct command zset_commands[] = {
    {.name = "zadd",
     .summary = "Add one or more members to a sorted set, or update its score if it already exists",
     .since = "1.2.0",
     .complexity = "O(log(N)) for each item added, where N is the number of elements in the sorted set.",
     .group = "sorted-set",
     .arity = -4,
     .flags = COMMAND_WRITE | COMMAND_DENYOOM | COMMAND_FAST,
     .categories = CATEGORY_SORTED_SET,
     .keys = {KEY_RANGE(KEY_RW | KEY_UPDATE, 1, 0, 1)},
     .run = run_zadd},
    {.name = "zincrby",
     .summary = "Increment the score of a member in a sorted set",
     .since = "1.2.0",
     .complexity = "O(log(N)) where N is the number of elements in the sorted set.",
     .group = "sorted-set",
     .arity = 4,
     .flags = COMMAND_WRITE | COMMAND_DENYOOM | COMMAND_FAST,
     .categories = CATEGORY_SORTED_SET,
     .keys = {KEY_RANGE(KEY_RW | KEY_ACCESS | KEY_UPDATE, 1, 0, 1)},
     .run = run_zincrby},
    {.name = "zrem",
     .summary = "Remove one or more members from a sorted set",
     .since = "1.2.0",
     .complexity = "O(M*log(N)) with N being the number of elements in the sorted set and M the number of elements to "
                   "be removed.",
     .group = "sorted-set",
     .arity = -3,
     .flags = COMMAND_WRITE | COMMAND_FAST,
     .categories = CATEGORY_SORTED_SET,
     .keys = {KEY_RANGE(KEY_RW | KEY_DELETE, 1, 0, 1)},
     .run = run_zrem},
    {.name = "zscore",
     .summary = "Get the score associated with the given member in a sorted set",
     .since = "1.2.0",
     .complexity = "O(1)",
     .group = "sorted-set",
     .arity = 3,
     .flags = COMMAND_READONLY | COMMAND_FAST,
     .categories = CATEGORY_SORTED_SET,
     .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
     .run = run_zscore},
    {.name = "zmscore",
     .summary = "Get the score associated with the given members in a sorted set",
     .since = "6.2.0",
     .complexity = "O(N) where N is the number of members being requested.",
     .group = "sorted-set",
     .arity = -3,
     .flags = COMMAND_READONLY | COMMAND_FAST,
     .categories = CATEGORY_SORTED_SET,
     .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
     .run = run_zmscore},
    {.name = "zcard",
     .summary = "Get the number of members in a sorted set",
     .since = "1.2.0",
     .complexity = "O(1)",
     .group = "sorted-set",
     .arity = 2,
     .flags = COMMAND_READONLY | COMMAND_FAST,
     .categories = CATEGORY_SORTED_SET,
     .keys = {KEY_RANGE(KEY_RO, 1, 0, 1)},
     .run = run_zcard},
    {.name = "zcount",
     .summary = "Count the members in a sorted set with scores within the given values",
     .since = "2.0.0",
     .complexity = "O(log(N)) with N being the number of elements in the sorted set.",
     .group = "sorted-set",
     .arity = 4,
     .flags = COMMAND_READONLY | COMMAND_FAST,
     .categories = CATEGORY_SORTED_SET,
     .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
     .run = run_zcount},
    {.name = "zlexcount",
     .summary = "Count the number of members in a sorted set between a given lexicographical range",
     .since = "2.8.9",
     .complexity = "O(log(N)) with N being the number of elements in the sorted set.",
     .group = "sorted-set",
     .arity = 4,
     .flags = COMMAND_READONLY | COMMAND_FAST,
     .categories = CATEGORY_SORTED_SET,
     .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
     .run = run_zlexcount},
    {.name = "zrank",
     .summary = "Determine the index of a member in a sorted set",
     .since = "2.0.0",
     .complexity = "O(log(N))",
     .group = "sorted-set",
     .arity = 3,
     .flags = COMMAND_READONLY | COMMAND_FAST,
     .categories = CATEGORY_SORTED_SET,
     .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
     .run = run_zrank},
    {.name = "zrevrank",
     .summary = "Determine the index of a member in a sorted set, with scores ordered from high to low",
     .since = "2.0.0",
     .complexity = "O(log(N))",
     .group = "sorted-set",
     .arity = 3,
     .flags = COMMAND_READONLY | COMMAND_FAST,
     .categories = CATEGORY_SORTED_SET,
     .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
     .run = run_zrevrank},
    {.name = NULL},
};
