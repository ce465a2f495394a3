/* Changes that are written and synced together, cut into records. No thread: its user has the lock. */
#ifndef STORAGE_LOG_LOG_GROUP_H
#define STORAGE_LOG_LOG_GROUP_H

#include "base/buf.h"

/* Batches are put together in a record up to this length: a reader has to check a record before it can give a byte of
 * it away, so it fits into the reader's window. A single batch may be longer. */
#define LOG_GROUP_RECORD_BYTES (96u * 1024)

struct log_group_cut;

struct log_group {
    struct buf payload;
    struct log_group_cut *cuts; /* Owned: where the records end, ascending; the last ends the payload. */
    size_t count;               /* Of records. */
    size_t capacity;
    uint64_t charge; /* Bytes on disk that it needs at most, however its batches are cut. */
};

void log_group_init(struct log_group *group);
void log_group_release(struct log_group *group);
/* Empty it and keep some memory. */
void log_group_clear(struct log_group *group);

/* Take all bytes of `batch`, whose newest change is of `wall_ms`; `batch` is empty afterwards. */
void log_group_take(struct log_group *group, struct buf *batch, uint64_t wall_ms);

/* The payload of record `i`, borrowed until the group changes, and the time of its newest change. */
struct slice log_group_record(const struct log_group *group, size_t i, uint64_t *wall_ms);

#endif
