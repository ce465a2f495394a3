/* Strings that are numbers: INCR and its kin. */
#include "base/number.h"
#include "server/commands/cmd_string.h"
#include "server/request/args.h"
#include "server/request/change.h"
#include "server/request/notify.h"
#include "server/request/reply.h"
#include "storage/value/string_store.h"
#include <math.h>

/* Text that may be a number, copied out of the keyspace: the next write moves what lies there. */
struct number_text {
    char *bytes; /* Borrowed, `room` of them. */
    size_t room;
    size_t len;
};

/* Find a string and copy its text; one that fills the room is no number: STATUS_TOO_BIG. */
static enum status read_number_text(struct call *call, struct slice key, struct entry *entry, struct number_text *text)
{
    struct buf scratch;
    struct slice value;
    enum status status = string_find(call, key, entry);

    text->len = 0;
    if (status != STATUS_OK) {
        return status;
    }
    if (string_len(entry) >= text->room) {
        return STATUS_TOO_BIG;
    }
    buf_init(&scratch, BUF_NO_CEILING);
    status = string_value(call->keyspace, entry, &scratch, &value);
    if (status == STATUS_OK) {
        memcpy(text->bytes, value.data, value.len);
        text->len = value.len;
    }
    buf_release(&scratch);
    return status;
}

/* Store the new number text, keeping the expiry. */
static void store_number(struct call *call, struct slice key, const struct entry *old, struct slice text)
{
    string_set(call->keyspace, call->db, key, text, old == NULL ? 0 : old->expire_at_ms);
    call->changes++;
}

/* Add `increment` to the integer under `key` and reply with the sum. */
static enum status add_integer(struct call *call, struct reply *reply, int64_t increment)
{
    struct slice key = call->argv[1];
    char text[NUMBER_INTEGER_TEXT_MAX];
    struct number_text old = {.bytes = text, .room = sizeof(text)};
    struct entry entry;
    int64_t value = 0;
    size_t len;
    enum status found = read_number_text(call, key, &entry, &old);

    if (found == STATUS_WRONG_TYPE) {
        return found;
    }
    if (found != STATUS_NOT_FOUND && (found != STATUS_OK || !number_parse_int64(slice_make(text, old.len), &value))) {
        return STATUS_NOT_INTEGER;
    }
    if (__builtin_add_overflow(value, increment, &value)) {
        return STATUS_OVERFLOW;
    }
    len = number_format_int64(text, value);
    store_number(call, key, found == STATUS_OK ? &entry : NULL, slice_make(text, len));
    notify_key(call, NOTIFY_STRING, "incrby", call->db, key);
    reply_integer(reply, value);
    return STATUS_OK;
}

static enum status run_incr(struct call *call, struct reply *reply)
{
    return add_integer(call, reply, 1);
}

static enum status run_decr(struct call *call, struct reply *reply)
{
    return add_integer(call, reply, -1);
}

static enum status run_incrby(struct call *call, struct reply *reply)
{
    int64_t increment;
    enum status status = args_int64(call->argv[2], &increment);

    return status == STATUS_OK ? add_integer(call, reply, increment) : status;
}

static enum status run_decrby(struct call *call, struct reply *reply)
{
    int64_t decrement;
    enum status status = args_int64(call->argv[2], &decrement);

    if (status != STATUS_OK) {
        return status;
    }
    if (decrement == INT64_MIN) {
        return reply_error(reply, "ERR decrement would overflow");
    }
    return add_integer(call, reply, -decrement);
}

/* INCRBYFLOAT key increment: the sum, logged as the SET that it is, since long double differs between machines. */
static enum status run_incrbyfloat(struct call *call, struct reply *reply)
{
    struct slice key = call->argv[1];
    char text[NUMBER_LONG_DOUBLE_TEXT_MAX];
    struct slice words[] = {slice_of("SET"), key, {0}, slice_of("KEEPTTL")};
    struct number_text old = {.bytes = text, .room = sizeof(text)};
    struct entry entry;
    long double value = 0;
    long double increment;
    enum status found = read_number_text(call, key, &entry, &old);

    if (found == STATUS_WRONG_TYPE) {
        return found;
    }
    if (found != STATUS_NOT_FOUND &&
        (found != STATUS_OK || !number_parse_long_double(slice_make(text, old.len), &value))) {
        return STATUS_NOT_FLOAT;
    }
    if (!number_parse_long_double(call->argv[2], &increment)) {
        return STATUS_NOT_FLOAT;
    }
    value += increment;
    if (isnan(value) || isinf(value)) {
        return STATUS_NAN_OR_INFINITY;
    }
    words[2] = slice_make(text, number_format_long_double(text, value));
    store_number(call, key, found == STATUS_OK ? &entry : NULL, words[2]);
    notify_key(call, NOTIFY_STRING, "incrbyfloat", call->db, key);
    change_replace(call->change, words, 4);
    reply_bulk(reply, words[2]);
    return STATUS_OK;
}

const struct command string_number_commands[] = {
    {.name = "incr",
     .summary = "Increment the integer value of a key by one",
     .since = "1.0.0",
     .complexity = "O(1)",
     .group = "string",
     .arity = 2,
     .flags = COMMAND_WRITE | COMMAND_DENYOOM | COMMAND_FAST,
     .categories = CATEGORY_STRING,
     .keys = {KEY_RANGE(KEY_RW | KEY_ACCESS | KEY_UPDATE, 1, 0, 1)},
     .run = run_incr},
    {.name = "decr",
     .summary = "Decrement the integer value of a key by one",
     .since = "1.0.0",
     .complexity = "O(1)",
     .group = "string",
     .arity = 2,
     .flags = COMMAND_WRITE | COMMAND_DENYOOM | COMMAND_FAST,
     .categories = CATEGORY_STRING,
     .keys = {KEY_RANGE(KEY_RW | KEY_ACCESS | KEY_UPDATE, 1, 0, 1)},
     .run = run_decr},
    {.name = "incrby",
     .summary = "Increment the integer value of a key by the given amount",
     .since = "1.0.0",
     .complexity = "O(1)",
     .group = "string",
     .arity = 3,
     .flags = COMMAND_WRITE | COMMAND_DENYOOM | COMMAND_FAST,
     .categories = CATEGORY_STRING,
     .keys = {KEY_RANGE(KEY_RW | KEY_ACCESS | KEY_UPDATE, 1, 0, 1)},
     .run = run_incrby},
    {.name = "decrby",
     .summary = "Decrement the integer value of a key by the given number",
     .since = "1.0.0",
     .complexity = "O(1)",
     .group = "string",
     .arity = 3,
     .flags = COMMAND_WRITE | COMMAND_DENYOOM | COMMAND_FAST,
     .categories = CATEGORY_STRING,
     .keys = {KEY_RANGE(KEY_RW | KEY_ACCESS | KEY_UPDATE, 1, 0, 1)},
     .run = run_decrby},
    {.name = "incrbyfloat",
     .summary = "Increment the float value of a key by the given amount",
     .since = "2.6.0",
     .complexity = "O(1)",
     .group = "string",
     .arity = 3,
     .flags = COMMAND_WRITE | COMMAND_DENYOOM | COMMAND_FAST,
     .categories = CATEGORY_STRING,
     .keys = {KEY_RANGE(KEY_RW | KEY_ACCESS | KEY_UPDATE, 1, 0, 1)},
     .run = run_incrbyfloat},
    {.name = NULL},
};
