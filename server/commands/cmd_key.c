/* Commands on keys, whatever they hold. */
#include "server/commands/cmd_key.h"
#include "server/commands/call_reads.h"
#include "server/request/args.h"
#include "server/request/notify.h"
#include "server/request/reply.h"
#include "storage/keyspace/keyspace.h"

const char *key_type_name(enum entry_type type)
{
    static const char *const names[] = {
        [ENTRY_STRING] = "string", [ENTRY_LIST] = "list", [ENTRY_SET] = "set",
        [ENTRY_ZSET] = "zset",     [ENTRY_HASH] = "hash", [ENTRY_STREAM] = "stream",
    };

    return names[type];
}

/* DEL and UNLINK key [key ...]: how many were there. Both cost the same here: content is purged later. */
static enum status run_del(struct call *call, struct reply *reply)
{
    for (size_t i = 1; i < call->argc; i++) {
        if (keyspace_delete(call->keyspace, call->db, call->argv[i])) {
            call->changes++;
            notify_key(call, NOTIFY_GENERIC, "del", call->db, call->argv[i]);
        }
    }
    reply_integer(reply, (int64_t)call->changes);
    return STATUS_OK;
}

/* EXISTS and TOUCH key [key ...]: how many are there, each as often as it is named. */
static enum status run_exists(struct call *call, struct reply *reply)
{
    int64_t count = 0;

    for (size_t i = 1; i < call->argc; i++) {
        struct entry entry;

        count += keyspace_find(call->keyspace, call->db, call->argv[i], &entry);
    }
    reply_integer(reply, count);
    return STATUS_OK;
}

static enum status run_type(struct call *call, struct reply *reply)
{
    struct entry entry;
    bool found = keyspace_find(call->keyspace, call->db, call->argv[1], &entry);

    reply_simple(reply, found ? key_type_name(entry.type) : "none");
    return STATUS_OK;
}

/* Move argv[1] to argv[2] within the database; it must be there. */
static void rename_key(struct call *call)
{
    struct slice from = call->argv[1];
    struct slice to = call->argv[2];

    (void)keyspace_move(call->keyspace, call->db, from, call->db, to);
    call->changes++;
    notify_key(call, NOTIFY_GENERIC, "rename_from", call->db, from);
    notify_key(call, NOTIFY_GENERIC, "rename_to", call->db, to);
}

/* RENAME key newkey: whatever newkey held is gone. */
static enum status run_rename(struct call *call, struct reply *reply)
{
    struct entry entry;

    if (!keyspace_find(call->keyspace, call->db, call->argv[1], &entry)) {
        return STATUS_NO_SUCH_KEY;
    }
    if (!slice_equal(call->argv[1], call->argv[2])) {
        rename_key(call);
    }
    reply_ok(reply);
    return STATUS_OK;
}

/* RENAMENX key newkey: 0 if newkey is there, itself included. */
static enum status run_renamenx(struct call *call, struct reply *reply)
{
    struct entry entry;
    bool is_free;

    if (!keyspace_find(call->keyspace, call->db, call->argv[1], &entry)) {
        return STATUS_NO_SUCH_KEY;
    }
    is_free = !keyspace_find(call->keyspace, call->db, call->argv[2], &entry);
    if (is_free) {
        rename_key(call);
    }
    reply_integer(reply, is_free);
    return STATUS_OK;
}

/* A database number as MOVE and COPY read it. */
static enum status read_db(struct call *call, struct reply *reply, struct slice argument, uint32_t *db)
{
    int64_t value;
    enum status status = args_int64(argument, &value);

    if (status != STATUS_OK) {
        return status;
    }
    if (value < INT32_MIN || value > INT32_MAX) {
        return reply_error(reply, "ERR value is out of range, value must between %d and %d", INT32_MIN, INT32_MAX);
    }
    if (value < 0 || value >= keyspace_database_count(call->keyspace)) {
        return STATUS_DB_RANGE;
    }
    *db = (uint32_t)value;
    return STATUS_OK;
}

/* MOVE key db: 0 if the key is absent here or there already. */
static enum status run_move(struct call *call, struct reply *reply)
{
    struct slice key = call->argv[1];
    struct entry entry;
    uint32_t db;
    bool can_move;
    enum status status = read_db(call, reply, call->argv[2], &db);

    if (status != STATUS_OK) {
        return status;
    }
    if (db == call->db) {
        return STATUS_SAME_OBJECT;
    }
    can_move = keyspace_find(call->keyspace, call->db, key, &entry) && !keyspace_find(call->keyspace, db, key, &entry);
    if (can_move) {
        (void)keyspace_move(call->keyspace, call->db, key, db, key);
        call->changes++;
        notify_key(call, NOTIFY_GENERIC, "move_from", call->db, key);
        notify_key(call, NOTIFY_GENERIC, "move_to", db, key);
    }
    reply_integer(reply, can_move);
    return STATUS_OK;
}

struct copy_options {
    uint32_t db;
    bool replace;
};

static enum status parse_copy_options(struct call *call, struct reply *reply, struct copy_options *options)
{
    *options = (struct copy_options){.db = call->db};
    for (size_t i = 3; i < call->argc; i++) {
        if (args_is(call->argv[i], "replace")) {
            options->replace = true;
        } else if (args_is(call->argv[i], "db") && i + 1 < call->argc) {
            enum status status = read_db(call, reply, call->argv[++i], &options->db);

            if (status != STATUS_OK) {
                return status;
            }
        } else {
            return STATUS_SYNTAX;
        }
    }
    return STATUS_OK;
}

/* COPY source destination [DB n] [REPLACE]: 0 if the source is absent or the destination in the way. */
static enum status run_copy(struct call *call, struct reply *reply)
{
    struct slice from = call->argv[1];
    struct slice to = call->argv[2];
    struct copy_options options;
    struct entry entry;
    bool can_copy;
    enum status status = parse_copy_options(call, reply, &options);

    if (status != STATUS_OK) {
        return status;
    }
    if (options.db == call->db && slice_equal(from, to)) {
        return STATUS_SAME_OBJECT;
    }
    can_copy = keyspace_find(call->keyspace, call->db, from, &entry);
    call_count_read(call, from, can_copy);
    can_copy = can_copy && (!keyspace_find(call->keyspace, options.db, to, &entry) || options.replace);
    if (can_copy) {
        (void)keyspace_copy(call->keyspace, call->db, from, options.db, to);
        call->changes++;
        notify_key(call, NOTIFY_GENERIC, "copy_to", options.db, to);
    }
    reply_integer(reply, can_copy);
    return STATUS_OK;
}

/* FLUSHDB's and FLUSHALL's one option; both ways are O(1) here. */
static enum status check_flush_option(struct call *call)
{
    bool is_known =
        call->argc == 1 || (call->argc == 2 && (args_is(call->argv[1], "sync") || args_is(call->argv[1], "async")));

    return is_known ? STATUS_OK : STATUS_SYNTAX;
}

static enum status run_flushdb(struct call *call, struct reply *reply)
{
    enum status status = check_flush_option(call);

    if (status != STATUS_OK) {
        return status;
    }
    notify_database(call, call->db);
    keyspace_flush_database(call->keyspace, call->db);
    call->changes++; /* Logged even if it was empty, as Redis does. */
    reply_ok(reply);
    return STATUS_OK;
}

static enum status run_flushall(struct call *call, struct reply *reply)
{
    enum status status = check_flush_option(call);

    if (status != STATUS_OK) {
        return status;
    }
    notify_all_databases(call);
    keyspace_flush_all(call->keyspace);
    call->changes++;
    reply_ok(reply);
    return STATUS_OK;
}

/* SWAPDB index1 index2. */
static enum status run_swapdb(struct call *call, struct reply *reply)
{
    int64_t db_count = keyspace_database_count(call->keyspace);
    int64_t a;
    int64_t b;

    if (args_int64(call->argv[1], &a) != STATUS_OK || a < INT32_MIN || a > INT32_MAX) {
        return reply_error(reply, "ERR invalid first DB index");
    }
    if (args_int64(call->argv[2], &b) != STATUS_OK || b < INT32_MIN || b > INT32_MAX) {
        return reply_error(reply, "ERR invalid second DB index");
    }
    if (a < 0 || a >= db_count || b < 0 || b >= db_count) {
        return STATUS_DB_RANGE;
    }
    keyspace_swap(call->keyspace, (uint32_t)a, (uint32_t)b);
    notify_database(call, (uint32_t)a);
    notify_database(call, (uint32_t)b);
    call->changes++;
    reply_ok(reply);
    return STATUS_OK;
}

const struct command key_commands[] = {
    {.name = "del",
     .summary = "Delete a key",
     .since = "1.0.0",
     .complexity = "O(N) where N is the number of keys that will be removed. When a key to remove holds a value other "
                   "than a string, the individual complexity for this key is O(M) where M is the number of elements in "
                   "the list, set, sorted set or hash. Removing a single key that holds a string value is O(1).",
     .group = "generic",
     .arity = -2,
     .flags = COMMAND_WRITE,
     .categories = CATEGORY_KEYSPACE,
     .keys = {KEY_RANGE(KEY_RM | KEY_DELETE, 1, -1, 1)},
     .tips = "request_policy:multi_shard,response_policy:agg_sum",
     .run = run_del},
    {.name = "unlink",
     .summary = "Delete a key asynchronously in another thread. Otherwise it is just as DEL, but non blocking.",
     .since = "4.0.0",
     .complexity =
         "O(1) for each key removed regardless of its size. Then the command does O(N) work in a different thread in "
         "order to reclaim memory, where N is the number of allocations the deleted objects where composed of.",
     .group = "generic",
     .arity = -2,
     .flags = COMMAND_WRITE | COMMAND_FAST,
     .categories = CATEGORY_KEYSPACE,
     .keys = {KEY_RANGE(KEY_RM | KEY_DELETE, 1, -1, 1)},
     .tips = "request_policy:multi_shard,response_policy:agg_sum",
     .run = run_del},
    {.name = "exists",
     .summary = "Determine if a key exists",
     .since = "1.0.0",
     .complexity = "O(N) where N is the number of keys to check.",
     .group = "generic",
     .arity = -2,
     .flags = COMMAND_READONLY | COMMAND_FAST,
     .categories = CATEGORY_KEYSPACE,
     .keys = {KEY_RANGE(KEY_RO, 1, -1, 1)},
     .tips = "request_policy:multi_shard,response_policy:agg_sum",
     .run = run_exists},
    {.name = "touch",
     .summary = "Alters the last access time of a key(s). Returns the number of existing keys specified.",
     .since = "3.2.1",
     .complexity = "O(N) where N is the number of keys that will be touched.",
     .group = "generic",
     .arity = -2,
     .flags = COMMAND_READONLY | COMMAND_FAST,
     .categories = CATEGORY_KEYSPACE,
     .keys = {KEY_RANGE(KEY_RO, 1, -1, 1)},
     .tips = "request_policy:multi_shard,response_policy:agg_sum",
     .run = run_exists},
    {.name = "type",
     .summary = "Determine the type stored at key",
     .since = "1.0.0",
     .complexity = "O(1)",
     .group = "generic",
     .arity = 2,
     .flags = COMMAND_READONLY | COMMAND_FAST,
     .categories = CATEGORY_KEYSPACE,
     .keys = {KEY_RANGE(KEY_RO, 1, 0, 1)},
     .run = run_type},
    {.name = "rename",
     .summary = "Rename a key",
     .since = "1.0.0",
     .complexity = "O(1)",
     .group = "generic",
     .arity = 3,
     .flags = COMMAND_WRITE,
     .categories = CATEGORY_KEYSPACE,
     .keys = {KEY_RANGE(KEY_RW | KEY_ACCESS | KEY_DELETE, 1, 0, 1), KEY_RANGE(KEY_OW | KEY_UPDATE, 2, 0, 1)},
     .run = run_rename},
    {.name = "renamenx",
     .summary = "Rename a key, only if the new key does not exist",
     .since = "1.0.0",
     .complexity = "O(1)",
     .group = "generic",
     .arity = 3,
     .flags = COMMAND_WRITE | COMMAND_FAST,
     .categories = CATEGORY_KEYSPACE,
     .keys = {KEY_RANGE(KEY_RW | KEY_ACCESS | KEY_DELETE, 1, 0, 1), KEY_RANGE(KEY_OW | KEY_INSERT, 2, 0, 1)},
     .run = run_renamenx},
    {.name = "copy",
     .summary = "Copy a key",
     .since = "6.2.0",
     .complexity = "O(N) worst case for collections, where N is the number of nested items. O(1) for string values.",
     .group = "generic",
     .arity = -3,
     .flags = COMMAND_WRITE | COMMAND_DENYOOM,
     .categories = CATEGORY_KEYSPACE,
     .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1), KEY_RANGE(KEY_OW | KEY_UPDATE, 2, 0, 1)},
     .run = run_copy},
    {.name = "move",
     .summary = "Move a key to another database",
     .since = "1.0.0",
     .complexity = "O(1)",
     .group = "generic",
     .arity = 3,
     .flags = COMMAND_WRITE | COMMAND_FAST,
     .categories = CATEGORY_KEYSPACE,
     .keys = {KEY_RANGE(KEY_RW | KEY_ACCESS | KEY_UPDATE, 1, 0, 1)},
     .run = run_move},
    {.name = "flushdb",
     .summary = "Remove all keys from the current database",
     .since = "1.0.0",
     .complexity = "O(N) where N is the number of keys in the selected database",
     .group = "server",
     .arity = -1,
     .flags = COMMAND_WRITE,
     .categories = CATEGORY_KEYSPACE | CATEGORY_DANGEROUS,
     .tips = "request_policy:all_shards,response_policy:all_succeeded",
     .run = run_flushdb},
    {.name = "flushall",
     .summary = "Remove all keys from all databases",
     .since = "1.0.0",
     .complexity = "O(N) where N is the total number of keys in all databases",
     .group = "server",
     .arity = -1,
     .flags = COMMAND_WRITE,
     .categories = CATEGORY_KEYSPACE | CATEGORY_DANGEROUS,
     .tips = "request_policy:all_shards,response_policy:all_succeeded",
     .run = run_flushall},
    {.name = "swapdb",
     .summary = "Swaps two Redis databases",
     .since = "4.0.0",
     .complexity = "O(N) where N is the count of clients watching or blocking on keys from both databases.",
     .group = "server",
     .arity = 3,
     .flags = COMMAND_WRITE | COMMAND_FAST,
     .categories = CATEGORY_KEYSPACE | CATEGORY_DANGEROUS,
     .run = run_swapdb},
    {.name = NULL},
};
