/* String commands on whole values. Parts are in cmd_string_part.c, numbers in cmd_string_number.c, LCS in
 * cmd_string_lcs.c. */
#include "server/commands/cmd_string.h"
#include "base/number.h"
#include "server/commands/call_reads.h"
#include "server/commands/expire_args.h"
#include "server/request/args.h"
#include "server/request/change.h"
#include "server/request/notify.h"
#include "server/request/reply.h"
#include "storage/value/string_store.h"

enum status string_find(struct call *call, struct slice key, struct entry *entry)
{
    if (!keyspace_find(call->keyspace, call->db, key, entry)) {
        return STATUS_NOT_FOUND;
    }
    return entry->type == ENTRY_STRING ? STATUS_OK : STATUS_WRONG_TYPE;
}

/* Reply with the whole value of a string entry. */
static enum status reply_string(struct call *call, struct reply *reply, const struct entry *entry)
{
    struct buf scratch;
    struct slice value;
    enum status status;

    buf_init(&scratch, BUF_NO_CEILING);
    status = string_value(call->keyspace, entry, &scratch, &value);
    if (status == STATUS_OK) {
        reply_bulk(reply, value);
    }
    buf_release(&scratch);
    return status;
}

/* Reply with the string under `key`, or null. `*found` tells which. */
static enum status reply_string_at(struct call *call, struct reply *reply, struct slice key, bool *found)
{
    struct entry entry;
    enum status status = string_find(call, key, &entry);

    *found = status == STATUS_OK;
    call_count_read_of_writer(call, key, status != STATUS_NOT_FOUND);
    if (status == STATUS_NOT_FOUND) {
        reply_null(reply);
        return STATUS_OK;
    }
    return status == STATUS_OK ? reply_string(call, reply, &entry) : status;
}

/* GET key: the value, or null. */
static enum status run_get(struct call *call, struct reply *reply)
{
    bool found;

    return reply_string_at(call, reply, call->argv[1], &found);
}

/* What SET and GETEX were told after the value. */
struct set_options {
    bool if_absent;  /* NX */
    bool if_present; /* XX */
    bool get;        /* GET */
    bool keep_ttl;   /* KEEPTTL */
    bool persist;    /* PERSIST */
    struct expire_argument expire;
};

/* One word of GETEX's or SET's options that says something of expiry; false if it is none or contradicts another. */
static bool parse_expiry_word(const struct slice *argv, size_t argc, size_t *i, struct set_options *options)
{
    enum expire_unit unit;

    if (options->keep_ttl || options->persist || *i + 1 >= argc || !expire_unit_parse(argv[*i], &unit)) {
        return false;
    }
    /* EX twice is Redis' last one wins; EX with PX is a contradiction. */
    if (options->expire.is_given && options->expire.unit != unit) {
        return false;
    }
    options->expire = (struct expire_argument){.is_given = true, .unit = unit, .text = argv[*i + 1]};
    *i += 1;
    return true;
}

static enum status parse_set_options(struct call *call, struct set_options *options)
{
    *options = (struct set_options){0};
    for (size_t i = 3; i < call->argc; i++) {
        struct slice word = call->argv[i];

        if (args_is(word, "nx") && !options->if_present) {
            options->if_absent = true;
        } else if (args_is(word, "xx") && !options->if_absent) {
            options->if_present = true;
        } else if (args_is(word, "get")) {
            options->get = true;
        } else if (args_is(word, "keepttl") && !options->expire.is_given) {
            options->keep_ttl = true;
        } else if (!parse_expiry_word(call->argv, call->argc, &i, options)) {
            return STATUS_SYNTAX;
        }
    }
    return STATUS_OK;
}

/* Log SET with an absolute time, so that every reader of the log agrees on when the key falls due. */
static void log_set_with_expiry(struct call *call, struct slice key, struct slice value, uint64_t expire_at_ms)
{
    char text[NUMBER_INTEGER_TEXT_MAX];
    size_t len = number_format_uint64(text, expire_at_ms);
    struct slice words[] = {slice_of("SET"), key, value, slice_of("PXAT"), slice_make(text, len)};

    change_replace(call->change, words, 5);
}

/* The value that will be set, with its expiry if `expire_at_ms` is not 0. */
static void set_and_tell(struct call *call, struct slice key, struct slice value, uint64_t expire_at_ms)
{
    string_set(call->keyspace, call->db, key, value, expire_at_ms);
    call->changes++;
    notify_key(call, NOTIFY_STRING, "set", call->db, key);
}

/* Log what SET did: without its GET, which a replica has no use for, and without conditions, which held. */
static void log_set_without_get(struct call *call, const struct set_options *options)
{
    struct slice words[] = {slice_of("SET"), call->argv[1], call->argv[2], slice_of("KEEPTTL")};

    change_replace(call->change, words, options->keep_ttl ? 4 : 3);
}

/* SET key value [NX|XX] [GET] [EX s|PX ms|EXAT s|PXAT ms|KEEPTTL]. */
static enum status run_set(struct call *call, struct reply *reply)
{
    struct slice key = call->argv[1];
    struct slice value = call->argv[2];
    struct set_options options;
    struct entry entry;
    uint64_t expire_at_ms = 0;
    enum status status;
    bool found;

    status = parse_set_options(call, &options);
    if (status == STATUS_OK && options.expire.is_given) {
        status = expire_argument_value(call, reply, &options.expire, "set", &expire_at_ms);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (options.get) {
        status = reply_string_at(call, reply, key, &found);
        if (status != STATUS_OK) {
            return status;
        }
    }
    if (options.if_absent || options.if_present || options.keep_ttl) {
        found = keyspace_find(call->keyspace, call->db, key, &entry);
        if ((options.if_absent && found) || (options.if_present && !found)) {
            if (!options.get) {
                reply_null(reply);
            }
            return STATUS_OK;
        }
        if (options.keep_ttl && found) {
            expire_at_ms = entry.expire_at_ms;
        }
    }
    set_and_tell(call, key, value, expire_at_ms);
    if (options.expire.is_given) {
        notify_key(call, NOTIFY_GENERIC, "expire", call->db, key);
        log_set_with_expiry(call, key, value, expire_at_ms);
    } else if (options.get) {
        log_set_without_get(call, &options);
    }
    if (!options.get) {
        reply_ok(reply);
    }
    return STATUS_OK;
}

/* SETNX key value: 1 if it was set, 0 if the key was there. */
static enum status run_setnx(struct call *call, struct reply *reply)
{
    struct entry entry;
    bool found = keyspace_find(call->keyspace, call->db, call->argv[1], &entry);

    if (!found) {
        set_and_tell(call, call->argv[1], call->argv[2], 0);
    }
    reply_integer(reply, !found);
    return STATUS_OK;
}

/* SETEX and PSETEX key time value. */
static enum status set_with_time(struct call *call, struct reply *reply, enum expire_unit unit, const char *command)
{
    struct expire_argument argument = {.is_given = true, .unit = unit, .text = call->argv[2]};
    uint64_t expire_at_ms;
    enum status status = expire_argument_value(call, reply, &argument, command, &expire_at_ms);

    if (status != STATUS_OK) {
        return status;
    }
    set_and_tell(call, call->argv[1], call->argv[3], expire_at_ms);
    notify_key(call, NOTIFY_GENERIC, "expire", call->db, call->argv[1]);
    log_set_with_expiry(call, call->argv[1], call->argv[3], expire_at_ms);
    reply_ok(reply);
    return STATUS_OK;
}

static enum status run_setex(struct call *call, struct reply *reply)
{
    return set_with_time(call, reply, EXPIRE_SECONDS, "setex");
}

static enum status run_psetex(struct call *call, struct reply *reply)
{
    return set_with_time(call, reply, EXPIRE_MILLISECONDS, "psetex");
}

/* GETSET key value: the old value, or null. */
static enum status run_getset(struct call *call, struct reply *reply)
{
    struct slice words[] = {slice_of("SET"), call->argv[1], call->argv[2]};
    bool found;
    enum status status = reply_string_at(call, reply, call->argv[1], &found);

    if (status != STATUS_OK) {
        return status;
    }
    set_and_tell(call, call->argv[1], call->argv[2], 0);
    change_replace(call->change, words, 3);
    return STATUS_OK;
}

/* Delete the key and log it as DEL, whatever command it was. */
static void delete_and_tell(struct call *call, struct slice key)
{
    struct slice words[] = {slice_of("DEL"), key};

    keyspace_delete(call->keyspace, call->db, key);
    call->changes++;
    change_replace(call->change, words, 2);
    notify_key(call, NOTIFY_GENERIC, "del", call->db, key);
}

/* GETDEL key: the value, which is then deleted, or null. */
static enum status run_getdel(struct call *call, struct reply *reply)
{
    bool found;
    enum status status = reply_string_at(call, reply, call->argv[1], &found);

    if (status == STATUS_OK && found) {
        delete_and_tell(call, call->argv[1]);
    }
    return status;
}

static enum status parse_getex_options(struct call *call, struct set_options *options)
{
    *options = (struct set_options){0};
    for (size_t i = 2; i < call->argc; i++) {
        if (args_is(call->argv[i], "persist") && !options->expire.is_given) {
            options->persist = true;
        } else if (!parse_expiry_word(call->argv, call->argc, &i, options)) {
            return STATUS_SYNTAX;
        }
    }
    return STATUS_OK;
}

/* Give the key its new expiry, or delete it when an absolute time has passed already. */
static void getex_expire(struct call *call, struct slice key, const struct expire_argument *argument,
                         uint64_t expire_at_ms)
{
    bool is_absolute = argument->unit == EXPIRE_AT_SECONDS || argument->unit == EXPIRE_AT_MILLISECONDS;
    char text[NUMBER_INTEGER_TEXT_MAX];
    struct slice words[] = {slice_of("PEXPIREAT"), key, slice_make(text, number_format_uint64(text, expire_at_ms))};

    if (is_absolute && expire_at_ms <= call->now_ms && !call->is_replay) {
        delete_and_tell(call, key);
        return;
    }
    (void)keyspace_set_expiry(call->keyspace, call->db, key, expire_at_ms);
    call->changes++;
    change_replace(call->change, words, 3);
    notify_key(call, NOTIFY_GENERIC, "expire", call->db, key);
}

/* GETEX key [EX s|PX ms|EXAT s|PXAT ms|PERSIST]: the value, whose expiry is changed. */
static enum status run_getex(struct call *call, struct reply *reply)
{
    struct slice key = call->argv[1];
    struct slice words[] = {slice_of("PERSIST"), key};
    struct set_options options;
    struct entry entry;
    uint64_t expire_at_ms = 0;
    enum status status;

    status = parse_getex_options(call, &options);
    if (status != STATUS_OK) {
        return status;
    }
    status = string_find(call, key, &entry);
    call_count_read(call, key, status != STATUS_NOT_FOUND);
    if (status == STATUS_NOT_FOUND) {
        reply_null(reply);
        return STATUS_OK;
    }
    if (status == STATUS_OK && options.expire.is_given) {
        status = expire_argument_value(call, reply, &options.expire, "getex", &expire_at_ms);
    }
    if (status == STATUS_OK) {
        status = reply_string(call, reply, &entry);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (options.expire.is_given) {
        getex_expire(call, key, &options.expire, expire_at_ms);
    } else if (options.persist && entry.expire_at_ms != 0) {
        (void)keyspace_set_expiry(call->keyspace, call->db, key, 0);
        call->changes++;
        change_replace(call->change, words, 2);
        notify_key(call, NOTIFY_GENERIC, "persist", call->db, key);
    }
    return STATUS_OK;
}

/* MGET key [key ...]: values, null where there is no string. */
static enum status run_mget(struct call *call, struct reply *reply)
{
    reply_array(reply, call->argc - 1);
    for (size_t i = 1; i < call->argc; i++) {
        struct entry entry;
        enum status status = string_find(call, call->argv[i], &entry);

        if (status == STATUS_OK) {
            status = reply_string(call, reply, &entry);
        }
        if (status != STATUS_OK) {
            reply_null(reply);
        }
    }
    return STATUS_OK;
}

/* Set all pairs; the caller has checked that they are pairs. */
static void set_pairs(struct call *call)
{
    for (size_t i = 1; i < call->argc; i += 2) {
        set_and_tell(call, call->argv[i], call->argv[i + 1], 0);
    }
}

/* MSET key value [key value ...]. */
static enum status run_mset(struct call *call, struct reply *reply)
{
    if (call->argc % 2 == 0) {
        return reply_error(reply, "ERR wrong number of arguments for 'mset' command");
    }
    set_pairs(call);
    reply_ok(reply);
    return STATUS_OK;
}

/* MSETNX key value [key value ...]: 1 if all were set, 0 if any key was there. */
static enum status run_msetnx(struct call *call, struct reply *reply)
{
    if (call->argc % 2 == 0) {
        return reply_error(reply, "ERR wrong number of arguments for 'msetnx' command");
    }
    for (size_t i = 1; i < call->argc; i += 2) {
        struct entry entry;

        if (keyspace_find(call->keyspace, call->db, call->argv[i], &entry)) {
            reply_integer(reply, 0);
            return STATUS_OK;
        }
    }
    set_pairs(call);
    reply_integer(reply, 1);
    return STATUS_OK;
}

/* SET reads the old value only with GET. */
static uint32_t set_key_flags(const struct slice *argv, size_t argc)
{
    for (size_t i = 3; i < argc; i++) {
        if (args_is(argv[i], "get")) {
            return KEY_RW | KEY_ACCESS | KEY_UPDATE;
        }
    }
    return KEY_OW | KEY_UPDATE;
}

const struct command string_commands[] = {
    {.name = "get",
     .summary = "Get the value of a key",
     .since = "1.0.0",
     .complexity = "O(1)",
     .group = "string",
     .arity = 2,
     .flags = COMMAND_READONLY | COMMAND_FAST,
     .categories = CATEGORY_STRING,
     .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
     .run = run_get},
    {.name = "set",
     .summary = "Set the string value of a key",
     .since = "1.0.0",
     .complexity = "O(1)",
     .group = "string",
     .arity = -3,
     .flags = COMMAND_WRITE | COMMAND_DENYOOM,
     .categories = CATEGORY_STRING,
     .keys = {KEY_RANGE(KEY_RW | KEY_ACCESS | KEY_UPDATE | KEY_VARIABLE_FLAGS, 1, 0, 1)},
     .key_flags = set_key_flags,
     .run = run_set},
    {.name = "setnx",
     .summary = "Set the value of a key, only if the key does not exist",
     .since = "1.0.0",
     .complexity = "O(1)",
     .group = "string",
     .arity = 3,
     .flags = COMMAND_WRITE | COMMAND_DENYOOM | COMMAND_FAST,
     .categories = CATEGORY_STRING,
     .keys = {KEY_RANGE(KEY_OW | KEY_INSERT, 1, 0, 1)},
     .run = run_setnx},
    {.name = "setex",
     .summary = "Set the value and expiration of a key",
     .since = "2.0.0",
     .complexity = "O(1)",
     .group = "string",
     .arity = 4,
     .flags = COMMAND_WRITE | COMMAND_DENYOOM,
     .categories = CATEGORY_STRING,
     .keys = {KEY_RANGE(KEY_OW | KEY_UPDATE, 1, 0, 1)},
     .run = run_setex},
    {.name = "psetex",
     .summary = "Set the value and expiration in milliseconds of a key",
     .since = "2.6.0",
     .complexity = "O(1)",
     .group = "string",
     .arity = 4,
     .flags = COMMAND_WRITE | COMMAND_DENYOOM,
     .categories = CATEGORY_STRING,
     .keys = {KEY_RANGE(KEY_OW | KEY_UPDATE, 1, 0, 1)},
     .run = run_psetex},
    {.name = "getset",
     .summary = "Set the string value of a key and return its old value",
     .since = "1.0.0",
     .complexity = "O(1)",
     .group = "string",
     .arity = 3,
     .flags = COMMAND_WRITE | COMMAND_DENYOOM | COMMAND_FAST,
     .categories = CATEGORY_STRING,
     .keys = {KEY_RANGE(KEY_RW | KEY_ACCESS | KEY_UPDATE, 1, 0, 1)},
     .run = run_getset},
    {.name = "getdel",
     .summary = "Get the value of a key and delete the key",
     .since = "6.2.0",
     .complexity = "O(1)",
     .group = "string",
     .arity = 2,
     .flags = COMMAND_WRITE | COMMAND_FAST,
     .categories = CATEGORY_STRING,
     .keys = {KEY_RANGE(KEY_RW | KEY_ACCESS | KEY_DELETE, 1, 0, 1)},
     .run = run_getdel},
    {.name = "getex",
     .summary = "Get the value of a key and optionally set its expiration",
     .since = "6.2.0",
     .complexity = "O(1)",
     .group = "string",
     .arity = -2,
     .flags = COMMAND_WRITE | COMMAND_FAST,
     .categories = CATEGORY_STRING,
     .keys = {KEY_RANGE(KEY_RW | KEY_ACCESS | KEY_UPDATE, 1, 0, 1)},
     .run = run_getex},
    {.name = "mget",
     .summary = "Get the values of all the given keys",
     .since = "1.0.0",
     .complexity = "O(N) where N is the number of keys to retrieve.",
     .group = "string",
     .arity = -2,
     .flags = COMMAND_READONLY | COMMAND_FAST,
     .categories = CATEGORY_STRING,
     .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, -1, 1)},
     .tips = "request_policy:multi_shard",
     .run = run_mget},
    {.name = "mset",
     .summary = "Set multiple keys to multiple values",
     .since = "1.0.1",
     .complexity = "O(N) where N is the number of keys to set.",
     .group = "string",
     .arity = -3,
     .flags = COMMAND_WRITE | COMMAND_DENYOOM,
     .categories = CATEGORY_STRING,
     .keys = {KEY_RANGE(KEY_OW | KEY_UPDATE, 1, -1, 2)},
     .tips = "request_policy:multi_shard,response_policy:all_succeeded",
     .run = run_mset},
    {.name = "msetnx",
     .summary = "Set multiple keys to multiple values, only if none of the keys exist",
     .since = "1.0.1",
     .complexity = "O(N) where N is the number of keys to set.",
     .group = "string",
     .arity = -3,
     .flags = COMMAND_WRITE | COMMAND_DENYOOM,
     .categories = CATEGORY_STRING,
     .keys = {KEY_RANGE(KEY_OW | KEY_INSERT, 1, -1, 2)},
     .tips = "request_policy:multi_shard,response_policy:agg_min",
     .run = run_msetnx},
    {.name = "lcs",
     .summary = "Find longest common substring",
     .since = "7.0.0",
     .complexity = "O(N*M) where N and M are the lengths of s1 and s2, respectively",
     .group = "string",
     .arity = -3,
     .flags = COMMAND_READONLY,
     .categories = CATEGORY_STRING,
     .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 1, 1)},
     .run = string_run_lcs},
    {.name = NULL},
};
