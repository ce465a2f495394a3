#include "server/commands/cmd_server.h"
#include "base/clock.h"
#include "server/lifecycle.h"
#include "server/net/session.h"
#include "server/request/admission.h"
#include "server/request/args.h"
#include "server/request/blocking.h"
#include "server/request/reply.h"
#include "server/server.h"
#include "server/services.h"
#include "server/watch/info.h"
#include "server/watch/monitor.h"
#include "storage/store.h"

/* INFO [section ...]. */
static enum status run_info(struct call *call, struct reply *reply)
{
    struct buf text;

    buf_init(&text, BUF_NO_CEILING);
    info_compose(call->services, call->argv + 1, call->argc - 1, &text);
    reply_verbatim(reply, "txt", buf_slice(&text));
    buf_release(&text);
    return STATUS_OK;
}

static enum status run_time(struct call *call, struct reply *reply)
{
    uint64_t now_us = clock_wall_us();

    (void)call;
    reply_array(reply, 2);
    reply_bulk_format(reply, "%llu", (unsigned long long)(now_us / 1000000));
    reply_bulk_format(reply, "%llu", (unsigned long long)(now_us % 1000000));
    return STATUS_OK;
}

/* --- Checkpoints, under the names by which Redis' users know them --- */

/* SAVE: a checkpoint of everything, now; the server waits for it. */
static enum status run_save(struct call *call, struct reply *reply)
{
    enum status status;

    if (store_get_statistics(call->services->store)->checkpoint_running) {
        return reply_error(reply, "ERR Background save already in progress");
    }
    status = store_checkpoint_now(call->services->store, call->now_ms);
    if (status == STATUS_OK) {
        reply_ok(reply);
    }
    return status;
}

/* BGSAVE [SCHEDULE]: begin a checkpoint. */
static enum status run_bgsave(struct call *call, struct reply *reply)
{
    bool is_scheduled = call->argc == 2 && args_is(call->argv[1], "schedule");
    enum status status;

    if (call->argc > 2 || (call->argc == 2 && !is_scheduled)) {
        return STATUS_SYNTAX;
    }
    status = store_begin_checkpoint(call->services->store, is_scheduled);
    if (status == STATUS_BUSY && !is_scheduled) {
        return reply_error(reply, "ERR Background save already in progress");
    }
    if (status != STATUS_OK && status != STATUS_BUSY) {
        return status;
    }
    reply_simple(reply, status == STATUS_BUSY ? "Background saving scheduled" : "Background saving started");
    return STATUS_OK;
}

/* BGREWRITEAOF: what makes the log shorter here is a checkpoint. */
static enum status run_bgrewriteaof(struct call *call, struct reply *reply)
{
    enum status status = store_begin_checkpoint(call->services->store, true);

    if (status != STATUS_OK && status != STATUS_BUSY) {
        return status;
    }
    reply_simple(reply, status == STATUS_BUSY ? "Background append only file rewriting scheduled"
                                              : "Background append only file rewriting started");
    return STATUS_OK;
}

static enum status run_lastsave(struct call *call, struct reply *reply)
{
    reply_integer(reply, (int64_t)(store_get_statistics(call->services->store)->saved_wall_ms / 1000));
    return STATUS_OK;
}

/* Whoever asked for the shutdown waits in that command. */
static enum status abort_shutdown(struct call *call, struct reply *reply)
{
    if (!lifecycle_abort_shutdown(call->services->lifecycle)) {
        return reply_error(reply, "ERR No shutdown in progress.");
    }
    blocking_end_all_of(call->services->blocking, call->entry, "ERR Errors trying to SHUTDOWN. Check logs.");
    reply_ok(reply);
    return STATUS_OK;
}

/* SHUTDOWN [NOSAVE|SAVE] [NOW] [FORCE] [ABORT]. The log has everything, so NOSAVE loses nothing: the next start replays
 * what no checkpoint has. */
static enum status run_shutdown(struct call *call, struct reply *reply)
{
    enum dispatch_busy busy = dispatch_gate(call->services->dispatch)->busy;
    struct lifecycle_shutdown shutdown = {.is_now = false};
    bool is_save = false;
    bool is_abort = false;

    for (size_t i = 1; i < call->argc; i++) {
        if (args_is(call->argv[i], "nosave")) {
            shutdown.is_without_checkpoint = true;
        } else if (args_is(call->argv[i], "save")) {
            is_save = true;
        } else if (args_is(call->argv[i], "now")) {
            shutdown.is_now = true;
        } else if (args_is(call->argv[i], "abort")) {
            is_abort = true;
        } else if (!args_is(call->argv[i], "force")) {
            return STATUS_SYNTAX;
        }
    }
    if ((is_abort && call->argc != 2) || (is_save && shutdown.is_without_checkpoint)) {
        return STATUS_SYNTAX;
    }
    if (is_abort) {
        return abort_shutdown(call, reply);
    }
    if (busy != DISPATCH_BUSY_NOT && !shutdown.is_without_checkpoint) {
        return reply_error(reply, "%s",
                           busy == DISPATCH_BUSY_FUNCTION ? ADMISSION_BUSY_FUNCTION : ADMISSION_BUSY_SCRIPT);
    }
    shutdown.is_now |= busy != DISPATCH_BUSY_NOT; /* Replicas cannot be waited for amid a script. */
    lifecycle_shut_down(call->services->lifecycle, &shutdown);
    if (lifecycle_is_shutting_down(call->services->lifecycle)) {
        blocking_wait(call, reply, &(struct blocking_wait){.key_count = 0});
    }
    return STATUS_OK; /* Answered by the connection's end. */
}

/* MONITOR: see every command from now on. */
static enum status run_monitor(struct call *call, struct reply *reply)
{
    if (call->session->connection == NULL || call->is_nested) {
        return reply_error(reply, "ERR MONITOR isn't allowed for DENY BLOCKING client");
    }
    monitors_add(call->services->monitors, call->session);
    reply_ok(reply);
    return STATUS_OK;
}

/* LOLWUT [VERSION n ...]: the version; nothing is drawn. */
static enum status run_lolwut(struct call *call, struct reply *reply)
{
    int64_t version;

    if (call->argc >= 3 && args_is(call->argv[1], "version") && args_int64(call->argv[2], &version) != STATUS_OK) {
        return STATUS_NOT_INTEGER;
    }
    reply_verbatim(reply, "txt", slice_of("Redis ver. " SERVER_REDIS_VERSION "\n"));
    return STATUS_OK;
}

const struct command server_commands[] = {
    {.name = "info",
     .summary = "Get information and statistics about the server",
     .since = "1.0.0",
     .complexity = "O(1)",
     .group = "server",
     .arity = -1,
     .flags = COMMAND_LOADING | COMMAND_STALE | COMMAND_REVEALS_NOTHING,
     .categories = CATEGORY_DANGEROUS,
     .tips = "nondeterministic_output,request_policy:all_shards,response_policy:special",
     .run = run_info},
    {.name = "time",
     .summary = "Return the current server time",
     .since = "2.6.0",
     .complexity = "O(1)",
     .group = "server",
     .arity = 1,
     .flags = COMMAND_LOADING | COMMAND_STALE | COMMAND_FAST | COMMAND_REVEALS_NOTHING,
     .tips = "nondeterministic_output",
     .run = run_time},
    {.name = "save",
     .summary = "Synchronously save the dataset to disk",
     .since = "1.0.0",
     .complexity = "O(N) where N is what changed since the last checkpoint",
     .group = "server",
     .arity = 1,
     .flags = COMMAND_ADMIN | COMMAND_NOSCRIPT | COMMAND_NO_ASYNC_LOADING | COMMAND_NO_MULTI | COMMAND_REVEALS_NOTHING,
     .run = run_save},
    {.name = "bgsave",
     .summary = "Asynchronously save the dataset to disk",
     .since = "1.0.0",
     .complexity = "O(1)",
     .group = "server",
     .arity = -1,
     .flags = COMMAND_ADMIN | COMMAND_NOSCRIPT | COMMAND_NO_ASYNC_LOADING | COMMAND_REVEALS_NOTHING,
     .run = run_bgsave},
    {.name = "bgrewriteaof",
     .summary = "Asynchronously rewrite the append-only file",
     .since = "1.0.0",
     .complexity = "O(1)",
     .group = "server",
     .arity = 1,
     .flags = COMMAND_ADMIN | COMMAND_NOSCRIPT | COMMAND_NO_ASYNC_LOADING | COMMAND_REVEALS_NOTHING,
     .run = run_bgrewriteaof},
    {.name = "lastsave",
     .summary = "Get the UNIX time stamp of the last successful save to disk",
     .since = "1.0.0",
     .complexity = "O(1)",
     .group = "server",
     .arity = 1,
     .flags = COMMAND_LOADING | COMMAND_STALE | COMMAND_FAST | COMMAND_REVEALS_NOTHING,
     .categories = CATEGORY_ADMIN | CATEGORY_DANGEROUS,
     .tips = "nondeterministic_output",
     .run = run_lastsave},
    {.name = "shutdown",
     .summary = "Synchronously save the dataset to disk and then shut down the server",
     .since = "1.0.0",
     .complexity = "O(N) where N is what changed since the last checkpoint",
     .group = "server",
     .arity = -1,
     .flags = COMMAND_ADMIN | COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE | COMMAND_NO_MULTI |
              COMMAND_ALLOW_BUSY | COMMAND_REVEALS_NOTHING,
     .run = run_shutdown},
    {.name = "monitor",
     .summary = "Listen for all requests received by the server in real time",
     .since = "1.0.0",
     .group = "server",
     .arity = 1,
     .flags = COMMAND_ADMIN | COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE | COMMAND_REVEALS_NOTHING,
     .run = run_monitor},
    {.name = "lolwut",
     .summary = "Display some computer art and the Redis version",
     .since = "5.0.0",
     .group = "server",
     .arity = -1,
     .flags = COMMAND_READONLY | COMMAND_FAST | COMMAND_REVEALS_NOTHING,
     .run = run_lolwut},
    {.name = NULL},
};
