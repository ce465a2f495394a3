#include "base/resp_read.h"
#include "base/memory.h"
#include "base/number.h"
#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#define ARGV_CAPACITY_MIN  8
#define ARGV_CAPACITY_KEEP 1024 /* A larger array goes after the request that needed it. */

void resp_reader_init(struct resp_reader *reader)
{
    *reader = (struct resp_reader){.remaining = -1, .bulk_len = -1};
}

void resp_reader_release(struct resp_reader *reader)
{
    memory_free(reader->argv);
    memory_free(reader->offsets);
    memory_free(reader->inline_memory);
    resp_reader_init(reader);
}

static enum resp_outcome fail(struct resp_reader *reader, const char *error)
{
    reader->error = error;
    return RESP_ERROR;
}

/* Grow with the arguments that came, never with the count that was announced. */
static bool grow_argv(struct resp_reader *reader)
{
    uint32_t capacity = reader->argv_capacity == 0 ? ARGV_CAPACITY_MIN : reader->argv_capacity * 2;
    struct slice *argv = memory_try_resize(reader->argv, capacity * sizeof(*argv));
    size_t *offsets;

    if (argv == NULL) {
        return false;
    }
    reader->argv = argv;
    offsets = memory_try_resize(reader->offsets, capacity * sizeof(*offsets));
    if (offsets == NULL) {
        return false;
    }
    reader->offsets = offsets;
    reader->argv_capacity = capacity;
    return true;
}

static bool add_argument(struct resp_reader *reader, size_t offset, size_t len)
{
    if (reader->argc == reader->argv_capacity && !grow_argv(reader)) {
        return false;
    }
    reader->offsets[reader->argc] = offset;
    reader->argv[reader->argc].len = len;
    reader->argc++;
    return true;
}

/* The request is whole: point the arguments into `base` and be ready for the next. */
static enum resp_outcome finish(struct resp_reader *reader, const char *base, size_t position, size_t *consumed)
{
    for (uint32_t i = 0; i < reader->argc; i++) {
        reader->argv[i].data = base + reader->offsets[i];
    }
    reader->remaining = -1;
    reader->bulk_len = -1;
    reader->position = 0;
    *consumed = position;
    return RESP_COMMAND;
}

static void begin(struct resp_reader *reader)
{
    reader->argc = 0;
    if (reader->argv_capacity > ARGV_CAPACITY_KEEP) {
        memory_free(reader->argv);
        memory_free(reader->offsets);
        reader->argv = NULL;
        reader->offsets = NULL;
        reader->argv_capacity = 0;
    }
    memory_free(reader->inline_memory);
    reader->inline_memory = NULL;
}

/* --- Length lines --- */

enum line_outcome {
    LINE_OK,
    LINE_INCOMPLETE,
    LINE_TOO_LONG,
    LINE_INVALID,
};

/* The line `input` begins with, from its second byte to its CR, the rare way: any number, or none. As in Redis only the
 * CR is looked for; the byte after it must be there but may be any. */
static enum line_outcome parse_line_slowly(struct slice input, int64_t *value, size_t *line_len)
{
    const char *end = memchr(input.data, '\r', input.len);
    size_t len;

    if (end == NULL) {
        return input.len > RESP_INLINE_BYTES_MAX ? LINE_TOO_LONG : LINE_INCOMPLETE;
    }
    len = (size_t)(end - input.data);
    if (len + 2 > input.len) {
        return LINE_INCOMPLETE;
    }
    *line_len = len + 2;
    if (len == 0 || !number_parse_int64(slice_make(input.data + 1, len - 1), value)) {
        return LINE_INVALID;
    }
    return LINE_OK;
}

/* The number after the first byte of `input`, which is a '*' or '$' or what stands in its place, and the length of its
 * line with CRLF (also with LINE_INVALID). Nearly all are 1 to 9 digits without leading zero. */
static inline enum line_outcome parse_line(struct slice input, int64_t *value, size_t *line_len)
{
    size_t limit = input.len < 12 ? input.len : 12;
    int64_t parsed = 0;
    size_t i = 1;

    while (i < limit) {
        unsigned digit = (unsigned)(unsigned char)input.data[i] - '0';

        if (digit > 9) {
            break;
        }
        parsed = parsed * 10 + digit;
        i++;
    }
    if (i == 1 || i + 2 > limit || input.data[i] != '\r' || (input.data[1] == '0' && i > 2)) {
        return parse_line_slowly(input, value, line_len);
    }
    *value = parsed;
    *line_len = i + 2;
    return LINE_OK;
}

static enum resp_outcome read_array_header(struct resp_reader *reader, struct slice input,
                                           const struct resp_limits *limits)
{
    int64_t count;
    size_t line_len;

    switch (parse_line(input, &count, &line_len)) {
    case LINE_OK:
        break;
    case LINE_INCOMPLETE:
        return RESP_INCOMPLETE;
    case LINE_TOO_LONG:
        return fail(reader, "Protocol error: too big mbulk count string");
    case LINE_INVALID:
        return fail(reader, "Protocol error: invalid multibulk length");
    }
    if (count > INT_MAX) {
        return fail(reader, "Protocol error: invalid multibulk length");
    }
    if (limits->is_unauthenticated && count > RESP_UNAUTHENTICATED_ARGUMENTS_MAX) {
        return fail(reader, "Protocol error: unauthenticated multibulk length");
    }
    reader->remaining = count > 0 ? count : 0;
    reader->position = line_len;
    return RESP_COMMAND;
}

/* Read the "$len" line at `position`. */
static enum resp_outcome read_bulk_header(struct resp_reader *reader, struct slice input,
                                          const struct resp_limits *limits)
{
    struct slice rest = slice_after(input, reader->position);
    int64_t len = -1;
    size_t line_len;
    enum line_outcome outcome;

    if (rest.len == 0) {
        return RESP_INCOMPLETE;
    }
    outcome = parse_line(rest, &len, &line_len);
    if (outcome == LINE_INCOMPLETE) {
        return RESP_INCOMPLETE;
    }
    if (outcome == LINE_TOO_LONG) {
        return fail(reader, "Protocol error: too big bulk count string");
    }
    if (rest.data[0] != '$') {
        snprintf(reader->error_text, sizeof(reader->error_text), "Protocol error: expected '$', got '%c'",
                 rest.data[0] == '\0' ? ' ' : rest.data[0]);
        return fail(reader, reader->error_text);
    }
    if (outcome == LINE_INVALID || len < 0 || (uint64_t)len > limits->bulk_bytes_max) {
        return fail(reader, "Protocol error: invalid bulk length");
    }
    if (limits->is_unauthenticated && len > RESP_UNAUTHENTICATED_BULK_BYTES_MAX) {
        return fail(reader, "Protocol error: unauthenticated bulk length");
    }
    reader->bulk_len = len;
    reader->position += line_len;
    return RESP_COMMAND;
}

static enum resp_outcome read_array(struct resp_reader *reader, struct slice input, const struct resp_limits *limits,
                                    size_t *consumed)
{
    while (reader->remaining > 0) {
        size_t left;

        if (reader->bulk_len < 0) {
            enum resp_outcome outcome = read_bulk_header(reader, input, limits);

            if (outcome != RESP_COMMAND) {
                return outcome;
            }
        }
        left = input.len - reader->position;
        if (left < 2 || left - 2 < (uint64_t)reader->bulk_len) {
            return RESP_INCOMPLETE;
        }
        if (!add_argument(reader, reader->position, (size_t)reader->bulk_len)) {
            return fail(reader, "Protocol error: out of memory for the arguments");
        }
        reader->position += (size_t)reader->bulk_len + 2; /* As in Redis, any two bytes end an argument. */
        reader->bulk_len = -1;
        reader->remaining--;
    }
    return finish(reader, input.data, reader->position, consumed);
}

/* --- Inline commands --- */

/* A cursor in the line and one in the unquoted output, which is never longer. */
struct unquoter {
    const char *at;
    const char *end;
    char *out;
};

static bool is_at_blank_or_end(const struct unquoter *unquoter, const char *at)
{
    return at == unquoter->end || isspace((unsigned char)*at);
}

static int hex_digit(char byte)
{
    if (byte >= '0' && byte <= '9') {
        return byte - '0';
    }
    byte = (char)(byte | 0x20);
    return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

static char unescape(char byte)
{
    switch (byte) {
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    case 'b':
        return '\b';
    case 'a':
        return '\a';
    default:
        return byte;
    }
}

/* The byte after a backslash in double quotes: \n \r \t \b \a \xhh, or itself. `at` is on the backslash. */
static void take_escape(struct unquoter *unquoter)
{
    const char *at = unquoter->at;

    if (unquoter->end - at >= 4 && at[1] == 'x' && hex_digit(at[2]) >= 0 && hex_digit(at[3]) >= 0) {
        *unquoter->out++ = (char)(hex_digit(at[2]) * 16 + hex_digit(at[3]));
        unquoter->at += 4;
        return;
    }
    *unquoter->out++ = unescape(at[1]);
    unquoter->at += 2;
}

/* The text up to the closing quote, which must end the argument. `at` is past the opening one. */
static bool take_quoted(struct unquoter *unquoter, char quote)
{
    while (unquoter->at < unquoter->end) {
        bool has_next = unquoter->end - unquoter->at >= 2;

        if (*unquoter->at == quote) {
            unquoter->at++;
            return is_at_blank_or_end(unquoter, unquoter->at);
        }
        if (quote == '"' && *unquoter->at == '\\' && has_next) {
            take_escape(unquoter);
        } else if (quote == '\'' && *unquoter->at == '\\' && has_next && unquoter->at[1] == '\'') {
            *unquoter->out++ = '\'';
            unquoter->at += 2;
        } else {
            *unquoter->out++ = *unquoter->at++;
        }
    }
    return false;
}

/* One argument; a quote may begin within it and then ends it. Vertical tab and form feed separate arguments only in
 * front of one, as in Redis. */
static bool take_argument(struct unquoter *unquoter)
{
    while (unquoter->at < unquoter->end) {
        char byte = *unquoter->at;

        if (byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n') {
            return true;
        }
        unquoter->at++;
        if (byte == '"' || byte == '\'') {
            return take_quoted(unquoter, byte);
        }
        *unquoter->out++ = byte;
    }
    return true;
}

/* Split `line` into arguments in `inline_memory`; false for unbalanced quotes. */
static bool split_line(struct resp_reader *reader, struct slice line)
{
    struct unquoter unquoter = {.at = line.data, .end = line.data + line.len};

    reader->inline_memory = memory_allocate(line.len);
    unquoter.out = reader->inline_memory;
    for (;;) {
        char *start = unquoter.out;

        while (unquoter.at < unquoter.end && isspace((unsigned char)*unquoter.at)) {
            unquoter.at++;
        }
        if (unquoter.at == unquoter.end) {
            return true;
        }
        if (!take_argument(&unquoter) ||
            !add_argument(reader, (size_t)(start - reader->inline_memory), (size_t)(unquoter.out - start))) {
            return false;
        }
    }
}

static enum resp_outcome read_inline(struct resp_reader *reader, struct slice input, size_t *consumed)
{
    const char *newline = memchr(input.data + reader->position, '\n', input.len - reader->position);
    struct slice line;

    if (newline == NULL || newline - input.data > RESP_INLINE_BYTES_MAX) {
        if (input.len > RESP_INLINE_BYTES_MAX) {
            return fail(reader, "Protocol error: too big inline request");
        }
        reader->position = input.len;
        return RESP_INCOMPLETE;
    }
    line = slice_make(input.data, (size_t)(newline - input.data));
    *consumed = line.len + 1;
    if (line.len > 0 && line.data[line.len - 1] == '\r') {
        line.len--;
    }
    if (!split_line(reader, line)) {
        return fail(reader, "Protocol error: unbalanced quotes in request");
    }
    return finish(reader, reader->inline_memory, *consumed, consumed);
}

enum resp_outcome resp_read(struct resp_reader *reader, struct slice input, const struct resp_limits *limits,
                            size_t *consumed)
{
    if (input.len == 0) {
        reader->argc = 0;
        return RESP_INCOMPLETE;
    }
    if (input.data[0] != '*') {
        if (reader->position == 0) {
            begin(reader);
        }
        return read_inline(reader, input, consumed);
    }
    if (reader->remaining < 0) {
        enum resp_outcome outcome;

        begin(reader);
        outcome = read_array_header(reader, input, limits);
        if (outcome != RESP_COMMAND) {
            return outcome;
        }
    }
    return read_array(reader, input, limits, consumed);
}

size_t resp_reader_missing(const struct resp_reader *reader, size_t input_len)
{
    size_t needed;

    if (reader->bulk_len < 0) {
        return 0;
    }
    needed = reader->position + (size_t)reader->bulk_len + 2;
    return needed > input_len ? needed - input_len : 0;
}

size_t resp_reader_memory_bytes(const struct resp_reader *reader)
{
    return reader->argv_capacity * (sizeof(*reader->argv) + sizeof(*reader->offsets));
}
