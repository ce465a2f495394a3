/* sync-replicas: up to where the log may be shown, as far as replicas' disks are concerned. Pure.
 *
 *     OFF       it is not asked for, or we are a replica: nothing is held
 *     IN_SYNC   what enough replicas have on their disks is shown, and no more
 *     LATE      the same, but they have not had something for longer than the time-out (policy `wait`)
 *     DEGRADED  given up until they are as near as the time-out again: nothing is held (policy `degrade`)
 */
#ifndef REPLICATION_SYNC_REPLICAS_H
#define REPLICATION_SYNC_REPLICAS_H

#include <stdbool.h>
#include <stdint.h>

enum sync_replicas_policy { SYNC_REPLICAS_WAIT, SYNC_REPLICAS_DEGRADE };

enum sync_replicas_state {
    SYNC_REPLICAS_OFF,
    SYNC_REPLICAS_IN_SYNC,
    SYNC_REPLICAS_LATE,
    SYNC_REPLICAS_DEGRADED,
};

/* What is worth telling. */
enum sync_replicas_news {
    SYNC_REPLICAS_NO_NEWS,
    SYNC_REPLICAS_IS_LATE,
    SYNC_REPLICAS_HAS_DEGRADED,
    SYNC_REPLICAS_HAS_RECOVERED, /* Held again, and within the time-out. */
};

struct sync_replicas {
    enum sync_replicas_state state;
    uint64_t replicated; /* What counts as being on enough disks; never less than what was shown. */
    uint64_t goal;       /* They are measured by when they have this, */
    uint64_t since_ms;   /* which was the released end then. */
    uint64_t late_count;
    uint64_t degraded_count;
    uint64_t degraded_wall_ms; /* The last time; 0 never. */
};

struct sync_replicas_view {
    uint32_t wanted; /* Replicas; 0: off. */
    enum sync_replicas_policy policy;
    uint64_t timeout_ms;
    uint64_t now_ms; /* Monotonic. */
    uint64_t wall_ms;
    uint64_t released; /* What our own disk lets be shown. */
    uint64_t durable;  /* What `wanted` replicas have on their disks. */
};

/* Take up a role in which the log up to `end` counts as shown: a promotion, for what we have is what there is. A new
 * one, all zeros, counts nothing: what a restarted master has may never have reached a replica. */
void sync_replicas_begin(struct sync_replicas *sync, uint64_t end);
/* Time passed, or one of the offsets has moved. Each loop turn. */
enum sync_replicas_news sync_replicas_look(struct sync_replicas *sync, const struct sync_replicas_view *view);
/* What may be shown; UINT64_MAX: all that our own disk lets. */
uint64_t sync_replicas_offset(const struct sync_replicas *sync);
/* "off", "in-sync", "late", "degraded". */
const char *sync_replicas_state_word(enum sync_replicas_state state);

#endif
