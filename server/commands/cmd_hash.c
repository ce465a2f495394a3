/* Hash commands. */
#include "server/commands/cmd_hash.h"
#include "base/memory.h"
#include "base/number.h"
#include "server/commands/call_collection.h"
#include "server/request/args.h"
#include "server/request/change.h"
#include "server/request/reply.h"
#include "storage/value/hash_store.h"
#include <math.h>

/* Set all pairs from argv[2] on; `*created_count` tells how many fields are new. */
static enum status set_pairs(struct call *call, struct reply *reply, int64_t *created_count)
{
    struct collection hash;

    *created_count = 0;
    if (call->argc % 2 == 1) {
        return reply_error(reply, "ERR wrong number of arguments for '%s' command", call->command->name);
    }
    if (call_open_collection(call, ENTRY_HASH, &hash) == STATUS_WRONG_TYPE) {
        return STATUS_WRONG_TYPE;
    }
    for (size_t i = 2; i < call->argc; i += 2) {
        bool created;

        hash_put(&hash, call->argv[i], call->argv[i + 1], &created);
        *created_count += created;
        call->changes++;
    }
    call_commit_collection(call, &hash, "hset");
    collection_close(&hash);
    return STATUS_OK;
}

/* HSET key field value [field value ...]: how many fields are new. */
static enum status run_hset(struct call *call, struct reply *reply)
{
    int64_t created_count;
    enum status status = set_pairs(call, reply, &created_count);

    if (status == STATUS_OK) {
        reply_integer(reply, created_count);
    }
    return status;
}

/* HMSET: HSET that says OK. */
static enum status run_hmset(struct call *call, struct reply *reply)
{
    int64_t created_count;
    enum status status = set_pairs(call, reply, &created_count);

    if (status == STATUS_OK) {
        reply_ok(reply);
    }
    return status;
}

/* HSETNX key field value: 1 if it was set, 0 if the field was there. */
static enum status run_hsetnx(struct call *call, struct reply *reply)
{
    struct collection hash;
    struct slice old;
    bool created;

    if (call_open_collection(call, ENTRY_HASH, &hash) == STATUS_WRONG_TYPE) {
        return STATUS_WRONG_TYPE;
    }
    created = !hash_get(&hash, call->argv[2], &old);
    if (created) {
        hash_put(&hash, call->argv[2], call->argv[3], &created);
        call->changes++;
        call_commit_collection(call, &hash, "hset");
    }
    collection_close(&hash);
    reply_integer(reply, created);
    return STATUS_OK;
}

static void reply_field(struct reply *reply, const struct collection *hash, struct slice field)
{
    struct slice value;

    if (hash_get(hash, field, &value)) {
        reply_bulk(reply, value);
    } else {
        reply_null(reply);
    }
}

static enum status run_hget(struct call *call, struct reply *reply)
{
    struct collection hash;

    if (call_open_collection(call, ENTRY_HASH, &hash) == STATUS_WRONG_TYPE) {
        return STATUS_WRONG_TYPE;
    }
    reply_field(reply, &hash, call->argv[2]);
    collection_close(&hash);
    return STATUS_OK;
}

/* HMGET key field [field ...]. */
static enum status run_hmget(struct call *call, struct reply *reply)
{
    struct collection hash;

    if (call_open_collection(call, ENTRY_HASH, &hash) == STATUS_WRONG_TYPE) {
        return STATUS_WRONG_TYPE;
    }
    reply_array(reply, call->argc - 2);
    for (size_t i = 2; i < call->argc; i++) {
        reply_field(reply, &hash, call->argv[i]);
    }
    collection_close(&hash);
    return STATUS_OK;
}

enum hash_part { HASH_FIELDS = 1, HASH_VALUES = 2 };

static void reply_walk(struct reply *reply, const struct collection *hash, int parts)
{
    struct hash_walk walk;
    struct slice field;
    struct slice value;

    hash_walk_begin(&walk, hash);
    while (hash_walk_next(&walk, &field, &value)) {
        if (parts & HASH_FIELDS) {
            reply_bulk(reply, field);
        }
        if (parts & HASH_VALUES) {
            reply_bulk(reply, value);
        }
    }
    hash_walk_end(&walk);
}

static enum status run_hgetall(struct call *call, struct reply *reply)
{
    struct collection hash;

    if (call_open_collection(call, ENTRY_HASH, &hash) == STATUS_WRONG_TYPE) {
        return STATUS_WRONG_TYPE;
    }
    reply_map(reply, hash_count(&hash));
    reply_walk(reply, &hash, HASH_FIELDS | HASH_VALUES);
    collection_close(&hash);
    return STATUS_OK;
}

static enum status reply_parts(struct call *call, struct reply *reply, int parts)
{
    struct collection hash;

    if (call_open_collection(call, ENTRY_HASH, &hash) == STATUS_WRONG_TYPE) {
        return STATUS_WRONG_TYPE;
    }
    reply_array(reply, hash_count(&hash));
    reply_walk(reply, &hash, parts);
    collection_close(&hash);
    return STATUS_OK;
}

static enum status run_hkeys(struct call *call, struct reply *reply)
{
    return reply_parts(call, reply, HASH_FIELDS);
}

static enum status run_hvals(struct call *call, struct reply *reply)
{
    return reply_parts(call, reply, HASH_VALUES);
}

static enum status run_hlen(struct call *call, struct reply *reply)
{
    struct collection hash;

    if (call_open_collection(call, ENTRY_HASH, &hash) == STATUS_WRONG_TYPE) {
        return STATUS_WRONG_TYPE;
    }
    reply_integer(reply, (int64_t)hash_count(&hash));
    collection_close(&hash);
    return STATUS_OK;
}

/* The value of argv[2] in argv[1]; `*value` borrowed until collection_close(). */
static enum status find_field(struct call *call, struct collection *hash, struct slice *value, bool *found)
{
    if (call_open_collection(call, ENTRY_HASH, hash) == STATUS_WRONG_TYPE) {
        return STATUS_WRONG_TYPE;
    }
    *found = hash_get(hash, call->argv[2], value);
    return STATUS_OK;
}

static enum status run_hexists(struct call *call, struct reply *reply)
{
    struct collection hash;
    struct slice value;
    bool found;
    enum status status = find_field(call, &hash, &value, &found);

    if (status == STATUS_OK) {
        reply_integer(reply, found);
        collection_close(&hash);
    }
    return status;
}

static enum status run_hstrlen(struct call *call, struct reply *reply)
{
    struct collection hash;
    struct slice value;
    bool found;
    enum status status = find_field(call, &hash, &value, &found);

    if (status == STATUS_OK) {
        reply_integer(reply, found ? (int64_t)value.len : 0);
        collection_close(&hash);
    }
    return status;
}

/* HDEL key field [field ...]: how many were there. */
static enum status run_hdel(struct call *call, struct reply *reply)
{
    struct collection hash;

    if (call_open_collection(call, ENTRY_HASH, &hash) == STATUS_WRONG_TYPE) {
        return STATUS_WRONG_TYPE;
    }
    for (size_t i = 2; i < call->argc; i++) {
        call->changes += hash_delete(&hash, call->argv[i]);
    }
    if (call->changes > 0) {
        call_commit_collection(call, &hash, "hdel");
    }
    collection_close(&hash);
    reply_integer(reply, (int64_t)call->changes);
    return STATUS_OK;
}

/* Store a new number text in argv[2]. */
static void store_number(struct call *call, struct collection *hash, struct slice text, const char *event)
{
    bool created;

    hash_put(hash, call->argv[2], text, &created);
    call->changes++;
    call_commit_collection(call, hash, event);
}

/* HINCRBY key field increment: the sum. */
static enum status run_hincrby(struct call *call, struct reply *reply)
{
    char text[NUMBER_INTEGER_TEXT_MAX];
    struct collection hash;
    struct slice old;
    int64_t increment;
    int64_t value = 0;
    bool found;
    enum status status = args_int64(call->argv[3], &increment);

    if (status == STATUS_OK) {
        status = find_field(call, &hash, &old, &found);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (found && !number_parse_int64(old, &value)) {
        status = reply_error(reply, "ERR hash value is not an integer");
    } else if (__builtin_add_overflow(value, increment, &value)) {
        status = STATUS_OVERFLOW;
    } else {
        store_number(call, &hash, slice_make(text, number_format_int64(text, value)), "hincrby");
        reply_integer(reply, value);
    }
    collection_close(&hash);
    return status;
}

/* HINCRBYFLOAT key field increment: the sum, logged as the HSET that it is. */
static enum status run_hincrbyfloat(struct call *call, struct reply *reply)
{
    char text[NUMBER_LONG_DOUBLE_TEXT_MAX];
    struct slice words[] = {slice_of("HSET"), call->argv[1], call->argv[2], {0}};
    struct collection hash;
    struct slice old;
    long double increment;
    long double value = 0;
    bool found;
    enum status status;

    if (!number_parse_long_double(call->argv[3], &increment)) {
        return STATUS_NOT_FLOAT;
    }
    if (isnan(increment) || isinf(increment)) {
        return reply_error(reply, "ERR value is NaN or Infinity");
    }
    status = find_field(call, &hash, &old, &found);
    if (status != STATUS_OK) {
        return status;
    }
    if (found && !number_parse_long_double(old, &value)) {
        status = reply_error(reply, "ERR hash value is not a float");
    } else if (isnan(value + increment) || isinf(value + increment)) {
        status = STATUS_NAN_OR_INFINITY;
    } else {
        words[3] = slice_make(text, number_format_long_double(text, value + increment));
        store_number(call, &hash, words[3], "hincrbyfloat");
        change_replace(call->change, words, 4);
        reply_bulk(reply, words[3]);
    }
    collection_close(&hash);
    return status;
}
const struct command hash_commands[] = {
    {.name = "hset",
     .summary = "Set the string value of a hash field",
     .since = "2.0.0",
     .complexity = "O(1) for each field/value pair added, so O(N) to add N field/value pairs when the command is "
                   "called with multiple field/value pairs.",
     .group = "hash",
     .arity = -4,
     .flags = COMMAND_WRITE | COMMAND_DENYOOM | COMMAND_FAST,
     .categories = CATEGORY_HASH,
     .keys = {KEY_RANGE(KEY_RW | KEY_UPDATE, 1, 0, 1)},
     .run = run_hset},
    {.name = "hmset",
     .summary = "Set multiple hash fields to multiple values",
     .since = "2.0.0",
     .complexity = "O(N) where N is the number of fields being set.",
     .group = "hash",
     .arity = -4,
     .flags = COMMAND_WRITE | COMMAND_DENYOOM | COMMAND_FAST,
     .categories = CATEGORY_HASH,
     .keys = {KEY_RANGE(KEY_RW | KEY_UPDATE, 1, 0, 1)},
     .run = run_hmset},
    {.name = "hsetnx",
     .summary = "Set the value of a hash field, only if the field does not exist",
     .since = "2.0.0",
     .complexity = "O(1)",
     .group = "hash",
     .arity = 4,
     .flags = COMMAND_WRITE | COMMAND_DENYOOM | COMMAND_FAST,
     .categories = CATEGORY_HASH,
     .keys = {KEY_RANGE(KEY_RW | KEY_INSERT, 1, 0, 1)},
     .run = run_hsetnx},
    {.name = "hget",
     .summary = "Get the value of a hash field",
     .since = "2.0.0",
     .complexity = "O(1)",
     .group = "hash",
     .arity = 3,
     .flags = COMMAND_READONLY | COMMAND_FAST,
     .categories = CATEGORY_HASH,
     .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
     .run = run_hget},
    {.name = "hmget",
     .summary = "Get the values of all the given hash fields",
     .since = "2.0.0",
     .complexity = "O(N) where N is the number of fields being requested.",
     .group = "hash",
     .arity = -3,
     .flags = COMMAND_READONLY | COMMAND_FAST,
     .categories = CATEGORY_HASH,
     .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
     .run = run_hmget},
    {.name = "hgetall",
     .summary = "Get all the fields and values in a hash",
     .since = "2.0.0",
     .complexity = "O(N) where N is the size of the hash.",
     .group = "hash",
     .arity = 2,
     .flags = COMMAND_READONLY,
     .categories = CATEGORY_HASH,
     .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
     .tips = "nondeterministic_output_order",
     .run = run_hgetall},
    {.name = "hkeys",
     .summary = "Get all the fields in a hash",
     .since = "2.0.0",
     .complexity = "O(N) where N is the size of the hash.",
     .group = "hash",
     .arity = 2,
     .flags = COMMAND_READONLY,
     .categories = CATEGORY_HASH,
     .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
     .tips = "nondeterministic_output_order",
     .run = run_hkeys},
    {.name = "hvals",
     .summary = "Get all the values in a hash",
     .since = "2.0.0",
     .complexity = "O(N) where N is the size of the hash.",
     .group = "hash",
     .arity = 2,
     .flags = COMMAND_READONLY,
     .categories = CATEGORY_HASH,
     .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
     .tips = "nondeterministic_output_order",
     .run = run_hvals},
    {.name = "hlen",
     .summary = "Get the number of fields in a hash",
     .since = "2.0.0",
     .complexity = "O(1)",
     .group = "hash",
     .arity = 2,
     .flags = COMMAND_READONLY | COMMAND_FAST,
     .categories = CATEGORY_HASH,
     .keys = {KEY_RANGE(KEY_RO, 1, 0, 1)},
     .run = run_hlen},
    {.name = "hexists",
     .summary = "Determine if a hash field exists",
     .since = "2.0.0",
     .complexity = "O(1)",
     .group = "hash",
     .arity = 3,
     .flags = COMMAND_READONLY | COMMAND_FAST,
     .categories = CATEGORY_HASH,
     .keys = {KEY_RANGE(KEY_RO, 1, 0, 1)},
     .run = run_hexists},
    {.name = "hstrlen",
     .summary = "Get the length of the value of a hash field",
     .since = "3.2.0",
     .complexity = "O(1)",
     .group = "hash",
     .arity = 3,
     .flags = COMMAND_READONLY | COMMAND_FAST,
     .categories = CATEGORY_HASH,
     .keys = {KEY_RANGE(KEY_RO, 1, 0, 1)},
     .run = run_hstrlen},
    {.name = "hdel",
     .summary = "Delete one or more hash fields",
     .since = "2.0.0",
     .complexity = "O(N) where N is the number of fields to be removed.",
     .group = "hash",
     .arity = -3,
     .flags = COMMAND_WRITE | COMMAND_FAST,
     .categories = CATEGORY_HASH,
     .keys = {KEY_RANGE(KEY_RW | KEY_DELETE, 1, 0, 1)},
     .run = run_hdel},
    {.name = "hincrby",
     .summary = "Increment the integer value of a hash field by the given number",
     .since = "2.0.0",
     .complexity = "O(1)",
     .group = "hash",
     .arity = 4,
     .flags = COMMAND_WRITE | COMMAND_DENYOOM | COMMAND_FAST,
     .categories = CATEGORY_HASH,
     .keys = {KEY_RANGE(KEY_RW | KEY_ACCESS | KEY_UPDATE, 1, 0, 1)},
     .run = run_hincrby},
    {.name = "hincrbyfloat",
     .summary = "Increment the float value of a hash field by the given amount",
     .since = "2.6.0",
     .complexity = "O(1)",
     .group = "hash",
     .arity = 4,
     .flags = COMMAND_WRITE | COMMAND_DENYOOM | COMMAND_FAST,
     .categories = CATEGORY_HASH,
     .keys = {KEY_RANGE(KEY_RW | KEY_ACCESS | KEY_UPDATE, 1, 0, 1)},
     .run = run_hincrbyfloat},
    {.name = NULL},
};
