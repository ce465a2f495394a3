#include "server/watch/health.h"
#include "replication/replication.h"
#include "server/config/config.h"
#include "server/lifecycle.h"
#include "server/services.h"
#include "storage/store.h"

#define SMALL_WRITE_BYTES 512 /* If not even this finds room, writes are said to fail. */

bool health_is_disk_full(const struct services *services)
{
    return store_is_disk_full(services->store, SMALL_WRITE_BYTES);
}

void health_gather(const struct services *services, struct health_facts *facts)
{
    struct replication_link link = {.down_s = -1};

    *facts = (struct health_facts){
        .has_log_failed = store_has_failed(services->store) || log_has_failed(store_log(services->store)),
        .is_shutting_down = lifecycle_is_shutting_down(services->lifecycle),
        .is_replica = replication_is_replica(services->replication),
        .serves_stale_data = services->config->replica_serve_stale_data != 0,
    };
    if (facts->is_replica) {
        replication_look_at_link(services->replication, &link);
    }
    facts->is_link_up = link.is_up;
    facts->link_down_s = link.down_s;
    facts->is_disk_full = !facts->has_log_failed && health_is_disk_full(services);
}

static void write_link(const struct health_facts *facts, struct buf *line)
{
    buf_put_text(line, "the link to the master is down");
    if (facts->link_down_s >= 0) {
        buf_put_format(line, " since %lld s", (long long)facts->link_down_s);
    }
}

bool health_write(const struct health_facts *facts, struct buf *line)
{
    if (facts->has_log_failed) {
        buf_put_text(line, "log failed: nothing more is acknowledged, the server stops");
        return false;
    }
    if (facts->is_shutting_down) {
        buf_put_text(line, "shutting down");
        return false;
    }
    if (facts->is_disk_full) {
        buf_put_text(line, "disk full: writes are refused");
        return false;
    }
    if (!facts->is_replica) {
        buf_put_text(line, "ok: master");
        return true;
    }
    if (facts->is_link_up) {
        buf_put_text(line, "ok: replica, the link to the master is up");
        return true;
    }
    if (facts->serves_stale_data) {
        buf_put_text(line, "ok: replica, ");
    }
    write_link(facts, line);
    buf_put_text(line, facts->serves_stale_data ? "; what it has is served" : " and replica-serve-stale-data is no");
    return facts->serves_stale_data;
}
