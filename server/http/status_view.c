#include "server/http/status_view.h"
#include "base/clock.h"
#include "server/config/config.h"
#include "server/net/session.h"
#include "server/process.h"
#include "server/server.h"
#include "server/services.h"
#include "server/watch/health.h"
#include "server/watch/metrics.h"
#include <stdio.h>

static void gather_node(struct services *services, struct status_view *view)
{
    struct health_facts facts;
    struct buf line;

    view->version = HEARTH_VERSION;
    view->port = config_port(services->config);
    view->uptime_s = (clock_monotonic_us() - server_get_facts(services->server)->started_us) / 1000000;
    view->now_ms = clock_wall_ms();
    view->client_count = sessions_count(services->sessions) - sessions_count_replicas(services->sessions);
    view->commands_per_second = metrics_rate_per_second(&services->metrics->commands_rate);
    view->memory_bytes = process_anonymous_bytes();
    view->key_count = keyspace_all_key_count(store_keyspace(services->store));
    buf_init(&line, BUF_NO_CEILING);
    health_gather(services, &facts);
    view->is_healthy = health_write(&facts, &line);
    (void)snprintf(view->health, sizeof(view->health), "%.*s", (int)line.len, buf_slice(&line).data);
    buf_release(&line);
}

static void gather_durability(struct services *services, struct status_view *view)
{
    static const char *const policies[] = {
        [LOG_SYNC_ALWAYS] = "always", [LOG_SYNC_EVERYSEC] = "everysec", [LOG_SYNC_NO] = "no"};
    const struct store_statistics *statistics = store_get_statistics(services->store);
    const struct log *log = store_log(services->store);
    struct log_sync_statistics syncs;

    log_sync_statistics(log, &syncs);
    view->sync_policy = policies[services->config->append_fsync];
    view->log_end = log_end_offset(log);
    view->log_released = log_released_offset(log);
    view->log_durable = log_durable_offset(log);
    view->log_disk_bytes = log_disk_bytes(log);
    view->last_sync_us = syncs.last_us;
    view->mean_sync_us = syncs.count == 0 ? 0 : syncs.total_us / syncs.count;
    view->checkpoint_count = statistics->checkpoint_count;
    view->checkpoint_failures = statistics->checkpoint_failures;
    view->checkpoint_wall_ms = statistics->checkpoint_wall_ms;
    view->checkpoint_us = statistics->checkpoint_last_us;
    view->changes_since_checkpoint = statistics->changes_since_checkpoint;
    view->data_file_bytes = statistics->data_file_bytes;
    process_disk_bytes(store_directory(services->store), &view->disk_free_bytes, &view->disk_total_bytes);
}

static void take_replica(void *context, const struct replication_peer *peer)
{
    struct status_view *view = context;

    view->replica_total++;
    if (view->replica_count < STATUS_REPLICAS_MAX) {
        view->replicas[view->replica_count++] = *peer;
    }
}

static void gather_replication(struct services *services, struct status_view *view)
{
    const struct replication *replication = services->replication;

    view->history = log_history(store_log(services->store))->id;
    view->is_replica = replication_is_replica(replication);
    view->master_host = replication_master_host(replication);
    view->master_port = replication_master_port(replication);
    if (view->is_replica) {
        replication_look_at_link(replication, &view->link);
    }
    replication_visit_replicas(replication, take_replica, view);
    view->event_count = replication_copy_events(replication, view->events, STATUS_EVENTS_MAX);
}

void status_view_gather(struct services *services, struct status_view *view)
{
    *view = (struct status_view){.version = HEARTH_VERSION};
    gather_node(services, view);
    gather_durability(services, view);
    gather_replication(services, view);
}
