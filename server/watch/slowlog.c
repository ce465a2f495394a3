#include "server/watch/slowlog.h"
#include "base/assert.h"
#include "base/clock.h"
#include "base/memory.h"
#include <stdio.h>

struct slowlog {
    struct slowlog_entry **entries; /* A ring of `capacity` places. */
    uint64_t capacity;              /* Grows up to max_len, which an operator may have made huge. */
    uint64_t first;                 /* The oldest. */
    uint64_t len;
    uint64_t max_len;
    int64_t threshold_us;
    uint64_t next_id;
};

struct slowlog *slowlog_create(void)
{
    struct slowlog *slowlog = memory_allocate_zeroed(sizeof(*slowlog));

    slowlog->threshold_us = -1;
    return slowlog;
}

static void release(struct slowlog_entry *entry)
{
    for (uint32_t i = 0; i < entry->argument_count; i++) {
        memory_free(entry->arguments[i]);
    }
    memory_free(entry->peer);
    memory_free(entry->name);
    memory_free(entry);
}

static void drop_oldest(struct slowlog *slowlog)
{
    release(slowlog->entries[slowlog->first]);
    slowlog->first = (slowlog->first + 1) % slowlog->capacity;
    slowlog->len--;
}

void slowlog_reset(struct slowlog *slowlog)
{
    while (slowlog->len != 0) {
        drop_oldest(slowlog);
    }
}

void slowlog_free(struct slowlog *slowlog)
{
    if (slowlog == NULL) {
        return;
    }
    slowlog_reset(slowlog);
    memory_free(slowlog->entries);
    memory_free(slowlog);
}

void slowlog_configure(struct slowlog *slowlog, int64_t threshold_us, uint64_t max_len)
{
    slowlog->threshold_us = threshold_us;
    slowlog->max_len = max_len;
    while (slowlog->len > max_len) {
        drop_oldest(slowlog);
    }
}

bool slowlog_is_slow(const struct slowlog *slowlog, uint64_t microseconds)
{
    return slowlog->threshold_us >= 0 && microseconds >= (uint64_t)slowlog->threshold_us;
}

static void grow(struct slowlog *slowlog)
{
    uint64_t capacity = slowlog->capacity == 0 ? 16 : slowlog->capacity * 2;
    struct slowlog_entry **entries = memory_allocate((size_t)capacity * sizeof(struct slowlog_entry *));

    for (uint64_t i = 0; i < slowlog->len; i++) {
        entries[i] = slowlog->entries[(slowlog->first + i) % slowlog->capacity];
    }
    memory_free(slowlog->entries);
    slowlog->entries = entries;
    slowlog->capacity = capacity;
    slowlog->first = 0;
}

static void keep_text(struct slowlog_entry *entry, const char *text, size_t len)
{
    entry->arguments[entry->argument_count] = memory_copy(text, len);
    entry->lens[entry->argument_count] = (uint32_t)len;
    entry->argument_count++;
}

static void keep_argument(struct slowlog_entry *entry, struct slice argument)
{
    char text[SLOWLOG_ARGUMENT_BYTES_MAX + 64];
    int len;

    if (argument.len <= SLOWLOG_ARGUMENT_BYTES_MAX) {
        keep_text(entry, argument.data, argument.len);
        return;
    }
    memcpy(text, argument.data, SLOWLOG_ARGUMENT_BYTES_MAX);
    len = snprintf(text + SLOWLOG_ARGUMENT_BYTES_MAX, sizeof(text) - SLOWLOG_ARGUMENT_BYTES_MAX, "... (%zu more bytes)",
                   argument.len - SLOWLOG_ARGUMENT_BYTES_MAX);
    keep_text(entry, text, SLOWLOG_ARGUMENT_BYTES_MAX + (size_t)len);
}

static void keep_arguments(struct slowlog_entry *entry, const struct slice *argv, size_t argc)
{
    size_t kept = argc <= SLOWLOG_ARGUMENTS_MAX ? argc : SLOWLOG_ARGUMENTS_MAX - 1;
    char text[64];

    for (size_t i = 0; i < kept; i++) {
        keep_argument(entry, argv[i]);
    }
    if (kept < argc) {
        int len = snprintf(text, sizeof(text), "... (%zu more arguments)", argc - kept);

        keep_text(entry, text, (size_t)len);
    }
}

void slowlog_add(struct slowlog *slowlog, const struct slice *argv, size_t argc, uint64_t microseconds,
                 const struct slowlog_caller *caller)
{
    struct slowlog_entry *entry;

    if (slowlog->max_len == 0) {
        return;
    }
    if (slowlog->len == slowlog->max_len) {
        drop_oldest(slowlog);
    }
    if (slowlog->len == slowlog->capacity) {
        grow(slowlog);
    }
    entry = memory_allocate_zeroed(sizeof(*entry));
    entry->id = slowlog->next_id++;
    entry->wall_s = clock_wall_ms() / 1000;
    entry->microseconds = microseconds;
    entry->peer = memory_copy_text(caller->peer);
    entry->name = memory_copy_text(caller->name == NULL ? "" : caller->name);
    keep_arguments(entry, argv, argc);
    slowlog->entries[(slowlog->first + slowlog->len) % slowlog->capacity] = entry;
    slowlog->len++;
}

uint64_t slowlog_len(const struct slowlog *slowlog)
{
    return slowlog->len;
}

const struct slowlog_entry *slowlog_at(const struct slowlog *slowlog, uint64_t index)
{
    ASSERT(index < slowlog->len);
    return slowlog->entries[(slowlog->first + slowlog->len - 1 - index) % slowlog->capacity];
}
