/* SINTER, SUNION, SDIFF and their kin.
 *
 * A member is told when the walk that finds it first can say that it belongs: from lookups in the other sets, or, in a
 * union, from a table of what was told. So nothing is looked up in more sets than it must be found in. */
#include "server/commands/algebra.h"
#include "server/commands/call_collection.h"
#include "server/commands/cmd_set.h"
#include "server/request/args.h"
#include "server/request/reply.h"

/* Where the result goes: a function that may say that it has enough. */
struct sink {
    bool (*take)(void *context, struct slice member);
    void *context;
    bool drops_duplicates; /* By itself. */
};

/* Whether all the sets but `from` have the member, or none of them has. */
static bool others_agree(const struct algebra_operands *operands, size_t from, struct slice member, bool have)
{
    for (size_t i = 0; i < operands->count; i++) {
        if (i != from && set_contains(&operands->list[i].collection, member) != have) {
            return false;
        }
    }
    return true;
}

static size_t smallest(const struct algebra_operands *operands)
{
    size_t found = 0;

    for (size_t i = 1; i < operands->count; i++) {
        if (algebra_count(&operands->list[i]) < algebra_count(&operands->list[found])) {
            found = i;
        }
    }
    return found;
}

/* Walk one set and give what all others have, or none of them. */
static void select_members(const struct algebra_operands *operands, size_t from, bool others_have,
                           const struct sink *sink)
{
    struct set_walk walk;
    struct slice member;
    bool goes_on = true;

    set_walk_begin(&walk, &operands->list[from].collection);
    while (goes_on && set_walk_next(&walk, &member)) {
        if (others_agree(operands, from, member, others_have)) {
            goes_on = sink->take(sink->context, member);
        }
    }
    set_walk_end(&walk);
}

/* Give what `seen` has not; nothing is added to it for the last set, whose members are different. */
static void unite(const struct algebra_operand *operand, bool is_last, struct member_table *seen,
                  const struct sink *sink)
{
    struct set_walk walk;
    struct slice member;
    size_t index;

    set_walk_begin(&walk, &operand->collection);
    while (set_walk_next(&walk, &member)) {
        if (sink->drops_duplicates ||
            (is_last ? !member_table_find(seen, member, &index) : member_table_add(seen, member, 0, &index))) {
            (void)sink->take(sink->context, member);
        }
    }
    set_walk_end(&walk);
}

static void subtract(const struct algebra_operands *operands, struct member_table *table, const struct sink *sink)
{
    algebra_subtract(operands, table);
    for (size_t i = 0; i < table->members.count; i++) {
        (void)sink->take(sink->context, zset_batch_member(&table->members, i));
    }
}

static void compute(const struct call *call, const struct algebra_operands *operands, enum algebra algebra,
                    const struct sink *sink)
{
    struct member_table table;

    member_table_init(&table, keyspace_name_seed(call->keyspace));
    if (algebra == ALGEBRA_INTERSECTION) {
        select_members(operands, smallest(operands), true, sink);
    } else if (algebra == ALGEBRA_UNION) {
        for (size_t i = 0; i < operands->count; i++) {
            unite(&operands->list[i], i + 1 == operands->count, &table, sink);
        }
    } else if (algebra_difference_walks(operands)) {
        subtract(operands, &table, sink);
    } else {
        select_members(operands, 0, false, sink);
    }
    member_table_release(&table);
}

struct reply_sink {
    struct reply *reply;
    size_t count;
};

static bool take_reply(void *context, struct slice member)
{
    struct reply_sink *sink = context;

    reply_bulk(sink->reply, member);
    sink->count++;
    return true;
}

static enum status reply_algebra(struct call *call, struct reply *reply, enum algebra algebra)
{
    struct algebra_operands operands;
    struct reply_sink members = {.reply = reply};
    struct sink sink = {.take = take_reply, .context = &members};
    struct reply_deferred deferred;
    enum status status = algebra_open(call, call->argv + 1, call->argc - 1, ENTRY_SET, &operands);

    if (status != STATUS_OK) {
        return status;
    }
    deferred = reply_deferred_begin(reply);
    compute(call, &operands, algebra, &sink);
    reply_deferred_set(reply, deferred, members.count);
    algebra_close(&operands);
    return STATUS_OK;
}

static bool take_store(void *context, struct slice member)
{
    (void)set_add(context, member);
    return true;
}

/* Put the result under argv[1], replacing what is there, whatever it is. */
static enum status store_algebra(struct call *call, struct reply *reply, enum algebra algebra, const char *event)
{
    struct algebra_operands operands;
    struct collection result;
    struct sink sink = {.take = take_store, .context = &result, .drops_duplicates = true};
    enum status status = algebra_open(call, call->argv + 2, call->argc - 2, ENTRY_SET, &operands);

    if (status != STATUS_OK) {
        return status;
    }
    collection_begin(call->keyspace, call->db, call->argv[1], ENTRY_SET, &result);
    compute(call, &operands, algebra, &sink);
    call_replace_collection(call, &result, event);
    reply_integer(reply, (int64_t)set_count(&result));
    collection_close(&result);
    algebra_close(&operands);
    return STATUS_OK;
}

static enum status run_sinter(struct call *call, struct reply *reply)
{
    return reply_algebra(call, reply, ALGEBRA_INTERSECTION);
}

static enum status run_sunion(struct call *call, struct reply *reply)
{
    return reply_algebra(call, reply, ALGEBRA_UNION);
}

static enum status run_sdiff(struct call *call, struct reply *reply)
{
    return reply_algebra(call, reply, ALGEBRA_DIFFERENCE);
}

static enum status run_sinterstore(struct call *call, struct reply *reply)
{
    return store_algebra(call, reply, ALGEBRA_INTERSECTION, "sinterstore");
}

static enum status run_sunionstore(struct call *call, struct reply *reply)
{
    return store_algebra(call, reply, ALGEBRA_UNION, "sunionstore");
}

static enum status run_sdiffstore(struct call *call, struct reply *reply)
{
    return store_algebra(call, reply, ALGEBRA_DIFFERENCE, "sdiffstore");
}

struct count_sink {
    uint64_t count;
    uint64_t limit; /* 0: none. */
};

static bool take_count(void *context, struct slice member)
{
    struct count_sink *sink = context;

    (void)member;
    sink->count++;
    return sink->limit == 0 || sink->count < sink->limit;
}

/* SINTERCARD numkeys key [key ...] [LIMIT n]. */
static enum status run_sintercard(struct call *call, struct reply *reply)
{
    struct algebra_operands operands;
    struct count_sink members = {0};
    struct sink sink = {.take = take_count, .context = &members};
    int64_t key_count;
    int64_t limit = 0;
    size_t next;
    enum status status;

    if (args_int64(call->argv[1], &key_count) != STATUS_OK || key_count < 1) {
        return reply_error(reply, "ERR numkeys should be greater than 0");
    }
    if ((uint64_t)key_count > call->argc - 2) {
        return reply_error(reply, "ERR Number of keys can't be greater than number of args");
    }
    next = 2 + (size_t)key_count;
    for (; next < call->argc; next += 2) {
        if (!args_is(call->argv[next], "limit") || next + 1 >= call->argc) {
            return STATUS_SYNTAX;
        }
        if (args_int64(call->argv[next + 1], &limit) != STATUS_OK || limit < 0) {
            return reply_error(reply, "ERR LIMIT can't be negative");
        }
    }
    status = algebra_open(call, call->argv + 2, (size_t)key_count, ENTRY_SET, &operands);
    if (status != STATUS_OK) {
        return status;
    }
    members.limit = (uint64_t)limit;
    compute(call, &operands, ALGEBRA_INTERSECTION, &sink);
    reply_integer(reply, (int64_t)members.count);
    algebra_close(&operands);
    return STATUS_OK;
}

const struct command set_algebra_commands[] = {
    {.name = "sinter",
     .summary = "Intersect multiple sets",
     .since = "1.0.0",
     .complexity = "O(N*M) worst case where N is the cardinality of the smallest set and M is the number of sets.",
     .group = "set",
     .arity = -2,
     .flags = COMMAND_READONLY,
     .categories = CATEGORY_SET,
     .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, -1, 1)},
     .tips = "nondeterministic_output_order",
     .run = run_sinter},
    {.name = "sunion",
     .summary = "Add multiple sets",
     .since = "1.0.0",
     .complexity = "O(N) where N is the total number of elements in all given sets.",
     .group = "set",
     .arity = -2,
     .flags = COMMAND_READONLY,
     .categories = CATEGORY_SET,
     .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, -1, 1)},
     .tips = "nondeterministic_output_order",
     .run = run_sunion},
    {.name = "sdiff",
     .summary = "Subtract multiple sets",
     .since = "1.0.0",
     .complexity = "O(N) where N is the total number of elements in all given sets.",
     .group = "set",
     .arity = -2,
     .flags = COMMAND_READONLY,
     .categories = CATEGORY_SET,
     .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, -1, 1)},
     .tips = "nondeterministic_output_order",
     .run = run_sdiff},
    {.name = "sinterstore",
     .summary = "Intersect multiple sets and store the resulting set in a key",
     .since = "1.0.0",
     .complexity = "O(N*M) worst case where N is the cardinality of the smallest set and M is the number of sets.",
     .group = "set",
     .arity = -3,
     .flags = COMMAND_WRITE | COMMAND_DENYOOM,
     .categories = CATEGORY_SET,
     .keys = {KEY_RANGE(KEY_RW | KEY_UPDATE, 1, 0, 1), KEY_RANGE(KEY_RO | KEY_ACCESS, 2, -1, 1)},
     .run = run_sinterstore},
    {.name = "sunionstore",
     .summary = "Add multiple sets and store the resulting set in a key",
     .since = "1.0.0",
     .complexity = "O(N) where N is the total number of elements in all given sets.",
     .group = "set",
     .arity = -3,
     .flags = COMMAND_WRITE | COMMAND_DENYOOM,
     .categories = CATEGORY_SET,
     .keys = {KEY_RANGE(KEY_OW | KEY_UPDATE, 1, 0, 1), KEY_RANGE(KEY_RO | KEY_ACCESS, 2, -1, 1)},
     .run = run_sunionstore},
    {.name = "sdiffstore",
     .summary = "Subtract multiple sets and store the resulting set in a key",
     .since = "1.0.0",
     .complexity = "O(N) where N is the total number of elements in all given sets.",
     .group = "set",
     .arity = -3,
     .flags = COMMAND_WRITE | COMMAND_DENYOOM,
     .categories = CATEGORY_SET,
     .keys = {KEY_RANGE(KEY_OW | KEY_UPDATE, 1, 0, 1), KEY_RANGE(KEY_RO | KEY_ACCESS, 2, -1, 1)},
     .run = run_sdiffstore},
    {.name = "sintercard",
     .summary = "Intersect multiple sets and return the cardinality of the result",
     .since = "7.0.0",
     .complexity = "O(N*M) worst case where N is the cardinality of the smallest set and M is the number of sets.",
     .group = "set",
     .arity = -3,
     .flags = COMMAND_READONLY | COMMAND_MOVABLEKEYS,
     .categories = CATEGORY_SET,
     .keys = {{.flags = KEY_RO | KEY_ACCESS,
               .begin = KEY_BEGIN_INDEX,
               .index = 1,
               .find = KEY_FIND_KEYNUM,
               .keynum_index = 0,
               .first_key = 1,
               .step = 1}},
     .run = run_sintercard},
    {.name = NULL},
};
