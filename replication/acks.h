/* Who has acknowledged what: WAIT, min-replicas, sync-replicas, lag, and what retention must keep. Pure.
 *
 * An ack lives in the feed of a connected replica. When a replica leaves, its last word is remembered under its address
 * for retention, until it comes back or is lost; the oldest of too many remembered ones goes. Over a restart they are
 * remembered by replicas_file.h. */
#ifndef REPLICATION_ACKS_H
#define REPLICATION_ACKS_H

#include "base/list.h"
#include <stdint.h>

#define ACKS_NAME_BYTES 80 /* "address:port" with NUL. */
#define ACKS_ABSENT_MAX 64 /* Remembered replicas. */

struct ack {
    struct list_node node;
    char name[ACKS_NAME_BYTES];
    uint64_t offset;        /* Acknowledged: kept as far as the replica's appendfsync promises. */
    uint64_t durable;       /* On its disk, as FACK tells; 0 if it never does. */
    uint64_t heard_ms;      /* When it last acknowledged; 0 never. */
    uint64_t away_since_ms; /* Absent ones. */
    bool is_online;         /* Streaming, so that its word counts. */
};

/* The ack whose node that is. */
static inline struct ack *ack_of(struct list_node *node)
{
    return LIST_ENTRY(node, struct ack, node);
}

struct acks {
    struct list present; /* Of struct ack, owned by feeds. */
    struct list absent;  /* Of struct ack, owned here; longest away first. */
    uint32_t absent_count;
};

void acks_init(struct acks *acks);
/* Frees what is remembered; nobody may be present. */
void acks_release(struct acks *acks);

/* A replica called `name` is connected and stands at `offset`; what was remembered under the name is forgotten. `ack`
 * is borrowed until acks_leave(). */
void acks_join(struct acks *acks, struct ack *ack, const char *name, uint64_t offset);
/* It acknowledged `offset`. Returns whether that moved it. One that was ahead is never taken back: an older number is a
 * late packet, not a loss. */
bool acks_update(struct ack *ack, uint64_t offset, uint64_t now_ms);
/* It has what comes before `durable` on its disk. Returns whether that is news. */
bool acks_update_durable(struct ack *ack, uint64_t durable);
/* It left; `is_remembered` unless nothing it said is worth keeping the log for. */
void acks_leave(struct acks *acks, struct ack *ack, uint64_t now_ms, bool is_remembered);
/* It is known to be absent since then, from an earlier life of this node. */
void acks_remember(struct acks *acks, const char *name, uint64_t offset, uint64_t away_since_ms);
/* Forget an absent replica: it is lost. Frees `absent`. */
void acks_forget(struct acks *acks, struct ack *absent);
/* Forget all absent ones: the history that they knew is gone. */
void acks_forget_all(struct acks *acks);

/* Online replicas that have acknowledged `offset` or more. */
uint32_t acks_count(const struct acks *acks, uint64_t offset);
/* Online replicas that have `offset` or more on their disk. */
uint32_t acks_count_durable(const struct acks *acks, uint64_t offset);
/* What at least `count` of them, more than 0, have on their disks; 0 if there are not so many. */
uint64_t acks_durable_of(const struct acks *acks, uint32_t count);
/* What each of them, and each absent one, has acknowledged; 0 if there are none. */
uint64_t acks_lowest(const struct acks *acks);
/* Online replicas that were heard within `max_lag_ms`. */
uint32_t acks_count_good(const struct acks *acks, uint64_t now_ms, uint64_t max_lag_ms);

#endif
