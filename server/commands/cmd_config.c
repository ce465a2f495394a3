/* CONFIG: the configuration at run time. */
#include "server/commands/cmd_config.h"
#include "base/buf.h"
#include "server/config/config.h"
#include "server/request/reply.h"
#include "server/server.h"
#include "server/services.h"
#include <errno.h>

struct config_page {
    struct reply pairs; /* Collected apart, since their count comes first. */
    size_t count;
};

static void visit_directive(void *context, struct slice name, struct slice value)
{
    struct config_page *page = context;

    reply_bulk(&page->pairs, name);
    reply_bulk(&page->pairs, value);
    page->count++;
}

/* CONFIG GET pattern [pattern ...]: names and values. */
static enum status run_config_get(struct call *call, struct reply *reply)
{
    struct config_page page = {.count = 0};
    struct buf pairs;

    buf_init(&pairs, BUF_NO_CEILING);
    reply_init(&page.pairs, &pairs, reply->protocol);
    config_get(call->services->config, call->argv + 2, call->argc - 2, visit_directive, &page);
    reply_map(reply, page.count);
    buf_put(reply->out, buf_slice(&pairs));
    buf_release(&pairs);
    return STATUS_OK;
}

/* CONFIG SET name value [name value ...]: all or none. */
static enum status run_config_set(struct call *call, struct reply *reply)
{
    char error[CONFIG_ERROR_BYTES];

    if (call->argc % 2 != 0) {
        return STATUS_SYNTAX;
    }
    if (config_set(call->services->config, call->argv + 2, (call->argc - 2) / 2, error) != STATUS_OK) {
        return reply_error(reply, "ERR %s", error);
    }
    reply_ok(reply);
    return STATUS_OK;
}

/* The value of a directive that is one. */
static bool is_secret(const struct slice *argv, size_t argc, size_t index)
{
    (void)argc;
    return index >= 3 && index % 2 == 1 && config_is_secret(argv[index - 1]);
}

static enum status run_config_rewrite(struct call *call, struct reply *reply)
{
    switch (config_rewrite(call->services->config)) {
    case STATUS_OK:
        reply_ok(reply);
        return STATUS_OK;
    case STATUS_NOT_FOUND:
        return reply_error(reply, "ERR The server is running without a config file");
    default:
        return reply_error(reply, "ERR Rewriting config file: %s", strerror(errno));
    }
}

static enum status run_config_resetstat(struct call *call, struct reply *reply)
{
    server_reset_statistics(call->services->server);
    reply_ok(reply);
    return STATUS_OK;
}

static enum status run_config_help(struct call *call, struct reply *reply)
{
    static const char *const lines[] = {
        "GET <pattern>",
        "    Return parameters matching the glob-like <pattern> and their values.",
        "SET <directive> <value>",
        "    Set the configuration <directive> to <value>.",
        "RESETSTAT",
        "    Reset statistics reported by the INFO command.",
        "REWRITE",
        "    Rewrite the configuration file.",
        NULL,
    };

    (void)call;
    reply_help(reply, "CONFIG", lines);
    return STATUS_OK;
}

static const struct command config_subcommands[] = {
    {.name = "get",
     .summary = "Get the values of configuration parameters",
     .since = "2.0.0",
     .complexity = "O(N) when N is the number of configuration parameters provided",
     .group = "server",
     .arity = -3,
     .flags = COMMAND_ADMIN | COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE | COMMAND_REVEALS_NOTHING,
     .run = run_config_get},
    {.name = "set",
     .summary = "Set configuration parameters to the given values",
     .since = "2.0.0",
     .complexity = "O(N) when N is the number of configuration parameters provided",
     .group = "server",
     .arity = -4,
     .flags = COMMAND_ADMIN | COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE | COMMAND_REVEALS_NOTHING,
     .tips = "request_policy:all_nodes,response_policy:all_succeeded",
     .is_secret = is_secret,
     .run = run_config_set},
    {.name = "rewrite",
     .summary = "Rewrite the configuration file with the in memory configuration",
     .since = "2.8.0",
     .complexity = "O(1)",
     .group = "server",
     .arity = 2,
     .flags = COMMAND_ADMIN | COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE | COMMAND_REVEALS_NOTHING,
     .run = run_config_rewrite},
    {.name = "resetstat",
     .summary = "Reset the stats returned by INFO",
     .since = "2.0.0",
     .complexity = "O(1)",
     .group = "server",
     .arity = 2,
     .flags = COMMAND_ADMIN | COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE | COMMAND_REVEALS_NOTHING,
     .run = run_config_resetstat},
    {.name = "help",
     .summary = "Show helpful text about the different subcommands",
     .since = "5.0.0",
     .complexity = "O(1)",
     .group = "server",
     .arity = 2,
     .flags = COMMAND_LOADING | COMMAND_STALE | COMMAND_REVEALS_NOTHING,
     .run = run_config_help},
    {.name = NULL},
};

const struct command config_commands[] = {
    {.name = "config",
     .summary = "A container for server configuration commands",
     .since = "2.0.0",
     .complexity = "Depends on subcommand.",
     .group = "server",
     .arity = -2,
     .subcommands = config_subcommands},
    {.name = NULL},
};
