/* How long a commit waits for company. Pure.
 *
 * With clients that each wait for their reply, a sync that starts at once with the few changes that are there splits
 * the clients into groups that take turns, and each sync carries a part of them only. A short wait after a sync, while
 * those whom it released send their next change, brings them together again. */
#ifndef STORAGE_LOG_GATHER_H
#define STORAGE_LOG_GATHER_H

#include <stdint.h>

struct log_gather {
    uint64_t sync_us; /* Moving average of the time of a sync. */
    uint64_t company; /* Changes that are likely to come together: moving maximum of what a sync carried. */
};

/* Learn from a sync that took `sync_us` and carried `changes`. */
void log_gather_learn(struct log_gather *gather, uint64_t sync_us, uint64_t changes);

/* How long to wait, in all since the last sync ended or, if that is later, the first of the `changes` came that are
 * there, before syncing them; at most `limit_us`. */
uint64_t log_gather_wait_us(const struct log_gather *gather, uint64_t changes, uint64_t limit_us);

#endif
