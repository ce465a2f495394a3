#include "server/watch/monitor.h"
#include "base/clock.h"
#include "base/memory.h"
#include <ctype.h>

struct monitors {
    struct session **sessions; /* In no order. */
    size_t count;
    size_t capacity;
};

struct monitors *monitors_create(void)
{
    return memory_allocate_zeroed(sizeof(struct monitors));
}

void monitors_free(struct monitors *monitors)
{
    if (monitors != NULL) {
        memory_free(monitors->sessions);
        memory_free(monitors);
    }
}

bool monitors_is_empty(const struct monitors *monitors)
{
    return monitors->count == 0;
}

void monitors_add(struct monitors *monitors, struct session *session)
{
    if (session->flags & SESSION_MONITOR) {
        return;
    }
    if (monitors->count == monitors->capacity) {
        monitors->capacity = monitors->capacity == 0 ? 4 : monitors->capacity * 2;
        monitors->sessions = memory_resize(monitors->sessions, monitors->capacity * sizeof(struct session *));
    }
    monitors->sessions[monitors->count++] = session;
    session->flags |= SESSION_MONITOR;
}

void monitors_remove(struct monitors *monitors, struct session *session)
{
    if (!(session->flags & SESSION_MONITOR)) {
        return;
    }
    session->flags &= ~(uint32_t)SESSION_MONITOR;
    for (size_t i = 0; i < monitors->count; i++) {
        if (monitors->sessions[i] == session) {
            monitors->sessions[i] = monitors->sessions[--monitors->count];
            return;
        }
    }
}

/* A word in quotes, with what does not print escaped, as redis-cli shows it. */
static void put_quoted(struct buf *line, struct slice word)
{
    buf_put_byte(line, '"');
    for (size_t i = 0; i < word.len; i++) {
        unsigned char byte = (unsigned char)word.data[i];
        const char *escape = byte == '\n' ? "\\n" : byte == '\r' ? "\\r" : byte == '\t' ? "\\t" : NULL;

        if (byte == '\a' || byte == '\b') {
            escape = byte == '\a' ? "\\a" : "\\b";
        }
        if (escape != NULL) {
            buf_put_text(line, escape);
        } else if (byte == '"' || byte == '\\') {
            buf_put_format(line, "\\%c", byte);
        } else if (isprint(byte)) {
            buf_put_byte(line, (char)byte);
        } else {
            buf_put_format(line, "\\x%02x", byte);
        }
    }
    buf_put_byte(line, '"');
}

void monitors_show(struct monitors *monitors, const struct session *caller, uint32_t db, const struct slice *argv,
                   size_t argc)
{
    uint64_t now_us = clock_wall_us();
    struct buf line;

    buf_init(&line, BUF_NO_CEILING);
    buf_put_format(&line, "+%llu.%06llu [%u %s]", (unsigned long long)(now_us / 1000000),
                   (unsigned long long)(now_us % 1000000), db, caller->connection == NULL ? "lua" : caller->peer);
    for (size_t i = 0; i < argc; i++) {
        buf_put_byte(&line, ' ');
        put_quoted(&line, argv[i]);
    }
    buf_put_text(&line, "\r\n");
    for (size_t i = 0; i < monitors->count; i++) {
        if (monitors->sessions[i] != caller) {
            buf_put(monitors->sessions[i]->output, buf_slice(&line));
            session_touch(monitors->sessions[i], 0);
        }
    }
    buf_release(&line);
}
