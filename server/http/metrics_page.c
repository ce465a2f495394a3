/* A scrape reveals counts of changes that may not be on disk yet, against D1's letter. It must answer when the disk
 * does not, which is when it is wanted most, and it tells nothing that a client stored (server/README.md). */
#include "server/http/metrics_page.h"
#include "base/clock.h"
#include "replication/replication.h"
#include "server/acl/acl_selector.h"
#include "server/config/config.h"
#include "server/http/exposition.h"
#include "server/net/connection.h"
#include "server/net/session.h"
#include "server/process.h"
#include "server/request/blocking.h"
#include "server/request/pubsub.h"
#include "server/request/registry.h"
#include "server/server.h"
#include "server/services.h"
#include "server/watch/health.h"
#include "server/watch/metrics.h"
#include "server/watch/slowlog.h"
#include "storage/store.h"
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#define NUMBER_BYTES 24 /* A number as a label. */

/* --- Families of one sample --- */

static void gauge(struct buf *out, const char *name, uint64_t value, const char *help)
{
    exposition_begin(out, name, EXPOSITION_GAUGE, help);
    exposition_count(out, name, NULL, value);
}

static void counter(struct buf *out, const char *name, uint64_t value, const char *help)
{
    exposition_begin(out, name, EXPOSITION_COUNTER, help);
    exposition_count(out, name, NULL, value);
}

static void gauge_seconds(struct buf *out, const char *name, uint64_t microseconds, const char *help)
{
    exposition_begin(out, name, EXPOSITION_GAUGE, help);
    exposition_seconds(out, name, NULL, microseconds);
}

static void counter_seconds(struct buf *out, const char *name, uint64_t microseconds, const char *help)
{
    exposition_begin(out, name, EXPOSITION_COUNTER, help);
    exposition_seconds(out, name, NULL, microseconds);
}

/* --- The server --- */

static void write_server(struct services *services, struct buf *out)
{
    const struct server_facts *facts = server_get_facts(services->server);
    char port[NUMBER_BYTES];
    struct exposition_labels labels = {{{"role", replication_is_replica(services->replication) ? "slave" : "master"},
                                        {"redis_version", SERVER_REDIS_VERSION},
                                        {"tcp_port", port},
                                        {"run_id", facts->run_id}}};
    struct exposition_labels build = {{{"version", HEARTH_VERSION}}};
    struct health_facts health;
    struct buf line;

    (void)snprintf(port, sizeof(port), "%lld", (long long)config_port(services->config));
    exposition_begin(out, "redis_instance_info", EXPOSITION_GAUGE, "Role, version and port; always 1.");
    exposition_count(out, "redis_instance_info", &labels, 1);
    exposition_begin(out, "hearth_build_info", EXPOSITION_GAUGE, "Version; always 1.");
    exposition_count(out, "hearth_build_info", &build, 1);
    health_gather(services, &health);
    buf_init(&line, BUF_NO_CEILING);
    gauge(out, "redis_up", 1, "The server answers.");
    gauge(out, "hearth_healthy", health_write(&health, &line), "1 if /healthz says ok.");
    buf_release(&line);
    gauge(out, "redis_uptime_in_seconds", (clock_monotonic_us() - facts->started_us) / 1000000, "Since the start.");
    gauge(out, "redis_start_time_seconds", facts->started_wall_ms / 1000, "Start, since 1970.");
    gauge(out, "redis_process_id", (uint64_t)getpid(), "Process id.");
}

static uint64_t microseconds_of(struct timeval time)
{
    return (uint64_t)time.tv_sec * 1000000 + (uint64_t)time.tv_usec;
}

static void write_process(struct services *services, struct buf *out)
{
    struct process_allocator allocator;
    struct rusage usage = {0};

    process_ask_allocator(&allocator);
    (void)getrusage(RUSAGE_SELF, &usage);
    counter_seconds(out, "redis_cpu_sys_seconds_total", microseconds_of(usage.ru_stime), "CPU time in the kernel.");
    counter_seconds(out, "redis_cpu_user_seconds_total", microseconds_of(usage.ru_utime), "CPU time outside of it.");
    gauge(out, "redis_memory_used_bytes", allocator.allocated_bytes, "Memory that the allocator has given out.");
    gauge(out, "redis_memory_used_rss_bytes", process_resident_bytes(),
          "Resident memory, pages of the data file among it.");
    gauge(out, "redis_memory_used_peak_bytes", services->metrics->peak_memory_bytes, "The most that was given out.");
    gauge(out, "redis_memory_max_bytes", 0, "Always 0: the data is on disk, nothing is evicted.");
    gauge(out, "redis_total_system_memory_bytes", process_machine_bytes(), "Memory of the machine.");
    gauge(out, "hearth_anonymous_memory_bytes", process_anonymous_bytes(),
          "Resident memory that is no file's: what the process really costs.");
}

static void write_clients(struct services *services, struct buf *out)
{
    const struct metrics *metrics = services->metrics;
    const struct connections_statistics *traffic = connections_get_statistics(services->connections);

    gauge(out, "redis_connected_clients",
          sessions_count(services->sessions) - sessions_count_replicas(services->sessions),
          "Connections of clients, replicas apart.");
    gauge(out, "redis_blocked_clients", blocking_count(services->blocking) + sessions_count_parked(services->sessions),
          "Clients that wait: for a key, for replicas, or for room to write.");
    gauge(out, "redis_config_maxclients", (uint64_t)services->config->max_clients, "maxclients.");
    counter(out, "redis_connections_received_total", metrics->connections, "Connections accepted.");
    counter(out, "redis_rejected_connections_total", metrics->rejected_connections, "Connections turned away.");
    counter(out, "redis_acl_access_denied_auth_total", metrics->acl_denials[ACL_DENIED_LOGIN], "Logins that failed.");
    counter(out, "redis_acl_access_denied_cmd_total", metrics->acl_denials[ACL_DENIED_COMMAND],
            "Commands that their user may not call.");
    counter(out, "redis_acl_access_denied_key_total", metrics->acl_denials[ACL_DENIED_KEY],
            "Commands with keys that their user may not touch.");
    counter(out, "redis_acl_access_denied_channel_total", metrics->acl_denials[ACL_DENIED_CHANNEL],
            "Commands with channels that their user may not use.");
    counter(out, "redis_net_input_bytes_total", traffic->input_bytes, "Bytes from clients.");
    counter(out, "redis_net_output_bytes_total", traffic->output_bytes, "Bytes to clients.");
    gauge(out, "redis_pubsub_channels", pubsub_count_names(services->pubsub, PUBSUB_CHANNEL),
          "Channels with subscribers.");
    gauge(out, "redis_pubsub_patterns", pubsub_count_names(services->pubsub, PUBSUB_PATTERN),
          "Patterns with subscribers.");
    gauge(out, "redis_slowlog_length", slowlog_len(services->slowlog), "Slow commands remembered.");
}

/* --- Commands --- */

static bool was_called(const struct command_entry *entry)
{
    return entry->statistics.calls != 0 || entry->statistics.rejected_calls != 0;
}

static struct exposition_labels labels_of(const struct command_entry *entry)
{
    return (struct exposition_labels){{{"cmd", entry->full_name}}};
}

static void write_calls(void *context, const struct command_entry *entry)
{
    struct exposition_labels labels = labels_of(entry);

    if (was_called(entry)) {
        exposition_count(context, "redis_commands_total", &labels, entry->statistics.calls);
    }
}

static void write_duration(void *context, const struct command_entry *entry)
{
    struct exposition_labels labels = labels_of(entry);

    if (was_called(entry)) {
        exposition_seconds(context, "redis_commands_duration_seconds_total", &labels, entry->statistics.microseconds);
    }
}

static void write_rejected(void *context, const struct command_entry *entry)
{
    struct exposition_labels labels = labels_of(entry);

    if (was_called(entry)) {
        exposition_count(context, "redis_commands_rejected_calls_total", &labels, entry->statistics.rejected_calls);
    }
}

static void write_failed(void *context, const struct command_entry *entry)
{
    struct exposition_labels labels = labels_of(entry);

    if (was_called(entry)) {
        exposition_count(context, "redis_commands_failed_calls_total", &labels, entry->statistics.failed_calls);
    }
}

static void write_latency(void *context, const struct command_entry *entry)
{
    static const struct {
        uint64_t limit_us;
        const char *label;
    } buckets[] = {{1, "1"},         {4, "4"},           {16, "16"},          {64, "64"},
                   {256, "256"},     {1024, "1024"},     {4096, "4096"},      {16384, "16384"},
                   {65536, "65536"}, {262144, "262144"}, {1048576, "1048576"}};
    const struct histogram *latency = entry->statistics.latency;
    struct exposition_labels labels = labels_of(entry);

    if (latency == NULL || latency->count == 0) {
        return;
    }
    labels.at[1].name = "le";
    for (size_t i = 0; i < sizeof(buckets) / sizeof(buckets[0]); i++) {
        labels.at[1].value = buckets[i].label;
        exposition_count(context, "redis_commands_latencies_usec_bucket", &labels,
                         histogram_count_up_to(latency, buckets[i].limit_us));
    }
    labels.at[1].value = "+Inf";
    exposition_count(context, "redis_commands_latencies_usec_bucket", &labels, latency->count);
    labels.at[1].name = NULL;
    exposition_count(context, "redis_commands_latencies_usec_sum", &labels, entry->statistics.microseconds);
    exposition_count(context, "redis_commands_latencies_usec_count", &labels, latency->count);
}

static void write_commands(struct services *services, struct buf *out)
{
    static const struct {
        const char *name;
        enum exposition_type type;
        const char *help;
        void (*write)(void *context, const struct command_entry *entry);
    } families[] = {
        {"redis_commands_total", EXPOSITION_COUNTER, "Calls of a command.", write_calls},
        {"redis_commands_duration_seconds_total", EXPOSITION_COUNTER, "Time spent in a command.", write_duration},
        {"redis_commands_rejected_calls_total", EXPOSITION_COUNTER, "Calls refused before they ran.", write_rejected},
        {"redis_commands_failed_calls_total", EXPOSITION_COUNTER, "Calls that ended in an error.", write_failed},
        {"redis_commands_latencies_usec", EXPOSITION_HISTOGRAM, "Microseconds that calls took.", write_latency},
    };
    const struct metrics *metrics = services->metrics;

    counter(out, "redis_commands_processed_total", metrics->commands, "Commands executed.");
    for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
        exposition_begin(out, families[i].name, families[i].type, families[i].help);
        commands_visit(services->commands, families[i].write, out);
    }
    exposition_begin(out, "redis_errors_total", EXPOSITION_COUNTER, "Error replies, by their first word.");
    for (uint32_t i = 0; i < metrics->error_count; i++) {
        struct exposition_labels labels = {{{"err", metrics->errors[i].name}}};

        exposition_count(out, "redis_errors_total", &labels, metrics->errors[i].count);
    }
}

/* --- Keys --- */

static void write_keys(struct services *services, struct buf *out)
{
    static const struct {
        const char *name;
        const char *help;
        uint64_t (*count)(const struct keyspace *keyspace, uint32_t db);
    } families[] = {
        {"redis_db_keys", "Keys of a database.", keyspace_key_count},
        {"redis_db_keys_expiring", "Keys of a database that expire.", keyspace_expiry_count},
    };
    const struct metrics *metrics = services->metrics;
    const struct keyspace *keyspace = store_keyspace(services->store);

    counter(out, "redis_keyspace_hits_total", metrics->keyspace_hits, "Reads that found their key.");
    counter(out, "redis_keyspace_misses_total", metrics->keyspace_misses, "Reads that did not.");
    counter(out, "redis_expired_keys_total", metrics->expired_keys, "Keys deleted because their time had come.");
    counter(out, "redis_evicted_keys_total", 0, "Always 0: nothing is evicted.");
    for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
        exposition_begin(out, families[i].name, EXPOSITION_GAUGE, families[i].help);
        for (uint32_t db = 0; db < keyspace_database_count(keyspace); db++) {
            char name[NUMBER_BYTES];
            struct exposition_labels labels = {{{"db", name}}};

            (void)snprintf(name, sizeof(name), "db%u", db);
            exposition_count(out, families[i].name, &labels, families[i].count(keyspace, db));
        }
    }
}

/* --- The disk --- */

static void write_log(struct services *services, struct buf *out)
{
    const struct log *log = store_log(services->store);
    struct log_sync_statistics syncs;
    uint64_t end = log_end_offset(log);
    uint64_t released = log_released_offset(log);

    log_sync_statistics(log, &syncs);
    gauge(out, "hearth_log_first_offset_bytes", log_first_offset(log), "Where the log begins.");
    gauge(out, "hearth_log_end_offset_bytes", end, "Where it ends, counting what is only executed.");
    gauge(out, "hearth_log_written_offset_bytes", log_written_offset(log), "Up to where the kernel has it.");
    gauge(out, "hearth_log_durable_offset_bytes", log_durable_offset(log), "Up to where it is on disk.");
    gauge(out, "hearth_log_released_offset_bytes", released, "Up to where replies may leave and replicas are fed.");
    gauge(out, "redis_aof_current_size_bytes", log_disk_bytes(log), "Log segments on disk.");
    gauge(out, "redis_aof_enabled", 1, "Always 1: the log.");
    gauge(out, "redis_aof_last_write_status", !health_is_disk_full(services), "0 while the disk is full.");
    counter(out, "hearth_log_syncs_total", syncs.count, "Syncs of the log.");
    counter_seconds(out, "hearth_log_sync_seconds_total", syncs.total_us, "Time that they took.");
    gauge_seconds(out, "hearth_log_last_sync_seconds", syncs.last_us, "Time that the last one took.");
}

static void write_checkpoints(struct services *services, struct buf *out)
{
    const struct store_statistics *statistics = store_get_statistics(services->store);
    uint64_t free_bytes;
    uint64_t total_bytes;

    process_disk_bytes(store_directory(services->store), &free_bytes, &total_bytes);
    counter(out, "hearth_checkpoints_total", statistics->checkpoint_count, "Checkpoints since the start.");
    counter(out, "hearth_checkpoint_failures_total", statistics->checkpoint_failures, "Checkpoints that failed.");
    gauge(out, "redis_rdb_bgsave_in_progress", statistics->checkpoint_running, "1 while a checkpoint runs.");
    gauge(out, "redis_rdb_last_bgsave_status", statistics->last_checkpoint_ok, "1 if the last checkpoint was good.");
    gauge_seconds(out, "hearth_checkpoint_last_duration_seconds", statistics->checkpoint_last_us,
                  "Time that the last checkpoint took.");
    gauge(out, "redis_rdb_last_save_timestamp_seconds", statistics->saved_wall_ms / 1000,
          "When it was committed, or the server started, since 1970.");
    gauge(out, "hearth_checkpoint_offset_bytes", statistics->checkpoint_offset, "Its offset in the log.");
    gauge(out, "redis_rdb_changes_since_last_save", statistics->changes_since_checkpoint, "Changes since then.");
    gauge(out, "hearth_data_file_bytes", statistics->data_file_bytes, "Size of the data file.");
    gauge(out, "hearth_data_used_bytes", statistics->map_used_bytes, "What of it is in use.");
    gauge(out, "hearth_orphans", statistics->orphan_count, "Deleted collections whose elements are still on disk.");
    gauge(out, "hearth_recovered_bytes", statistics->recovered_bytes, "Log replayed at the start.");
    gauge_seconds(out, "hearth_recovery_seconds", statistics->recovery_us, "Time that recovery took.");
    gauge(out, "hearth_disk_free_bytes", free_bytes, "Room on the data directory's file system.");
    gauge(out, "hearth_disk_size_bytes", total_bytes, "Size of it.");
}

/* --- Replication --- */

static void write_link(struct services *services, struct buf *out)
{
    const struct replication *replication = services->replication;
    char port[NUMBER_BYTES];
    struct exposition_labels labels = {{{"master_host", replication_master_host(replication)}, {"master_port", port}}};
    struct replication_link link;

    if (!replication_is_replica(replication)) {
        return;
    }
    (void)snprintf(port, sizeof(port), "%u", replication_master_port(replication));
    replication_look_at_link(replication, &link);
    exposition_begin(out, "redis_master_link_up", EXPOSITION_GAUGE, "1 while the stream of our master comes.");
    exposition_count(out, "redis_master_link_up", &labels, link.is_up);
    exposition_begin(out, "redis_master_last_io_seconds_ago", EXPOSITION_GAUGE,
                     "Since our master was heard; -1 while the link is down.");
    exposition_number(out, "redis_master_last_io_seconds_ago", &labels, (double)link.heard_s);
    exposition_begin(out, "hearth_master_link_down_seconds", EXPOSITION_GAUGE,
                     "Since the link went down; -1 if it is up, or never was.");
    exposition_number(out, "hearth_master_link_down_seconds", &labels, (double)link.down_s);
    exposition_begin(out, "redis_master_sync_in_progress", EXPOSITION_GAUGE, "1 during a full sync from our master.");
    exposition_count(out, "redis_master_sync_in_progress", &labels, link.is_syncing);
    exposition_begin(out, "redis_slave_repl_offset", EXPOSITION_GAUGE, "Up to where we executed its stream.");
    exposition_count(out, "redis_slave_repl_offset", &labels, log_end_offset(store_log(services->store)));
}

/* Which figure of each replica is written. */
struct replica_samples {
    struct buf *out;
    const char *name;
    uint64_t (*read)(const struct replication_peer *peer);
};

static uint64_t offset_of(const struct replication_peer *peer)
{
    return peer->offset;
}

static uint64_t lag_bytes_of(const struct replication_peer *peer)
{
    return peer->lag_bytes;
}

static uint64_t lag_seconds_of(const struct replication_peer *peer)
{
    return peer->lag_s;
}

static void write_replica(void *context, const struct replication_peer *peer)
{
    const struct replica_samples *samples = context;
    char port[NUMBER_BYTES];
    struct exposition_labels labels = {{{"slave_ip", peer->ip}, {"slave_port", port}, {"slave_state", peer->state}}};

    (void)snprintf(port, sizeof(port), "%u", peer->port);
    exposition_count(samples->out, samples->name, &labels, samples->read(peer));
}

static void write_replicas(struct services *services, struct buf *out)
{
    static const struct {
        const char *name;
        const char *help;
        uint64_t (*read)(const struct replication_peer *peer);
    } families[] = {
        {"redis_connected_slave_offset_bytes", "What a replica has on its disk.", offset_of},
        {"hearth_replica_lag_bytes", "What it lacks.", lag_bytes_of},
        {"redis_connected_slave_lag_seconds", "Since it told so.", lag_seconds_of},
    };

    for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
        struct replica_samples samples = {.out = out, .name = families[i].name, .read = families[i].read};

        exposition_begin(out, families[i].name, EXPOSITION_GAUGE, families[i].help);
        replication_visit_replicas(services->replication, write_replica, &samples);
    }
}

static void write_replication(struct services *services, struct buf *out)
{
    const struct log *log = store_log(services->store);
    struct replication_statistics statistics;

    replication_get_statistics(services->replication, &statistics);
    gauge(out, "redis_master_repl_offset", log_end_offset(log), "End of the replication stream.");
    gauge(out, "redis_connected_slaves", statistics.connected_replicas, "Replicas that are connected.");
    counter(out, "redis_replica_resyncs_full", statistics.sync_full, "Full syncs served.");
    counter(out, "redis_replica_partial_resync_accepted", statistics.sync_partial_ok, "Partial syncs served.");
    counter(out, "redis_replica_partial_resync_denied", statistics.sync_partial_err,
            "Partial syncs that became full ones.");
    counter(out, "hearth_replication_input_bytes_total", statistics.input_bytes, "Bytes from our master.");
    counter(out, "hearth_replication_output_bytes_total", statistics.output_bytes, "Bytes to our replicas.");
    gauge(out, "redis_replication_backlog_bytes", (uint64_t)services->config->repl_backlog_bytes, "repl-backlog-size.");
    gauge(out, "redis_repl_backlog_first_byte_offset", log_first_offset(log) + 1,
          "First byte that can be resumed from.");
    gauge(out, "redis_repl_backlog_history_bytes", log_end_offset(log) - log_first_offset(log),
          "Bytes that can be resumed from.");
    write_link(services, out);
    write_replicas(services, out);
}

void metrics_page_write(struct services *services, struct buf *out)
{
    write_server(services, out);
    write_process(services, out);
    write_clients(services, out);
    write_commands(services, out);
    write_keys(services, out);
    write_log(services, out);
    write_checkpoints(services, out);
    write_replication(services, out);
}
