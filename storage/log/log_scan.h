/* Looking at a log on disk: are its segments a chain, are its records whole, where does it end? Reads only.
 *
 * A bad record in the newest segment is a torn tail, to be cut, unless a later header proves that it had been durable;
 * anywhere else it is damage, because of L1 (log_sync.c). Used by log_open() and hearth-check. */
#ifndef STORAGE_LOG_LOG_SCAN_H
#define STORAGE_LOG_LOG_SCAN_H

#include "storage/log/log_chain.h"

/* The end of the newest segment. */
struct log_tail {
    struct log_segment_header header; /* Of the segment. */
    struct history_position end;      /* Past the last good record. */
    uint64_t synced;                  /* Known to be durable up to here; not before the segment's start (L1). */
    uint64_t position;                /* Of it, in the file. */
    uint64_t capacity;                /* Of the file. */
    uint64_t dirty_end;               /* Position past the last byte that is not zero. */
    uint64_t wall_ms;                 /* Of the last record; 0 if none was checked. */
    uint64_t record_count;            /* Records checked, in all segments. */
    bool is_sealed;                   /* log_close() was there. */
    bool is_torn;                     /* Something that is no seal stands behind the end: to be cut. */
};

/* Scan the log in the chain's folder, adding its segments to the (empty) chain, and check each record that ends at
 * `check_from` or behind it. Diag names what is wrong, and where.
 *   STATUS_NOT_FOUND    There is no segment.
 *   STATUS_CORRUPT      Damage, a gap, or an end before `check_from`.
 *   STATUS_UNSUPPORTED, STATUS_IO. */
MUST_CHECK enum status log_scan(struct log_chain *chain, uint64_t check_from, struct log_tail *tail);

/* The segments of a folder, ascending, in a new array that the caller frees with memory_free(). */
MUST_CHECK enum status log_scan_list(struct file_system *files, const char *directory, uint64_t **starts,
                                     size_t *count);

#endif
