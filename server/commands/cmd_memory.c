/* MEMORY: what the process takes, and what a key takes. Data is on disk: memory holds what is newer than the last
 * checkpoint, and pages of the map that the kernel may take back. */
#include "server/commands/cmd_server.h"
#include "server/commands/memory_usage.h"
#include "server/net/session.h"
#include "server/process.h"
#include "server/request/args.h"
#include "server/request/reply.h"
#include "server/script/script.h"
#include "server/server.h"
#include "server/services.h"
#include "server/watch/client_info.h"
#include "server/watch/metrics.h"
#include "storage/store.h"
#include <stdio.h>

#define DEFAULT_SAMPLES 5

static enum status read_samples(struct call *call, uint64_t *samples)
{
    for (size_t i = 3; i < call->argc; i += 2) {
        int64_t value;

        if (!args_is(call->argv[i], "samples") || i + 1 == call->argc) {
            return STATUS_SYNTAX;
        }
        if (args_int64(call->argv[i + 1], &value) != STATUS_OK) {
            return STATUS_NOT_INTEGER;
        }
        if (value < 0) {
            return STATUS_SYNTAX;
        }
        *samples = value == 0 ? UINT64_MAX : (uint64_t)value;
    }
    return STATUS_OK;
}

/* MEMORY USAGE key [SAMPLES count]. */
static enum status run_memory_usage(struct call *call, struct reply *reply)
{
    struct slice key = call->argv[2];
    uint64_t samples = DEFAULT_SAMPLES;
    struct entry entry;
    enum status status = read_samples(call, &samples);

    if (status != STATUS_OK) {
        return status;
    }
    if (keyspace_find(call->keyspace, call->db, key, &entry)) {
        reply_integer(reply, (int64_t)memory_usage(call->keyspace, call->db, key, &entry, samples));
    } else {
        reply_null(reply);
    }
    return STATUS_OK;
}

/* A map whose pairs are counted as they are written. */
struct figures {
    struct reply *reply;
    size_t count;
};

static void put_figure(struct figures *figures, const char *name, uint64_t value)
{
    reply_bulk_text(figures->reply, name);
    reply_integer(figures->reply, (int64_t)value);
    figures->count++;
}

static void put_ratio(struct figures *figures, const char *name, double part, double whole)
{
    reply_bulk_text(figures->reply, name);
    reply_double(figures->reply, whole == 0 ? 0 : part / whole);
    figures->count++;
}

/* What is beyond the other: allocator and kernel keep more than was asked of them. */
static void put_excess(struct figures *figures, const char *name, uint64_t more, uint64_t less)
{
    char text[64];

    (void)snprintf(text, sizeof(text), "%s.ratio", name);
    put_ratio(figures, text, (double)more, (double)less);
    (void)snprintf(text, sizeof(text), "%s.bytes", name);
    reply_bulk_text(figures->reply, text);
    reply_integer(figures->reply, (int64_t)(more - less));
    figures->count++;
}

/* Databases that hold keys, as Redis tells them; their tables are on disk, so what Redis counts here is nothing. */
static uint64_t put_databases(struct figures *figures, struct keyspace *keyspace)
{
    uint64_t keys = 0;

    for (uint32_t db = 0; db < keyspace_database_count(keyspace); db++) {
        char name[16];
        struct figures tables = {.reply = figures->reply};

        if (keyspace_key_count(keyspace, db) == 0) {
            continue;
        }
        keys += keyspace_key_count(keyspace, db);
        (void)snprintf(name, sizeof(name), "db.%u", db);
        reply_bulk_text(figures->reply, name);
        reply_map(figures->reply, 3);
        put_figure(&tables, "overhead.hashtable.main", 0);
        put_figure(&tables, "overhead.hashtable.expires", 0);
        put_figure(&tables, "overhead.hashtable.slot-to-keys", 0);
        figures->count++;
    }
    return keys;
}

static void put_allocator(struct figures *figures, const struct process_allocator *allocator)
{
    uint64_t resident = process_resident_bytes();

    put_figure(figures, "allocator.allocated", allocator->allocated_bytes);
    put_figure(figures, "allocator.active", allocator->active_bytes);
    put_figure(figures, "allocator.resident", allocator->resident_bytes);
    put_excess(figures, "allocator-fragmentation", allocator->active_bytes, allocator->allocated_bytes);
    put_excess(figures, "allocator-rss", allocator->resident_bytes, allocator->active_bytes);
    put_excess(figures, "rss-overhead", resident, allocator->resident_bytes);
    put_ratio(figures, "fragmentation", (double)resident, (double)allocator->allocated_bytes);
    reply_bulk_text(figures->reply, "fragmentation.bytes");
    reply_integer(figures->reply, (int64_t)(resident - allocator->allocated_bytes));
    figures->count++;
}

/* Redis' figures in Redis' order, then those of the data on disk. */
static void put_figures(struct call *call, struct figures *figures)
{
    const struct store_statistics *statistics = store_get_statistics(call->services->store);
    uint64_t startup = server_get_facts(call->services->server)->startup_memory;
    uint64_t replicas = client_memory_bytes_of_all(call->services, true);
    uint64_t clients = client_memory_bytes_of_all(call->services, false);
    uint64_t overhead = startup + replicas + clients;
    struct process_allocator allocator;
    struct script_statistics scripts;
    uint64_t used;
    uint64_t peak;
    uint64_t keys;

    process_ask_allocator(&allocator);
    used = allocator.allocated_bytes;
    peak = call->services->metrics->peak_memory_bytes > used ? call->services->metrics->peak_memory_bytes : used;
    put_figure(figures, "peak.allocated", peak);
    put_figure(figures, "total.allocated", used);
    put_figure(figures, "startup.allocated", startup);
    put_figure(figures, "replication.backlog", 0); /* It is on disk. */
    put_figure(figures, "clients.slaves", replicas);
    put_figure(figures, "clients.normal", clients);
    put_figure(figures, "cluster.links", 0);
    put_figure(figures, "aof.buffer", 0);
    script_get_statistics(call->services->script, &scripts);
    put_figure(figures, "lua.caches", scripts.script_bytes);
    put_figure(figures, "functions.caches", scripts.function_bytes);
    keys = put_databases(figures, call->keyspace);
    put_figure(figures, "overhead.total", overhead);
    put_figure(figures, "keys.count", keys);
    put_figure(figures, "keys.bytes-per-key", keys == 0 || used < startup ? 0 : (used - startup) / keys);
    put_figure(figures, "dataset.bytes", used > overhead ? used - overhead : 0);
    put_ratio(figures, "dataset.percentage", used > overhead ? 100 * (double)(used - overhead) : 0,
              used > startup ? (double)(used - startup) : 0);
    put_ratio(figures, "peak.percentage", 100 * (double)used, (double)peak);
    put_allocator(figures, &allocator);
    put_figure(figures, "process.anonymous", process_anonymous_bytes());
    put_figure(figures, "data.file.bytes", statistics->data_file_bytes);
    put_figure(figures, "data.used.bytes", statistics->map_used_bytes);
}

static enum status run_memory_stats(struct call *call, struct reply *reply)
{
    struct reply_deferred deferred = reply_deferred_begin(reply);
    struct figures figures = {.reply = reply};

    put_figures(call, &figures);
    reply_deferred_map(reply, deferred, figures.count);
    return STATUS_OK;
}

static enum status run_memory_doctor(struct call *call, struct reply *reply)
{
    (void)call;
    reply_verbatim(
        reply, "txt",
        slice_of("The data is on disk; memory holds what is newer than the last checkpoint (checkpoint-memory), "
                 "the clients' buffers, and pages that the kernel may take back at any time.\n"));
    return STATUS_OK;
}

static enum status run_memory_purge(struct call *call, struct reply *reply)
{
    (void)call;
    process_purge_allocator();
    reply_ok(reply);
    return STATUS_OK;
}

static enum status run_memory_malloc_stats(struct call *call, struct reply *reply)
{
    struct process_allocator allocator;
    char text[160];

    (void)call;
    process_ask_allocator(&allocator);
    (void)snprintf(text, sizeof(text), "%s: allocated %llu, active %llu, resident %llu bytes\n", allocator.name,
                   (unsigned long long)allocator.allocated_bytes, (unsigned long long)allocator.active_bytes,
                   (unsigned long long)allocator.resident_bytes);
    reply_verbatim(reply, "txt", slice_of(text));
    return STATUS_OK;
}

static enum status run_memory_help(struct call *call, struct reply *reply)
{
    static const char *const lines[] = {
        "DOCTOR",
        "    Return memory problems reports.",
        "MALLOC-STATS",
        "    Return internal statistics report from the memory allocator.",
        "PURGE",
        "    Attempt to purge dirty pages for reclamation by the allocator.",
        "STATS",
        "    Return information about the memory usage of the server.",
        "USAGE <key> [SAMPLES <count>]",
        "    Return memory in bytes used by <key> and its value. Nested values are",
        "    sampled up to <count> times (default: 5, 0 means sample all).",
        NULL,
    };

    (void)call;
    reply_help(reply, "MEMORY", lines);
    return STATUS_OK;
}

#define ROW(name_, flags_, tips_, run_, summary_, complexity_)                                                         \
    {                                                                                                                  \
        .name = name_, .summary = summary_, .since = "4.0.0", .complexity = complexity_, .group = "server",            \
        .arity = 2, .flags = flags_, .tips = tips_, .run = run_                                                        \
    }
#define HELP_FLAGS  (COMMAND_LOADING | COMMAND_STALE | COMMAND_REVEALS_NOTHING)
#define MEMORY_TIPS "nondeterministic_output,request_policy:all_shards,response_policy:special"

static const struct command memory_subcommands[] = {
    ROW("doctor", COMMAND_REVEALS_NOTHING, MEMORY_TIPS, run_memory_doctor, "Outputs memory problems report", "O(1)"),
    ROW("help", HELP_FLAGS, NULL, run_memory_help, "Show helpful text about the different subcommands", "O(1)"),
    ROW("malloc-stats", COMMAND_REVEALS_NOTHING, MEMORY_TIPS, run_memory_malloc_stats, "Show allocator internal stats",
        "Depends on how much memory is allocated, could be slow"),
    ROW("purge", COMMAND_REVEALS_NOTHING, "request_policy:all_shards,response_policy:all_succeeded", run_memory_purge,
        "Ask the allocator to release memory", "Depends on how much memory is allocated, could be slow"),
    ROW("stats", COMMAND_REVEALS_NOTHING, MEMORY_TIPS, run_memory_stats, "Show memory usage details", "O(1)"),
    {.name = "usage",
     .summary = "Estimate the memory usage of a key",
     .since = "4.0.0",
     .complexity = "O(N) where N is the number of samples.",
     .group = "server",
     .arity = -3,
     .flags = COMMAND_READONLY,
     .keys = {KEY_RANGE(KEY_RO, 2, 0, 1)},
     .run = run_memory_usage},
    {.name = NULL},
};

const struct command memory_commands[] = {
    {.name = "memory",
     .summary = "A container for memory diagnostics commands",
     .since = "4.0.0",
     .complexity = "Depends on subcommand.",
     .group = "server",
     .arity = -2,
     .subcommands = memory_subcommands},
    {.name = NULL},
};
