/* What INFO replication and ROLE say: Redis 7.0's fields in its order, then our own, which explain them. */
#ifndef REPLICATION_INFO_H
#define REPLICATION_INFO_H

#include "replication/events.h"
#include "replication/failover.h"
#include "replication/master.h"
#include "replication/replica_link.h"

/* All that is told; borrowed. */
struct info_sources {
    struct store *store;
    const struct replication_settings *settings;
    const struct master *master;
    const struct events *events;
    struct replica_link_view link;
    bool is_replica;
    enum failover_state failover;
    const struct sync_replicas *sync;
};

/* Those that follow us; tools that only want a payload apart. As replication_visit_replicas() and
 * replication_look_at_link(). */
void info_visit_replicas(const struct info_sources *sources, uint64_t now_ms,
                         void (*visit)(void *context, const struct replication_peer *peer), void *context);
void info_look_at_link(const struct info_sources *sources, uint64_t now_ms, struct replication_link *link);

void info_write(const struct info_sources *sources, uint64_t now_ms, struct buf *out);
void info_write_role(const struct info_sources *sources, struct buf *out);

#endif
