/* The log's sync thread: it takes what the loop hands over, has it written as records, and synced by policy.
 *
 * Hand-over is double-buffered under one lock that nobody holds during I/O: while one group of changes is being written
 * and synced, the next gathers. Everything handed over by the time that the thread comes back is written at once, as
 * few records, and under LOG_SYNC_ALWAYS synced by one call. Under the other policies the keeper syncs, beside the
 * writing. Invariants L1..L4: log_sync.c. */
#ifndef STORAGE_LOG_LOG_SYNC_H
#define STORAGE_LOG_LOG_SYNC_H

#include "base/buf.h"
#include "storage/log/log.h"
#include "storage/log/log_writer.h"

#define LOG_SYNC_PENDING_BYTES_MAX  (64u * 1024 * 1024) /* The loop waits when more than this is not yet taken. */
#define LOG_SYNC_ADMITTED_BYTES_MAX (32u * 1024 * 1024) /* Beyond it nothing more is admitted for now. */
#define LOG_SYNC_UNSYNCED_BYTES_MAX (8u * 1024 * 1024)  /* Beyond it a sync begins, whatever the policy. */

struct log_sync; /* Opaque; owned by log. */

/* Go on with `writer`, whose end is durable; its file is taken over. Never NULL, as log_keeper_start(). */
struct log_sync *log_sync_start(const struct log_options *options, const struct log_writer *writer);
/* Write and sync all that was handed over, seal the log, end the thread. NULL is fine. */
void log_sync_stop(struct log_sync *sync);

/* Hand `batch` over, cut at `now_ms`; `batch` is empty afterwards. Waits while too much is pending. */
void log_sync_hand_over(struct log_sync *sync, struct buf *batch, uint64_t now_ms);

/* Bytes that can still be admitted beyond what was handed over, in the present segment or the spare. */
uint64_t log_sync_room(struct log_sync *sync);
/* See that there is room for `len` bytes beyond what was handed over. As log_reserve(). */
MUST_CHECK enum status log_sync_reserve(struct log_sync *sync, uint64_t len);

/* End of all that was handed over. */
struct history_position log_sync_end(struct log_sync *sync);

/* Write all, then see that there is room, or begin a new segment with `history`, durably. As the functions of the same
 * names in log.h. */
MUST_CHECK enum status log_sync_reserve_history(struct log_sync *sync);
MUST_CHECK enum status log_sync_begin_history(struct log_sync *sync, const struct history *history, uint64_t now_ms);

/* Any thread. As the functions of the same names in log.h. */
uint64_t log_sync_durable_offset(const struct log_sync *sync);
uint64_t log_sync_written_offset(const struct log_sync *sync);
uint64_t log_sync_released_offset(const struct log_sync *sync);
bool log_sync_has_failed(const struct log_sync *sync);
void log_sync_get_statistics(const struct log_sync *sync, struct log_sync_statistics *statistics);
void log_sync_ask(struct log_sync *sync, uint64_t offset);
MUST_CHECK enum status log_sync_wait(struct log_sync *sync, uint64_t offset);
void log_sync_set_policy(struct log_sync *sync, enum log_sync_policy policy);

#endif
