/* Clients: what the server knows of each, and all of them.
 *
 * A session lives from accept to close. The replayer and scripts have one of their own, which has no connection and is
 * in no list. Event loop only. */
#ifndef SERVER_NET_SESSION_H
#define SERVER_NET_SESSION_H

#include "base/buf.h"
#include "base/hash_table.h"
#include "base/list.h"
#include "base/resp_read.h"
#include "replication/replication.h"
#include "server/net/connection.h"

#define SESSION_ADDRESS_BYTES 64 /* "[ipv6]:port" or "path:0", cut. */

struct acl_user; /* acl_user.h */
struct blocked;  /* blocking.h */
struct command_entry;
struct dispatch;
struct services;
struct sessions;      /* Opaque; owned by server. */
struct subscriptions; /* pubsub.c */
struct tracker;       /* tracking.h */
struct transaction;   /* transaction.h */

enum session_flag {
    SESSION_AUTHENTICATED = 1u << 0,
    SESSION_UNIX_SOCKET = 1u << 1,
    SESSION_MONITOR = 1u << 2,
    SESSION_REPLICA = 1u << 3,    /* Its output is a feed. */
    SESSION_MASTER = 1u << 4,     /* Speaks for our master: the replayer's. */
    SESSION_PARKED = 1u << 5,     /* Waits, its input unread, until writes go on. */
    SESSION_BLOCKED = 1u << 6,    /* Its command waits for something: blocking.h. */
    SESSION_CLOSING = 1u << 7,    /* Takes no further request; closes when its output has left. */
    SESSION_REPLY_OFF = 1u << 8,  /* CLIENT REPLY OFF. */
    SESSION_REPLY_SKIP = 1u << 9, /* CLIENT REPLY SKIP: this command, */
    SESSION_SKIP_NEXT = 1u << 10, /* and before it, the next. */
    SESSION_NO_EVICT = 1u << 11,
    SESSION_IN_TRANSACTION = 1u << 12, /* Between MULTI and EXEC. */
    SESSION_IS_DIRTY = 1u << 13,       /* A watched key was touched: EXEC aborts. */
    SESSION_EXEC_FAILS = 1u << 14,     /* A command could not be queued: EXEC aborts. */
    SESSION_INTERNAL = 1u << 15,       /* The replayer's or a script's: no connection. */
    SESSION_EXECUTES = 1u << 16,       /* Its request is being executed: a push stands amid the reply. */
    SESSION_SCRIPT = 1u << 17,         /* Calls commands for a script. */
    SESSION_YIELDED = 1u << 18,        /* Goes on with its input in the next turn. */
    SESSION_CANNOT_GO_ON = SESSION_PARKED | SESSION_BLOCKED | SESSION_CLOSING, /* Any of them. */
};

struct session {
    struct list_node node;         /* In the set of all, in order of id. */
    struct list_node list_node;    /* In the list of parked sessions. */
    struct hash_node hash_node;    /* In the set of all, by id. */
    struct sessions *sessions;     /* NULL for internal ones. */
    struct connection *connection; /* NULL for internal ones. */
    struct buf *output;            /* The connection's, or the owner's of an internal one. */
    uint64_t id;
    uint32_t flags; /* enum session_flag */
    int protocol;   /* 2 or 3. */
    uint32_t db;
    uint32_t subscription_count; /* Sum of the next three: a RESP2 client with any takes few commands. */
    uint32_t channel_count;
    uint32_t pattern_count;
    uint32_t shard_channel_count;
    char *name; /* Owned; NULL for none, as the next two. */
    char *library_name;
    char *library_version;
    struct acl_user *user; /* Who it is; lives longer (acl.h). NULL for internal ones, which may do everything. */
    uint64_t created_us;   /* Monotonic. */
    uint64_t active_us;    /* When it last sent something, or ended to wait. */
    const struct command_entry *last_command;
    struct resp_reader reader;
    struct transaction *transaction; /* Owned; NULL before the first MULTI or WATCH. */
    struct blocked *blocked;         /* Owned by blocking.c; NULL when not blocked. */
    uint64_t write_offset;           /* Log end after its last write: what WAIT waits for. */
    struct replica *replica;         /* When its output is a feed. */
    struct replica_handshake handshake;
    struct buf pushed;                   /* Stands behind the reply to the request that is executed. */
    struct subscriptions *subscriptions; /* Owned by pubsub.c; NULL before the first. */
    struct tracker *tracker;             /* Owned by tracking.c; NULL when it does not track. */
    char peer[SESSION_ADDRESS_BYTES];    /* "127.0.0.1:5000" */
    char local[SESSION_ADDRESS_BYTES];
};

/* A request as it stands in the input. */
struct request {
    const struct slice *argv;
    size_t argc;
    struct slice raw; /* Its own bytes if they are its words in canonical form; else empty. */
};

enum session_outcome {
    SESSION_DONE,  /* The request was executed, queued or refused; go on with the next. */
    SESSION_PARKS, /* It has to wait unread: show it again when the session is resumed. */
};

struct sessions_options {
    struct connections *connections;
    struct services *services;
    /* Execute one request; what it replies is in session->output. `*now_us` is when it begins, by the monotonic clock,
     * and becomes when it ended, so that a pipeline costs one look at the clock for each command. */
    enum session_outcome (*execute)(void *context, struct session *session, const struct request *request,
                                    uint64_t *now_us);
    /* The session is going to be freed: forget it. */
    void (*closed)(void *context, struct session *session);
    void *context;
    uint64_t bulk_bytes_max; /* proto-max-bulk-len. */
};

struct sessions *sessions_create(const struct sessions_options *options);
/* Frees what is left after all connections are closed. */
void sessions_free(struct sessions *sessions);
void sessions_set_bulk_bytes_max(struct sessions *sessions, uint64_t bytes);

/* A new client on `transport`, which is taken; its addresses are copied. */
struct session *sessions_accept(struct sessions *sessions, const struct transport *transport, const char *peer,
                                const char *local);

size_t sessions_count(const struct sessions *sessions);
/* How many of them are feeds. */
size_t sessions_count_replicas(const struct sessions *sessions);
size_t sessions_count_parked(const struct sessions *sessions);
struct session *sessions_find(struct sessions *sessions, uint64_t id);
/* All sessions, in order of id: walk with LIST_FOR_EACH and LIST_ENTRY(node, struct session, node). */
struct list *sessions_all(struct sessions *sessions);

/* Parked sessions read on from the next turn on. */
void sessions_resume_parked(struct sessions *sessions);
/* Close those with a reply that is held back and must not leave, since a new master may not have what it tells. Nothing
 * else may come before it, so it is without a word. */
void sessions_close_held(struct sessions *sessions);

/* For a session that belongs to no client; release with session_release_internal(). */
void session_init_internal(struct session *session, struct buf *output);
void session_release_internal(struct session *session);

/* For how long nothing has come from the client and nothing has left for it. */
uint64_t session_idle_us(const struct session *session, uint64_t now_us);
/* Whether the client is on this machine, as far as its address tells. */
bool session_is_local(const struct session *session);

/* Close at once (CLIENT KILL of another), or after the reply has left (QUIT, errors). */
void session_close(struct session *session);
void session_close_after_reply(struct session *session);
/* Output was appended outside of the session's own request: let it leave in this turn. `offset` as connection_hold()
 * has it; 0 reveals nothing, SESSION_REVEALS_TURN whatever has changed by the end of this turn. */
#define SESSION_REVEALS_TURN UINT64_MAX
void session_touch(struct session *session, uint64_t offset);
/* What stands in the output from `begin` on is a push and no reply: CLIENT REPLY does not keep it back. */
void session_keep_push(struct session *session, size_t begin);
/* The reply to a request stands in the output from `reply_begin` on: cut it off again if CLIENT REPLY says so, and
 * write behind it what was pushed meanwhile. Of a blocked session the reply is still to come. */
void session_end_reply(struct session *session, size_t reply_begin);
/* A blocked session goes on with its next request. */
void session_unblock(struct session *session);
/* Replace an owned text of the session; `text` empty for NULL. */
void session_set_text(char **owned, struct slice text);

#endif
