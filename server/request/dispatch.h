/* From a request to its effect: look up, refuse or run, log what changed, count.
 *
 * Invariants (server/README.md):
 * D4  One command sees one time: now_ms, which also decides what is due.
 * D5  A change is appended to the log before anything else is executed, in the order of execution.
 * D6  A refused command has no effect, and a handler that fails has changed nothing.
 *
 * Event loop only. */
#ifndef SERVER_REQUEST_DISPATCH_H
#define SERVER_REQUEST_DISPATCH_H

#include "server/net/session.h"
#include "server/request/command.h"

struct dispatch; /* Opaque; owned by server. */
struct reply;

enum dispatch_pause {
    DISPATCH_PAUSE_NONE,
    DISPATCH_PAUSE_WRITE, /* What may change data waits. */
    DISPATCH_PAUSE_ALL,
};

/* What keeps the loop for long; other clients are served in between, and few commands let in. */
enum dispatch_busy {
    DISPATCH_BUSY_NOT,
    DISPATCH_BUSY_SCRIPT,
    DISPATCH_BUSY_FUNCTION,
};

/* What decides whether commands are let in. Server sets it when its role, its link or its configuration change. */
struct dispatch_gate {
    bool is_loading;
    bool is_replica;
    bool is_master_down;   /* The link is down and stale data is not to be served. */
    uint32_t min_replicas; /* min-replicas-to-write; 0 is none. */
    enum dispatch_pause pause;
    enum dispatch_busy busy; /* Set by script_run.c. */
    uint64_t replicated;     /* What replies may tell as far as replicas are concerned; UINT64_MAX: all. */
    bool allows_debug;       /* enable-debug-command yes, */
    bool allows_debug_local; /* or local. */
};

struct dispatch_options {
    struct services *services;
    /* A change was executed and cannot be logged: stop the process at once. Must not return. */
    void (*log_failed)(void *context, enum status status);
    void *context;
};

struct dispatch *dispatch_create(const struct dispatch_options *options);
void dispatch_free(struct dispatch *dispatch);
struct dispatch_gate *dispatch_gate(struct dispatch *dispatch);

/* Whose command is being executed: its output ends amid a reply. NULL outside of any, and while the log is replayed. */
const struct session *dispatch_caller(const struct dispatch *dispatch);
/* What replies may tell: what is released by our own log, and by replicas if they have to have it (sync-replicas). */
uint64_t dispatch_shown_offset(const struct dispatch *dispatch);
/* The turn as connections need it, as far as it has come. */
struct connections_turn dispatch_turn(const struct dispatch *dispatch);

/* A client's request; see sessions_options.execute. */
enum session_outcome dispatch_request(struct dispatch *dispatch, struct session *session, const struct request *request,
                                      uint64_t *now_us);

/* Run a command inside `outer`: EXEC's, or a script's. Its change becomes part of outer's. Nothing is refused here. */
void dispatch_nested(struct dispatch *dispatch, struct call *outer, struct command_entry *entry,
                     const struct request *request, struct reply *reply);

/* For a handler that has no end and is nobody's part: log what it has said so far as a change of its own, after which a
 * crash leaves it half done. */
void dispatch_log_part(struct dispatch *dispatch, struct call *call);

/* Why this session, which has queued it, may not call `entry` with these words now; NULL if it may. The text is
 * borrowed until the next call. */
const char *dispatch_refusal(struct dispatch *dispatch, struct session *session, const struct command_entry *entry,
                             const struct request *request);

/* Run a blocked session's command again; its words are the caller's. `woken_by` as call->woken_by has it. */
void dispatch_again(struct dispatch *dispatch, struct session *session, struct command_entry *entry,
                    const struct request *request, struct slice woken_by);
/* Whether a command that waited may run again now.
 *   STATUS_BUSY, STATUS_NO_SPACE  Later: there is a pause, or no room.
 *   Others                        Never; what its client is to be told. */
MUST_CHECK enum status dispatch_admit_again(struct dispatch *dispatch, const struct session *session,
                                            const struct command_entry *entry, const struct request *request);

/* Run a command from the log or from our master: not refused, not logged, nothing expires. Returns false if it is
 * unknown or fails; then `*error` says why, borrowed until the next call. */
bool dispatch_replay(struct dispatch *dispatch, struct session *session, const struct request *request,
                     const char **error);

/* The role has changed. */
void dispatch_note_role(struct dispatch *dispatch);

/* Log what expires in the store's keyspace: once after it was opened, and after each store_replace(). */
void dispatch_observe_keyspace(struct dispatch *dispatch);

/* Delete up to `limit` due keys and log that; returns how many. Masters only. Fewer than `limit` does not mean that
 * none is left: keyspace_next_due_ms() tells. */
size_t dispatch_expire_due(struct dispatch *dispatch, size_t limit, uint64_t now_ms);

#endif
