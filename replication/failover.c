#include "replication/failover.h"

#include "base/assert.h"
#include <stdio.h>
#include <string.h>

static bool is_at(const struct failover_candidate *candidate, const char *host, int64_t port)
{
    return candidate->port == port && strcmp(candidate->host, host) == 0;
}

static const struct failover_candidate *find(const struct failover_view *view, const char *host, int64_t port)
{
    for (size_t i = 0; i < view->count; i++) {
        if (is_at(&view->candidates[i], host, port)) {
            return &view->candidates[i];
        }
    }
    return NULL;
}

static const char *refusal(const struct failover *failover, const struct failover_request *request,
                           const struct failover_view *view)
{
    const struct failover_candidate *target;

    if (failover->state != FAILOVER_NONE) {
        return "ERR FAILOVER already in progress.";
    }
    if (view->is_replica) {
        return "ERR FAILOVER is not valid when server is a replica.";
    }
    if (view->count == 0) {
        return "ERR FAILOVER requires connected replicas.";
    }
    if (request->is_forced && (request->timeout_ms == 0 || request->host == NULL)) {
        return "ERR FAILOVER with force option requires both a timeout and target HOST and IP.";
    }
    if (request->host != NULL) {
        target = find(view, request->host, request->port);
        if (target == NULL || strlen(request->host) >= FAILOVER_HOST_BYTES) {
            return "ERR FAILOVER target HOST and PORT is not a replica.";
        }
        if (!target->is_online) {
            return "ERR FAILOVER target replica is not online.";
        }
    }
    return NULL;
}

static void name_target(struct failover *failover, const char *host, uint16_t port)
{
    snprintf(failover->host, sizeof(failover->host), "%s", host);
    failover->port = port;
}

const char *failover_begin(struct failover *failover, const struct failover_request *request,
                           const struct failover_view *view)
{
    const char *error = refusal(failover, request, view);

    if (error != NULL) {
        return error;
    }
    *failover = (struct failover){
        .state = FAILOVER_WAITING,
        .deadline_ms = request->timeout_ms == 0 ? 0 : view->now_ms + request->timeout_ms,
        .is_forced = request->is_forced,
    };
    if (request->host != NULL) {
        name_target(failover, request->host, (uint16_t)request->port);
    }
    return NULL;
}

static bool has_everything(const struct failover_candidate *candidate, const struct failover_view *view)
{
    return candidate->is_online && candidate->has_acknowledged && candidate->offset == view->end;
}

/* The named target if it has everything, else, where none is named, the first that has. */
static const struct failover_candidate *choose(const struct failover *failover, const struct failover_view *view)
{
    for (size_t i = 0; i < view->count; i++) {
        const struct failover_candidate *candidate = &view->candidates[i];
        bool is_meant = failover->host[0] == '\0' || is_at(candidate, failover->host, failover->port);

        if (is_meant && has_everything(candidate, view)) {
            return candidate;
        }
    }
    return NULL;
}

enum failover_action failover_look(struct failover *failover, const struct failover_view *view, const char **reason)
{
    const struct failover_candidate *ready;

    if (failover->state != FAILOVER_WAITING) {
        return FAILOVER_DO_NOTHING;
    }
    if (failover->deadline_ms != 0 && view->now_ms >= failover->deadline_ms) {
        if (failover->is_forced) {
            failover->state = FAILOVER_IN_PROGRESS;
            *reason = "the time is over, and it was forced";
            return FAILOVER_DO_FOLLOW;
        }
        *reason = "no replica caught up before the time was over";
        return failover_abort(failover);
    }
    ready = choose(failover, view);
    if (ready == NULL) {
        return FAILOVER_DO_NOTHING;
    }
    name_target(failover, ready->host, ready->port);
    failover->state = FAILOVER_IN_PROGRESS;
    *reason = "it has everything";
    return FAILOVER_DO_FOLLOW;
}

enum failover_action failover_abort(struct failover *failover)
{
    enum failover_state state = failover->state;

    *failover = (struct failover){.state = FAILOVER_NONE};
    switch (state) {
    case FAILOVER_NONE:
        break;
    case FAILOVER_WAITING:
        return FAILOVER_DO_END;
    case FAILOVER_IN_PROGRESS:
        return FAILOVER_DO_PROMOTE;
    }
    return FAILOVER_DO_NOTHING;
}

enum failover_action failover_answer(struct failover *failover, enum failover_answer answer)
{
    ASSERT(failover->state == FAILOVER_IN_PROGRESS);
    if (answer != FAILOVER_ACCEPTED && !failover->is_resumed) {
        return failover_abort(failover);
    }
    if (answer == FAILOVER_REFUSED) {
        return FAILOVER_DO_NOTHING; /* It may still take over, when it has started or found its master. */
    }
    *failover = (struct failover){.state = FAILOVER_NONE};
    return FAILOVER_DO_END;
}

void failover_resume(struct failover *failover, const char *host, uint16_t port)
{
    *failover = (struct failover){.state = FAILOVER_IN_PROGRESS, .is_resumed = true};
    name_target(failover, host, port);
}

const char *failover_state_word(enum failover_state state)
{
    switch (state) {
    case FAILOVER_NONE:
        break;
    case FAILOVER_WAITING:
        return "waiting-for-sync";
    case FAILOVER_IN_PROGRESS:
        return "failover-in-progress";
    }
    return "no-failover";
}
