#include "server/ticker.h"
#include "base/clock.h"
#include "base/memory.h"
#include "replication/replication.h"
#include "server/config/config.h"
#include "server/net/connection.h"
#include "server/net/event_embed.h"
#include "server/net/session.h"
#include "server/process.h"
#include "server/request/dispatch.h"
#include "server/services.h"
#include "server/watch/metrics.h"
#include "storage/store.h"

#define SAMPLE_US      100000u  /* Between samples of rates. */
#define SLOW_US        1000000u /* Between looks at what changes slowly. */
#define EXPIRE_BATCH   64       /* Keys between looks at the clock. */
#define EXPIRE_PERCENT 10       /* Of a tick's time that active expiry may take, times active-expire-effort. */

struct ticker {
    struct ticker_options options;
    struct event event;
    uint32_t hz;
    bool is_expiring;
    uint64_t sampled_us;
    uint64_t slow_us;
};

/* Delete due keys for a bounded time. The index by due time makes each one cheap, and nothing is looked at that is not
 * due, so there is no sampling as in Redis. */
static void expire(struct ticker *ticker, uint64_t now_us, uint64_t now_ms)
{
    struct services *services = ticker->options.services;
    const struct keyspace *keyspace = store_keyspace(services->store);
    uint64_t limit_us = 1000000u / ticker->hz * EXPIRE_PERCENT / 100 * (uint64_t)services->config->active_expire_effort;
    uint64_t end_us = now_us;

    /* A batch may delete fewer keys than it has looked at, as when expiries were put off, and more be due. */
    while (keyspace_next_due_ms(keyspace) <= now_ms && end_us - now_us <= limit_us) {
        dispatch_expire_due(services->dispatch, EXPIRE_BATCH, now_ms);
        end_us = clock_monotonic_us();
    }
    services->metrics->expire_us += end_us - now_us;
}

static void sample(struct ticker *ticker, uint64_t now_us)
{
    struct metrics *metrics = ticker->options.services->metrics;
    const struct connections_statistics *traffic = connections_get_statistics(ticker->options.connections);
    struct replication_statistics replication;

    replication_get_statistics(ticker->options.services->replication, &replication);
    metrics_sample(&metrics->commands_rate, metrics->commands, now_us);
    metrics_sample(&metrics->input_rate, traffic->input_bytes, now_us);
    metrics_sample(&metrics->output_rate, traffic->output_bytes, now_us);
    metrics_sample(&metrics->replication_input_rate, replication.input_bytes, now_us);
    metrics_sample(&metrics->replication_output_rate, replication.output_bytes, now_us);
}

/* Clients with whom nothing is exchanged for `timeout` seconds, and need not be. */
static void close_idle(struct ticker *ticker, uint64_t now_us)
{
    struct services *services = ticker->options.services;
    uint64_t timeout_us = (uint64_t)services->config->timeout_s * 1000000u;

    if (timeout_us == 0) {
        return;
    }
    LIST_FOR_EACH(sessions_all(services->sessions), node)
    {
        struct session *session = LIST_ENTRY(node, struct session, node);

        if (session_idle_us(session, now_us) > timeout_us && session->subscription_count == 0 &&
            !(session->flags & (SESSION_REPLICA | SESSION_MONITOR | SESSION_BLOCKED | SESSION_PARKED))) {
            session_close(session);
        }
    }
}

static void look_at_slow_things(struct ticker *ticker, uint64_t now_us)
{
    struct metrics *metrics = ticker->options.services->metrics;
    struct process_allocator allocator;

    process_ask_allocator(&allocator);
    if (allocator.allocated_bytes > metrics->peak_memory_bytes) {
        metrics->peak_memory_bytes = allocator.allocated_bytes;
    }
    close_idle(ticker, now_us);
    connections_tick(ticker->options.connections, now_us);
}

static void on_tick(evutil_socket_t fd, short what, void *context)
{
    struct ticker *ticker = context;
    uint64_t now_us = clock_monotonic_us();
    uint64_t now_ms = clock_wall_ms();
    struct dispatch_gate *gate = dispatch_gate(ticker->options.services->dispatch);

    (void)fd;
    (void)what;
    if (ticker->is_expiring && !gate->is_replica && gate->pause == DISPATCH_PAUSE_NONE) {
        expire(ticker, now_us, now_ms);
    }
    if (now_us - ticker->sampled_us >= SAMPLE_US) {
        ticker->sampled_us = now_us;
        sample(ticker, now_us);
    }
    if (now_us - ticker->slow_us >= SLOW_US) {
        ticker->slow_us = now_us;
        look_at_slow_things(ticker, now_us);
    }
    ticker->options.tick(ticker->options.context, now_us, now_ms);
}

void ticker_set_hz(struct ticker *ticker, uint32_t hz)
{
    struct timeval period = {.tv_sec = hz == 1 ? 1 : 0, .tv_usec = hz == 1 ? 0 : (suseconds_t)(1000000u / hz)};

    ticker->hz = hz;
    event_add(&ticker->event, &period);
}

struct ticker *ticker_create(const struct ticker_options *options, uint32_t hz)
{
    struct ticker *ticker = memory_allocate_zeroed(sizeof(*ticker));

    ticker->options = *options;
    ticker->is_expiring = true;
    event_assign(&ticker->event, options->base, -1, EV_PERSIST, on_tick, ticker);
    ticker_set_hz(ticker, hz);
    return ticker;
}

void ticker_free(struct ticker *ticker)
{
    if (ticker != NULL) {
        event_del(&ticker->event);
        memory_free(ticker);
    }
}

void ticker_set_active_expire(struct ticker *ticker, bool is_on)
{
    ticker->is_expiring = is_on;
}
