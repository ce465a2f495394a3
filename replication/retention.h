/* How much of the log stays. Pure.
 *
 * The log is kept back to the lowest of: the last checkpoint (recovery needs what follows it), the backlog, and what
 * each replica still needs, connected or lately seen. Replicas are capped in bytes and, when they are away, in time:
 * one beyond a cap is lost, with the reason, and will need a full sync. */
#ifndef REPLICATION_RETENTION_H
#define REPLICATION_RETENTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum retention_loss {
    RETENTION_KEPT,
    RETENTION_LOST_BYTES, /* It holds back more than bytes_max. */
    RETENTION_LOST_GONE,  /* It is away, and the log no longer has what it needs. */
    RETENTION_LOST_TIME,  /* It has been away for longer than away_ms_max. */
};

/* Somebody who still needs the log from `offset` on: a replica, or a snapshot that is being sent. */
struct retention_hold {
    uint64_t offset;
    bool is_away; /* Not connected, since: */
    uint64_t away_since_ms;
    enum retention_loss loss; /* Out. */
};

struct retention_limits {
    uint64_t backlog_bytes; /* Kept whoever needs it. */
    uint64_t bytes_max;     /* What a replica may hold back; 0 is no cap. Never less than backlog_bytes in effect. */
    uint64_t away_ms_max;   /* How long an absent replica may hold anything back; 0 not at all. */
};

struct retention_log {
    uint64_t first;      /* What the log still has. */
    uint64_t checkpoint; /* Offset of the last checkpoint. */
    uint64_t end;
};

/* Fill `loss` of each hold and return the offset before which the log may go. Times are in ms of any one clock. */
uint64_t retention_decide(const struct retention_log *log, const struct retention_limits *limits, uint64_t now_ms,
                          struct retention_hold *holds, size_t count);

/* "holds back more than the cap": for events and INFO. Static storage. */
const char *retention_loss_text(enum retention_loss loss);

#endif
