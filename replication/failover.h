/* A coordinated failover (FAILOVER), as a pure machine.
 *
 *     NONE --begin--> WAITING --a replica has everything--> IN_PROGRESS --it answers PSYNC ... FAILOVER--> NONE
 *       ^               |  time-out, ABORT                      |  refused, ABORT
 *       `---------------'                                       `--> promoted again, NONE
 *
 * While it is not NONE, writes wait. From IN_PROGRESS on this node is the target's replica: durably, so that a restart
 * goes on asking it, instead of being a second master. Names and texts are Redis 7.0's. */
#ifndef REPLICATION_FAILOVER_H
#define REPLICATION_FAILOVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FAILOVER_HOST_BYTES 256 /* As ROLE_HOST_BYTES. */

enum failover_state {
    FAILOVER_NONE,
    FAILOVER_WAITING,     /* For a replica that has everything. */
    FAILOVER_IN_PROGRESS, /* The target is asked to take over. */
};

/* What the caller must do. */
enum failover_action {
    FAILOVER_DO_NOTHING,
    FAILOVER_DO_FOLLOW,  /* Become the replica of `host`, `port`, and ask it to take over. */
    FAILOVER_DO_PROMOTE, /* Become a master again, and let writes go on. */
    FAILOVER_DO_END,     /* Let writes go on. */
};

struct failover {
    enum failover_state state;
    char host[FAILOVER_HOST_BYTES]; /* Of the target; "" while any will do. */
    uint16_t port;
    uint64_t deadline_ms; /* 0 for none. */
    bool is_forced;       /* At the deadline the target takes over as it is. */
    bool is_resumed;      /* It began before this node was last started. */
};

/* The target's. */
enum failover_answer {
    FAILOVER_ACCEPTED,
    FAILOVER_REFUSED,
    FAILOVER_MISMATCHED, /* Refused: it knows what it has by another history's name by now. */
};

struct failover_request {
    const char *host; /* NULL: any replica will do. */
    int64_t port;
    uint64_t timeout_ms; /* 0: none. */
    bool is_forced;
};

/* A replica of ours. */
struct failover_candidate {
    const char *host;
    uint16_t port;
    bool is_online;        /* Streaming. */
    bool has_acknowledged; /* Since it streams. */
    uint64_t offset;       /* That it acknowledged. */
};

struct failover_view {
    uint64_t now_ms; /* Monotonic. */
    uint64_t end;    /* Of our log. */
    bool is_replica; /* We are one ourselves. */
    const struct failover_candidate *candidates;
    size_t count;
};

/* FAILOVER. Returns NULL when it has begun, else Redis' error text, and nothing has changed. */
const char *failover_begin(struct failover *failover, const struct failover_request *request,
                           const struct failover_view *view);
/* Time passed, or acknowledgements came. `*reason` says why, where the action is not FAILOVER_DO_NOTHING. */
enum failover_action failover_look(struct failover *failover, const struct failover_view *view, const char **reason);
/* Give it up, whatever its state. */
enum failover_action failover_abort(struct failover *failover);
/* The target has answered. Only in FAILOVER_IN_PROGRESS. */
enum failover_action failover_answer(struct failover *failover, enum failover_answer answer);
/* This node was stopped in FAILOVER_IN_PROGRESS and goes on. What has happened meanwhile is unknown: from now on it
 * only becomes a master again if it is told to. */
void failover_resume(struct failover *failover, const char *host, uint16_t port);

/* Redis' word: "no-failover", "waiting-for-sync", "failover-in-progress". */
const char *failover_state_word(enum failover_state state);

#endif
