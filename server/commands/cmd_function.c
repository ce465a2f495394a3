/* FUNCTION, as far as it goes where no library can be loaded: the set of libraries is empty, and that is what is told,
 * deleted and flushed. Tools and test suites that clear a server before they use it ask for no more. */
#include "server/commands/cmd_server.h"
#include "server/request/args.h"
#include "server/request/reply.h"

static enum status run_function_delete(struct call *call, struct reply *reply)
{
    (void)call;
    return reply_error(reply, "ERR Library not found");
}

/* FUNCTION FLUSH [ASYNC | SYNC]. */
static enum status run_function_flush(struct call *call, struct reply *reply)
{
    if (call->argc > 3) {
        return reply_error(reply, "ERR unknown subcommand or wrong number of arguments for '%.*s'. Try FUNCTION HELP.",
                           (int)call->argv[1].len, call->argv[1].data);
    }
    if (call->argc == 3 && !args_is(call->argv[2], "async") && !args_is(call->argv[2], "sync")) {
        return reply_error(reply, "ERR FUNCTION FLUSH only supports SYNC|ASYNC option");
    }
    reply_ok(reply);
    return STATUS_OK;
}

static enum status run_function_kill(struct call *call, struct reply *reply)
{
    (void)call;
    return reply_error(reply, "NOTBUSY No scripts in execution right now.");
}

/* FUNCTION LIST [LIBRARYNAME pattern] [WITHCODE], each once. */
static enum status run_function_list(struct call *call, struct reply *reply)
{
    bool has_name = false;
    bool with_code = false;

    for (size_t i = 2; i < call->argc; i++) {
        if (!with_code && args_is(call->argv[i], "withcode")) {
            with_code = true;
        } else if (!has_name && args_is(call->argv[i], "libraryname")) {
            has_name = true;
            if (++i == call->argc) {
                return reply_error(reply, "ERR library name argument was not given");
            }
        } else {
            return reply_error(reply, "ERR Unknown argument %.*s", (int)call->argv[i].len, call->argv[i].data);
        }
    }
    reply_array(reply, 0);
    return STATUS_OK;
}

static enum status run_function_stats(struct call *call, struct reply *reply)
{
    (void)call;
    reply_map(reply, 2);
    reply_bulk_text(reply, "running_script");
    reply_null(reply);
    reply_bulk_text(reply, "engines");
    reply_map(reply, 1);
    reply_bulk_text(reply, "LUA");
    reply_map(reply, 2);
    reply_bulk_text(reply, "libraries_count");
    reply_integer(reply, 0);
    reply_bulk_text(reply, "functions_count");
    reply_integer(reply, 0);
    return STATUS_OK;
}

#define ROW(name_, arity_, flags_, tips_, run_, summary_, complexity_)                                                 \
    {                                                                                                                  \
        .name = name_, .summary = summary_, .since = "7.0.0", .complexity = complexity_, .group = "scripting",         \
        .arity = arity_, .flags = COMMAND_NOSCRIPT | (flags_), .categories = CATEGORY_SCRIPTING, .tips = tips_,        \
        .run = run_                                                                                                    \
    }
#define ALL_SHARDS "request_policy:all_shards,response_policy:"

static const struct command function_subcommands[] = {
    ROW("delete", 3, COMMAND_WRITE, ALL_SHARDS "all_succeeded", run_function_delete, "Delete a function by name",
        "O(1)"),
    ROW("flush", -2, COMMAND_WRITE, ALL_SHARDS "all_succeeded", run_function_flush, "Deleting all functions",
        "O(N) where N is the number of functions deleted"),
    ROW("kill", 2, COMMAND_ALLOW_BUSY | COMMAND_REVEALS_NOTHING, ALL_SHARDS "one_succeeded", run_function_kill,
        "Kill the function currently in execution.", "O(1)"),
    ROW("list", -2, COMMAND_REVEALS_NOTHING, "nondeterministic_output_order", run_function_list,
        "List information about all the functions", "O(N) where N is the number of functions"),
    ROW("stats", 2, COMMAND_ALLOW_BUSY | COMMAND_REVEALS_NOTHING, "nondeterministic_output," ALL_SHARDS "special",
        run_function_stats, "Return information about the function currently running (name, description, duration)",
        "O(1)"),
    {.name = NULL},
};

const struct command function_commands[] = {
    {.name = "function",
     .summary = "A container for function commands",
     .since = "7.0.0",
     .complexity = "Depends on subcommand.",
     .group = "scripting",
     .arity = -2,
     .subcommands = function_subcommands},
    {.name = NULL},
};
