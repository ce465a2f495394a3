/* The decision on a replica's request to go on: PSYNC <history> <offset>. Pure.
 *
 * Offsets: on the wire PSYNC names the first byte wanted, counted from 1; here, as in the log, a position is the count
 * of bytes that the replica has, which is the same byte counted from 0. "PSYNC id 1" asks for position 0. */
#ifndef REPLICATION_PSYNC_H
#define REPLICATION_PSYNC_H

#include "base/status.h"
#include "storage/history.h"

#define PSYNC_REASON_BYTES 160

/* What the replica says of itself. */
struct psync_request {
    struct slice id;      /* Its history; "?" or empty when it has none. */
    struct slice also_id; /* Another id that is true at the same offset (REPLCONF hearth-also); empty for none. */
    int64_t offset;       /* As on the wire; -1 for none. */
    bool has_hash;        /* REPLCONF hearth-hash came. */
    uint64_t hash;        /* Running hash at its offset. */
};

/* What we hold. */
struct psync_log {
    const struct history *history;
    uint64_t first;      /* First position that the log can give. */
    uint64_t end;        /* Past the last byte that may be fed: the released offset. */
    bool is_catching_up; /* We are a replica ourselves and our own stream is still moving. */
    /* The running hash at a position between first and end; called only when the replica told its own.
     *   STATUS_NOT_FOUND, STATUS_CORRUPT, STATUS_IO: taken as "not provable", which means a full sync. */
    enum status (*hash_at)(void *context, uint64_t position, uint64_t *hash);
    void *context;
};

enum psync_outcome {
    PSYNC_PARTIAL, /* +CONTINUE, then the log from `position`. */
    PSYNC_FULL,    /* +FULLRESYNC; `reason` says why. */
    PSYNC_LATER,   /* -NOMASTERLINK: the replica is ahead of us, who follow the same history; it asks again. */
};

struct psync_decision {
    enum psync_outcome outcome;
    uint64_t position;               /* With PSYNC_PARTIAL. */
    char reason[PSYNC_REASON_BYTES]; /* One line for events, diag and INFO. */
};

/* Partial if the id is our history's, or our previous one's up to where that ended, and the log holds the position, and
 * the running hash (if told) is ours there (P6). */
void psync_decide(const struct psync_request *request, const struct psync_log *log, struct psync_decision *decision);

/* What a replica asks for when it stands at `end` of `history`.
 *
 * While nothing was written since its history began, the previous id is as true there as the present one; then both are
 * offered, so that a node that forked its history in vain (a promotion without writes, an unclean stop of a replica)
 * still goes on by partial sync. */
struct psync_offer {
    const char *id;      /* Borrowed from `history`. */
    const char *also_id; /* NULL for none. */
    int64_t offset;
};
struct psync_offer psync_offer_make(const struct history *history, uint64_t end);

/* Where the bytes begin that a node at `end` of `own` holds alone, now that its master's history is `theirs`: they are
 * dropped by a full sync. Equal to `end` if there are none, or if the two are not related: then nothing here says what
 * is shared. `is_related` tells which. */
uint64_t psync_lone_tail(const struct history *own, uint64_t end, const struct history *theirs, uint64_t their_end,
                         bool *is_related);

#endif
