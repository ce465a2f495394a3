/* One of our replicas: what it gets, from the answer to its PSYNC to the stream.
 *
 *     WAIT ----> PAYLOAD ----> STREAM      full sync of a stock replica: RDB, then the log
 *          `---> PAYLOAD ----> SENT        full sync of ours: a snapshot; it comes back with PSYNC
 *     STREAM                               partial sync
 *
 * It produces bytes when its connection asks for them, so nothing is gathered for a slow one: the payload is read from
 * its file, the stream from the log. Owned by master. */
#ifndef REPLICATION_REPLICA_H
#define REPLICATION_REPLICA_H

#include "replication/acks.h"
#include "replication/full_sync.h"
#include "replication/replication.h"
#include "replication/throttle.h"
#include "storage/log/log_cursor.h"

enum replica_stage {
    REPLICA_STAGE_WAIT,
    REPLICA_STAGE_PAYLOAD,
    REPLICA_STAGE_SENT,
    REPLICA_STAGE_STREAM,
};

struct replica {
    struct list_node node;     /* In master. */
    struct master *master;     /* Its owner. */
    struct replication *owner; /* Its owner's. */
    struct log *log;
    struct full_sync *full_sync;
    struct file_system *files;
    const struct replication_settings *settings;
    struct replica_channel channel;
    struct replica_handshake handshake;
    struct ack ack;
    enum replica_stage stage;
    bool is_sync;  /* By SYNC: no +FULLRESYNC line, no ACKs. */
    bool is_alone; /* A tool: payload and no stream. */
    char ip[64];   /* As announced, or the peer's. */
    uint16_t port;
    char reason[160];  /* Of its full sync; "" after a partial one. */
    const char *doom;  /* Why it must be closed at the next turn; NULL for none. Borrowed: doom_text, or static. */
    bool is_finished;  /* It is closed politely: what was produced is to reach it. */
    bool is_closed;    /* Its connection was told to close. */
    bool is_abandoned; /* What it has is of a history that is gone: nothing of it is kept in mind. */
    char doom_text[160];
    struct buf lead;                   /* Lines that go before anything else. Owned. */
    struct full_sync_waiter waiter;    /* REPLICA_STAGE_WAIT. */
    struct full_sync_payload *payload; /* Held. REPLICA_STAGE_PAYLOAD. */
    struct file *file;                 /* The payload's. Owned. */
    uint64_t sent_bytes;               /* Of the payload, with what was there before. */
    struct throttle throttle;
    struct log_cursor *cursor; /* REPLICA_STAGE_STREAM. Owned. */
    uint64_t wanted_offset;    /* It is to say at once when it has this on its disk; */
    uint64_t asked_offset;     /* it was asked behind this. */
    uint64_t heard_ms;         /* Last sign of life. */
    uint64_t said_ms;          /* When something was last produced. */
    uint64_t output_bytes;
};

/* The replica whose node in master's list that is. */
static inline struct replica *replica_of(struct list_node *node)
{
    return LIST_ENTRY(node, struct replica, node);
}

struct replica_options {
    struct master *master;
    struct store *store;
    struct full_sync *full_sync;
    struct file_system *files;
    const struct replication_settings *settings; /* Borrowed; may change under it. */
    const struct replica_channel *channel;
    const struct replica_handshake *handshake;
};

struct replica *replica_create(const struct replica_options *options);
/* Let go of all; it must be unlinked and out of acks. */
void replica_free(struct replica *replica, uint64_t now_ms);

/* Let go of log, files and payload, which are about to go: nothing more is produced. Its connection is closed already
 * or about to be. */
void replica_abandon(struct replica *replica, uint64_t now_ms);

/* Answer +CONTINUE with our history's id and stream from `position`.
 *   STATUS_NOT_FOUND, STATUS_IO, STATUS_CORRUPT: nothing was answered. */
MUST_CHECK enum status replica_continue(struct replica *replica, uint64_t position, uint64_t now_ms);
/* Begin a full sync for `reason`. */
void replica_begin_full(struct replica *replica, const char *reason, uint64_t now_ms);

/* replica_produce() of replication.h at a known time. */
bool replica_produce_at(struct replica *replica, size_t limit, uint64_t now_us, struct buf *out);
/* Time passed: say something if the replica must hear us, doom it if it is silent. `is_idle_link`: we are a replica
 * whose own master is silent, so no ping comes down the stream. Returns whether there is something to produce. */
bool replica_tick(struct replica *replica, uint64_t now_ms, bool is_idle_link);
/* Whether there is more to produce now. */
bool replica_has_more(const struct replica *replica);

/* Have it say at once, and not only each second, when it has what comes before `offset` on its disk. One of ours is
 * asked by an empty line behind what it was sent; a stock one does not know that question. */
void replica_ask(struct replica *replica, uint64_t offset);
/* REPLCONF ACK: the replica has kept `offset`, and has `durable` on its disk (0: it does not say). Returns whether that
 * is news. */
bool replica_acknowledge(struct replica *replica, uint64_t offset, uint64_t durable, uint64_t now_ms);
/* From where the log must be kept for it; false if it does not need the log. */
bool replica_needs_log(const struct replica *replica, uint64_t *offset);

/* Redis' word for the stage: "wait_bgsave", "send_bulk", "online". */
const char *replica_state_word(const struct replica *replica);

#endif
