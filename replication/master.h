/* All our replicas, whatever our own role is: answering PSYNC, feeding, pinging, giving up, and keeping the log for
 * them. */
#ifndef REPLICATION_MASTER_H
#define REPLICATION_MASTER_H

#include "replication/acks.h"
#include "replication/full_sync.h"
#include "replication/replication.h"

struct master; /* Opaque; owned by replication. */

struct master_options {
    struct store *store;
    struct file_system *files;
    const char *directory;
    const struct replication_settings *settings; /* Borrowed; may change under it. */
    struct events *events;                       /* Borrowed. */
    void (*wake)(void *context);                 /* From other threads: master_turn() has something to do. */
    void *context;
};

MUST_CHECK enum status master_open(const struct master_options *options, uint64_t now_ms, struct master **master);
/* Every replica must have been detached. NULL is fine. */
void master_close(struct master *master);

/* What our own role means to those who ask us. */
struct master_role {
    bool is_replica;
    bool is_link_up;      /* Our own stream is coming. */
    bool is_catching_up;  /* ... and has begun lately, so that we may be a little behind our sisters. */
    bool is_failing_over; /* Whoever asks must come again. */
    bool is_silent;       /* No ping: the log must not grow until a failover's time is over. */
};

/* See replication_attach(). */
struct replica *master_attach(struct master *master, const struct replica_channel *channel,
                              const struct replica_handshake *handshake, const struct master_role *role,
                              struct slice id, int64_t offset, struct buf *reply);
void master_detach(struct master *master, struct replica *replica);
/* Close all replicas' connections, so that they ask anew: our history has changed, or our data is about to. */
void master_drop_all(struct master *master, const char *reason);
/* Our data is about to be replaced: drop all, and let go of all that was made of the old. */
void master_reset(struct master *master);

/* Each loop turn: look who has what on disk, and wake those for whom there is something. */
void master_turn(struct master *master, bool is_replica);
/* Up to where the log may be shown for sync-replicas. All up to `end` counts, after a promotion. */
const struct sync_replicas *master_sync_replicas(const struct master *master);
void master_count_as_shown(struct master *master, uint64_t end);
/* Ten times a second or so: pings, time-outs, payloads, retention. */
void master_tick(struct master *master, uint64_t now_ms, const struct master_role *role);
/* Append REPLCONF GETACK to the stream, so that replicas say at once what they have. Only as a master. */
void master_request_acknowledgements(struct master *master);
/* Have our own kind say at once when `offset` is on their disks; it costs no log. */
void master_ask_all(struct master *master, uint64_t offset);
/* Whether there are others, who understand GETACK alone. */
bool master_has_stock_streams(const struct master *master);

const struct acks *master_acks(const struct master *master);
void master_add_statistics(const struct master *master, struct replication_statistics *statistics);
/* Of struct replica (replica.h), in the order in which they came: for INFO and ROLE. */
const struct list *master_replicas(const struct master *master);
const struct full_sync *master_full_sync(const struct master *master);

#endif
