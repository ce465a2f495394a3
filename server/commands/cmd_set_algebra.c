/* SINTER, SUNION, SDIFF and their kin.
 *
 * No result is gathered in memory but as the reply: a member is told when the walk that finds it first can say from
 * lookups in the other sets that it belongs. */
#include "base/memory.h"
#include "server/commands/call_collection.h"
#include "server/commands/call_reads.h"
#include "server/commands/cmd_set.h"
#include "server/request/args.h"
#include "server/request/reply.h"
#include "storage/value/set_store.h"

enum algebra { ALGEBRA_INTERSECTION, ALGEBRA_UNION, ALGEBRA_DIFFERENCE };

struct operands {
    struct collection *sets; /* Owned, open; absent keys are empty sets. */
    size_t count;
};

static void close_operands(struct operands *operands)
{
    for (size_t i = 0; i < operands->count; i++) {
        collection_close(&operands->sets[i]);
    }
    memory_free(operands->sets);
}

static enum status open_operands(struct call *call, const struct slice *keys, size_t count, struct operands *operands)
{
    operands->sets = memory_allocate(count * sizeof(struct collection));
    for (operands->count = 0; operands->count < count; operands->count++) {
        struct slice key = keys[operands->count];
        struct collection *set = &operands->sets[operands->count];
        enum status status = collection_open(call->keyspace, call->db, key, ENTRY_SET, set);

        call_count_read_of_writer(call, key, status != STATUS_NOT_FOUND);
        if (status == STATUS_WRONG_TYPE) {
            close_operands(operands);
            return STATUS_WRONG_TYPE;
        }
    }
    return STATUS_OK;
}

/* Whether a member found in set `from` belongs to the result, and was not told of by an earlier set. */
static bool belongs(const struct operands *operands, enum algebra algebra, size_t from, struct slice member)
{
    switch (algebra) {
    case ALGEBRA_INTERSECTION:
        for (size_t i = 0; i < operands->count; i++) {
            if (i != from && !set_contains(&operands->sets[i], member)) {
                return false;
            }
        }
        return true;
    case ALGEBRA_UNION:
        for (size_t i = 0; i < from; i++) {
            if (set_contains(&operands->sets[i], member)) {
                return false;
            }
        }
        return true;
    case ALGEBRA_DIFFERENCE:
        for (size_t i = 1; i < operands->count; i++) {
            if (set_contains(&operands->sets[i], member)) {
                return false;
            }
        }
        return true;
    }
    return false;
}

static size_t smallest(const struct operands *operands)
{
    size_t found = 0;

    for (size_t i = 1; i < operands->count; i++) {
        if (set_count(&operands->sets[i]) < set_count(&operands->sets[found])) {
            found = i;
        }
    }
    return found;
}

/* Where the result goes: a function that may say that it has enough. */
struct sink {
    bool (*take)(void *context, struct slice member);
    void *context;
};

/* Walk one set and give what belongs. False if the sink has enough. */
static bool walk_set(const struct operands *operands, enum algebra algebra, size_t from, const struct sink *sink)
{
    struct set_walk walk;
    struct slice member;
    bool goes_on = true;

    set_walk_begin(&walk, &operands->sets[from]);
    while (goes_on && set_walk_next(&walk, &member)) {
        if (belongs(operands, algebra, from, member)) {
            goes_on = sink->take(sink->context, member);
        }
    }
    set_walk_end(&walk);
    return goes_on;
}

static void compute(const struct operands *operands, enum algebra algebra, const struct sink *sink)
{
    switch (algebra) {
    case ALGEBRA_INTERSECTION:
        (void)walk_set(operands, algebra, smallest(operands), sink);
        break;
    case ALGEBRA_DIFFERENCE:
        (void)walk_set(operands, algebra, 0, sink);
        break;
    case ALGEBRA_UNION:
        for (size_t i = 0; i < operands->count && walk_set(operands, algebra, i, sink); i++) {
        }
        break;
    }
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
    struct operands operands;
    struct reply_sink members = {.reply = reply};
    struct sink sink = {.take = take_reply, .context = &members};
    struct reply_deferred deferred;
    enum status status = open_operands(call, call->argv + 1, call->argc - 1, &operands);

    if (status != STATUS_OK) {
        return status;
    }
    deferred = reply_deferred_begin(reply);
    compute(&operands, algebra, &sink);
    reply_deferred_set(reply, deferred, members.count);
    close_operands(&operands);
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
    struct operands operands;
    struct collection result;
    struct sink sink = {.take = take_store, .context = &result};
    enum status status = open_operands(call, call->argv + 2, call->argc - 2, &operands);

    if (status != STATUS_OK) {
        return status;
    }
    collection_begin(call->keyspace, call->db, call->argv[1], ENTRY_SET, &result);
    compute(&operands, algebra, &sink);
    call_replace_collection(call, &result, event);
    reply_integer(reply, (int64_t)set_count(&result));
    collection_close(&result);
    close_operands(&operands);
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
    struct operands operands;
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
    status = open_operands(call, call->argv + 2, (size_t)key_count, &operands);
    if (status != STATUS_OK) {
        return status;
    }
    members.limit = (uint64_t)limit;
    compute(&operands, ALGEBRA_INTERSECTION, &sink);
    reply_integer(reply, (int64_t)members.count);
    close_operands(&operands);
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
