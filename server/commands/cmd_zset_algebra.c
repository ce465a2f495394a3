/* ZUNION, ZINTER, ZDIFF and their kin; plain sets take part with scores of 1.
 *
 * A member's score is computed where a walk meets it first, from lookups in the other operands. Operands are in order
 * of their size, as in Redis: sums of doubles depend on the order. */
#include "base/memory.h"
#include "server/commands/call_collection.h"
#include "server/commands/call_reads.h"
#include "server/commands/cmd_zset.h"
#include "server/request/args.h"
#include "server/request/reply.h"
#include "storage/value/set_store.h"
#include "storage/value/zset_walk.h"
#include <math.h>
#include <stdlib.h>

enum algebra { ALGEBRA_INTERSECTION, ALGEBRA_UNION, ALGEBRA_DIFFERENCE };
enum aggregate { AGGREGATE_SUM, AGGREGATE_MIN, AGGREGATE_MAX };

struct operand {
    struct collection collection; /* Owned, open; of an absent key empty. */
    bool is_set;
    size_t index; /* As it was named. */
    double weight;
};

struct request {
    enum algebra algebra;
    size_t numkeys_at; /* Index of its argument. */
    bool is_store;
    bool is_count; /* ZINTERCARD. */
    bool has_scores;
    enum aggregate aggregate;
    uint64_t limit;           /* 0: none. */
    struct operand *operands; /* Owned. */
    size_t count;
};

/* Operands. */

static uint64_t operand_count(const struct operand *operand)
{
    return operand->collection.entry.count;
}

/* Whether the operand has the member, and its score, weighed. */
static bool find_score(const struct operand *operand, struct slice member, double *score)
{
    double found = 1;
    bool is_there =
        operand->is_set ? set_contains(&operand->collection, member) : zset_score(&operand->collection, member, &found);

    *score = operand->weight * found;
    return is_there;
}

struct operand_walk {
    const struct operand *operand;
    struct set_walk set;
    struct zset_walk zset;
};

static void walk_begin(struct operand_walk *walk, const struct operand *operand)
{
    walk->operand = operand;
    if (operand->is_set) {
        set_walk_begin(&walk->set, &operand->collection);
    } else {
        zset_walk_begin(&walk->zset, &operand->collection, true);
    }
}

static bool walk_next(struct operand_walk *walk, struct slice *member, double *score)
{
    double found = 1;
    bool is_there =
        walk->operand->is_set ? set_walk_next(&walk->set, member) : zset_walk_next(&walk->zset, member, &found);

    *score = walk->operand->weight * found;
    return is_there;
}

static void walk_end(struct operand_walk *walk)
{
    if (walk->operand->is_set) {
        set_walk_end(&walk->set);
    } else {
        zset_walk_end(&walk->zset);
    }
}

static int compare_sizes(const void *a, const void *b)
{
    const struct operand *x = a;
    const struct operand *y = b;

    if (operand_count(x) != operand_count(y)) {
        return operand_count(x) < operand_count(y) ? -1 : 1;
    }
    return (x->index > y->index) - (x->index < y->index);
}

static void close_operands(struct request *request)
{
    for (size_t i = 0; i < request->count; i++) {
        collection_close(&request->operands[i].collection);
    }
    memory_free(request->operands);
}

/* Open a key that is a sorted set, or a set, or absent. */
static enum status open_operand(struct call *call, struct slice key, struct operand *operand)
{
    struct entry entry = {.type = ENTRY_ZSET, .body = slice_empty()};
    bool is_there = keyspace_find(call->keyspace, call->db, key, &entry);

    call_count_read_of_writer(call, key, is_there);
    operand->is_set = entry.type == ENTRY_SET;
    if (!operand->is_set && entry.type != ENTRY_ZSET) {
        return STATUS_WRONG_TYPE;
    }
    collection_look(call->keyspace, call->db, key, &entry, &operand->collection);
    return STATUS_OK;
}

static enum status open_operands(struct call *call, struct request *request, size_t count)
{
    request->operands = memory_allocate_zeroed(count * sizeof(*request->operands));
    for (request->count = 0; request->count < count; request->count++) {
        struct operand *operand = &request->operands[request->count];
        enum status status = open_operand(call, call->argv[request->numkeys_at + 1 + request->count], operand);

        if (status != STATUS_OK) {
            return status;
        }
        operand->index = request->count;
        operand->weight = 1;
    }
    return STATUS_OK;
}

/* Words. */

static enum status parse_weights(struct call *call, struct reply *reply, size_t at, struct request *request)
{
    for (size_t i = 0; i < request->count; i++) {
        if (args_double(call->argv[at + i], &request->operands[i].weight) != STATUS_OK) {
            return reply_error(reply, "ERR weight value is not a float");
        }
    }
    return STATUS_OK;
}

static enum status parse_aggregate(struct slice word, struct request *request)
{
    static const char *const names[] = {[AGGREGATE_SUM] = "sum", [AGGREGATE_MIN] = "min", [AGGREGATE_MAX] = "max"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (args_is(word, names[i])) {
            request->aggregate = (enum aggregate)i;
            return STATUS_OK;
        }
    }
    return STATUS_SYNTAX;
}

static enum status parse_limit(struct reply *reply, struct slice word, struct request *request)
{
    int64_t limit;

    if (args_int64(word, &limit) != STATUS_OK || limit < 0) {
        return reply_error(reply, "ERR LIMIT can't be negative");
    }
    request->limit = (uint64_t)limit;
    return STATUS_OK;
}

/* Parse one option at `*at` and go behind it. */
static enum status parse_option(struct call *call, struct reply *reply, size_t *at, struct request *request)
{
    bool is_weighed = request->algebra != ALGEBRA_DIFFERENCE && !request->is_count;
    size_t left = call->argc - *at;
    struct slice word = call->argv[*at];
    enum status status = STATUS_OK;

    if (is_weighed && left >= request->count + 1 && args_is(word, "weights")) {
        status = parse_weights(call, reply, *at + 1, request);
        *at += request->count + 1;
    } else if (is_weighed && left >= 2 && args_is(word, "aggregate")) {
        status = parse_aggregate(call->argv[*at + 1], request);
        *at += 2;
    } else if (!request->is_store && !request->is_count && args_is(word, "withscores")) {
        request->has_scores = true;
        *at += 1;
    } else if (request->is_count && left >= 2 && args_is(word, "limit")) {
        status = parse_limit(reply, call->argv[*at + 1], request);
        *at += 2;
    } else {
        status = STATUS_SYNTAX;
    }
    return status;
}

/* Open what the words name and read the rest of them. With any other status than STATUS_OK nothing is open. */
static enum status parse(struct call *call, struct reply *reply, struct request *request)
{
    size_t next;
    int64_t count;
    enum status status = args_int64(call->argv[request->numkeys_at], &count);

    if (status != STATUS_OK) {
        return status;
    }
    if (count < 1) {
        return reply_error(reply, "ERR at least 1 input key is needed for '%s' command", call->command->name);
    }
    if ((uint64_t)count > call->argc - (request->numkeys_at + 1)) {
        return STATUS_SYNTAX;
    }
    status = open_operands(call, request, (size_t)count);
    next = request->numkeys_at + 1 + (size_t)count;
    while (status == STATUS_OK && next < call->argc) {
        status = parse_option(call, reply, &next, request);
    }
    if (status != STATUS_OK) {
        close_operands(request);
    } else if (request->algebra != ALGEBRA_DIFFERENCE) {
        qsort(request->operands, request->count, sizeof(*request->operands), compare_sizes);
    }
    return status;
}

/* Computing. */

static double zero_for_nan(double score)
{
    return isnan(score) ? 0 : score;
}

static double combine(enum aggregate aggregate, double score, double other)
{
    switch (aggregate) {
    case AGGREGATE_MIN:
        return other < score ? other : score;
    case AGGREGATE_MAX:
        return other > score ? other : score;
    default:
        return zero_for_nan(score + other); /* Infinity and its negative. */
    }
}

/* Whether a member that operand `from` has belongs to the result and was not met in an earlier one; `*score` is the
 * operand's and becomes the result's. */
static bool compute_one(const struct request *request, size_t from, struct slice member, double *score)
{
    double other;

    for (size_t i = 0; i < from; i++) {
        if (find_score(&request->operands[i], member, &other)) {
            return false; /* A union has it already. */
        }
    }
    if (request->algebra != ALGEBRA_DIFFERENCE) {
        *score = zero_for_nan(*score);
    }
    for (size_t i = from + 1; i < request->count; i++) {
        bool is_there = find_score(&request->operands[i], member, &other);

        if (is_there != (request->algebra == ALGEBRA_INTERSECTION) && request->algebra != ALGEBRA_UNION) {
            return false;
        }
        if (is_there) {
            other = request->algebra == ALGEBRA_UNION ? zero_for_nan(other) : other;
            *score = combine(request->aggregate, *score, other);
        }
    }
    return true;
}

/* Gather what operand `from` gives to the result. False when there is enough. */
static bool gather(const struct request *request, size_t from, struct zset_batch *batch, uint64_t *count)
{
    struct operand_walk walk;
    struct slice member;
    double score;
    bool goes_on = true;

    walk_begin(&walk, &request->operands[from]);
    while (goes_on && walk_next(&walk, &member, &score)) {
        if (compute_one(request, from, member, &score)) {
            ++*count;
            goes_on = *count != request->limit;
            if (!request->is_count) {
                zset_batch_add(batch, member, score);
            }
        }
    }
    walk_end(&walk);
    return goes_on;
}

/* The result, sorted, and its count; of ZINTERCARD the count alone. */
static uint64_t compute(const struct request *request, struct zset_batch *batch)
{
    size_t walked = request->algebra == ALGEBRA_UNION ? request->count : 1;
    uint64_t count = 0;

    for (size_t from = 0; from < walked && gather(request, from, batch, &count); from++) {
    }
    zset_batch_sort(batch);
    return count;
}

static void reply_batch(struct reply *reply, const struct zset_batch *batch, bool has_scores)
{
    bool is_nested = has_scores && reply->protocol == 3;

    reply_array(reply, has_scores && !is_nested ? 2 * batch->count : batch->count);
    for (size_t i = 0; i < batch->count; i++) {
        if (is_nested) {
            reply_array(reply, 2);
        }
        reply_bulk(reply, zset_batch_member(batch, i));
        if (has_scores) {
            reply_double(reply, zset_batch_score(batch, i));
        }
    }
}

static enum status reply_algebra(struct call *call, struct reply *reply, enum algebra algebra)
{
    struct request request = {.algebra = algebra, .numkeys_at = 1};
    struct zset_batch batch;
    enum status status = parse(call, reply, &request);

    if (status != STATUS_OK) {
        return status;
    }
    zset_batch_init(&batch);
    (void)compute(&request, &batch);
    reply_batch(reply, &batch, request.has_scores);
    zset_batch_release(&batch);
    close_operands(&request);
    return STATUS_OK;
}

/* Put the result under argv[1], replacing what is there, whatever it is. */
static enum status store_algebra(struct call *call, struct reply *reply, enum algebra algebra, const char *event)
{
    struct request request = {.algebra = algebra, .numkeys_at = 2, .is_store = true};
    struct collection result;
    struct zset_batch batch;
    enum status status = parse(call, reply, &request);

    if (status != STATUS_OK) {
        return status;
    }
    zset_batch_init(&batch);
    (void)compute(&request, &batch);
    collection_begin(call->keyspace, call->db, call->argv[1], ENTRY_ZSET, &result);
    for (size_t i = 0; i < batch.count; i++) {
        zset_add(&result, zset_batch_member(&batch, i), zset_batch_score(&batch, i));
    }
    call_replace_collection(call, &result, event);
    reply_integer(reply, (int64_t)zset_count(&result));
    collection_close(&result);
    zset_batch_release(&batch);
    close_operands(&request);
    return STATUS_OK;
}

static enum status run_zunion(struct call *call, struct reply *reply)
{
    return reply_algebra(call, reply, ALGEBRA_UNION);
}

static enum status run_zinter(struct call *call, struct reply *reply)
{
    return reply_algebra(call, reply, ALGEBRA_INTERSECTION);
}

static enum status run_zdiff(struct call *call, struct reply *reply)
{
    return reply_algebra(call, reply, ALGEBRA_DIFFERENCE);
}

static enum status run_zunionstore(struct call *call, struct reply *reply)
{
    return store_algebra(call, reply, ALGEBRA_UNION, "zunionstore");
}

static enum status run_zinterstore(struct call *call, struct reply *reply)
{
    return store_algebra(call, reply, ALGEBRA_INTERSECTION, "zinterstore");
}

static enum status run_zdiffstore(struct call *call, struct reply *reply)
{
    return store_algebra(call, reply, ALGEBRA_DIFFERENCE, "zdiffstore");
}

/* ZINTERCARD numkeys key [key ...] [LIMIT n]. */
static enum status run_zintercard(struct call *call, struct reply *reply)
{
    struct request request = {.algebra = ALGEBRA_INTERSECTION, .numkeys_at = 1, .is_count = true};
    struct zset_batch batch;
    enum status status = parse(call, reply, &request);

    if (status != STATUS_OK) {
        return status;
    }
    zset_batch_init(&batch);
    reply_integer(reply, (int64_t)compute(&request, &batch));
    zset_batch_release(&batch);
    close_operands(&request);
    return STATUS_OK;
}

const struct command zset_algebra_commands[] = {
    {.name = "zunion",
     .summary = "Add multiple sorted sets",
     .since = "6.2.0",
     .complexity = "O(N)+O(M*log(M)) with N being the sum of the sizes of the input sorted sets, and M being the "
                   "number of elements in the resulting sorted set.",
     .group = "sorted-set",
     .arity = -3,
     .flags = COMMAND_READONLY | COMMAND_MOVABLEKEYS,
     .categories = CATEGORY_SORTED_SET,
     .keys = {{.flags = KEY_RO | KEY_ACCESS,
               .begin = KEY_BEGIN_INDEX,
               .index = 1,
               .find = KEY_FIND_KEYNUM,
               .keynum_index = 0,
               .first_key = 1,
               .step = 1}},
     .run = run_zunion},
    {.name = "zinter",
     .summary = "Intersect multiple sorted sets",
     .since = "6.2.0",
     .complexity = "O(N*K)+O(M*log(M)) worst case with N being the smallest input sorted set, K being the number of "
                   "input sorted sets and M being the number of elements in the resulting sorted set.",
     .group = "sorted-set",
     .arity = -3,
     .flags = COMMAND_READONLY | COMMAND_MOVABLEKEYS,
     .categories = CATEGORY_SORTED_SET,
     .keys = {{.flags = KEY_RO | KEY_ACCESS,
               .begin = KEY_BEGIN_INDEX,
               .index = 1,
               .find = KEY_FIND_KEYNUM,
               .keynum_index = 0,
               .first_key = 1,
               .step = 1}},
     .run = run_zinter},
    {.name = "zdiff",
     .summary = "Subtract multiple sorted sets",
     .since = "6.2.0",
     .complexity = "O(L + (N-K)log(N)) worst case where L is the total number of elements in all the sets, N is the "
                   "size of the first set, and K is the size of the result set.",
     .group = "sorted-set",
     .arity = -3,
     .flags = COMMAND_READONLY | COMMAND_MOVABLEKEYS,
     .categories = CATEGORY_SORTED_SET,
     .keys = {{.flags = KEY_RO | KEY_ACCESS,
               .begin = KEY_BEGIN_INDEX,
               .index = 1,
               .find = KEY_FIND_KEYNUM,
               .keynum_index = 0,
               .first_key = 1,
               .step = 1}},
     .run = run_zdiff},
    {.name = "zunionstore",
     .summary = "Add multiple sorted sets and store the resulting sorted set in a new key",
     .since = "2.0.0",
     .complexity = "O(N)+O(M log(M)) with N being the sum of the sizes of the input sorted sets, and M being the "
                   "number of elements in the resulting sorted set.",
     .group = "sorted-set",
     .arity = -4,
     .flags = COMMAND_WRITE | COMMAND_DENYOOM | COMMAND_MOVABLEKEYS,
     .categories = CATEGORY_SORTED_SET,
     .keys = {KEY_RANGE(KEY_OW | KEY_UPDATE, 1, 0, 1),
              {.flags = KEY_RO | KEY_ACCESS,
               .begin = KEY_BEGIN_INDEX,
               .index = 2,
               .find = KEY_FIND_KEYNUM,
               .keynum_index = 0,
               .first_key = 1,
               .step = 1}},
     .run = run_zunionstore},
    {.name = "zinterstore",
     .summary = "Intersect multiple sorted sets and store the resulting sorted set in a new key",
     .since = "2.0.0",
     .complexity = "O(N*K)+O(M*log(M)) worst case with N being the smallest input sorted set, K being the number of "
                   "input sorted sets and M being the number of elements in the resulting sorted set.",
     .group = "sorted-set",
     .arity = -4,
     .flags = COMMAND_WRITE | COMMAND_DENYOOM | COMMAND_MOVABLEKEYS,
     .categories = CATEGORY_SORTED_SET,
     .keys = {KEY_RANGE(KEY_OW | KEY_UPDATE, 1, 0, 1),
              {.flags = KEY_RO | KEY_ACCESS,
               .begin = KEY_BEGIN_INDEX,
               .index = 2,
               .find = KEY_FIND_KEYNUM,
               .keynum_index = 0,
               .first_key = 1,
               .step = 1}},
     .run = run_zinterstore},
    {.name = "zdiffstore",
     .summary = "Subtract multiple sorted sets and store the resulting sorted set in a new key",
     .since = "6.2.0",
     .complexity = "O(L + (N-K)log(N)) worst case where L is the total number of elements in all the sets, N is the "
                   "size of the first set, and K is the size of the result set.",
     .group = "sorted-set",
     .arity = -4,
     .flags = COMMAND_WRITE | COMMAND_DENYOOM | COMMAND_MOVABLEKEYS,
     .categories = CATEGORY_SORTED_SET,
     .keys = {KEY_RANGE(KEY_OW | KEY_UPDATE, 1, 0, 1),
              {.flags = KEY_RO | KEY_ACCESS,
               .begin = KEY_BEGIN_INDEX,
               .index = 2,
               .find = KEY_FIND_KEYNUM,
               .keynum_index = 0,
               .first_key = 1,
               .step = 1}},
     .run = run_zdiffstore},
    {.name = "zintercard",
     .summary = "Intersect multiple sorted sets and return the cardinality of the result",
     .since = "7.0.0",
     .complexity =
         "O(N*K) worst case with N being the smallest input sorted set, K being the number of input sorted sets.",
     .group = "sorted-set",
     .arity = -3,
     .flags = COMMAND_READONLY | COMMAND_MOVABLEKEYS,
     .categories = CATEGORY_SORTED_SET,
     .keys = {{.flags = KEY_RO | KEY_ACCESS,
               .begin = KEY_BEGIN_INDEX,
               .index = 1,
               .find = KEY_FIND_KEYNUM,
               .keynum_index = 0,
               .first_key = 1,
               .step = 1}},
     .run = run_zintercard},
    {.name = NULL},
};
