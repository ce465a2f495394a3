#include "server/watch/latency.h"
#include "base/assert.h"
#include "base/clock.h"
#include "base/memory.h"
#include <string.h>

struct latency {
    struct latency_event *events[LATENCY_EVENTS_MAX];
    size_t count;
    uint64_t threshold_ms;
};

struct latency *latency_create(void)
{
    return memory_allocate_zeroed(sizeof(struct latency));
}

void latency_free(struct latency *latency)
{
    if (latency == NULL) {
        return;
    }
    for (size_t i = 0; i < latency->count; i++) {
        memory_free(latency->events[i]);
    }
    memory_free(latency);
}

void latency_set_threshold(struct latency *latency, uint64_t milliseconds)
{
    latency->threshold_ms = milliseconds;
}

bool latency_is_on(const struct latency *latency)
{
    return latency->threshold_ms != 0;
}

static size_t find(const struct latency *latency, const char *name, size_t name_len)
{
    size_t i = 0;

    while (i < latency->count &&
           (strlen(latency->events[i]->name) != name_len || memcmp(latency->events[i]->name, name, name_len) != 0)) {
        i++;
    }
    return i;
}

static void add_sample(struct latency_event *event, uint64_t wall_s, uint64_t milliseconds)
{
    struct latency_sample *last = &event->samples[(event->next + LATENCY_SAMPLES - 1) % LATENCY_SAMPLES];

    if (milliseconds > event->longest_ms) {
        event->longest_ms = milliseconds;
    }
    if (event->count != 0 && last->wall_s == wall_s) {
        if (milliseconds > last->milliseconds) {
            last->milliseconds = milliseconds;
        }
        return;
    }
    event->samples[event->next] = (struct latency_sample){.wall_s = wall_s, .milliseconds = milliseconds};
    event->next = (event->next + 1) % LATENCY_SAMPLES;
    if (event->count < LATENCY_SAMPLES) {
        event->count++;
    }
}

void latency_note(struct latency *latency, const char *event, uint64_t microseconds)
{
    size_t index;

    if (latency->threshold_ms == 0 || microseconds / 1000 < latency->threshold_ms) {
        return;
    }
    index = find(latency, event, strlen(event));
    if (index == latency->count) {
        ASSERT(latency->count < LATENCY_EVENTS_MAX); /* Events are this server's own few. */
        latency->events[index] = memory_allocate_zeroed(sizeof(struct latency_event));
        latency->events[index]->name = event;
        latency->count++;
    }
    add_sample(latency->events[index], clock_wall_ms() / 1000, microseconds / 1000);
}

size_t latency_count(const struct latency *latency)
{
    return latency->count;
}

const struct latency_event *latency_at(const struct latency *latency, size_t index)
{
    ASSERT(index < latency->count);
    return latency->events[index];
}

const struct latency_event *latency_find(const struct latency *latency, const char *name, size_t name_len)
{
    size_t index = find(latency, name, name_len);

    return index == latency->count ? NULL : latency->events[index];
}

const struct latency_sample *latency_sample_at(const struct latency_event *event, size_t index)
{
    ASSERT(index < event->count);
    return &event->samples[(event->next + LATENCY_SAMPLES - event->count + index) % LATENCY_SAMPLES];
}

bool latency_reset(struct latency *latency, const char *name, size_t name_len)
{
    size_t index = find(latency, name, name_len);

    if (index == latency->count) {
        return false;
    }
    memory_free(latency->events[index]);
    latency->count--;
    latency->events[index] = latency->events[latency->count];
    return true;
}
