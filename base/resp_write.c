#include "base/resp_write.h"
#include "base/number.h"

/* A type byte, a number and CRLF. */
#define HEADER_BYTES_MAX (1 + NUMBER_INTEGER_TEXT_MAX + 2)

static size_t format_header(char *to, char type, int64_t value)
{
    size_t len = 1;

    to[0] = type;
    if (value >= 0 && value < 10) { /* Most counts and many lengths. */
        to[len++] = (char)('0' + value);
    } else {
        len += number_format_int64(to + 1, value);
    }
    to[len++] = '\r';
    to[len++] = '\n';
    return len;
}

static void put_header(struct buf *buf, char type, int64_t value)
{
    buf_commit(buf, format_header(buf_put_space(buf, HEADER_BYTES_MAX), type, value));
}

static void put_line(struct buf *buf, char type, struct slice text)
{
    char *to = buf_put_space(buf, text.len + 3);

    *to++ = type;
    if (text.len > 0) {
        memcpy(to, text.data, text.len);
    }
    to[text.len] = '\r';
    to[text.len + 1] = '\n';
    buf_commit(buf, text.len + 3);
}

void resp_write_simple(struct buf *buf, const char *text)
{
    put_line(buf, '+', slice_of(text));
}

void resp_write_error(struct buf *buf, struct slice text)
{
    char *line;

    put_line(buf, '-', text);
    line = buf->memory + buf->start + buf->len - 2 - text.len;
    for (size_t i = 0; i < text.len; i++) {
        if (line[i] == '\r' || line[i] == '\n') {
            line[i] = ' ';
        }
    }
}

void resp_write_integer(struct buf *buf, int64_t value)
{
    put_header(buf, ':', value);
}

void resp_write_bulk(struct buf *buf, struct slice bytes)
{
    char *to = buf_put_space(buf, HEADER_BYTES_MAX + bytes.len + 2);
    size_t len = format_header(to, '$', (int64_t)bytes.len);

    if (bytes.len > 0) {
        memcpy(to + len, bytes.data, bytes.len);
        len += bytes.len;
    }
    to[len++] = '\r';
    to[len++] = '\n';
    buf_commit(buf, len);
}

void resp_write_bulk_header(struct buf *buf, size_t len)
{
    put_header(buf, '$', (int64_t)len);
}

void resp_write_null(struct buf *buf, int protocol)
{
    buf_put_text(buf, protocol == 2 ? "$-1\r\n" : "_\r\n");
}

void resp_write_null_array(struct buf *buf, int protocol)
{
    buf_put_text(buf, protocol == 2 ? "*-1\r\n" : "_\r\n");
}

void resp_write_array(struct buf *buf, size_t count)
{
    put_header(buf, '*', (int64_t)count);
}

void resp_write_map(struct buf *buf, size_t pair_count, int protocol)
{
    if (protocol == 2) {
        put_header(buf, '*', (int64_t)pair_count * 2);
    } else {
        put_header(buf, '%', (int64_t)pair_count);
    }
}

void resp_write_set(struct buf *buf, size_t count, int protocol)
{
    put_header(buf, protocol == 2 ? '*' : '~', (int64_t)count);
}

void resp_write_push(struct buf *buf, size_t count, int protocol)
{
    put_header(buf, protocol == 2 ? '*' : '>', (int64_t)count);
}

void resp_write_boolean(struct buf *buf, bool value, int protocol)
{
    if (protocol == 2) {
        put_header(buf, ':', value);
    } else {
        buf_put_text(buf, value ? "#t\r\n" : "#f\r\n");
    }
}

/* A double is a bulk string to who does not know the type. */
static void put_double(struct buf *buf, struct slice text, int protocol)
{
    if (protocol == 2) {
        resp_write_bulk(buf, text);
    } else {
        put_line(buf, ',', text);
    }
}

void resp_write_double(struct buf *buf, double value, int protocol)
{
    char text[NUMBER_DOUBLE_TEXT_MAX];

    put_double(buf, slice_make(text, number_format_double(text, value)), protocol);
}

void resp_write_human_double(struct buf *buf, double value, int protocol)
{
    char text[NUMBER_LONG_DOUBLE_TEXT_MAX];

    put_double(buf, slice_make(text, number_format_long_double(text, value)), protocol);
}

void resp_write_verbatim(struct buf *buf, const char *format, struct slice text, int protocol)
{
    if (protocol == 2) {
        resp_write_bulk(buf, text);
        return;
    }
    put_header(buf, '=', (int64_t)text.len + 4);
    buf_put(buf, slice_make(format, 3));
    buf_put_byte(buf, ':');
    buf_put(buf, text);
    buf_put_text(buf, "\r\n");
}

void resp_write_big_number(struct buf *buf, struct slice digits, int protocol)
{
    if (protocol == 2) {
        resp_write_bulk(buf, digits);
    } else {
        put_line(buf, '(', digits);
    }
}

void resp_write_request(struct buf *buf, const struct slice *argv, size_t argc)
{
    put_header(buf, '*', (int64_t)argc);
    for (size_t i = 0; i < argc; i++) {
        resp_write_bulk(buf, argv[i]);
    }
}
