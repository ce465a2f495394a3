/* The log's writer: a thread that takes what the loop hands over, writes it as records, and syncs by policy.
 *
 * Hand-over is double-buffered under one lock that nobody holds during I/O: while one record is being written and
 * synced, the next gathers. Everything handed over by the time that the thread comes back becomes one record, so under
 * LOG_SYNC_ALWAYS at most one record is not synced. Invariants L1..L4: log_sync.c. */
#ifndef STORAGE_LOG_SYNC_H
#define STORAGE_LOG_SYNC_H

#include "base/buf.h"
#include "storage/log.h"
#include "storage/log_chain.h"
#include "storage/log_keeper.h"

#define LOG_SYNC_PENDING_BYTES_MAX (64u * 1024 * 1024) /* The loop waits when more than this is not yet taken. */

struct log_sync; /* Opaque; owned by log. */

/* Where to go on writing. */
struct log_sync_start {
    struct file *file;                /* The newest segment, synced; taken over. */
    struct log_segment_header header; /* Its header. */
    struct history_position end;      /* Durable. */
    uint64_t position;                /* Of the next record in the file. */
    uint64_t capacity;                /* Of the file. */
};

/* `chain` and `keeper` must live until log_sync_stop(). Never NULL, as log_keeper_start(). */
struct log_sync *log_sync_start(const struct log_options *options, struct log_chain *chain, struct log_keeper *keeper,
                                const struct log_sync_start *start);
/* Write and sync all that was handed over, seal the log, end the thread. NULL is fine. */
void log_sync_stop(struct log_sync *sync);

/* Hand `batch` over, `changes` of them, cut at `now_ms`; `batch` is empty afterwards. Waits while too much is pending.
 */
void log_sync_hand_over(struct log_sync *sync, struct buf *batch, uint64_t changes, uint64_t now_ms);

/* Bytes that can still be admitted beyond what was handed over, in the present segment or the spare. */
uint64_t log_sync_room(struct log_sync *sync);
/* See that there is room for `len` bytes beyond what was handed over. As log_reserve(). */
MUST_CHECK enum status log_sync_reserve(struct log_sync *sync, uint64_t len);

/* End of all that was handed over. */
struct history_position log_sync_end(struct log_sync *sync);

/* Any thread. */
uint64_t log_sync_durable_offset(const struct log_sync *sync);
uint64_t log_sync_written_offset(const struct log_sync *sync);
uint64_t log_sync_released_offset(const struct log_sync *sync);
bool log_sync_has_failed(const struct log_sync *sync);
void log_sync_get_statistics(const struct log_sync *sync, uint64_t *last_us, uint64_t *count);
MUST_CHECK enum status log_sync_wait(struct log_sync *sync, uint64_t offset);
void log_sync_set_policy(struct log_sync *sync, enum log_sync_policy policy);

/* Write all, then begin a new segment with `history`, durably. */
MUST_CHECK enum status log_sync_begin_history(struct log_sync *sync, const struct history *history, uint64_t now_ms);

/* Give the spare `file` the header and then the segment's name, in `directory`: it is in the folder, whole and durable,
 * when this returns STATUS_OK. On error it may or may not have got its name. */
MUST_CHECK enum status log_sync_install(struct file_system *files, const char *directory, struct file *file,
                                        struct log_segment_header *header);

#endif
