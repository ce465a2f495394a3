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
};

void info_write(const struct info_sources *sources, uint64_t now_ms, struct buf *out);
void info_write_role(const struct info_sources *sources, struct buf *out);

#endif
