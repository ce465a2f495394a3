/* String commands on a part of the value: only the chunks that it touches are read or written. */
#include "server/commands/cmd_string.h"
#include "server/request/args.h"
#include "server/request/notify.h"
#include "server/request/reply.h"
#include "storage/value/string_store.h"

/* APPEND key value: the length after it. */
static enum status run_append(struct call *call, struct reply *reply)
{
    struct slice key = call->argv[1];
    struct entry entry;
    enum status status = string_find(call, key, &entry);
    size_t start = status == STATUS_OK ? string_len(&entry) : 0;
    size_t len;

    if (status == STATUS_WRONG_TYPE) {
        return status;
    }
    if (start + call->argv[2].len > STRING_BYTES_MAX) {
        return STATUS_STRING_TOO_LONG;
    }
    string_write(call->keyspace, call->db, key, status == STATUS_OK ? &entry : NULL, start, call->argv[2], &len);
    call->changes++;
    notify_key(call, NOTIFY_STRING, "append", call->db, key);
    reply_integer(reply, (int64_t)len);
    return STATUS_OK;
}

/* STRLEN key: 0 if it is absent. */
static enum status run_strlen(struct call *call, struct reply *reply)
{
    struct entry entry;
    enum status status = string_find(call, call->argv[1], &entry);

    if (status == STATUS_WRONG_TYPE) {
        return status;
    }
    reply_integer(reply, status == STATUS_OK ? (int64_t)string_len(&entry) : 0);
    return STATUS_OK;
}

/* Turn inclusive, possibly negative positions into a range of a value of `len` bytes; `*count` 0 if it is empty. */
static void clamp_range(int64_t first, int64_t last, size_t len, size_t *start, size_t *count)
{
    int64_t signed_len = (int64_t)len;

    *start = 0;
    *count = 0;
    if (first < 0 && last < 0 && first > last) {
        return;
    }
    first = first < 0 ? first + signed_len : first;
    last = last < 0 ? last + signed_len : last;
    first = first < 0 ? 0 : first;
    last = last < 0 ? 0 : last;
    last = last >= signed_len ? signed_len - 1 : last;
    if (first <= last && signed_len > 0) {
        *start = (size_t)first;
        *count = (size_t)(last - first + 1);
    }
}

/* GETRANGE key start end: the bytes from start to end, both included. */
static enum status run_getrange(struct call *call, struct reply *reply)
{
    int64_t first;
    int64_t last;
    size_t start;
    size_t count;
    struct entry entry;
    struct buf part;
    enum status status;

    if (args_int64(call->argv[2], &first) != STATUS_OK || args_int64(call->argv[3], &last) != STATUS_OK) {
        return STATUS_NOT_INTEGER;
    }
    status = string_find(call, call->argv[1], &entry);
    if (status == STATUS_NOT_FOUND) {
        reply_bulk(reply, slice_empty());
        return STATUS_OK;
    }
    if (status != STATUS_OK) {
        return status;
    }
    clamp_range(first, last, string_len(&entry), &start, &count);
    buf_init(&part, BUF_NO_CEILING);
    status = string_read(call->keyspace, &entry, start, count, &part);
    if (status == STATUS_OK) {
        reply_bulk(reply, buf_slice(&part));
    }
    buf_release(&part);
    return status;
}

/* SETRANGE key offset value: the length after it; the gap is filled with zero bytes. */
static enum status run_setrange(struct call *call, struct reply *reply)
{
    struct slice key = call->argv[1];
    struct slice value = call->argv[3];
    struct entry entry;
    int64_t offset;
    size_t len;
    enum status status = args_int64(call->argv[2], &offset);

    if (status != STATUS_OK) {
        return status;
    }
    if (offset < 0) {
        return STATUS_OFFSET_RANGE;
    }
    status = string_find(call, key, &entry);
    if (status == STATUS_WRONG_TYPE) {
        return status;
    }
    if (value.len == 0) { /* Changes nothing, and creates nothing. */
        reply_integer(reply, status == STATUS_OK ? (int64_t)string_len(&entry) : 0);
        return STATUS_OK;
    }
    if ((uint64_t)offset > STRING_BYTES_MAX || (size_t)offset + value.len > STRING_BYTES_MAX) {
        return STATUS_STRING_TOO_LONG;
    }
    string_write(call->keyspace, call->db, key, status == STATUS_OK ? &entry : NULL, (size_t)offset, value, &len);
    call->changes++;
    notify_key(call, NOTIFY_STRING, "setrange", call->db, key);
    reply_integer(reply, (int64_t)len);
    return STATUS_OK;
}

const struct command string_part_commands[] = {
    {.name = "append",
     .summary = "Append a value to a key",
     .since = "2.0.0",
     .complexity = "O(1). The amortized time complexity is O(1) assuming the appended value is small and the already "
                   "present value is of any size, since the dynamic string library used by Redis will double the free "
                   "space available on every reallocation.",
     .group = "string",
     .arity = 3,
     .flags = COMMAND_WRITE | COMMAND_DENYOOM | COMMAND_FAST,
     .categories = CATEGORY_STRING,
     .keys = {KEY_RANGE(KEY_RW | KEY_INSERT, 1, 0, 1)},
     .run = run_append},
    {.name = "strlen",
     .summary = "Get the length of the value stored in a key",
     .since = "2.2.0",
     .complexity = "O(1)",
     .group = "string",
     .arity = 2,
     .flags = COMMAND_READONLY | COMMAND_FAST,
     .categories = CATEGORY_STRING,
     .keys = {KEY_RANGE(KEY_RO, 1, 0, 1)},
     .run = run_strlen},
    {.name = "getrange",
     .summary = "Get a substring of the string stored at a key",
     .since = "2.4.0",
     .complexity = "O(N) where N is the length of the returned string. The complexity is ultimately determined by the "
                   "returned length, but because creating a substring from an existing string is very cheap, it can be "
                   "considered O(1) for small strings.",
     .group = "string",
     .arity = 4,
     .flags = COMMAND_READONLY,
     .categories = CATEGORY_STRING,
     .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
     .run = run_getrange},
    {.name = "substr",
     .summary = "Get a substring of the string stored at a key",
     .since = "1.0.0",
     .complexity = "O(N) where N is the length of the returned string. The complexity is ultimately determined by the "
                   "returned length, but because creating a substring from an existing string is very cheap, it can be "
                   "considered O(1) for small strings.",
     .group = "string",
     .arity = 4,
     .flags = COMMAND_READONLY,
     .categories = CATEGORY_STRING,
     .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
     .run = run_getrange},
    {.name = "setrange",
     .summary = "Overwrite part of a string at key starting at the specified offset",
     .since = "2.2.0",
     .complexity =
         "O(1), not counting the time taken to copy the new string in place. Usually, this string is very small so the "
         "amortized complexity is O(1). Otherwise, complexity is O(M) with M being the length of the value argument.",
     .group = "string",
     .arity = 4,
     .flags = COMMAND_WRITE | COMMAND_DENYOOM,
     .categories = CATEGORY_STRING,
     .keys = {KEY_RANGE(KEY_RW | KEY_UPDATE, 1, 0, 1)},
     .run = run_setrange},
    {.name = NULL},
};
