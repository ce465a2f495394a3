#include "server/lifecycle.h"
#include "base/clock.h"
#include "base/diag.h"
#include "base/memory.h"
#include "replication/replication.h"
#include "server/config/config.h"
#include "server/net/session.h"
#include "server/services.h"
#include "storage/store.h"

struct lifecycle {
    struct lifecycle_options options;
    enum dispatch_pause client_pause; /* CLIENT PAUSE's. */
    uint64_t pause_until_us;          /* 0 when there is none. */
    struct lifecycle_shutdown shutdown;
    bool is_shutting_down; /* Waits for replicas until shutdown_deadline_us. */
    uint64_t shutdown_deadline_us;
};

struct lifecycle *lifecycle_create(const struct lifecycle_options *options)
{
    struct lifecycle *lifecycle = memory_allocate_zeroed(sizeof(*lifecycle));

    lifecycle->options = *options;
    return lifecycle;
}

void lifecycle_free(struct lifecycle *lifecycle)
{
    memory_free(lifecycle);
}

/* A shutdown and a failover pause writes whatever clients asked for. */
void lifecycle_update_pause(struct lifecycle *lifecycle)
{
    struct services *services = lifecycle->options.services;
    struct dispatch_gate *gate = dispatch_gate(services->dispatch);
    enum dispatch_pause former = gate->pause;

    gate->pause = lifecycle->client_pause;
    if ((lifecycle->is_shutting_down || replication_is_failing_over(services->replication)) &&
        gate->pause == DISPATCH_PAUSE_NONE) {
        gate->pause = DISPATCH_PAUSE_WRITE;
    }
    if (gate->pause < former) {
        sessions_resume_parked(services->sessions);
    }
}

void lifecycle_pause(struct lifecycle *lifecycle, enum dispatch_pause pause, uint64_t until_us)
{
    if (pause > lifecycle->client_pause) {
        lifecycle->client_pause = pause;
    }
    if (until_us > lifecycle->pause_until_us) {
        lifecycle->pause_until_us = until_us;
    }
    lifecycle_update_pause(lifecycle);
}

void lifecycle_unpause(struct lifecycle *lifecycle)
{
    lifecycle->client_pause = DISPATCH_PAUSE_NONE;
    lifecycle->pause_until_us = 0;
    lifecycle_update_pause(lifecycle);
}

static bool replicas_have_everything(const struct lifecycle *lifecycle)
{
    struct services *services = lifecycle->options.services;
    uint64_t end = log_end_offset(store_log(services->store));
    struct replication_statistics statistics;

    replication_get_statistics(services->replication, &statistics);
    return replication_count_acknowledged(services->replication, end) >= statistics.connected_replicas;
}

void lifecycle_shut_down(struct lifecycle *lifecycle, const struct lifecycle_shutdown *shutdown)
{
    struct services *services = lifecycle->options.services;
    int64_t timeout_s = services->config->shutdown_timeout_s;

    if (lifecycle->is_shutting_down && !shutdown->is_now) {
        return; /* To ask again gives no more time. */
    }
    lifecycle->shutdown = *shutdown;
    if (shutdown->is_now || timeout_s == 0 || replicas_have_everything(lifecycle)) {
        lifecycle->options.stop(lifecycle->options.context);
        return;
    }
    diag(DIAG_NOTICE, "shutting down: waiting at most %lld s for replicas to have all that was written",
         (long long)timeout_s);
    lifecycle->is_shutting_down = true;
    lifecycle->shutdown_deadline_us = clock_monotonic_us() + (uint64_t)timeout_s * 1000000u;
    replication_request_acknowledgements(services->replication);
    lifecycle_update_pause(lifecycle);
}

bool lifecycle_abort_shutdown(struct lifecycle *lifecycle)
{
    if (!lifecycle->is_shutting_down) {
        return false;
    }
    lifecycle->is_shutting_down = false;
    diag(DIAG_NOTICE, "the shutdown was aborted");
    lifecycle_update_pause(lifecycle);
    return true;
}

bool lifecycle_is_shutting_down(const struct lifecycle *lifecycle)
{
    return lifecycle->is_shutting_down;
}

bool lifecycle_wants_checkpoint(const struct lifecycle *lifecycle)
{
    return !lifecycle->shutdown.is_without_checkpoint;
}

void lifecycle_tick(struct lifecycle *lifecycle, uint64_t now_us)
{
    if (lifecycle->pause_until_us != 0 && now_us >= lifecycle->pause_until_us) {
        lifecycle_unpause(lifecycle);
    }
    if (lifecycle->is_shutting_down &&
        (now_us >= lifecycle->shutdown_deadline_us || replicas_have_everything(lifecycle))) {
        lifecycle->options.stop(lifecycle->options.context);
    }
}
