/* The latency monitor: LATENCY's events, each with its latest spikes. Event loop only. */
#ifndef SERVER_WATCH_LATENCY_H
#define SERVER_WATCH_LATENCY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct latency; /* Opaque; owned by server. */

#define LATENCY_SAMPLES    160 /* Kept of each event: at most one a second. */
#define LATENCY_EVENTS_MAX 16

struct latency_sample {
    uint64_t wall_s;
    uint64_t milliseconds; /* The longest in that second. */
};

struct latency_event {
    const char *name; /* Static storage. */
    struct latency_sample samples[LATENCY_SAMPLES];
    uint32_t next; /* Where the next sample goes. */
    uint32_t count;
    uint64_t longest_ms;
};

struct latency *latency_create(void);
void latency_free(struct latency *latency);

/* latency-monitor-threshold; 0 turns it off. */
void latency_set_threshold(struct latency *latency, uint64_t milliseconds);
/* Something took so long: kept if that is no less than the threshold. `event` must be of static storage. */
void latency_note(struct latency *latency, const char *event, uint64_t microseconds);
bool latency_is_on(const struct latency *latency);

size_t latency_count(const struct latency *latency);
const struct latency_event *latency_at(const struct latency *latency, size_t index);
const struct latency_event *latency_find(const struct latency *latency, const char *name, size_t name_len);
/* 0 is the oldest that is kept; index < event->count. */
const struct latency_sample *latency_sample_at(const struct latency_event *event, size_t index);
/* Forget an event; false if there is none of that name. */
bool latency_reset(struct latency *latency, const char *name, size_t name_len);

#endif
