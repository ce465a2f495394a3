/* List commands. */
#include "server/commands/cmd_list.h"
#include "server/commands/call_collection.h"
#include "server/request/args.h"
#include "server/request/reply.h"

bool list_parse_end(struct slice word, enum list_end *end)
{
    *end = args_is(word, "left") ? LIST_LEFT : LIST_RIGHT;
    return *end == LIST_LEFT || args_is(word, "right");
}

/* LPUSH, RPUSH and their X forms, which do nothing to an absent list: the length after it. */
static enum status push(struct call *call, struct reply *reply, enum list_end end, bool only_if_there)
{
    struct collection list;
    enum status status = call_open_collection(call, ENTRY_LIST, &list);

    if (status == STATUS_WRONG_TYPE) {
        return status;
    }
    if (status == STATUS_OK || !only_if_there) {
        for (size_t i = 2; i < call->argc; i++) {
            list_push(&list, end, call->argv[i]);
            call->changes++;
        }
        call_commit_collection(call, &list, end == LIST_LEFT ? "lpush" : "rpush");
    }
    reply_integer(reply, (int64_t)list_count(&list));
    collection_close(&list);
    return STATUS_OK;
}

static enum status run_lpush(struct call *call, struct reply *reply)
{
    return push(call, reply, LIST_LEFT, false);
}

static enum status run_rpush(struct call *call, struct reply *reply)
{
    return push(call, reply, LIST_RIGHT, false);
}

static enum status run_lpushx(struct call *call, struct reply *reply)
{
    return push(call, reply, LIST_LEFT, true);
}

static enum status run_rpushx(struct call *call, struct reply *reply)
{
    return push(call, reply, LIST_RIGHT, true);
}

static void reply_walk(struct reply *reply, const struct collection *list, uint64_t start, uint64_t count,
                       bool is_forward)
{
    struct list_walk walk;
    struct slice item;

    list_walk_begin(&walk, list, start, is_forward);
    while (count > 0 && list_walk_next(&walk, &item)) {
        reply_bulk(reply, item);
        count--;
    }
    list_walk_end(&walk);
}

void list_pop_and_reply(struct call *call, struct reply *reply, struct collection *list, enum list_end end,
                        uint64_t count)
{
    uint64_t total = list_count(list);

    count = count < total ? count : total;
    reply_array(reply, count);
    reply_walk(reply, list, end == LIST_LEFT ? 0 : total - 1, count, end == LIST_LEFT);
    list_trim(list, end == LIST_LEFT ? count : 0, total - count);
    call->changes += count;
    call_commit_collection(call, list, end == LIST_LEFT ? "lpop" : "rpop");
}

void list_pop_one_and_reply(struct call *call, struct reply *reply, struct collection *list, enum list_end end)
{
    struct buf item;

    buf_init(&item, BUF_NO_CEILING);
    list_pop(list, end, &item);
    reply_bulk(reply, buf_slice(&item));
    buf_release(&item);
    call->changes++;
    call_commit_collection(call, list, end == LIST_LEFT ? "lpop" : "rpop");
}

/* LPOP and RPOP key [count]. */
static enum status pop(struct call *call, struct reply *reply, enum list_end end)
{
    struct collection list;
    int64_t count = 1;
    enum status status;

    if (call->argc > 3) {
        return reply_error(reply, "ERR wrong number of arguments for '%s' command", call->command->name);
    }
    if (call->argc == 3 && (args_int64(call->argv[2], &count) != STATUS_OK || count < 0)) {
        return STATUS_NEGATIVE;
    }
    status = call_open_collection(call, ENTRY_LIST, &list);
    if (status == STATUS_WRONG_TYPE) {
        return status;
    }
    if (status == STATUS_NOT_FOUND) {
        if (call->argc == 3) {
            reply_null_array(reply);
        } else {
            reply_null(reply);
        }
    } else if (count == 0) {
        reply_array(reply, 0);
    } else if (call->argc == 3) {
        list_pop_and_reply(call, reply, &list, end, (uint64_t)count);
    } else {
        list_pop_one_and_reply(call, reply, &list, end);
    }
    collection_close(&list);
    return STATUS_OK;
}

static enum status run_lpop(struct call *call, struct reply *reply)
{
    return pop(call, reply, LIST_LEFT);
}

static enum status run_rpop(struct call *call, struct reply *reply)
{
    return pop(call, reply, LIST_RIGHT);
}

static enum status run_llen(struct call *call, struct reply *reply)
{
    struct collection list;

    if (call_open_collection(call, ENTRY_LIST, &list) == STATUS_WRONG_TYPE) {
        return STATUS_WRONG_TYPE;
    }
    reply_integer(reply, (int64_t)list_count(&list));
    collection_close(&list);
    return STATUS_OK;
}

/* The index that a possibly negative one stands for; false if there is no such element. */
static bool resolve_index(const struct collection *list, int64_t argument, uint64_t *index)
{
    int64_t count = (int64_t)list_count(list);

    argument = argument < 0 ? argument + count : argument;
    *index = (uint64_t)argument;
    return argument >= 0 && argument < count;
}

static enum status run_lindex(struct call *call, struct reply *reply)
{
    struct collection list;
    int64_t argument;
    uint64_t index;
    enum status status = call_open_collection(call, ENTRY_LIST, &list);

    if (status == STATUS_WRONG_TYPE) {
        return status;
    }
    if (status == STATUS_NOT_FOUND) {
        reply_null(reply);
        status = STATUS_OK;
    } else {
        status = args_int64(call->argv[2], &argument);
        if (status == STATUS_OK && resolve_index(&list, argument, &index)) {
            reply_bulk(reply, list_at(&list, index));
        } else if (status == STATUS_OK) {
            reply_null(reply);
        }
    }
    collection_close(&list);
    return status;
}

/* LSET key index element. */
static enum status run_lset(struct call *call, struct reply *reply)
{
    struct collection list;
    int64_t argument;
    uint64_t index;
    enum status status = call_open_collection(call, ENTRY_LIST, &list);

    if (status == STATUS_WRONG_TYPE) {
        return status;
    }
    if (status == STATUS_NOT_FOUND) {
        status = STATUS_NO_SUCH_KEY;
    } else {
        status = args_int64(call->argv[2], &argument);
        if (status == STATUS_OK && !resolve_index(&list, argument, &index)) {
            status = STATUS_INDEX_RANGE;
        }
    }
    if (status == STATUS_OK) {
        list_replace(&list, index, call->argv[3]);
        call->changes++;
        call_commit_collection(call, &list, "lset");
        reply_ok(reply);
    }
    collection_close(&list);
    return status;
}

/* Turn inclusive, possibly negative indexes into a range; `*count` 0 if it is empty. */
static void resolve_range(const struct collection *list, int64_t first, int64_t last, uint64_t *start, uint64_t *count)
{
    int64_t total = (int64_t)list_count(list);

    first = first < 0 ? first + total : first;
    last = last < 0 ? last + total : last;
    first = first < 0 ? 0 : first;
    last = last >= total ? total - 1 : last;
    *start = first < total ? (uint64_t)first : 0;
    *count = first <= last && first < total ? (uint64_t)(last - first + 1) : 0;
}

/* Read argv[2] and argv[3] and open the list. */
static enum status open_range(struct call *call, struct collection *list, uint64_t *start, uint64_t *count)
{
    int64_t first;
    int64_t last;

    if (args_int64(call->argv[2], &first) != STATUS_OK || args_int64(call->argv[3], &last) != STATUS_OK) {
        return STATUS_NOT_INTEGER;
    }
    if (call_open_collection(call, ENTRY_LIST, list) == STATUS_WRONG_TYPE) {
        return STATUS_WRONG_TYPE;
    }
    resolve_range(list, first, last, start, count);
    return STATUS_OK;
}

static enum status run_lrange(struct call *call, struct reply *reply)
{
    struct collection list;
    uint64_t start;
    uint64_t count;
    enum status status = open_range(call, &list, &start, &count);

    if (status != STATUS_OK) {
        return status;
    }
    reply_array(reply, count);
    reply_walk(reply, &list, start, count, true);
    collection_close(&list);
    return STATUS_OK;
}

/* LTRIM key start stop: what lies outside goes. */
static enum status run_ltrim(struct call *call, struct reply *reply)
{
    struct collection list;
    uint64_t start;
    uint64_t count;
    enum status status = open_range(call, &list, &start, &count);

    if (status != STATUS_OK) {
        return status;
    }
    if (list.was_there) {
        call->changes += list_count(&list) - count + 1; /* Redis logs and tells even if nothing goes. */
        list_trim(&list, start, count);
        call_commit_collection(call, &list, "ltrim");
    }
    collection_close(&list);
    reply_ok(reply);
    return STATUS_OK;
}

/* LINSERT key BEFORE|AFTER pivot element: the length, -1 without the pivot, 0 without the list. */
static enum status run_linsert(struct call *call, struct reply *reply)
{
    bool is_after = args_is(call->argv[2], "after");
    struct collection list;
    struct list_walk walk;
    struct slice item;
    bool found = false;
    enum status status;

    if (!is_after && !args_is(call->argv[2], "before")) {
        return STATUS_SYNTAX;
    }
    status = call_open_collection(call, ENTRY_LIST, &list);
    if (status == STATUS_WRONG_TYPE) {
        return status;
    }
    list_walk_begin(&walk, &list, 0, true);
    while (!found && list_walk_next(&walk, &item)) {
        found = slice_equal(item, call->argv[3]);
    }
    list_walk_end(&walk);
    if (found) {
        list_insert(&list, walk.index - 1 + is_after, call->argv[4]);
        call->changes++;
        call_commit_collection(call, &list, "linsert");
    }
    reply_integer(reply, found ? (int64_t)list_count(&list) : (status == STATUS_OK ? -1 : 0));
    collection_close(&list);
    return STATUS_OK;
}

/* LREM key count element: how many were removed; a negative count begins at the tail. */
static enum status run_lrem(struct call *call, struct reply *reply)
{
    struct collection list;
    int64_t wanted;
    uint64_t limit;
    enum status status = args_int64(call->argv[2], &wanted);

    if (status != STATUS_OK) {
        return status;
    }
    if (call_open_collection(call, ENTRY_LIST, &list) == STATUS_WRONG_TYPE) {
        return STATUS_WRONG_TYPE;
    }
    limit = wanted == 0 ? UINT64_MAX : wanted < 0 ? 0 - (uint64_t)wanted : (uint64_t)wanted;
    call->changes += list_remove_equal(&list, call->argv[3], wanted < 0 ? LIST_RIGHT : LIST_LEFT, limit);
    if (call->changes > 0) {
        call_commit_collection(call, &list, "lrem");
    }
    collection_close(&list);
    reply_integer(reply, (int64_t)call->changes);
    return STATUS_OK;
}

struct lpos_options {
    int64_t rank;
    int64_t count;          /* -1: not given; 0: all. */
    int64_t comparison_max; /* MAXLEN; 0: no limit. */
};

static enum status parse_lpos(struct call *call, struct reply *reply, struct lpos_options *options)
{
    *options = (struct lpos_options){.rank = 1, .count = -1};
    for (size_t i = 3; i < call->argc; i += 2) {
        struct slice word = call->argv[i];
        int64_t value;

        if (i + 1 >= call->argc || !(args_is(word, "rank") || args_is(word, "count") || args_is(word, "maxlen"))) {
            return STATUS_SYNTAX;
        }
        if (args_is(word, "rank")) {
            if (args_int64(call->argv[i + 1], &options->rank) != STATUS_OK) {
                return STATUS_NOT_INTEGER;
            }
            if (options->rank == 0) {
                return reply_error(reply, "ERR RANK can't be zero: use 1 to start from the first match, 2 from the "
                                          "second ... or use negative to start from the end of the list");
            }
            continue;
        }
        if (args_int64(call->argv[i + 1], &value) != STATUS_OK || value < 0) {
            return reply_error(reply, "ERR %s can't be negative", args_is(word, "count") ? "COUNT" : "MAXLEN");
        }
        *(args_is(word, "count") ? &options->count : &options->comparison_max) = value;
    }
    return STATUS_OK;
}

/* LPOS key element [RANK r] [COUNT n] [MAXLEN n]: index of the match, or an array of them with COUNT. */
static enum status run_lpos(struct call *call, struct reply *reply)
{
    struct lpos_options options;
    struct collection list;
    struct list_walk walk;
    struct slice item;
    struct reply_deferred matches = {0};
    uint64_t skip;
    uint64_t seen = 0;
    uint64_t found = 0;
    bool is_forward;
    enum status status = parse_lpos(call, reply, &options);

    if (status != STATUS_OK) {
        return status;
    }
    if (call_open_collection(call, ENTRY_LIST, &list) == STATUS_WRONG_TYPE) {
        return STATUS_WRONG_TYPE;
    }
    is_forward = options.rank > 0;
    skip = (is_forward ? (uint64_t)options.rank : 0 - (uint64_t)options.rank) - 1;
    if (options.count >= 0) {
        matches = reply_deferred_begin(reply);
    }
    list_walk_begin(&walk, &list, is_forward || list_count(&list) == 0 ? 0 : list_count(&list) - 1, is_forward);
    while ((options.comparison_max == 0 || seen < (uint64_t)options.comparison_max) && list_walk_next(&walk, &item)) {
        seen++;
        if (!slice_equal(item, call->argv[2])) {
            continue;
        }
        if (skip > 0) {
            skip--;
            continue;
        }
        reply_integer(reply, (int64_t)(is_forward ? walk.index - 1 : walk.index + 1));
        found++;
        if (options.count < 0 || found == (uint64_t)options.count) {
            break;
        }
    }
    list_walk_end(&walk);
    if (options.count >= 0) {
        reply_deferred_array(reply, matches, found);
    } else if (found == 0) {
        reply_null(reply);
    }
    collection_close(&list);
    return STATUS_OK;
}
const struct command list_commands[] = {
    {.name = "lpush",
     .summary = "Prepend one or multiple elements to a list",
     .since = "1.0.0",
     .complexity =
         "O(1) for each element added, so O(N) to add N elements when the command is called with multiple arguments.",
     .group = "list",
     .arity = -3,
     .flags = COMMAND_WRITE | COMMAND_DENYOOM | COMMAND_FAST,
     .categories = CATEGORY_LIST,
     .keys = {KEY_RANGE(KEY_RW | KEY_INSERT, 1, 0, 1)},
     .run = run_lpush},
    {.name = "rpush",
     .summary = "Append one or multiple elements to a list",
     .since = "1.0.0",
     .complexity =
         "O(1) for each element added, so O(N) to add N elements when the command is called with multiple arguments.",
     .group = "list",
     .arity = -3,
     .flags = COMMAND_WRITE | COMMAND_DENYOOM | COMMAND_FAST,
     .categories = CATEGORY_LIST,
     .keys = {KEY_RANGE(KEY_RW | KEY_INSERT, 1, 0, 1)},
     .run = run_rpush},
    {.name = "lpushx",
     .summary = "Prepend an element to a list, only if the list exists",
     .since = "2.2.0",
     .complexity =
         "O(1) for each element added, so O(N) to add N elements when the command is called with multiple arguments.",
     .group = "list",
     .arity = -3,
     .flags = COMMAND_WRITE | COMMAND_DENYOOM | COMMAND_FAST,
     .categories = CATEGORY_LIST,
     .keys = {KEY_RANGE(KEY_RW | KEY_INSERT, 1, 0, 1)},
     .run = run_lpushx},
    {.name = "rpushx",
     .summary = "Append an element to a list, only if the list exists",
     .since = "2.2.0",
     .complexity =
         "O(1) for each element added, so O(N) to add N elements when the command is called with multiple arguments.",
     .group = "list",
     .arity = -3,
     .flags = COMMAND_WRITE | COMMAND_DENYOOM | COMMAND_FAST,
     .categories = CATEGORY_LIST,
     .keys = {KEY_RANGE(KEY_RW | KEY_INSERT, 1, 0, 1)},
     .run = run_rpushx},
    {.name = "lpop",
     .summary = "Remove and get the first elements in a list",
     .since = "1.0.0",
     .complexity = "O(N) where N is the number of elements returned",
     .group = "list",
     .arity = -2,
     .flags = COMMAND_WRITE | COMMAND_FAST,
     .categories = CATEGORY_LIST,
     .keys = {KEY_RANGE(KEY_RW | KEY_ACCESS | KEY_DELETE, 1, 0, 1)},
     .run = run_lpop},
    {.name = "rpop",
     .summary = "Remove and get the last elements in a list",
     .since = "1.0.0",
     .complexity = "O(N) where N is the number of elements returned",
     .group = "list",
     .arity = -2,
     .flags = COMMAND_WRITE | COMMAND_FAST,
     .categories = CATEGORY_LIST,
     .keys = {KEY_RANGE(KEY_RW | KEY_ACCESS | KEY_DELETE, 1, 0, 1)},
     .run = run_rpop},
    {.name = "llen",
     .summary = "Get the length of a list",
     .since = "1.0.0",
     .complexity = "O(1)",
     .group = "list",
     .arity = 2,
     .flags = COMMAND_READONLY | COMMAND_FAST,
     .categories = CATEGORY_LIST,
     .keys = {KEY_RANGE(KEY_RO, 1, 0, 1)},
     .run = run_llen},
    {.name = "lindex",
     .summary = "Get an element from a list by its index",
     .since = "1.0.0",
     .complexity = "O(N) where N is the number of elements to traverse to get to the element at index. This makes "
                   "asking for the first or the last element of the list O(1).",
     .group = "list",
     .arity = 3,
     .flags = COMMAND_READONLY,
     .categories = CATEGORY_LIST,
     .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
     .run = run_lindex},
    {.name = "lset",
     .summary = "Set the value of an element in a list by its index",
     .since = "1.0.0",
     .complexity =
         "O(N) where N is the length of the list. Setting either the first or the last element of the list is O(1).",
     .group = "list",
     .arity = 4,
     .flags = COMMAND_WRITE | COMMAND_DENYOOM,
     .categories = CATEGORY_LIST,
     .keys = {KEY_RANGE(KEY_RW | KEY_UPDATE, 1, 0, 1)},
     .run = run_lset},
    {.name = "lrange",
     .summary = "Get a range of elements from a list",
     .since = "1.0.0",
     .complexity = "O(S+N) where S is the distance of start offset from HEAD for small lists, from nearest end (HEAD "
                   "or TAIL) for large lists; and N is the number of elements in the specified range.",
     .group = "list",
     .arity = 4,
     .flags = COMMAND_READONLY,
     .categories = CATEGORY_LIST,
     .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
     .run = run_lrange},
    {.name = "ltrim",
     .summary = "Trim a list to the specified range",
     .since = "1.0.0",
     .complexity = "O(N) where N is the number of elements to be removed by the operation.",
     .group = "list",
     .arity = 4,
     .flags = COMMAND_WRITE,
     .categories = CATEGORY_LIST,
     .keys = {KEY_RANGE(KEY_RW | KEY_DELETE, 1, 0, 1)},
     .run = run_ltrim},
    {.name = "linsert",
     .summary = "Insert an element before or after another element in a list",
     .since = "2.2.0",
     .complexity = "O(N) where N is the number of elements to traverse before seeing the value pivot. This means that "
                   "inserting somewhere on the left end on the list (head) can be considered O(1) and inserting "
                   "somewhere on the right end (tail) is O(N).",
     .group = "list",
     .arity = 5,
     .flags = COMMAND_WRITE | COMMAND_DENYOOM,
     .categories = CATEGORY_LIST,
     .keys = {KEY_RANGE(KEY_RW | KEY_INSERT, 1, 0, 1)},
     .run = run_linsert},
    {.name = "lrem",
     .summary = "Remove elements from a list",
     .since = "1.0.0",
     .complexity = "O(N+M) where N is the length of the list and M is the number of elements removed.",
     .group = "list",
     .arity = 4,
     .flags = COMMAND_WRITE,
     .categories = CATEGORY_LIST,
     .keys = {KEY_RANGE(KEY_RW | KEY_DELETE, 1, 0, 1)},
     .run = run_lrem},
    {.name = "lpos",
     .summary = "Return the index of matching elements on a list",
     .since = "6.0.6",
     .complexity = "O(N) where N is the number of elements in the list, for the average case. When searching for "
                   "elements near the head or the tail of the list, or when the MAXLEN option is provided, the command "
                   "may run in constant time.",
     .group = "list",
     .arity = -3,
     .flags = COMMAND_READONLY,
     .categories = CATEGORY_LIST,
     .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
     .run = run_lpos},
    {.name = NULL},
};
