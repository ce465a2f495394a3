/* ZUNION, ZINTER, ZDIFF and their kin; plain sets take part with scores of 1.
 *
 * Operands are in order of their size, as in Redis: sums of doubles depend on the order. */
#include "server/commands/algebra.h"
#include "server/commands/call_collection.h"
#include "server/commands/cmd_zset.h"
#include "server/request/args.h"
#include "server/request/reply.h"
#include <math.h>

enum aggregate { AGGREGATE_SUM, AGGREGATE_MIN, AGGREGATE_MAX };

struct request {
    enum algebra algebra;
    size_t numkeys_at; /* Index of its argument. */
    bool is_store;
    bool is_count; /* ZINTERCARD. */
    bool has_scores;
    enum aggregate aggregate;
    uint64_t limit; /* 0: none. */
    struct algebra_operands operands;
};

/* Words. */

static enum status parse_weights(struct call *call, struct reply *reply, size_t at, struct request *request)
{
    for (size_t i = 0; i < request->operands.count; i++) {
        if (args_double(call->argv[at + i], &request->operands.list[i].weight) != STATUS_OK) {
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

    if (is_weighed && left >= request->operands.count + 1 && args_is(word, "weights")) {
        status = parse_weights(call, reply, *at + 1, request);
        *at += request->operands.count + 1;
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
    next = request->numkeys_at + 1;
    status = algebra_open(call, call->argv + next, (size_t)count, ENTRY_ZSET, &request->operands);
    if (status != STATUS_OK) {
        return status;
    }
    next += (size_t)count;
    while (status == STATUS_OK && next < call->argc) {
        status = parse_option(call, reply, &next, request);
    }
    if (status != STATUS_OK) {
        algebra_close(&request->operands);
    } else if (request->algebra != ALGEBRA_DIFFERENCE) {
        algebra_sort_by_size(&request->operands);
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

/* Whether a member of the first operand belongs to an intersection, or difference; `*score` is the operand's and
 * becomes the result's. */
static bool compute_one(const struct request *request, struct slice member, double *score)
{
    bool is_wanted = request->algebra == ALGEBRA_INTERSECTION;
    double other;

    *score = is_wanted ? zero_for_nan(*score) : *score;
    for (size_t i = 1; i < request->operands.count; i++) {
        if (algebra_find(&request->operands.list[i], member, &other) != is_wanted) {
            return false;
        }
        *score = is_wanted ? combine(request->aggregate, *score, other) : *score;
    }
    return true;
}

/* Gather what the others let pass of the first operand; how many there are, up to the limit. */
static uint64_t select_members(const struct request *request, struct zset_batch *batch)
{
    struct algebra_walk walk;
    struct slice member;
    double score;
    uint64_t count = 0;

    algebra_walk_begin(&walk, &request->operands.list[0]);
    while ((count == 0 || count != request->limit) && algebra_walk_next(&walk, &member, &score)) {
        if (compute_one(request, member, &score)) {
            count++;
            if (!request->is_count) {
                zset_batch_add(batch, member, score);
            }
        }
    }
    algebra_walk_end(&walk);
    return count;
}

/* Add an operand to those before it. */
static void unite(const struct request *request, const struct algebra_operand *operand, struct member_table *table)
{
    struct algebra_walk walk;
    struct slice member;
    double score;
    size_t index;

    algebra_walk_begin(&walk, operand);
    while (algebra_walk_next(&walk, &member, &score)) {
        score = zero_for_nan(score);
        if (!member_table_add(table, member, score, &index)) {
            double *sum = &table->members.items[index].score;

            *sum = combine(request->aggregate, *sum, score);
        }
    }
    algebra_walk_end(&walk);
}

/* The members of the result, sorted, in `table`, which is not to be searched any more; returns how many there are. Of
 * ZINTERCARD there is the number alone. */
static uint64_t compute(const struct request *request, struct member_table *table)
{
    const struct algebra_operands *operands = &request->operands;
    uint64_t count;

    if (request->algebra == ALGEBRA_UNION) {
        for (size_t i = 0; i < operands->count; i++) {
            unite(request, &operands->list[i], table);
        }
        count = table->members.count;
    } else if (request->algebra == ALGEBRA_DIFFERENCE && algebra_difference_walks(operands)) {
        algebra_subtract(operands, table);
        count = table->members.count;
    } else {
        count = select_members(request, &table->members);
    }
    zset_batch_sort(&table->members);
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
    struct member_table table;
    enum status status = parse(call, reply, &request);

    if (status != STATUS_OK) {
        return status;
    }
    member_table_init(&table, keyspace_name_seed(call->keyspace));
    (void)compute(&request, &table);
    reply_batch(reply, &table.members, request.has_scores);
    member_table_release(&table);
    algebra_close(&request.operands);
    return STATUS_OK;
}

/* Put the result under argv[1], replacing what is there, whatever it is. */
static enum status store_algebra(struct call *call, struct reply *reply, enum algebra algebra, const char *event)
{
    struct request request = {.algebra = algebra, .numkeys_at = 2, .is_store = true};
    struct collection result;
    struct member_table table;
    enum status status = parse(call, reply, &request);

    if (status != STATUS_OK) {
        return status;
    }
    member_table_init(&table, keyspace_name_seed(call->keyspace));
    (void)compute(&request, &table);
    collection_begin(call->keyspace, call->db, call->argv[1], ENTRY_ZSET, &result);
    for (size_t i = 0; i < table.members.count; i++) {
        zset_add(&result, zset_batch_member(&table.members, i), zset_batch_score(&table.members, i));
    }
    call_replace_collection(call, &result, event);
    reply_integer(reply, (int64_t)zset_count(&result));
    collection_close(&result);
    member_table_release(&table);
    algebra_close(&request.operands);
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
    struct member_table table;
    enum status status = parse(call, reply, &request);

    if (status != STATUS_OK) {
        return status;
    }
    member_table_init(&table, keyspace_name_seed(call->keyspace));
    reply_integer(reply, (int64_t)compute(&request, &table));
    member_table_release(&table);
    algebra_close(&request.operands);
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
