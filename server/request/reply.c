#include "server/request/reply.h"
#include "base/assert.h"
#include "base/resp_write.h"
#include <stdarg.h>
#include <stdio.h>

#define REPLY_TEXT_BYTES 1024 /* Longest formatted error or bulk text; what is longer is cut. */

/* Redis' texts. World failures that reach a client mean that its write was refused before it had any effect. */
static const char *const status_texts[STATUS_COUNT] = {
    [STATUS_IO] = "MISCONF Errors writing to the AOF file: Input/output error",
    [STATUS_NO_SPACE] = "MISCONF Errors writing to the AOF file: No space left on device",
    [STATUS_NO_MEMORY] = "OOM command not allowed: there is not enough memory to execute it",
    [STATUS_CORRUPT] = "ERR Bad data format",
    [STATUS_UNSUPPORTED] = "ERR This version of the server does not support it",
    [STATUS_EXISTS] = "BUSYKEY Target key name already exists.",
    [STATUS_NOT_FOUND] = "ERR not found",
    [STATUS_BUSY] = "BUSY The server is busy with the same work already",
    [STATUS_END] = "ERR nothing more to read",
    [STATUS_TOO_BIG] = "ERR the request is too big",
    [STATUS_CLOSED] = "ERR the connection was closed",
    [STATUS_PROTOCOL] = "ERR Protocol error",
    [STATUS_INVALID] = "ERR invalid argument",
    [STATUS_WRONG_TYPE] = "WRONGTYPE Operation against a key holding the wrong kind of value",
    [STATUS_SYNTAX] = "ERR syntax error",
    [STATUS_NOT_INTEGER] = "ERR value is not an integer or out of range",
    [STATUS_NOT_FLOAT] = "ERR value is not a valid float",
    [STATUS_OVERFLOW] = "ERR increment or decrement would overflow",
    [STATUS_NAN_OR_INFINITY] = "ERR increment would produce NaN or Infinity",
    [STATUS_NO_SUCH_KEY] = "ERR no such key",
    [STATUS_SAME_OBJECT] = "ERR source and destination objects are the same",
    [STATUS_INDEX_RANGE] = "ERR index out of range",
    [STATUS_OFFSET_RANGE] = "ERR offset is out of range",
    [STATUS_DB_RANGE] = "ERR DB index is out of range",
    [STATUS_STRING_TOO_LONG] = "ERR string exceeds maximum allowed size (proto-max-bulk-len)",
    [STATUS_NEGATIVE] = "ERR value is out of range, must be positive",
};

void reply_init(struct reply *reply, struct buf *out, int protocol)
{
    reply->out = out;
    reply->protocol = protocol;
    reply->is_error = false;
    reply->is_counted = false;
}

void reply_ok(struct reply *reply)
{
    buf_put(reply->out, slice_make("+OK\r\n", 5));
}

void reply_simple(struct reply *reply, const char *text)
{
    resp_write_simple(reply->out, text);
}

void reply_integer(struct reply *reply, int64_t value)
{
    resp_write_integer(reply->out, value);
}

void reply_bulk(struct reply *reply, struct slice bytes)
{
    resp_write_bulk(reply->out, bytes);
}

void reply_bulk_text(struct reply *reply, const char *text)
{
    resp_write_bulk(reply->out, slice_of(text));
}

static struct slice format_text(char *text, const char *format, va_list arguments)
{
    int len = vsnprintf(text, REPLY_TEXT_BYTES, format, arguments);

    ASSERT(len >= 0);
    return slice_make(text, len < REPLY_TEXT_BYTES ? (size_t)len : REPLY_TEXT_BYTES - 1);
}

void reply_bulk_format(struct reply *reply, const char *format, ...)
{
    char text[REPLY_TEXT_BYTES];
    va_list arguments;

    va_start(arguments, format);
    resp_write_bulk(reply->out, format_text(text, format, arguments));
    va_end(arguments);
}

void reply_null(struct reply *reply)
{
    resp_write_null(reply->out, reply->protocol);
}

void reply_null_array(struct reply *reply)
{
    resp_write_null_array(reply->out, reply->protocol);
}

void reply_array(struct reply *reply, size_t count)
{
    resp_write_array(reply->out, count);
}

void reply_map(struct reply *reply, size_t pair_count)
{
    resp_write_map(reply->out, pair_count, reply->protocol);
}

void reply_set(struct reply *reply, size_t count)
{
    resp_write_set(reply->out, count, reply->protocol);
}

void reply_push(struct reply *reply, size_t count)
{
    resp_write_push(reply->out, count, reply->protocol);
}

void reply_double(struct reply *reply, double value)
{
    resp_write_double(reply->out, value, reply->protocol);
}

void reply_human_double(struct reply *reply, double value)
{
    resp_write_human_double(reply->out, value, reply->protocol);
}

void reply_verbatim(struct reply *reply, const char *format, struct slice text)
{
    resp_write_verbatim(reply->out, format, text, reply->protocol);
}

enum status reply_error(struct reply *reply, const char *format, ...)
{
    char text[REPLY_TEXT_BYTES];
    va_list arguments;

    va_start(arguments, format);
    resp_write_error(reply->out, format_text(text, format, arguments));
    va_end(arguments);
    reply->is_error = true;
    return STATUS_REPLIED;
}

const char *reply_text(enum status status)
{
    ASSERT(status < STATUS_COUNT && status_texts[status] != NULL);
    return status_texts[status];
}

void reply_status(struct reply *reply, enum status status)
{
    if (status == STATUS_OK || status == STATUS_REPLIED) {
        return;
    }
    resp_write_error(reply->out, slice_of(reply_text(status)));
    reply->is_error = true;
}

struct reply_deferred reply_deferred_begin(struct reply *reply)
{
    return (struct reply_deferred){.position = reply->out->len};
}

/* Open a gap at `position` and put `header` there. The elements move once, and the typical header is 4 bytes, so
 * remembering a place costs nothing when nothing is deferred (Redis keeps a list of reply blocks for this). */
static void insert(struct reply *reply, size_t position, struct slice header)
{
    struct buf *out = reply->out;
    size_t moved_len;
    char *content;

    ASSERT(position <= out->len);
    moved_len = out->len - position;
    buf_put(out, header); /* Makes the room; what it wrote at the end is overwritten by the move. */
    content = out->memory + out->start;
    memmove(content + position + header.len, content + position, moved_len);
    memcpy(content + position, header.data, header.len);
}

static void finish_deferred(struct reply *reply, struct reply_deferred deferred, char mark, size_t count)
{
    char header[32];
    int len = snprintf(header, sizeof(header), "%c%zu\r\n", mark, count);

    insert(reply, deferred.position, slice_make(header, (size_t)len));
}

void reply_deferred_array(struct reply *reply, struct reply_deferred deferred, size_t count)
{
    finish_deferred(reply, deferred, '*', count);
}

void reply_deferred_set(struct reply *reply, struct reply_deferred deferred, size_t count)
{
    finish_deferred(reply, deferred, reply->protocol == 3 ? '~' : '*', count);
}

void reply_deferred_map(struct reply *reply, struct reply_deferred deferred, size_t pair_count)
{
    if (reply->protocol == 3) {
        finish_deferred(reply, deferred, '%', pair_count);
    } else {
        finish_deferred(reply, deferred, '*', 2 * pair_count);
    }
}

void reply_help(struct reply *reply, const char *name, const char *const *lines)
{
    struct buf title;
    size_t count = 0;

    while (lines[count] != NULL) {
        count++;
    }
    buf_init(&title, BUF_NO_CEILING);
    buf_put_format(&title, "%s <subcommand> [<arg> [value] [opt] ...]. Subcommands are:", name);
    buf_put_byte(&title, '\0');
    reply_array(reply, count + 3);
    reply_simple(reply, buf_slice(&title).data);
    for (size_t i = 0; i < count; i++) {
        reply_simple(reply, lines[i]);
    }
    reply_simple(reply, "HELP");
    reply_simple(reply, "    Prints this help.");
    buf_release(&title);
}
