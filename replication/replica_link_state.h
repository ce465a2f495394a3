/* What the files of replica_link share: its state, and how its machine is told of events. Theirs alone.
 *
 * replica_link.c has the link and its stream, replica_link_sync.c its full syncs. */
#ifndef REPLICATION_REPLICA_LINK_STATE_H
#define REPLICATION_REPLICA_LINK_STATE_H

#include "base/clock.h"
#include "replication/ack_due.h"
#include "replication/link_socket.h"
#include "replication/link_sync.h"
#include "replication/replica_link.h"
#include "replication/stream.h"

struct replica_link {
    struct store *store;
    const struct replication_hooks *server;
    struct events *events;
    struct replica_link_hooks hooks;

    char host[256];
    uint16_t port;
    bool is_failover; /* The master is to be asked to take over. */
    struct replica_fsm fsm;
    struct link_socket socket;
    struct buf lines; /* Received, while the machine waits for lines or a payload comes. */
    struct stream stream;
    struct stream_sink sink;
    struct event *resume;        /* Activated to go on in the next turn. */
    bool needs_room;             /* The store admits nothing: replica_link_turn() tries again. */
    struct ack_due ack_due;      /* GETACK came: answer when the bytes before it are released. */
    struct ack_due disk_ack_due; /* An empty line came: answer when they are on the disk. */
    bool wants_full;             /* Our data is known to differ, or a change cannot be taken. */

    struct link_sync sync;
    bool is_verified; /* A full sync's data is ready to be swapped in, when no checkpoint runs. */
    bool is_refusing;
    uint64_t sync_begun_ms;
    char full_reason[REPLICA_PROBLEM_BYTES];
    char tail_name[LONE_TAIL_NAME_BYTES];
    char noted_problem[REPLICA_PROBLEM_BYTES]; /* The last one in events, so that retries do not fill them. */
    bool is_up_noted;                          /* ... nor a link that comes up and breaks at once. */
};

/* What one event needs: the facts, and a place for what is to be sent. */
struct replica_link_scratch {
    struct replica_facts facts;
    struct buf send;
    struct replica_turn turn;
    enum replica_state before;
};

static inline uint64_t replica_link_now_ms(void)
{
    return clock_monotonic_us() / 1000;
}

/* Gather what the machine must know for one event; then give it what it answered to be done. */
const struct replica_turn *replica_link_begin_event(struct replica_link *link, struct replica_link_scratch *scratch);
void replica_link_end_event(struct replica_link *link, struct replica_link_scratch *scratch,
                            enum replica_action action);
/* End the try for a reason of our own. */
void replica_link_break(struct replica_link *link, const char *problem);

/* A full sync, step by step: what the machine says of its payload has come; bytes of it are in `lines`; it is whole. */
void replica_link_begin_receiving(struct replica_link *link);
void replica_link_take_payload(struct replica_link *link);
void replica_link_begin_install(struct replica_link *link);
/* Verified data is swapped in, if it is time. */
void replica_link_swap(struct replica_link *link);

#endif
