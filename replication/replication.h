/* Replication as the server sees it: a node's role, its link to a master, and its replicas.
 *
 * The wire protocol is Redis' own (PSYNC2). Every node is able to serve replicas, a replica too (chains). The role is
 * durable (P4) in <data-dir>/hearth.auto.conf. Roles, handshake chart, invariants R1..Rn: replication/README.md.
 *
 * Threads: the event loop's alone; full-sync snapshots are made on a thread inside. */
#ifndef REPLICATION_REPLICATION_H
#define REPLICATION_REPLICATION_H

#include "base/buf.h"
#include "base/status.h"
#include "replication/events.h"
#include "replication/sync_replicas.h"
#include "storage/store.h"

struct event_base;
struct failover_request;
struct replication; /* Opaque; owned by server. */
struct tls_context; /* base/tls/tls_context.h */
struct replica;     /* One of our replicas; owned by replication from attach to detach. */

/* What the server does for replication. */
struct replication_hooks {
    /* Execute one command that our master sent, without logging it; `*selected_db` follows SELECT. False if it cannot
     * be executed: the link is dropped and the divergence named. */
    bool (*apply)(void *context, uint32_t *selected_db, const struct slice *argv, size_t argc);
    /* Whether our master's changes have to wait: in a pause nothing is applied, as in Redis. */
    bool (*is_paused)(void *context);
    /* A full sync has replaced all data: forget what was derived from the old. */
    void (*data_replaced)(void *context);
    /* The role, the link's state, or whether a failover is under way has changed. */
    void (*role_changed)(void *context);
    /* What replicas acknowledged, or what our own disk has, has moved: commands that wait for that look again. Called
     * from replication_turn() only. */
    void (*acknowledged)(void *context);
    void *context;
};

/* Settings, all changeable at run time with replication_configure(). Strings are copied. */
struct replication_settings {
    const char *master_user;     /* NULL: AUTH with one argument. */
    const char *master_password; /* NULL: no AUTH. */
    const char *announce_ip;     /* NULL: not announced. */
    const char *source_address;  /* The link leaves from there; NULL: from where the system likes. */
    /* Our link to our master speaks TLS by it; NULL: it does not. Borrowed, until other settings are given. */
    const struct tls_context *tls;
    uint16_t announce_port; /* 0: listening_port. */
    uint16_t listening_port;
    uint32_t timeout_s;           /* repl-timeout. */
    uint32_t ping_period_s;       /* repl-ping-replica-period. */
    uint64_t backlog_bytes;       /* Log retained at least, as far as written. */
    uint64_t retention_bytes_max; /* Cap on what an absent replica may hold back. */
    uint32_t retention_s_max;
    uint64_t full_sync_rate_max; /* Bytes a second for each transfer; 0 no limit. */
    uint32_t priority;
    bool announced; /* replica-announced. */
    bool serve_stale_data;
    bool allow_wipe; /* P7: accept a full sync from an empty, unrelated master. */
    uint32_t min_replicas_to_write;
    uint32_t min_replicas_max_lag_s;
    uint32_t sync_replicas; /* Replies wait until so many replicas have on disk what they tell. */
    uint32_t sync_replicas_timeout_ms;
    enum sync_replicas_policy sync_replicas_policy;
};

/* Open with the role that hearth.auto.conf has; `configured_host` (NULL for master) and port from the user's config
 * file are used only if hearth.auto.conf says nothing. All borrowed objects must outlive it. Begins connecting at once.
 */
struct replication_options {
    struct store *store;
    struct event_base *base;
    struct file_system *files;
    const char *directory;
    const char *configured_host;
    uint16_t configured_port;
    struct replication_settings settings;
    struct replication_hooks hooks;
};
/* Whether a node of that directory and configuration will open as a replica: for what must know before there is a
 * store.
 */
bool replication_opens_as_replica(struct file_system *files, const char *directory, bool is_configured_replica);
MUST_CHECK enum status replication_open(const struct replication_options *options, struct replication **replication);
void replication_close(struct replication *replication);
void replication_configure(struct replication *replication, const struct replication_settings *settings);

/* REPLICAOF host port: durable before this returns STATUS_OK; the link is made afterwards. STATUS_EXISTS: already so.
 */
MUST_CHECK enum status replication_follow(struct replication *replication, struct slice host, uint16_t port,
                                          uint64_t now_ms);
/* REPLICAOF NO ONE: promote at once, with a new history. STATUS_EXISTS: already a master. */
MUST_CHECK enum status replication_promote(struct replication *replication, uint64_t now_ms);

/* FAILOVER: begin it, or give it up (failover.h). NULL if that was done, else the error's text. */
const char *replication_fail_over(struct replication *replication, const struct failover_request *request);
const char *replication_abort_failover(struct replication *replication);
/* While it is so, writes wait. */
bool replication_is_failing_over(const struct replication *replication);
/* PSYNC <id> <offset> FAILOVER: our master, whose history is `id`, hands over to us. NULL once we are a master, else
 * the error's text. */
const char *replication_take_over(struct replication *replication, struct slice id, uint64_t now_ms);

bool replication_is_replica(const struct replication *replication);
bool replication_link_is_up(const struct replication *replication);
/* Host of our master, "" when we are one. */
const char *replication_master_host(const struct replication *replication);
uint16_t replication_master_port(const struct replication *replication);

/* Write the lines of INFO replication, CRLF each, without the heading; and ROLE's reply as RESP, of either version. */
void replication_write_info(struct replication *replication, struct buf *out);
void replication_write_role(struct replication *replication, struct buf *out);

/* A replica of ours, for whoever tells of it. Texts are borrowed until the turn ends. */
struct replication_peer {
    const char *ip; /* As it announced itself, or as it came. */
    uint16_t port;
    const char *state;      /* Redis' word: "wait_bgsave", "send_bulk", "online". */
    const char *reason;     /* Why it had a full sync; "" for none. */
    uint64_t offset;        /* It has this much on its disk, */
    uint64_t lag_bytes;     /* which lacks so much of what was released, */
    uint64_t lag_s;         /* and said so that long ago. */
    uint64_t sent_bytes;    /* Of its full sync's payload, */
    uint64_t payload_bytes; /* which has so many; 0 if there is none under way. */
};
void replication_visit_replicas(const struct replication *replication,
                                void (*visit)(void *context, const struct replication_peer *peer), void *context);

/* Our link to our master, likewise. */
struct replication_link {
    bool is_up;
    bool is_syncing;      /* A full sync is on its way or being installed. */
    int64_t heard_s;      /* Seconds since it was heard; -1 when it is down. */
    int64_t down_s;       /* Seconds since it went down; -1 when it is up, or never was. */
    uint64_t total_bytes; /* Of the full sync's payload, if known, */
    uint64_t done_bytes;  /* and received of it. */
    const char *problem;  /* Why the last try ended; "" for none. */
};
/* Only as a replica. */
void replication_look_at_link(const struct replication *replication, struct replication_link *link);

/* Copy what happened lately, up to `room` events, the oldest first; returns how many. */
size_t replication_copy_events(const struct replication *replication, struct replication_event *to, size_t room);

struct replication_statistics {
    uint64_t sync_full;
    uint64_t sync_partial_ok;
    uint64_t sync_partial_err;
    uint64_t input_bytes;
    uint64_t output_bytes;
    uint32_t connected_replicas;
    uint32_t good_replicas; /* Online, with a lag within min-replicas-max-lag. */
};
void replication_get_statistics(const struct replication *replication, struct replication_statistics *statistics);
/* How many replicas have acknowledged `offset`: WAIT, sync-replicas. And asking them to do it now (GETACK). */
uint32_t replication_count_acknowledged(const struct replication *replication, uint64_t offset);
void replication_request_acknowledgements(struct replication *replication);
/* How many have `offset` on their disks: WAITAOF. And asking them to say so as soon as they have. */
uint32_t replication_count_durable(const struct replication *replication, uint64_t offset);
void replication_request_durable(struct replication *replication, uint64_t offset);
/* Up to where replicas let the log be shown (sync-replicas); UINT64_MAX: all that our own disk lets. Moves in
 * replication_turn() only. */
uint64_t replication_replicated_offset(const struct replication *replication);
/* Once per loop turn after store_turn(), and on every log progress: wake feeds that have something to send. */
void replication_turn(struct replication *replication);

/* A replica's connection, as replication sees it. The connection stays the server's: it reads requests (REPLCONF ACK),
 * and writes what replica_produce() gives whenever its socket has room. */
struct replica_channel {
    void (*wake)(void *context);                      /* There may be more to produce. */
    void (*close)(void *context, const char *reason); /* Close it; ends with replica_detach(). */
    /* The same, but after all that was produced has left. May be NULL: then it is closed at once. */
    void (*finish)(void *context, const char *reason);
    void *context;
    char peer_ip[64];
    uint16_t peer_port;
};

/* What REPLCONF told before PSYNC; kept by the session, zeroed at its start. */
struct replica_handshake {
    char announced_ip[64];
    uint16_t listening_port;
    bool capa_eof;
    bool capa_psync2;
    bool capa_snapshot;   /* Takes our snapshot format: "capa hearth-snapshot". */
    bool rdb_only;        /* Wants an RDB file and no stream. */
    bool is_without_keys; /* Wants no data in its RDB file: "rdb-filter-only". */
    bool snapshot_only;   /* Wants a snapshot file and no stream: "hearth-snapshot-only 1". */
    bool has_hash;        /* Told its running hash with "hearth-hash <hex>". */
    uint64_t hash;
    char also_id[HISTORY_ID_LEN + 1]; /* "hearth-also <id>": true at the same offset; "" for none. */
    char resume_name[40];             /* "hearth-snapshot-resume <name> <byte>"; "" for none. */
    uint64_t resume_from;
};

/* REPLCONF's options before PSYNC: writes +OK or an error to `reply`. ACK and GETACK are replica_replconf()'s. */
void replication_replconf(struct replica_handshake *handshake, const struct slice *argv, size_t argc,
                          struct buf *reply);
/* PSYNC or SYNC: attach the connection as a replica. The answer (+CONTINUE, +FULLRESYNC, errors) and all that follows
 * come through replica_produce(). `offset` as in the request (-1 none); `id` "?" for none; empty for SYNC.
 * NULL if it was refused: then an error is in `reply` and the connection stays a client's. */
struct replica *replication_attach(struct replication *replication, const struct replica_channel *channel,
                                   const struct replica_handshake *handshake, struct slice id, int64_t offset,
                                   struct buf *reply);
void replica_detach(struct replica *replica);
/* Append at most about `limit` bytes to be sent now; false with nothing appended means: wait for wake. */
bool replica_produce(struct replica *replica, size_t limit, struct buf *out);
/* Bytes came from the replica, whatever they mean: it is alive. */
void replica_heard(struct replica *replica);
/* REPLCONF on an attached connection: ACK <offset>, no reply. */
void replica_replconf(struct replica *replica, const struct slice *argv, size_t argc);

#endif
