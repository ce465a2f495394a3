/* Our link to our master: does what replica_fsm says, with socket, files, worker and store.
 *
 * The old data is served until a full sync is verified and swapped in (R6). Event loop only, but for the worker inside.
 */
#ifndef REPLICATION_REPLICA_LINK_H
#define REPLICATION_REPLICA_LINK_H

#include "replication/install.h"
#include "replication/replica_fsm.h"
#include "replication/replication.h"
#include "replication/role_file.h"

struct replica_link; /* Opaque; owned by replication. */

/* What the link does to its owner. */
struct replica_link_hooks {
    /* All data is about to be replaced: let go of log and environment. */
    void (*before_replace)(void *context);
    /* The data was replaced, or our history has another name now: whoever we feed must ask anew. */
    void (*history_changed)(void *context, const char *reason);
    void (*state_changed)(void *context);
    /* Our data is known to differ from our history's at the log's end; or is known to be right again. */
    void (*divergence_changed)(void *context, bool has_diverged);
    /* From the worker: replica_link_take_work() has something to do. */
    void (*wake)(void *context);
    void *context;
};

struct replica_link_options {
    struct store *store;
    struct event_base *base;
    struct file_system *files;
    const char *directory;
    const struct replication_settings *settings; /* Borrowed; may change under it. */
    const struct replication_hooks *server;      /* Borrowed. */
    struct events *events;                       /* Borrowed. */
    struct replica_link_hooks hooks;
};

/* STATUS_IO, STATUS_NO_SPACE: incoming/ cannot be made ready. */
MUST_CHECK enum status replica_link_open(const struct replica_link_options *options, struct replica_link **link);
/* Waits for an install that is under way. NULL is fine. */
void replica_link_close(struct replica_link *link);

/* Follow the role's master from now on, a failover's target too. One whose data differs asks for a full sync. */
void replica_link_follow(struct replica_link *link, const struct role *role, uint64_t now_ms);
/* What the failover's target has said since the last call. */
enum replica_verdict replica_link_take_verdict(struct replica_link *link);
/* Follow nobody: we are a master. What was received of a full sync stays, in case we come back. */
void replica_link_stop(struct replica_link *link);

/* Apply all whole changes that have come, before a promotion: they were the master's last words. */
void replica_link_drain(struct replica_link *link);

/* Ten times a second or so. */
void replica_link_tick(struct replica_link *link);
/* Each loop turn and log progress: go on where the store had no room, and answer GETACK when the disk has it. */
void replica_link_turn(struct replica_link *link);
/* After a wake. */
void replica_link_take_work(struct replica_link *link);

/* For INFO and ROLE. */
struct replica_link_view {
    const struct replica_fsm *fsm;
    const char *host; /* "" when we follow nobody. */
    uint16_t port;
    uint64_t received_offset; /* Of the last byte received, as master_repl_offset counts. */
    uint64_t payload_bytes;   /* Of a full sync under way: received so far. */
    uint64_t input_bytes;     /* Ever received from masters. */
    const char *full_reason;  /* Of our last full sync, as the master told it; "" for none. */
    const char *tail_name;    /* Of the file in which a lone tail was saved; "" for none. */
    bool is_refusing;         /* P7: the last full sync was refused. */
};
void replica_link_look(const struct replica_link *link, struct replica_link_view *view);
bool replica_link_is_up(const struct replica_link *link);

#endif
