#include "replication/sync_replicas.h"

static uint64_t higher(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

void sync_replicas_begin(struct sync_replicas *sync, uint64_t end)
{
    sync->state = SYNC_REPLICAS_OFF;
    sync->replicated = end;
}

/* From now on replicas are measured by what is released now. */
static void set_goal(struct sync_replicas *sync, const struct sync_replicas_view *view)
{
    sync->goal = view->released;
    sync->since_ms = view->now_ms;
}

static enum sync_replicas_news degrade(struct sync_replicas *sync, const struct sync_replicas_view *view)
{
    sync->state = SYNC_REPLICAS_DEGRADED;
    sync->replicated = higher(sync->replicated, view->released);
    sync->degraded_count++;
    sync->degraded_wall_ms = view->wall_ms;
    set_goal(sync, view);
    return SYNC_REPLICAS_HAS_DEGRADED;
}

/* Under load they never have all: it is enough that they had, within the time-out, what there was. */
static enum sync_replicas_news look_degraded(struct sync_replicas *sync, const struct sync_replicas_view *view)
{
    bool has_goal = view->durable >= sync->goal;
    bool is_near = has_goal && view->now_ms - sync->since_ms < view->timeout_ms;

    if (has_goal) {
        set_goal(sync, view);
    }
    if (!is_near && view->policy == SYNC_REPLICAS_DEGRADE) {
        sync->replicated = higher(sync->replicated, view->released);
        return SYNC_REPLICAS_NO_NEWS;
    }
    sync->state = SYNC_REPLICAS_IN_SYNC; /* What was released since the last look was shown to nobody: it is held. */
    return SYNC_REPLICAS_HAS_RECOVERED;
}

static enum sync_replicas_news look_held(struct sync_replicas *sync, const struct sync_replicas_view *view)
{
    bool was_late = sync->state == SYNC_REPLICAS_LATE;

    if (sync->replicated >= view->released || sync->replicated >= sync->goal) {
        set_goal(sync, view);
        sync->state = SYNC_REPLICAS_IN_SYNC;
        return was_late ? SYNC_REPLICAS_HAS_RECOVERED : SYNC_REPLICAS_NO_NEWS;
    }
    if (view->now_ms - sync->since_ms < view->timeout_ms) {
        return SYNC_REPLICAS_NO_NEWS;
    }
    if (view->policy == SYNC_REPLICAS_DEGRADE) {
        return degrade(sync, view);
    }
    if (was_late) {
        return SYNC_REPLICAS_NO_NEWS;
    }
    sync->state = SYNC_REPLICAS_LATE;
    sync->late_count++;
    return SYNC_REPLICAS_IS_LATE;
}

enum sync_replicas_news sync_replicas_look(struct sync_replicas *sync, const struct sync_replicas_view *view)
{
    if (view->wanted == 0) {
        sync->state = SYNC_REPLICAS_OFF;
        sync->replicated = higher(sync->replicated, view->released);
        return SYNC_REPLICAS_NO_NEWS;
    }
    if (sync->state == SYNC_REPLICAS_OFF) {
        sync->state = SYNC_REPLICAS_IN_SYNC;
        set_goal(sync, view);
    }
    sync->replicated = higher(sync->replicated, view->durable);
    return sync->state == SYNC_REPLICAS_DEGRADED ? look_degraded(sync, view) : look_held(sync, view);
}

uint64_t sync_replicas_offset(const struct sync_replicas *sync)
{
    switch (sync->state) {
    case SYNC_REPLICAS_OFF:
    case SYNC_REPLICAS_DEGRADED:
        break;
    case SYNC_REPLICAS_IN_SYNC:
    case SYNC_REPLICAS_LATE:
        return sync->replicated;
    }
    return UINT64_MAX;
}

const char *sync_replicas_state_word(enum sync_replicas_state state)
{
    switch (state) {
    case SYNC_REPLICAS_OFF:
        break;
    case SYNC_REPLICAS_IN_SYNC:
        return "in-sync";
    case SYNC_REPLICAS_LATE:
        return "late";
    case SYNC_REPLICAS_DEGRADED:
        return "degraded";
    }
    return "off";
}
