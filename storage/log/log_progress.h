/* How far the log has come, for any thread to see: its offsets, whether it has failed, and what syncs cost. */
#ifndef STORAGE_LOG_LOG_PROGRESS_H
#define STORAGE_LOG_LOG_PROGRESS_H

#include "storage/log/log.h"
#include <stdatomic.h>

struct log_progress {
    _Atomic enum log_sync_policy policy; /* Says which offset is shown. */
    _Atomic uint64_t written;
    _Atomic uint64_t durable;
    _Atomic uint64_t released;
    _Atomic uint64_t sync_last_us;
    _Atomic uint64_t sync_total_us;
    _Atomic uint64_t sync_count;
    atomic_bool failed;
};

/* All is durable up to `offset`. */
void log_progress_start(struct log_progress *progress, enum log_sync_policy policy, uint64_t offset);
/* Let an offset be seen, and release what the policy says. None ever goes back (L3). */
void log_progress_set_written(struct log_progress *progress, uint64_t offset);
void log_progress_set_durable(struct log_progress *progress, uint64_t offset);
/* The policy has changed. */
void log_progress_release(struct log_progress *progress);
/* A sync has ended that began at `begin_us`, monotonic. */
void log_progress_count_sync(struct log_progress *progress, uint64_t begin_us);
void log_progress_statistics(const struct log_progress *progress, struct log_sync_statistics *statistics);

#endif
