#include "server/net/eviction.h"
#include "base/diag.h"
#include "server/config/config.h"
#include "server/net/session.h"
#include "server/services.h"
#include "server/watch/client_info.h"
#include "server/watch/metrics.h"

#define INTERVAL_US     2000u
#define LIMIT_BYTES_MIN (128u * 1024) /* Less would close clients for being there. */

uint64_t eviction_limit_bytes(const struct config *config)
{
    int64_t limit = config->max_memory_clients;

    if (limit < 0) { /* A percentage. */
        limit = config->max_memory_bytes / 100 * -limit;
    }
    return limit == 0 ? 0 : (limit < (int64_t)LIMIT_BYTES_MIN ? LIMIT_BYTES_MIN : (uint64_t)limit);
}

/* Who may not be closed is not counted either: else all others would be closed for what it alone costs. */
static bool is_counted(const struct session *session)
{
    enum client_type type = client_type_of(session);

    return (type == CLIENT_NORMAL || type == CLIENT_PUBSUB) && !(session->flags & SESSION_NO_EVICT) &&
           !connection_is_closing(session->connection);
}

/* What all cost together, and who costs the most; NULL if there is nobody. */
static uint64_t look(const struct services *services, struct session **largest)
{
    uint64_t total = 0;
    uint64_t largest_bytes = 0;

    *largest = NULL;
    LIST_FOR_EACH(sessions_all(services->sessions), node)
    {
        struct session *session = LIST_ENTRY(node, struct session, node);
        uint64_t bytes = is_counted(session) ? client_memory_bytes(session) : 0;

        total += bytes;
        if (bytes > largest_bytes) {
            largest_bytes = bytes;
            *largest = session;
        }
    }
    return total;
}

void eviction_run(const struct services *services, uint64_t limit_bytes)
{
    struct session *largest;

    while (look(services, &largest) > limit_bytes && largest != NULL) {
        diag(DIAG_NOTICE,
             "closing client %llu (%s), which costs %llu bytes: all clients cost more than maxmemory-clients",
             (unsigned long long)largest->id, largest->peer, (unsigned long long)client_memory_bytes(largest));
        services->metrics->evicted_clients++;
        session_close(largest);
    }
}

void eviction_turn(const struct services *services, uint64_t now_us, uint64_t *looked_us)
{
    uint64_t limit_bytes = eviction_limit_bytes(services->config);

    if (limit_bytes != 0 && now_us - *looked_us >= INTERVAL_US) {
        *looked_us = now_us;
        eviction_run(services, limit_bytes);
    }
}
