/* SLOWLOG and LATENCY: looking at how the server does. */
#include "server/commands/cmd_server.h"
#include "server/net/session.h"
#include "server/request/args.h"
#include "server/request/registry.h"
#include "server/request/reply.h"
#include "server/services.h"
#include "server/watch/client_info.h"
#include "server/watch/latency.h"
#include "server/watch/slowlog.h"

/* --- SLOWLOG --- */

static void reply_slow(struct reply *reply, const struct slowlog_entry *entry)
{
    reply_array(reply, 6);
    reply_integer(reply, (int64_t)entry->id);
    reply_integer(reply, (int64_t)entry->wall_s);
    reply_integer(reply, (int64_t)entry->microseconds);
    reply_array(reply, entry->argument_count);
    for (uint32_t i = 0; i < entry->argument_count; i++) {
        reply_bulk(reply, slice_make(entry->arguments[i], entry->lens[i]));
    }
    reply_bulk_text(reply, entry->peer);
    reply_bulk_text(reply, entry->name);
}

/* SLOWLOG GET [count]: newest first; -1 is all. */
static enum status run_slowlog_get(struct call *call, struct reply *reply)
{
    const struct slowlog *slowlog = call->services->slowlog;
    uint64_t len = slowlog_len(slowlog);
    int64_t count = 10;

    if (call->argc > 3) {
        return reply_error(reply, "ERR wrong number of arguments for 'slowlog|get' command");
    }
    if (call->argc == 3 && args_int64_within(call->argv[2], -1, INT64_MAX, &count) != STATUS_OK) {
        return reply_error(reply, "ERR count should be greater than or equal to -1");
    }
    if (count == -1 || (uint64_t)count > len) {
        count = (int64_t)len;
    }
    reply_array(reply, (size_t)count);
    for (uint64_t i = 0; i < (uint64_t)count; i++) {
        reply_slow(reply, slowlog_at(slowlog, i));
    }
    return STATUS_OK;
}

static enum status run_slowlog_len(struct call *call, struct reply *reply)
{
    reply_integer(reply, (int64_t)slowlog_len(call->services->slowlog));
    return STATUS_OK;
}

static enum status run_slowlog_reset(struct call *call, struct reply *reply)
{
    slowlog_reset(call->services->slowlog);
    reply_ok(reply);
    return STATUS_OK;
}

static enum status run_slowlog_help(struct call *call, struct reply *reply)
{
    static const char *const lines[] = {
        "GET [<count>]",
        "    Return top <count> entries from the slowlog (default: 10, -1 mean all).",
        "    Entries are made of:",
        "    id, timestamp, time in microseconds, arguments array, client IP and port,",
        "    client name",
        "LEN",
        "    Return the length of the slowlog.",
        "RESET",
        "    Reset the slowlog.",
        NULL,
    };

    (void)call;
    reply_help(reply, "SLOWLOG", lines);
    return STATUS_OK;
}

/* --- LATENCY --- */

static const struct latency_event *find_event(struct call *call)
{
    return latency_find(call->services->latency, call->argv[2].data, call->argv[2].len);
}

static enum status run_latency_latest(struct call *call, struct reply *reply)
{
    const struct latency *latency = call->services->latency;

    reply_array(reply, latency_count(latency));
    for (size_t i = 0; i < latency_count(latency); i++) {
        const struct latency_event *event = latency_at(latency, i);
        const struct latency_sample *sample = latency_sample_at(event, event->count - 1);

        reply_array(reply, 4);
        reply_bulk_text(reply, event->name);
        reply_integer(reply, (int64_t)sample->wall_s);
        reply_integer(reply, (int64_t)sample->milliseconds);
        reply_integer(reply, (int64_t)event->longest_ms);
    }
    return STATUS_OK;
}

static enum status run_latency_history(struct call *call, struct reply *reply)
{
    const struct latency_event *event = find_event(call);
    size_t count = event == NULL ? 0 : event->count;

    reply_array(reply, count);
    for (size_t i = 0; i < count; i++) {
        const struct latency_sample *sample = latency_sample_at(event, i);

        reply_array(reply, 2);
        reply_integer(reply, (int64_t)sample->wall_s);
        reply_integer(reply, (int64_t)sample->milliseconds);
    }
    return STATUS_OK;
}

/* LATENCY RESET [event ...]: how many were forgotten. */
static enum status run_latency_reset(struct call *call, struct reply *reply)
{
    struct latency *latency = call->services->latency;
    int64_t count = 0;

    for (size_t i = 2; i < call->argc; i++) {
        count += latency_reset(latency, call->argv[i].data, call->argv[i].len);
    }
    while (call->argc == 2 && latency_count(latency) != 0) {
        const char *name = latency_at(latency, 0)->name;

        count += latency_reset(latency, name, strlen(name));
    }
    reply_integer(reply, count);
    return STATUS_OK;
}

/* LATENCY GRAPH event: the samples as bars, one a line. */
static enum status run_latency_graph(struct call *call, struct reply *reply)
{
    const struct latency_event *event = find_event(call);
    struct buf text;

    if (event == NULL) {
        return reply_error(reply, "ERR No samples available for event '%.*s'", (int)call->argv[2].len,
                           call->argv[2].data);
    }
    buf_init(&text, BUF_NO_CEILING);
    buf_put_format(&text, "%s - longest %llu ms\n", event->name, (unsigned long long)event->longest_ms);
    for (size_t i = 0; i < event->count; i++) {
        const struct latency_sample *sample = latency_sample_at(event, i);
        uint64_t bar = event->longest_ms == 0 ? 0 : sample->milliseconds * 60 / event->longest_ms;

        buf_put_format(&text, "%llu %6llu ms ", (unsigned long long)sample->wall_s,
                       (unsigned long long)sample->milliseconds);
        for (uint64_t j = 0; j < bar; j++) {
            buf_put_byte(&text, '#');
        }
        buf_put_byte(&text, '\n');
    }
    reply_verbatim(reply, "txt", buf_slice(&text));
    buf_release(&text);
    return STATUS_OK;
}

static enum status run_latency_doctor(struct call *call, struct reply *reply)
{
    const struct latency *latency = call->services->latency;
    struct buf text;

    buf_init(&text, BUF_NO_CEILING);
    if (!latency_is_on(latency)) {
        buf_put_text(&text,
                     "The latency monitor is off. CONFIG SET latency-monitor-threshold <milliseconds> turns it on.\n");
    } else if (latency_count(latency) == 0) {
        buf_put_text(&text, "Nothing has taken as long as latency-monitor-threshold.\n");
    }
    for (size_t i = 0; i < latency_count(latency); i++) {
        const struct latency_event *event = latency_at(latency, i);

        buf_put_format(&text, "%s: %u samples, the longest took %llu ms.\n", event->name, event->count,
                       (unsigned long long)event->longest_ms);
    }
    reply_verbatim(reply, "txt", buf_slice(&text));
    buf_release(&text);
    return STATUS_OK;
}

/* A command's times as Redis counts them: how many took at most 2^n microseconds, up to all. */
static void reply_histogram(struct reply *reply, const struct histogram *latency)
{
    struct reply_deferred deferred;
    uint64_t former = 0;
    size_t pairs = 0;

    reply_map(reply, 2);
    reply_bulk_text(reply, "calls");
    reply_integer(reply, (int64_t)latency->count);
    reply_bulk_text(reply, "histogram_usec");
    deferred = reply_deferred_begin(reply);
    for (uint64_t bound_us = 1; former < latency->count && bound_us != 0; bound_us *= 2) {
        uint64_t count = histogram_count_up_to(latency, bound_us);

        if (count != former) {
            reply_integer(reply, (int64_t)bound_us);
            reply_integer(reply, (int64_t)count);
            former = count;
            pairs++;
        }
    }
    reply_deferred_map(reply, deferred, pairs);
}

static size_t reply_command_histogram(struct reply *reply, const struct command_entry *entry)
{
    size_t written = 0;

    if (entry->statistics.latency != NULL && entry->statistics.latency->count != 0) {
        reply_bulk_text(reply, entry->full_name);
        reply_histogram(reply, entry->statistics.latency);
        written++;
    }
    for (size_t i = 0; i < entry->subcommand_count; i++) {
        written += reply_command_histogram(reply, &entry->subcommands[i]);
    }
    return written;
}

/* LATENCY HISTOGRAM [command ...]. */
static enum status run_latency_histogram(struct call *call, struct reply *reply)
{
    struct commands *commands = call->services->commands;
    struct reply_deferred deferred = reply_deferred_begin(reply);
    size_t written = 0;

    for (size_t i = 2; i < call->argc; i++) {
        const struct command_entry *entry = commands_find_full(commands, call->argv[i]);

        written += entry == NULL ? 0 : reply_command_histogram(reply, entry);
    }
    for (size_t i = 0; call->argc == 2 && i < commands_count(commands); i++) {
        written += reply_command_histogram(reply, commands_at(commands, i));
    }
    reply_deferred_map(reply, deferred, written);
    return STATUS_OK;
}

static enum status run_latency_help(struct call *call, struct reply *reply)
{
    static const char *const lines[] = {
        "DOCTOR",
        "    Return a human readable latency analysis report.",
        "GRAPH <event>",
        "    Return an ASCII latency graph for the <event> class.",
        "HISTORY <event>",
        "    Return time-latency samples for the <event> class.",
        "LATEST",
        "    Return the latest latency samples for all events.",
        "RESET [<event> ...]",
        "    Reset latency data of one or more <event> classes.",
        "    (default: reset all data for all event classes)",
        "HISTOGRAM [COMMAND ...]",
        "    Return a cumulative distribution of latencies in the format of a histogram for the specified command "
        "names.",
        "    If no commands are specified then all histograms are replied.",
        NULL,
    };

    (void)call;
    reply_help(reply, "LATENCY", lines);
    return STATUS_OK;
}

/* --- The tables --- */

#define ROW(name_, since_, arity_, flags_, tips_, run_, summary_, complexity_)                                         \
    {                                                                                                                  \
        .name = name_, .summary = summary_, .since = since_, .complexity = complexity_, .group = "server",             \
        .arity = arity_, .flags = flags_, .tips = tips_, .run = run_                                                   \
    }
#define HELP_FLAGS    (COMMAND_LOADING | COMMAND_STALE | COMMAND_REVEALS_NOTHING)
#define SLOWLOG_FLAGS (HELP_FLAGS | COMMAND_ADMIN)
#define LATENCY_FLAGS (SLOWLOG_FLAGS | COMMAND_NOSCRIPT)
#define LATENCY_TIPS  "nondeterministic_output,request_policy:all_nodes,response_policy:special"

static const struct command slowlog_subcommands[] = {
    ROW("get", "2.2.12", -2, SLOWLOG_FLAGS, "request_policy:all_nodes,nondeterministic_output", run_slowlog_get,
        "Get the slow log's entries", "O(N) where N is the number of entries returned"),
    ROW("help", "6.2.0", 2, HELP_FLAGS, NULL, run_slowlog_help, "Show helpful text about the different subcommands",
        "O(1)"),
    ROW("len", "2.2.12", 2, SLOWLOG_FLAGS, "request_policy:all_nodes,response_policy:agg_sum,nondeterministic_output",
        run_slowlog_len, "Get the slow log's length", "O(1)"),
    ROW("reset", "2.2.12", 2, SLOWLOG_FLAGS, "request_policy:all_nodes,response_policy:all_succeeded",
        run_slowlog_reset, "Clear all entries from the slow log",
        "O(N) where N is the number of entries in the slowlog"),
    {.name = NULL},
};

static const struct command latency_subcommands[] = {
    ROW("doctor", "2.8.13", 2, LATENCY_FLAGS, LATENCY_TIPS, run_latency_doctor,
        "Return a human readable latency analysis report.", "O(1)"),
    ROW("graph", "2.8.13", 3, LATENCY_FLAGS, LATENCY_TIPS, run_latency_graph, "Return a latency graph for the event.",
        "O(1)"),
    ROW("help", "2.8.13", 2, HELP_FLAGS, NULL, run_latency_help, "Show helpful text about the different subcommands.",
        "O(1)"),
    ROW("histogram", "7.0.0", -2, LATENCY_FLAGS, LATENCY_TIPS, run_latency_histogram,
        "Return the cumulative distribution of latencies of a subset of commands or all.",
        "O(N) where N is the number of commands with latency information being retrieved."),
    ROW("history", "2.8.13", 3, LATENCY_FLAGS, LATENCY_TIPS, run_latency_history,
        "Return timestamp-latency samples for the event.", "O(1)"),
    ROW("latest", "2.8.13", 2, LATENCY_FLAGS, LATENCY_TIPS, run_latency_latest,
        "Return the latest latency samples for all events.", "O(1)"),
    ROW("reset", "2.8.13", -2, LATENCY_FLAGS, "request_policy:all_nodes,response_policy:all_succeeded",
        run_latency_reset, "Reset latency data for one or more events.", "O(1)"),
    {.name = NULL},
};

#define CONTAINER(name_, since_, subcommands_, summary_)                                                               \
    {                                                                                                                  \
        .name = name_, .summary = summary_, .since = since_, .complexity = "Depends on subcommand.",                   \
        .group = "server", .arity = -2, .subcommands = subcommands_                                                    \
    }

const struct command observe_commands[] = {
    CONTAINER("latency", "2.8.13", latency_subcommands, "A container for latency diagnostics commands"),
    CONTAINER("slowlog", "2.2.12", slowlog_subcommands, "A container for slow log commands"),
    {.name = NULL},
};
