#include "storage/log_gather.h"

#include "base/assert.h"

/* Waiting may cost this part of what a sync costs: with it, the worst that a wrong guess does is bounded. */
#define WAIT_PART_OF_SYNC 2
/* Nobody is worth waiting for when all that ever comes is one change at a time. */
#define COMPANY_MIN 2

void log_gather_learn(struct log_gather *gather, uint64_t sync_us, uint64_t changes)
{
    gather->sync_us = gather->sync_us == 0 ? sync_us : gather->sync_us - gather->sync_us / 8 + sync_us / 8;
    /* Up at once, down slowly: one small commit does not say that the others have gone. */
    if (changes > gather->company) {
        gather->company = changes;
    } else {
        gather->company -= (gather->company - changes + 7) / 8;
    }
}

uint64_t log_gather_wait_us(const struct log_gather *gather, uint64_t changes, uint64_t limit_us)
{
    uint64_t wait_us = gather->sync_us / WAIT_PART_OF_SYNC;

    ASSERT(changes > 0);
    if (gather->company < COMPANY_MIN || changes >= gather->company) {
        return 0;
    }
    return wait_us < limit_us ? wait_us : limit_us;
}
