#include "replication/events.h"

#include "base/diag.h"
#include <stdarg.h>
#include <stdio.h>

void events_init(struct events *events)
{
    events->count = 0;
}

void events_add(struct events *events, uint64_t wall_ms, const char *format, ...)
{
    struct replication_event *event = &events->ring[events->count % EVENTS_KEPT];
    va_list arguments;

    event->wall_ms = wall_ms;
    va_start(arguments, format);
    vsnprintf(event->text, sizeof(event->text), format, arguments);
    va_end(arguments);
    events->count++;
    diag(DIAG_NOTICE, "replication: %s", event->text);
}

size_t events_copy(const struct events *events, struct replication_event *to, size_t room)
{
    size_t held = events->count < EVENTS_KEPT ? (size_t)events->count : EVENTS_KEPT;
    size_t count = held < room ? held : room;

    for (size_t i = 0; i < count; i++) {
        to[i] = events->ring[(events->count - count + i) % EVENTS_KEPT];
    }
    return count;
}
