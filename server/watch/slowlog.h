/* The slowest commands of late: SLOWLOG. Event loop only. */
#ifndef SERVER_WATCH_SLOWLOG_H
#define SERVER_WATCH_SLOWLOG_H

#include "base/slice.h"
#include <stdint.h>

struct slowlog; /* Opaque; owned by server. */

#define SLOWLOG_ARGUMENTS_MAX      32 /* Kept of a command; the last place then tells how many are missing. */
#define SLOWLOG_ARGUMENT_BYTES_MAX 128

struct slowlog_entry {
    uint64_t id;
    uint64_t wall_s;
    uint64_t microseconds;
    char *arguments[SLOWLOG_ARGUMENTS_MAX]; /* Owned, each with its length, as they may hold any byte. */
    uint32_t lens[SLOWLOG_ARGUMENTS_MAX];
    uint32_t argument_count;
    char *peer; /* Owned. */
    char *name; /* Owned; "" for none. */
};

/* Who called, for an entry. */
struct slowlog_caller {
    const char *peer;
    const char *name; /* NULL for none. */
};

struct slowlog *slowlog_create(void);
void slowlog_free(struct slowlog *slowlog);

/* slowlog-log-slower-than (negative: nothing is kept) and slowlog-max-len. */
void slowlog_configure(struct slowlog *slowlog, int64_t threshold_us, uint64_t max_len);
/* Whether a command that took so long is to be kept. */
bool slowlog_is_slow(const struct slowlog *slowlog, uint64_t microseconds);
void slowlog_add(struct slowlog *slowlog, const struct slice *argv, size_t argc, uint64_t microseconds,
                 const struct slowlog_caller *caller);
uint64_t slowlog_len(const struct slowlog *slowlog);
/* 0 is the newest. Borrowed until the next add or reset. */
const struct slowlog_entry *slowlog_at(const struct slowlog *slowlog, uint64_t index);
void slowlog_reset(struct slowlog *slowlog);

#endif
