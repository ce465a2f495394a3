#include "storage/log/log_progress.h"
#include "base/clock.h"

void log_progress_start(struct log_progress *progress, enum log_sync_policy policy, uint64_t offset)
{
    atomic_store(&progress->policy, policy);
    atomic_store(&progress->written, offset);
    atomic_store(&progress->durable, offset);
    atomic_store(&progress->released, offset);
}

/* Set `*offset` to `value` if that is more (L3). */
static void advance(_Atomic uint64_t *offset, uint64_t value)
{
    uint64_t present = atomic_load(offset);

    while (present < value && !atomic_compare_exchange_weak(offset, &present, value)) {
    }
}

/* What is released comes first, so that whoever sees the others finds it released: by then it is on disk, whatever the
 * others still say. */
static void publish(struct log_progress *progress, uint64_t written, uint64_t durable)
{
    advance(&progress->released, atomic_load(&progress->policy) == LOG_SYNC_ALWAYS ? durable : written);
    advance(&progress->durable, durable);
    advance(&progress->written, written);
}

void log_progress_set_written(struct log_progress *progress, uint64_t offset)
{
    publish(progress, offset, atomic_load(&progress->durable));
}

void log_progress_set_durable(struct log_progress *progress, uint64_t offset)
{
    publish(progress, atomic_load(&progress->written), offset);
}

void log_progress_release(struct log_progress *progress)
{
    publish(progress, atomic_load(&progress->written), atomic_load(&progress->durable));
}

void log_progress_count_sync(struct log_progress *progress, uint64_t begin_us)
{
    uint64_t duration_us = clock_monotonic_us() - begin_us;

    atomic_store(&progress->sync_last_us, duration_us);
    atomic_fetch_add(&progress->sync_total_us, duration_us);
    atomic_fetch_add(&progress->sync_count, 1);
}

void log_progress_statistics(const struct log_progress *progress, struct log_sync_statistics *statistics)
{
    *statistics = (struct log_sync_statistics){.last_us = atomic_load(&progress->sync_last_us),
                                               .total_us = atomic_load(&progress->sync_total_us),
                                               .count = atomic_load(&progress->sync_count)};
}
