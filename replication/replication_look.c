#include "replication/replication.h"

#include "base/clock.h"
#include "replication/info.h"
#include "replication/replication_state.h"

bool replication_is_replica(const struct replication *replication)
{
    return replication->role.is_replica;
}

bool replication_link_is_up(const struct replication *replication)
{
    return replica_link_is_up(replication->link);
}

const char *replication_master_host(const struct replication *replication)
{
    return replication->role.host;
}

uint16_t replication_master_port(const struct replication *replication)
{
    return replication->role.port;
}

/* ---- Telling ---- */

static struct info_sources sources_of(const struct replication *replication)
{
    struct info_sources sources = {
        .store = replication->store,
        .settings = &replication->settings,
        .master = replication->master,
        .events = &replication->events,
        .is_replica = replication->role.is_replica,
        .failover = replication->handover.failover.state,
        .sync = master_sync_replicas(replication->master),
    };

    replica_link_look(replication->link, &sources.link);
    return sources;
}

void replication_write_info(struct replication *replication, struct buf *out)
{
    struct info_sources sources = sources_of(replication);

    info_write(&sources, clock_monotonic_us() / 1000, out);
}

void replication_write_role(struct replication *replication, struct buf *out)
{
    struct info_sources sources = sources_of(replication);

    info_write_role(&sources, out);
}

void replication_visit_replicas(const struct replication *replication,
                                void (*visit)(void *context, const struct replication_peer *peer), void *context)
{
    struct info_sources sources = sources_of(replication);

    info_visit_replicas(&sources, clock_monotonic_us() / 1000, visit, context);
}

void replication_look_at_link(const struct replication *replication, struct replication_link *link)
{
    struct info_sources sources = sources_of(replication);

    info_look_at_link(&sources, clock_monotonic_us() / 1000, link);
}

size_t replication_copy_events(const struct replication *replication, struct replication_event *to, size_t room)
{
    return events_copy(&replication->events, to, room);
}

void replication_get_statistics(const struct replication *replication, struct replication_statistics *statistics)
{
    struct replica_link_view link;

    *statistics = (struct replication_statistics){.sync_full = 0};
    master_add_statistics(replication->master, statistics);
    replica_link_look(replication->link, &link);
    statistics->input_bytes = link.input_bytes;
}
