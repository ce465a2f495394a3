/* Reading the log's payload from any offset, while it grows: feeds, recovery, hearth-check. */
#ifndef STORAGE_LOG_LOG_CURSOR_H
#define STORAGE_LOG_LOG_CURSOR_H

#include "base/buf.h"
#include "storage/log/log.h"

struct log_cursor; /* Opaque; any one thread at a time. Keeps its segment's file open, so discarding is harmless. */

/* Start at `offset`, anywhere inside the log (feeds start where a replica stands, which is a command boundary).
 *   STATUS_NOT_FOUND  Before the first or past the end. STATUS_IO, STATUS_CORRUPT. */
MUST_CHECK enum status log_cursor_open(struct log *log, uint64_t offset, struct log_cursor **cursor);
void log_cursor_close(struct log_cursor *cursor);
uint64_t log_cursor_offset(const struct log_cursor *cursor);

/* Append to `out` up to `limit` bytes of payload, never beyond `until` (usually log_released_offset()). Stops anywhere:
 * a stream has no records. `*len` tells how many; 0 with STATUS_OK means that it has caught up.
 *   STATUS_NOT_FOUND  The segment was discarded before it was read. STATUS_IO, STATUS_CORRUPT. */
MUST_CHECK enum status log_cursor_read(struct log_cursor *cursor, uint64_t until, size_t limit, struct buf *out,
                                       size_t *len);

/* One record's payload, whole, for replay; `*payload` is borrowed until the next call. The cursor must stand at a
 * record's start or inside one (then the rest of that record is given).
 *   STATUS_END  Nothing more. */
struct log_record_view {
    struct slice payload;
    uint64_t offset;  /* Of the payload's first byte. */
    uint64_t wall_ms; /* When the record was cut. */
};
MUST_CHECK enum status log_cursor_next(struct log_cursor *cursor, struct log_record_view *record);

#endif
