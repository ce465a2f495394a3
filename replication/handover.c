#include "replication/handover.h"

#include "base/clock.h"
#include "base/crash_point.h"
#include "base/diag.h"
#include "base/memory.h"
#include "replication/replica.h"
#include <inttypes.h>
#include <stdio.h>

/* Our replicas, as failover sees them; `candidates` has room for all. */
static struct failover_view look(const struct handover *handover, struct failover_candidate *candidates)
{
    struct failover_view view = {.now_ms = clock_monotonic_us() / 1000,
                                 .end = log_end_offset(store_log(handover->store)),
                                 .is_replica = handover->role->is_replica,
                                 .candidates = candidates};

    LIST_FOR_EACH(master_replicas(handover->master), node)
    {
        const struct replica *replica = replica_of(node);

        if (!replica->is_alone && !replica->is_closed) {
            candidates[view.count++] = (struct failover_candidate){
                .host = replica->ip,
                .port = replica->port,
                .is_online = replica->stage == REPLICA_STAGE_STREAM,
                .has_acknowledged = replica->ack.is_online,
                .offset = replica->ack.offset,
            };
        }
    }
    return view;
}

static struct failover_candidate *make_room_for_candidates(const struct handover *handover)
{
    size_t count = 1;

    LIST_FOR_EACH(master_replicas(handover->master), node)
    {
        count++;
    }
    return memory_allocate_zeroed(count * sizeof(struct failover_candidate));
}

static void begin_following_target(struct handover *handover)
{
    struct failover *failover = &handover->failover;
    struct role role = {.is_replica = true, .port = failover->port, .is_failover = true};
    enum status status = STATUS_INVALID;

    if (role_host_is_valid(slice_of(failover->host))) {
        snprintf(role.host, sizeof(role.host), "%s", failover->host);
        status = handover->hooks.follow(handover->hooks.context, &role);
    }
    crash_point("replication.failover.asking");
    if (status != STATUS_OK) {
        events_add(handover->events, clock_wall_ms(), "the failover is given up: the role cannot be kept: %s",
                   status_name(status));
        (void)failover_abort(failover); /* Nothing has happened that must be taken back. */
        handover->hooks.changed(handover->hooks.context);
    }
}

static void act_on_failover(struct handover *handover, enum failover_action action)
{
    enum status status;

    switch (action) {
    case FAILOVER_DO_NOTHING:
        break;
    case FAILOVER_DO_FOLLOW:
        begin_following_target(handover);
        break;
    case FAILOVER_DO_PROMOTE:
        status = handover->hooks.promote(handover->hooks.context);
        if (status != STATUS_OK) {
            diag(DIAG_WARNING, "replication: cannot become a master again: %s", status_name(status));
        }
        handover->hooks.changed(handover->hooks.context);
        break;
    case FAILOVER_DO_END:
        handover->hooks.changed(handover->hooks.context);
        break;
    }
    if (handover->is_request_deferred && handover->failover.state == FAILOVER_NONE) {
        handover->is_request_deferred = false;
        if (!handover->role->is_replica) {
            master_request_acknowledgements(handover->master);
        }
    }
}

const char *handover_begin(struct handover *handover, const struct failover_request *request)
{
    struct failover_candidate *candidates = make_room_for_candidates(handover);
    struct failover_view view = look(handover, candidates);
    const char *error = failover_begin(&handover->failover, request, &view);

    memory_free(candidates);
    if (error == NULL) {
        events_add(handover->events, clock_wall_ms(), "failover: writes wait until %s has everything",
                   request->host == NULL ? "a replica" : request->host);
        handover->hooks.changed(handover->hooks.context);
    }
    return error;
}

const char *handover_abort(struct handover *handover)
{
    if (handover->failover.state == FAILOVER_NONE) {
        return "ERR No failover in progress.";
    }
    events_add(handover->events, clock_wall_ms(), "the failover is given up: aborted by hand");
    act_on_failover(handover, failover_abort(&handover->failover));
    return NULL;
}

/* Waiting: look whether somebody has everything, or the time is over. */
static void wait_for_target(struct handover *handover)
{
    struct failover_candidate *candidates = make_room_for_candidates(handover);
    struct failover_view view = look(handover, candidates);
    const char *reason = "";
    enum failover_action action = failover_look(&handover->failover, &view, &reason);
    const struct failover *failover = &handover->failover;

    memory_free(candidates);
    if (action == FAILOVER_DO_FOLLOW) {
        events_add(handover->events, clock_wall_ms(), "failover to %s:%u: %s", failover->host, failover->port, reason);
    } else if (action != FAILOVER_DO_NOTHING) {
        events_add(handover->events, clock_wall_ms(), "the failover is given up: %s", reason);
    }
    master_ask_all(handover->master, view.end);
    act_on_failover(handover, action);
}

/* In progress: look whether the target has answered. */
static void take_verdict(struct handover *handover)
{
    static const enum failover_answer answers[] = {
        [REPLICA_VERDICT_ACCEPTED] = FAILOVER_ACCEPTED,
        [REPLICA_VERDICT_REFUSED] = FAILOVER_REFUSED,
        [REPLICA_VERDICT_MISMATCHED] = FAILOVER_MISMATCHED,
    };
    enum replica_verdict verdict = replica_link_take_verdict(handover->link);
    enum failover_action action;

    if (verdict == REPLICA_VERDICT_NONE) {
        return;
    }
    action = failover_answer(&handover->failover, answers[verdict]);
    if (action == FAILOVER_DO_END) {
        crash_point("replication.failover.accepted");
        handover->hooks.settle(handover->hooks.context);
    } else if (action == FAILOVER_DO_PROMOTE) {
        events_add(handover->events, clock_wall_ms(), "the failover is given up: the target refused it");
    }
    act_on_failover(handover, action);
}

void handover_turn(struct handover *handover)
{
    switch (handover->failover.state) {
    case FAILOVER_NONE:
        break;
    case FAILOVER_WAITING:
        wait_for_target(handover);
        break;
    case FAILOVER_IN_PROGRESS:
        take_verdict(handover);
        break;
    }
}

bool handover_lets_ask(struct handover *handover)
{
    if (handover->failover.state == FAILOVER_NONE) {
        return true;
    }
    handover->is_request_deferred = true; /* The question would be in the log, whose end must stand still. */
    return false;
}
