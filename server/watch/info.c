#include "server/watch/info.h"
#include "base/clock.h"
#include "replication/replication.h"
#include "server/acl/acl_selector.h"
#include "server/config/config.h"
#include "server/net/connection.h"
#include "server/net/session.h"
#include "server/process.h"
#include "server/request/args.h"
#include "server/request/blocking.h"
#include "server/request/pubsub.h"
#include "server/request/registry.h"
#include "server/request/tracking.h"
#include "server/script/script.h"
#include "server/server.h"
#include "server/services.h"
#include "server/watch/client_info.h"
#include "server/watch/health.h"
#include "server/watch/metrics.h"
#include "storage/store.h"
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

/* What a section is written from: asked for once for each INFO. */
struct page {
    struct services *services;
    struct buf *out;
    uint64_t now_us;
    uint64_t now_ms;
};

typedef unsigned long long wide; /* For printf. */

static void put_size(struct buf *out, const char *name, uint64_t bytes)
{
    static const char units[] = "KMGTPE";
    double value = (double)bytes;
    int unit = -1;

    buf_put_format(out, "%s:%llu\r\n%s_human:", name, (wide)bytes, name);
    while (value >= 1024 && unit < 5) {
        value /= 1024;
        unit++;
    }
    if (unit < 0) {
        buf_put_format(out, "%lluB\r\n", (wide)bytes);
    } else {
        buf_put_format(out, "%.2f%c\r\n", value, units[unit]);
    }
}

static void write_server(const struct page *page)
{
    const struct server_facts *facts = server_get_facts(page->services->server);
    const struct config *config = page->services->config;
    uint64_t uptime_s = (page->now_us - facts->started_us) / 1000000;
    struct utsname system = {.sysname = "Linux"};

    (void)uname(&system);
    buf_put_format(page->out,
                   "redis_version:" SERVER_REDIS_VERSION "\r\nredis_git_sha1:00000000\r\nredis_git_dirty:0\r\n"
                   "redis_build_id:0\r\nredis_mode:standalone\r\nserver_name:hearth\r\nhearth_version:%s\r\n"
                   "os:%s %s %s\r\narch_bits:%zu\r\nmonotonic_clock:POSIX clock_gettime\r\nmultiplexing_api:epoll\r\n"
                   "atomicvar_api:c11-builtin\r\ngcc_version:%s\r\n",
                   HEARTH_VERSION, system.sysname, system.release, system.machine, sizeof(void *) * 8, __VERSION__);
    buf_put_format(
        page->out,
        "process_id:%ld\r\nprocess_supervised:no\r\nrun_id:%s\r\ntcp_port:%lld\r\nserver_time_usec:%llu\r\n"
        "uptime_in_seconds:%llu\r\nuptime_in_days:%llu\r\nhz:%lld\r\nconfigured_hz:%lld\r\nlru_clock:%llu\r\n"
        "executable:%s\r\nconfig_file:%s\r\nio_threads_active:0\r\n",
        (long)getpid(), facts->run_id, (long long)config_port(config), (wide)clock_wall_us(), (wide)uptime_s,
        (wide)(uptime_s / 86400), (long long)config->hz, (long long)config->hz, (wide)(page->now_ms / 1000 & 0xFFFFFF),
        facts->executable, config_file(config));
}

static void write_clients(const struct page *page)
{
    uint64_t input_max = 0;
    uint64_t output_max = 0;
    struct tracking_statistics tracking;

    tracking_get_statistics(page->services->tracking, &tracking);
    LIST_FOR_EACH(sessions_all(page->services->sessions), node)
    {
        const struct session *session = LIST_ENTRY(node, struct session, node);
        struct connection_usage usage;

        connection_measure(session->connection, &usage);
        input_max = usage.input_bytes > input_max ? usage.input_bytes : input_max;
        output_max = usage.output_peak > output_max ? usage.output_peak : output_max;
    }
    buf_put_format(page->out,
                   "connected_clients:%zu\r\ncluster_connections:0\r\nmaxclients:%lld\r\n"
                   "client_recent_max_input_buffer:%llu\r\nclient_recent_max_output_buffer:%llu\r\n"
                   "blocked_clients:%zu\r\ntracking_clients:%zu\r\nclients_in_timeout_table:%zu\r\n",
                   sessions_count(page->services->sessions) - sessions_count_replicas(page->services->sessions),
                   (long long)page->services->config->max_clients, (wide)input_max, (wide)output_max,
                   blocking_count(page->services->blocking) + sessions_count_parked(page->services->sessions),
                   tracking.clients, blocking_count_timed(page->services->blocking));
}

static double ratio(uint64_t part, uint64_t whole)
{
    return whole == 0 ? 0 : (double)part / (double)whole;
}

static void write_used_memory(const struct page *page, const struct process_allocator *allocator, uint64_t resident)
{
    struct metrics *metrics = page->services->metrics;
    uint64_t used = allocator->allocated_bytes;
    uint64_t startup = server_get_facts(page->services->server)->startup_memory;
    uint64_t overhead =
        startup + client_memory_bytes_of_all(page->services, false) + client_memory_bytes_of_all(page->services, true);
    uint64_t dataset = used > overhead ? used - overhead : 0;

    if (used > metrics->peak_memory_bytes) {
        metrics->peak_memory_bytes = used;
    }
    put_size(page->out, "used_memory", used);
    put_size(page->out, "used_memory_rss", resident);
    put_size(page->out, "used_memory_peak", metrics->peak_memory_bytes);
    buf_put_format(page->out,
                   "used_memory_peak_perc:%.2f%%\r\nused_memory_overhead:%llu\r\nused_memory_startup:%llu\r\n"
                   "used_memory_dataset:%llu\r\nused_memory_dataset_perc:%.2f%%\r\n",
                   100 * ratio(used, metrics->peak_memory_bytes), (wide)overhead, (wide)startup, (wide)dataset,
                   100 * ratio(dataset, used > startup ? used - startup : 0));
}

static void write_scripts(const struct page *page)
{
    struct script_statistics scripts;

    script_get_statistics(page->services->script, &scripts);
    buf_put_format(page->out, "used_memory_vm_eval:%zu\r\n", scripts.eval_vm_bytes);
    put_size(page->out, "used_memory_lua", scripts.eval_vm_bytes); /* Its old name. */
    buf_put_format(page->out,
                   "used_memory_scripts_eval:%zu\r\nnumber_of_cached_scripts:%zu\r\n"
                   "number_of_functions:%zu\r\nnumber_of_libraries:%zu\r\nused_memory_vm_functions:%zu\r\n",
                   scripts.script_bytes, scripts.script_count, scripts.function_count, scripts.library_count,
                   scripts.function_vm_bytes);
    put_size(page->out, "used_memory_vm_total", scripts.eval_vm_bytes + scripts.function_vm_bytes);
    buf_put_format(page->out, "used_memory_functions:%zu\r\n", scripts.function_bytes);
    put_size(page->out, "used_memory_scripts", scripts.script_bytes + scripts.function_bytes);
}

/* Of anonymous memory: pages of LMDB's file are the kernel's, however many are resident. */
static void write_fragmentation(const struct page *page, const struct process_allocator *allocator)
{
    uint64_t anonymous = process_anonymous_bytes();

    buf_put_format(page->out,
                   "maxmemory_policy:noeviction\r\nallocator_frag_ratio:%.2f\r\nallocator_frag_bytes:%llu\r\n"
                   "allocator_rss_ratio:%.2f\r\nallocator_rss_bytes:%lld\r\nrss_overhead_ratio:%.2f\r\n"
                   "rss_overhead_bytes:%lld\r\n",
                   ratio(allocator->active_bytes, allocator->allocated_bytes),
                   (wide)(allocator->active_bytes - allocator->allocated_bytes),
                   ratio(allocator->resident_bytes, allocator->active_bytes),
                   (long long)allocator->resident_bytes - (long long)allocator->active_bytes,
                   ratio(anonymous, allocator->resident_bytes),
                   (long long)anonymous - (long long)allocator->resident_bytes);
    buf_put_format(
        page->out, "mem_fragmentation_ratio:%.2f\r\nmem_fragmentation_bytes:%lld\r\nmem_not_counted_for_evict:0\r\n",
        ratio(anonymous, allocator->allocated_bytes), (long long)anonymous - (long long)allocator->allocated_bytes);
}

static void write_memory(const struct page *page)
{
    struct process_allocator allocator;
    uint64_t resident = process_resident_bytes();

    process_ask_allocator(&allocator);
    write_used_memory(page, &allocator, resident);
    buf_put_format(page->out, "allocator_allocated:%llu\r\nallocator_active:%llu\r\nallocator_resident:%llu\r\n",
                   (wide)allocator.allocated_bytes, (wide)allocator.active_bytes, (wide)allocator.resident_bytes);
    put_size(page->out, "total_system_memory", process_machine_bytes());
    write_scripts(page);
    /* The data is on disk, so there is no limit at which it would be evicted. */
    put_size(page->out, "maxmemory", 0);
    write_fragmentation(page, &allocator);
    buf_put_format(
        page->out,
        "mem_replication_backlog:0\r\nmem_total_replication_buffers:%llu\r\nmem_clients_slaves:%llu\r\n"
        "mem_clients_normal:%llu\r\nmem_cluster_links:0\r\nmem_aof_buffer:%llu\r\nmem_allocator:%s\r\n"
        "active_defrag_running:0\r\nlazyfree_pending_objects:%llu\r\nlazyfreed_objects:%llu\r\n",
        (wide)client_memory_bytes_of_all(page->services, true), (wide)client_memory_bytes_of_all(page->services, true),
        (wide)client_memory_bytes_of_all(page->services, false),
        (wide)(log_end_offset(store_log(page->services->store)) - log_written_offset(store_log(page->services->store))),
        allocator.name, (wide)store_get_statistics(page->services->store)->orphan_count,
        (wide)store_get_statistics(page->services->store)->purged_count);
}

static long long seconds_or_none(uint64_t microseconds, bool is_there)
{
    return is_there ? (long long)(microseconds / 1000000) : -1;
}

static void write_persistence(const struct page *page)
{
    const struct store_statistics *statistics = store_get_statistics(page->services->store);
    struct log *log = store_log(page->services->store);
    const char *outcome = statistics->last_checkpoint_ok ? "ok" : "err";
    bool has_run = statistics->checkpoint_count + statistics->checkpoint_failures != 0;
    long long last_s = seconds_or_none(statistics->checkpoint_last_us, has_run);

    buf_put_format(page->out,
                   "loading:0\r\nasync_loading:0\r\ncurrent_cow_peak:0\r\ncurrent_cow_size:0\r\n"
                   "current_cow_size_age:0\r\ncurrent_fork_perc:0.00\r\ncurrent_save_keys_processed:0\r\n"
                   "current_save_keys_total:0\r\nrdb_changes_since_last_save:%llu\r\nrdb_bgsave_in_progress:%d\r\n"
                   "rdb_last_save_time:%llu\r\nrdb_last_bgsave_status:%s\r\nrdb_last_bgsave_time_sec:%lld\r\n"
                   "rdb_current_bgsave_time_sec:%d\r\nrdb_saves:%llu\r\nrdb_last_cow_size:0\r\n"
                   "rdb_last_load_keys_expired:0\r\nrdb_last_load_keys_loaded:0\r\n",
                   (wide)statistics->changes_since_checkpoint, statistics->checkpoint_running,
                   (wide)(statistics->saved_wall_ms / 1000), outcome, last_s, statistics->checkpoint_running ? 0 : -1,
                   (wide)statistics->checkpoint_count);
    buf_put_format(page->out,
                   "aof_enabled:1\r\naof_rewrite_in_progress:%d\r\naof_rewrite_scheduled:0\r\n"
                   "aof_last_rewrite_time_sec:%lld\r\naof_current_rewrite_time_sec:%d\r\n"
                   "aof_last_bgrewrite_status:%s\r\naof_rewrites:%llu\r\naof_rewrites_consecutive_failures:0\r\n"
                   "aof_last_write_status:%s\r\naof_last_cow_size:0\r\nmodule_fork_in_progress:0\r\n"
                   "module_fork_last_cow_size:0\r\naof_current_size:%llu\r\naof_base_size:0\r\n"
                   "aof_pending_rewrite:0\r\naof_buffer_length:%llu\r\naof_pending_bio_fsync:%d\r\n"
                   "aof_delayed_fsync:0\r\n",
                   statistics->checkpoint_running, last_s, statistics->checkpoint_running ? 0 : -1, outcome,
                   (wide)statistics->checkpoint_count, health_is_disk_full(page->services) ? "err" : "ok",
                   (wide)log_disk_bytes(log), (wide)(log_end_offset(log) - log_written_offset(log)),
                   log_durable_offset(log) < log_end_offset(log));
}

static void write_traffic(const struct page *page)
{
    const struct metrics *metrics = page->services->metrics;
    const struct connections_statistics *traffic = connections_get_statistics(page->services->connections);
    struct replication_statistics replication;

    replication_get_statistics(page->services->replication, &replication);
    buf_put_format(
        page->out,
        "total_connections_received:%llu\r\ntotal_commands_processed:%llu\r\ninstantaneous_ops_per_sec:%llu\r\n"
        "total_net_input_bytes:%llu\r\ntotal_net_output_bytes:%llu\r\ntotal_net_repl_input_bytes:%llu\r\n"
        "total_net_repl_output_bytes:%llu\r\ninstantaneous_input_kbps:%.2f\r\n"
        "instantaneous_output_kbps:%.2f\r\ninstantaneous_input_repl_kbps:%.2f\r\n"
        "instantaneous_output_repl_kbps:%.2f\r\nrejected_connections:%llu\r\n",
        (wide)metrics->connections, (wide)metrics->commands, (wide)metrics_rate_per_second(&metrics->commands_rate),
        (wide)traffic->input_bytes, (wide)traffic->output_bytes, (wide)replication.input_bytes,
        (wide)replication.output_bytes, (double)metrics_rate_per_second(&metrics->input_rate) / 1024,
        (double)metrics_rate_per_second(&metrics->output_rate) / 1024,
        (double)metrics_rate_per_second(&metrics->replication_input_rate) / 1024,
        (double)metrics_rate_per_second(&metrics->replication_output_rate) / 1024, (wide)metrics->rejected_connections);
    buf_put_format(page->out, "sync_full:%llu\r\nsync_partial_ok:%llu\r\nsync_partial_err:%llu\r\n",
                   (wide)replication.sync_full, (wide)replication.sync_partial_ok, (wide)replication.sync_partial_err);
}

static void write_stats(const struct page *page)
{
    const struct metrics *metrics = page->services->metrics;
    const struct connections_statistics *traffic = connections_get_statistics(page->services->connections);
    const struct pubsub *pubsub = page->services->pubsub;
    struct tracking_statistics tracking;

    tracking_get_statistics(page->services->tracking, &tracking);
    write_traffic(page);
    buf_put_format(page->out,
                   "expired_keys:%llu\r\nexpired_stale_perc:0.00\r\nexpired_time_cap_reached_count:0\r\n"
                   "expire_cycle_cpu_milliseconds:%llu\r\nevicted_keys:0\r\nevicted_clients:%llu\r\n"
                   "total_eviction_exceeded_time:0\r\ncurrent_eviction_exceeded_time:0\r\nkeyspace_hits:%llu\r\n"
                   "keyspace_misses:%llu\r\npubsub_channels:%zu\r\npubsub_patterns:%zu\r\npubsubshard_channels:%zu\r\n"
                   "latest_fork_usec:0\r\ntotal_forks:0\r\nmigrate_cached_sockets:0\r\nslave_expires_tracked_keys:0\r\n"
                   "active_defrag_hits:0\r\nactive_defrag_misses:0\r\nactive_defrag_key_hits:0\r\n"
                   "active_defrag_key_misses:0\r\ntotal_active_defrag_time:0\r\ncurrent_active_defrag_time:0\r\n",
                   (wide)metrics->expired_keys, (wide)(metrics->expire_us / 1000), (wide)metrics->evicted_clients,
                   (wide)metrics->keyspace_hits, (wide)metrics->keyspace_misses,
                   pubsub_count_names(pubsub, PUBSUB_CHANNEL), pubsub_count_names(pubsub, PUBSUB_PATTERN),
                   pubsub_count_names(pubsub, PUBSUB_SHARD));
    buf_put_format(
        page->out,
        "tracking_total_keys:%zu\r\ntracking_total_items:%llu\r\ntracking_total_prefixes:%zu\r\n"
        "acl_access_denied_auth:%llu\r\nacl_access_denied_cmd:%llu\r\nacl_access_denied_key:%llu\r\n"
        "acl_access_denied_channel:%llu\r\n"
        "unexpected_error_replies:%llu\r\ntotal_error_replies:%llu\r\ndump_payload_sanitizations:0\r\n"
        "total_reads_processed:%llu\r\ntotal_writes_processed:%llu\r\nio_threaded_reads_processed:0\r\n"
        "io_threaded_writes_processed:0\r\nreply_buffer_shrinks:0\r\nreply_buffer_expands:0\r\n"
        "client_query_buffer_limit_disconnections:%llu\r\nclient_output_buffer_limit_disconnections:%llu\r\n",
        tracking.keys, (wide)tracking.items, tracking.prefixes, (wide)metrics->acl_denials[ACL_DENIED_LOGIN],
        (wide)metrics->acl_denials[ACL_DENIED_COMMAND], (wide)metrics->acl_denials[ACL_DENIED_KEY],
        (wide)metrics->acl_denials[ACL_DENIED_CHANNEL], (wide)metrics->unexpected_errors, (wide)metrics->error_replies,
        (wide)traffic->reads, (wide)traffic->writes, (wide)traffic->query_limit_closes,
        (wide)traffic->output_limit_closes);
}

static void write_replication(const struct page *page)
{
    replication_write_info(page->services->replication, page->out);
}

static double seconds_of(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

static void write_cpu(const struct page *page)
{
    struct rusage self = {0};
    struct rusage children = {0};
    struct rusage thread = {0};

    (void)getrusage(RUSAGE_SELF, &self);
    (void)getrusage(RUSAGE_CHILDREN, &children);
    (void)getrusage(RUSAGE_THREAD, &thread);
    buf_put_format(page->out,
                   "used_cpu_sys:%.6f\r\nused_cpu_user:%.6f\r\nused_cpu_sys_children:%.6f\r\n"
                   "used_cpu_user_children:%.6f\r\nused_cpu_sys_main_thread:%.6f\r\nused_cpu_user_main_thread:%.6f\r\n",
                   seconds_of(self.ru_stime), seconds_of(self.ru_utime), seconds_of(children.ru_stime),
                   seconds_of(children.ru_utime), seconds_of(thread.ru_stime), seconds_of(thread.ru_utime));
}

static void write_modules(const struct page *page)
{
    (void)page; /* There are none. */
}

/* --- Sections that go through all commands --- */

static void write_command_counts(void *context, const struct command_entry *entry)
{
    const struct page *page = context;
    const struct command_statistics *statistics = &entry->statistics;

    if (statistics->calls == 0 && statistics->rejected_calls == 0) {
        return;
    }
    buf_put_format(page->out,
                   "cmdstat_%s:calls=%llu,usec=%llu,usec_per_call=%.2f,rejected_calls=%llu,failed_calls=%llu\r\n",
                   entry->full_name, (wide)statistics->calls, (wide)statistics->microseconds,
                   ratio(statistics->microseconds, statistics->calls), (wide)statistics->rejected_calls,
                   (wide)statistics->failed_calls);
}

static void write_commandstats(const struct page *page)
{
    commands_visit(page->services->commands, write_command_counts, (void *)(uintptr_t)page);
}

static void write_errorstats(const struct page *page)
{
    const struct metrics *metrics = page->services->metrics;

    for (uint32_t i = 0; i < metrics->error_count; i++) {
        buf_put_format(page->out, "errorstat_%s:count=%llu\r\n", metrics->errors[i].name,
                       (wide)metrics->errors[i].count);
    }
}

static void write_command_latency(void *context, const struct command_entry *entry)
{
    const struct page *page = context;
    const char *percentiles = page->services->config->latency_tracking_percentiles;
    const struct histogram *latency = entry->statistics.latency;
    const char *separator = "";
    char *end;

    if (latency == NULL || latency->count == 0) {
        return;
    }
    buf_put_format(page->out, "latency_percentiles_usec_%s:", entry->full_name);
    for (double percent = strtod(percentiles, &end); end != percentiles; percent = strtod(percentiles, &end)) {
        percentiles += *percentiles == ' ';
        buf_put_format(page->out, "%sp%.*s=%.3f", separator, (int)(end - percentiles), percentiles,
                       (double)histogram_percentile(latency, percent));
        separator = ",";
        percentiles = end;
    }
    buf_put_text(page->out, "\r\n");
}

static void write_latencystats(const struct page *page)
{
    if (page->services->config->latency_tracking) {
        commands_visit(page->services->commands, write_command_latency, (void *)(uintptr_t)page);
    }
}

static void write_cluster(const struct page *page)
{
    buf_put_text(page->out, "cluster_enabled:0\r\n");
}

static void write_keyspace(const struct page *page)
{
    struct keyspace *keyspace = store_keyspace(page->services->store);

    for (uint32_t db = 0; db < keyspace_database_count(keyspace); db++) {
        uint64_t key_count = keyspace_key_count(keyspace, db);

        if (key_count != 0) {
            buf_put_format(page->out, "db%u:keys=%llu,expires=%llu,avg_ttl=%llu\r\n", db, (wide)key_count,
                           (wide)keyspace_expiry_count(keyspace, db), (wide)keyspace_average_ttl_ms(keyspace, db));
        }
    }
}

static void write_hearth(const struct page *page)
{
    static const char *const policies[] = {"always", "everysec", "no"};
    const struct store_statistics *statistics = store_get_statistics(page->services->store);
    struct log *log = store_log(page->services->store);
    struct log_sync_statistics syncs;

    log_sync_statistics(log, &syncs);
    buf_put_format(page->out,
                   "hearth_data_dir:%s\r\nlog_sync_policy:%s\r\nlog_end_offset:%llu\r\nlog_written_offset:%llu\r\n"
                   "log_durable_offset:%llu\r\nlog_first_offset:%llu\r\nlog_disk_bytes:%llu\r\nlog_sync_count:%llu\r\n"
                   "log_last_sync_usec:%llu\r\n",
                   store_directory(page->services->store), policies[page->services->config->append_fsync],
                   (wide)log_end_offset(log), (wide)log_written_offset(log), (wide)log_durable_offset(log),
                   (wide)log_first_offset(log), (wide)log_disk_bytes(log), (wide)syncs.count, (wide)syncs.last_us);
    buf_put_format(page->out,
                   "checkpoint_count:%llu\r\ncheckpoint_failures:%llu\r\ncheckpoint_in_progress:%d\r\n"
                   "checkpoint_last_usec:%llu\r\ncheckpoint_last_time:%llu\r\ncheckpoint_offset:%llu\r\n"
                   "changes_since_checkpoint:%llu\r\ndata_file_bytes:%llu\r\ndata_used_bytes:%llu\r\n"
                   "orphans_to_purge:%llu\r\nrecovery_bytes:%llu\r\nrecovery_usec:%llu\r\n"
                   "recovery_began_new_history:%d\r\nanonymous_memory:%llu\r\n",
                   (wide)statistics->checkpoint_count, (wide)statistics->checkpoint_failures,
                   statistics->checkpoint_running, (wide)statistics->checkpoint_last_us,
                   (wide)(statistics->checkpoint_wall_ms / 1000), (wide)statistics->checkpoint_offset,
                   (wide)statistics->changes_since_checkpoint, (wide)statistics->data_file_bytes,
                   (wide)statistics->map_used_bytes, (wide)statistics->orphan_count, (wide)statistics->recovered_bytes,
                   (wide)statistics->recovery_us, statistics->history_forked_at_open, (wide)process_anonymous_bytes());
}

/* --- Choosing --- */

enum section_group { GROUP_DEFAULT, GROUP_ALL };

static const struct section {
    const char *name;
    const char *heading;
    enum section_group group; /* From which general name on it is written. */
    void (*write)(const struct page *page);
} sections[] = {
    {"server", "Server", GROUP_DEFAULT, write_server},
    {"clients", "Clients", GROUP_DEFAULT, write_clients},
    {"memory", "Memory", GROUP_DEFAULT, write_memory},
    {"persistence", "Persistence", GROUP_DEFAULT, write_persistence},
    {"stats", "Stats", GROUP_DEFAULT, write_stats},
    {"replication", "Replication", GROUP_DEFAULT, write_replication},
    {"cpu", "CPU", GROUP_DEFAULT, write_cpu},
    {"modules", "Modules", GROUP_DEFAULT, write_modules},
    {"commandstats", "Commandstats", GROUP_ALL, write_commandstats},
    {"errorstats", "Errorstats", GROUP_DEFAULT, write_errorstats},
    {"latencystats", "Latencystats", GROUP_ALL, write_latencystats},
    {"cluster", "Cluster", GROUP_DEFAULT, write_cluster},
    {"keyspace", "Keyspace", GROUP_DEFAULT, write_keyspace},
    {"hearth", "Hearth", GROUP_DEFAULT, write_hearth},
};

static bool is_wanted(const struct section *section, const struct slice *names, size_t count)
{
    if (count == 0) {
        return section->group == GROUP_DEFAULT;
    }
    for (size_t i = 0; i < count; i++) {
        if (args_is(names[i], section->name) || args_is(names[i], "all") || args_is(names[i], "everything") ||
            (args_is(names[i], "default") && section->group == GROUP_DEFAULT)) {
            return true;
        }
    }
    return false;
}

void info_compose(struct services *services, const struct slice *names, size_t count, struct buf *out)
{
    struct page page = {.services = services, .out = out, .now_us = clock_monotonic_us(), .now_ms = clock_wall_ms()};
    size_t begin = out->len;

    for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++) {
        if (is_wanted(&sections[i], names, count)) {
            buf_put_format(out, "%s# %s\r\n", out->len == begin ? "" : "\r\n", sections[i].heading);
            sections[i].write(&page);
        }
    }
}
