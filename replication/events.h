/* The newest replication events, for INFO and the status page: what happened, when, and why. Pure. */
#ifndef REPLICATION_EVENTS_H
#define REPLICATION_EVENTS_H

#include <stddef.h>
#include <stdint.h>

#define EVENTS_KEPT      32
#define EVENT_TEXT_BYTES 200

struct replication_event {
    uint64_t wall_ms;
    char text[EVENT_TEXT_BYTES];
};

struct events {
    struct replication_event ring[EVENTS_KEPT];
    uint64_t count; /* Ever added; the next goes to ring[count % EVENTS_KEPT]. */
};

void events_init(struct events *events);
/* Keep the line (cut to fit) and give it to diag as a notice. */
__attribute__((format(printf, 3, 4))) void events_add(struct events *events, uint64_t wall_ms, const char *format, ...);
/* Copy the newest up to `room`, oldest first; returns how many. */
size_t events_copy(const struct events *events, struct replication_event *to, size_t room);

#endif
