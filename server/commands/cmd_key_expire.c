/* When keys expire. Whatever unit a command has, the log and the keyspace know absolute milliseconds only. */
#include "base/number.h"
#include "server/commands/cmd_key.h"
#include "server/commands/expire_args.h"
#include "server/request/args.h"
#include "server/request/change.h"
#include "server/request/notify.h"
#include "server/request/reply.h"
#include "storage/keyspace/keyspace.h"

struct expire_conditions {
    bool if_none;    /* NX: only if it has no expiry. */
    bool if_some;    /* XX: only if it has one. */
    bool if_greater; /* GT: only if the new one is later; none is later than all. */
    bool if_less;    /* LT */
};

static enum status parse_conditions(struct call *call, struct reply *reply, struct expire_conditions *conditions)
{
    *conditions = (struct expire_conditions){0};
    for (size_t i = 3; i < call->argc; i++) {
        struct slice word = call->argv[i];

        if (args_is(word, "nx")) {
            conditions->if_none = true;
        } else if (args_is(word, "xx")) {
            conditions->if_some = true;
        } else if (args_is(word, "gt")) {
            conditions->if_greater = true;
        } else if (args_is(word, "lt")) {
            conditions->if_less = true;
        } else {
            return reply_error(reply, "ERR Unsupported option %.*s", (int)word.len, word.data);
        }
    }
    if (conditions->if_none && (conditions->if_some || conditions->if_greater || conditions->if_less)) {
        return reply_error(reply, "ERR NX and XX, GT or LT options at the same time are not compatible");
    }
    if (conditions->if_greater && conditions->if_less) {
        return reply_error(reply, "ERR GT and LT options at the same time are not compatible");
    }
    return STATUS_OK;
}

static bool conditions_hold(const struct expire_conditions *conditions, uint64_t present_ms, int64_t wanted_ms)
{
    bool has_expiry = present_ms != 0;
    bool is_later = has_expiry && wanted_ms > (int64_t)present_ms;
    bool is_earlier = !has_expiry || wanted_ms < (int64_t)present_ms;

    return !(conditions->if_none && has_expiry) && !(conditions->if_some && !has_expiry) &&
           !(conditions->if_greater && !is_later) && !(conditions->if_less && !is_earlier);
}

/* The key falls due at once: it is deleted, and logged as that. */
static void expire_now(struct call *call, struct slice key)
{
    struct slice words[] = {slice_of("DEL"), key};

    keyspace_delete(call->keyspace, call->db, key);
    change_replace(call->change, words, 2);
    notify_key(call, NOTIFY_GENERIC, "del", call->db, key);
}

static void expire_at(struct call *call, struct slice key, int64_t at_ms)
{
    char text[NUMBER_INTEGER_TEXT_MAX];
    struct slice words[] = {slice_of("PEXPIREAT"), key, slice_make(text, number_format_int64(text, at_ms))};

    (void)keyspace_set_expiry(call->keyspace, call->db, key, expire_clamp(at_ms));
    change_replace(call->change, words, 3);
    notify_key(call, NOTIFY_GENERIC, "expire", call->db, key);
}

/* EXPIRE and its kin: 1 if the expiry was set, 0 if the key is absent or a condition fails. */
static enum status set_expiry(struct call *call, struct reply *reply, enum expire_unit unit, const char *command)
{
    struct slice key = call->argv[1];
    struct expire_conditions conditions;
    struct entry entry;
    int64_t amount;
    int64_t at_ms;
    enum status status = parse_conditions(call, reply, &conditions);

    if (status == STATUS_OK) {
        status = args_int64(call->argv[2], &amount);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (!expire_time(call->now_ms, unit, amount, &at_ms)) {
        return reply_error(reply, "ERR invalid expire time in '%s' command", command);
    }
    if (!keyspace_find(call->keyspace, call->db, key, &entry) ||
        !conditions_hold(&conditions, entry.expire_at_ms, at_ms)) {
        reply_integer(reply, 0);
        return STATUS_OK;
    }
    call->changes++;
    /* In replay the time stands as it was logged, though it may have passed since: the next change may be one of this
     * key, and its DEL comes as a change of its own. */
    if (at_ms <= (int64_t)call->now_ms && !call->is_replay) {
        expire_now(call, key);
    } else {
        expire_at(call, key, at_ms);
    }
    reply_integer(reply, 1);
    return STATUS_OK;
}

static enum status run_expire(struct call *call, struct reply *reply)
{
    return set_expiry(call, reply, EXPIRE_SECONDS, "expire");
}

static enum status run_pexpire(struct call *call, struct reply *reply)
{
    return set_expiry(call, reply, EXPIRE_MILLISECONDS, "pexpire");
}

static enum status run_expireat(struct call *call, struct reply *reply)
{
    return set_expiry(call, reply, EXPIRE_AT_SECONDS, "expireat");
}

static enum status run_pexpireat(struct call *call, struct reply *reply)
{
    return set_expiry(call, reply, EXPIRE_AT_MILLISECONDS, "pexpireat");
}

/* Seconds of a time in ms, rounded half up as Redis does. */
static int64_t to_seconds(int64_t time_ms)
{
    return (time_ms + 500) / 1000;
}

/* When the key falls due, in ms: -2 if it is absent, -1 if never. */
static int64_t due_time(struct call *call)
{
    struct entry entry;

    if (!keyspace_find(call->keyspace, call->db, call->argv[1], &entry)) {
        return -2;
    }
    return entry.expire_at_ms == 0 ? -1 : (int64_t)entry.expire_at_ms;
}

static int64_t remaining_time(struct call *call)
{
    int64_t due_ms = due_time(call);

    if (due_ms < 0) {
        return due_ms;
    }
    return due_ms > (int64_t)call->now_ms ? due_ms - (int64_t)call->now_ms : 0;
}

static enum status run_expiretime(struct call *call, struct reply *reply)
{
    int64_t due_ms = due_time(call);

    reply_integer(reply, due_ms < 0 ? due_ms : to_seconds(due_ms));
    return STATUS_OK;
}

static enum status run_pexpiretime(struct call *call, struct reply *reply)
{
    reply_integer(reply, due_time(call));
    return STATUS_OK;
}

static enum status run_ttl(struct call *call, struct reply *reply)
{
    int64_t left_ms = remaining_time(call);

    reply_integer(reply, left_ms < 0 ? left_ms : to_seconds(left_ms));
    return STATUS_OK;
}

static enum status run_pttl(struct call *call, struct reply *reply)
{
    reply_integer(reply, remaining_time(call));
    return STATUS_OK;
}

/* PERSIST key: 1 if it had an expiry. */
static enum status run_persist(struct call *call, struct reply *reply)
{
    struct entry entry;
    bool had_expiry = keyspace_find(call->keyspace, call->db, call->argv[1], &entry) && entry.expire_at_ms != 0;

    if (had_expiry) {
        (void)keyspace_set_expiry(call->keyspace, call->db, call->argv[1], 0);
        call->changes++;
        notify_key(call, NOTIFY_GENERIC, "persist", call->db, call->argv[1]);
    }
    reply_integer(reply, had_expiry);
    return STATUS_OK;
}

const struct command key_expire_commands[] = {
    {.name = "expire",
     .summary = "Set a key's time to live in seconds",
     .since = "1.0.0",
     .complexity = "O(1)",
     .group = "generic",
     .arity = -3,
     .flags = COMMAND_WRITE | COMMAND_FAST,
     .categories = CATEGORY_KEYSPACE,
     .keys = {KEY_RANGE(KEY_RW | KEY_UPDATE, 1, 0, 1)},
     .run = run_expire},
    {.name = "pexpire",
     .summary = "Set a key's time to live in milliseconds",
     .since = "2.6.0",
     .complexity = "O(1)",
     .group = "generic",
     .arity = -3,
     .flags = COMMAND_WRITE | COMMAND_FAST,
     .categories = CATEGORY_KEYSPACE,
     .keys = {KEY_RANGE(KEY_RW | KEY_UPDATE, 1, 0, 1)},
     .run = run_pexpire},
    {.name = "expireat",
     .summary = "Set the expiration for a key as a UNIX timestamp",
     .since = "1.2.0",
     .complexity = "O(1)",
     .group = "generic",
     .arity = -3,
     .flags = COMMAND_WRITE | COMMAND_FAST,
     .categories = CATEGORY_KEYSPACE,
     .keys = {KEY_RANGE(KEY_RW | KEY_UPDATE, 1, 0, 1)},
     .run = run_expireat},
    {.name = "pexpireat",
     .summary = "Set the expiration for a key as a UNIX timestamp specified in milliseconds",
     .since = "2.6.0",
     .complexity = "O(1)",
     .group = "generic",
     .arity = -3,
     .flags = COMMAND_WRITE | COMMAND_FAST,
     .categories = CATEGORY_KEYSPACE,
     .keys = {KEY_RANGE(KEY_RW | KEY_UPDATE, 1, 0, 1)},
     .run = run_pexpireat},
    {.name = "expiretime",
     .summary = "Get the expiration Unix timestamp for a key",
     .since = "7.0.0",
     .complexity = "O(1)",
     .group = "generic",
     .arity = 2,
     .flags = COMMAND_READONLY | COMMAND_FAST,
     .categories = CATEGORY_KEYSPACE,
     .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
     .run = run_expiretime},
    {.name = "pexpiretime",
     .summary = "Get the expiration Unix timestamp for a key in milliseconds",
     .since = "7.0.0",
     .complexity = "O(1)",
     .group = "generic",
     .arity = 2,
     .flags = COMMAND_READONLY | COMMAND_FAST,
     .categories = CATEGORY_KEYSPACE,
     .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
     .run = run_pexpiretime},
    {.name = "ttl",
     .summary = "Get the time to live for a key in seconds",
     .since = "1.0.0",
     .complexity = "O(1)",
     .group = "generic",
     .arity = 2,
     .flags = COMMAND_READONLY | COMMAND_FAST,
     .categories = CATEGORY_KEYSPACE,
     .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
     .tips = "nondeterministic_output",
     .run = run_ttl},
    {.name = "pttl",
     .summary = "Get the time to live for a key in milliseconds",
     .since = "2.6.0",
     .complexity = "O(1)",
     .group = "generic",
     .arity = 2,
     .flags = COMMAND_READONLY | COMMAND_FAST,
     .categories = CATEGORY_KEYSPACE,
     .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
     .tips = "nondeterministic_output",
     .run = run_pttl},
    {.name = "persist",
     .summary = "Remove the expiration from a key",
     .since = "2.2.0",
     .complexity = "O(1)",
     .group = "generic",
     .arity = 2,
     .flags = COMMAND_WRITE | COMMAND_FAST,
     .categories = CATEGORY_KEYSPACE,
     .keys = {KEY_RANGE(KEY_RW | KEY_UPDATE, 1, 0, 1)},
     .run = run_persist},
    {.name = NULL},
};
