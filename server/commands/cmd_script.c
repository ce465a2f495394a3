#include "server/commands/cmd_script.h"
#include "server/commands/script_args.h"
#include "server/request/args.h"
#include "server/request/reply.h"
#include "server/script/script.h"
#include "server/services.h"

/* EVAL script numkeys [key ...] [arg ...], and with `run` EVALSHA. */
static enum status eval(struct call *call, struct reply *reply, bool is_read_only,
                        enum status (*run)(struct call *call, struct slice script,
                                           const struct script_arguments *arguments, struct reply *reply))
{
    struct script_arguments arguments = {.is_read_only = is_read_only};
    int64_t key_count;
    enum status status = args_int64(call->argv[2], &key_count);

    script_args_show(call);
    if (status != STATUS_OK) {
        return status;
    }
    status = script_args_read(call, key_count, &arguments, reply);
    return status == STATUS_OK ? run(call, call->argv[1], &arguments, reply) : status;
}

static enum status run_eval(struct call *call, struct reply *reply)
{
    return eval(call, reply, false, script_run_body);
}

static enum status run_eval_ro(struct call *call, struct reply *reply)
{
    return eval(call, reply, true, script_run_body);
}

/* What cannot be a name is not looked for, whatever the other words are. */
static enum status evalsha(struct call *call, struct reply *reply, bool is_read_only)
{
    struct script_arguments none = {.is_read_only = is_read_only};

    if (call->argv[1].len != SCRIPT_SHA_LEN) {
        script_args_show(call);
        return script_run_sha(call, call->argv[1], &none, reply);
    }
    return eval(call, reply, is_read_only, script_run_sha);
}

static enum status run_evalsha(struct call *call, struct reply *reply)
{
    return evalsha(call, reply, false);
}

static enum status run_evalsha_ro(struct call *call, struct reply *reply)
{
    return evalsha(call, reply, true);
}

static uint32_t flags_of_body(const struct services *services, const struct slice *argv, uint32_t flags)
{
    (void)services;
    return script_flags_of_body(argv[1], flags);
}

static uint32_t flags_of_sha(const struct services *services, const struct slice *argv, uint32_t flags)
{
    return script_flags_of_sha(services->script, argv[1], flags);
}

/* --- SCRIPT --- */

static enum status run_script_load(struct call *call, struct reply *reply)
{
    char sha[SCRIPT_SHA_LEN + 1];

    if (!script_load(call->services->script, call->argv[2], sha, reply)) {
        return STATUS_REPLIED;
    }
    reply_bulk(reply, slice_make(sha, SCRIPT_SHA_LEN));
    return STATUS_OK;
}

static enum status run_script_exists(struct call *call, struct reply *reply)
{
    reply_array(reply, call->argc - 2);
    for (size_t i = 2; i < call->argc; i++) {
        reply_integer(reply, script_exists(call->services->script, call->argv[i]));
    }
    return STATUS_OK;
}

/* SCRIPT FLUSH [ASYNC | SYNC]. */
static enum status run_script_flush(struct call *call, struct reply *reply)
{
    if (call->argc > 3 || (call->argc == 3 && !args_is(call->argv[2], "async") && !args_is(call->argv[2], "sync"))) {
        return reply_error(reply, "ERR SCRIPT FLUSH only support SYNC|ASYNC option");
    }
    script_flush(call->services->script);
    reply_ok(reply);
    return STATUS_OK;
}

static enum status run_script_kill(struct call *call, struct reply *reply)
{
    return script_args_kill(call, false, reply);
}

/* SCRIPT DEBUG YES|SYNC|NO. The debugger of redis-cli stops the server in the middle of a change, or forks it: neither
 * can be done here. */
static enum status run_script_debug(struct call *call, struct reply *reply)
{
    if (args_is(call->argv[2], "no")) {
        reply_ok(reply);
        return STATUS_OK;
    }
    if (args_is(call->argv[2], "yes") || args_is(call->argv[2], "sync")) {
        return reply_error(reply, "ERR this server has no debugger for scripts");
    }
    return reply_error(reply, "ERR Use SCRIPT DEBUG YES/SYNC/NO");
}

static enum status run_script_help(struct call *call, struct reply *reply)
{
    static const char *const lines[] = {
        "DEBUG (YES|SYNC|NO)",
        "    Set the debug mode for subsequent scripts executed.",
        "EXISTS <sha1> [<sha1> ...]",
        "    Return information about the existence of the scripts in the script cache.",
        "FLUSH [ASYNC|SYNC]",
        "    Flush the Lua scripts cache. Very dangerous on replicas.",
        "    When called without the optional mode argument, the behavior is determined by the",
        "    lazyfree-lazy-user-flush configuration directive. Valid modes are:",
        "    * ASYNC: Asynchronously flush the scripts cache.",
        "    * SYNC: Synchronously flush the scripts cache.",
        "KILL",
        "    Kill the currently executing Lua script.",
        "LOAD <script>",
        "    Load a script into the scripts cache without executing it.",
        NULL,
    };

    (void)call;
    reply_help(reply, "SCRIPT", lines);
    return STATUS_OK;
}

#define SUBCOMMAND(name_, arity_, flags_, since_, run_, summary_, complexity_, ...)                                    \
    {                                                                                                                  \
        .name = name_, .summary = summary_, .since = since_, .complexity = complexity_, .group = "scripting",          \
        .arity = arity_, .flags = COMMAND_REVEALS_NOTHING | (flags_), .categories = CATEGORY_SCRIPTING, .run = run_,   \
        __VA_ARGS__                                                                                                    \
    }

static const struct command script_subcommands[] = {
    SUBCOMMAND("debug", 3, COMMAND_NOSCRIPT, "3.2.0", run_script_debug, "Set the debug mode for executed scripts.",
               "O(1)", ),
    SUBCOMMAND("exists", -3, COMMAND_NOSCRIPT, "2.6.0", run_script_exists,
               "Check existence of scripts in the script cache.",
               "O(N) with N being the number of scripts to check (so checking a single script is an O(1) operation).",
               .tips = "request_policy:all_shards,response_policy:agg_logical_and"),
    SUBCOMMAND("flush", -2, COMMAND_NOSCRIPT, "2.6.0", run_script_flush,
               "Remove all the scripts from the script cache.", "O(N) with N being the number of scripts in cache",
               .tips = "request_policy:all_nodes,response_policy:all_succeeded"),
    SUBCOMMAND("help", 2, COMMAND_LOADING | COMMAND_STALE, "5.0.0", run_script_help,
               "Show helpful text about the different subcommands", "O(1)", ),
    SUBCOMMAND("kill", 2, COMMAND_NOSCRIPT | COMMAND_ALLOW_BUSY, "2.6.0", run_script_kill,
               "Kill the script currently in execution.", "O(1)",
               .tips = "request_policy:all_shards,response_policy:one_succeeded"),
    SUBCOMMAND("load", 3, COMMAND_NOSCRIPT | COMMAND_STALE, "2.6.0", run_script_load,
               "Load the specified Lua script into the script cache.",
               "O(N) with N being the length in bytes of the script body.",
               .tips = "request_policy:all_nodes,response_policy:all_succeeded"),
    {.name = NULL},
};

const struct command script_commands[] = {
    SCRIPT_CALL_ROW("eval", "2.6.0", COMMAND_MAY_REPLICATE | COMMAND_RUNS_SCRIPT, KEY_RW | KEY_ACCESS | KEY_UPDATE,
                    "Execute a Lua script server side", "Depends on the script that is executed.", flags_of_body,
                    run_eval),
    SCRIPT_CALL_ROW("evalsha", "2.6.0", COMMAND_MAY_REPLICATE | COMMAND_RUNS_SCRIPT, KEY_RW | KEY_ACCESS | KEY_UPDATE,
                    "Execute a Lua script server side", "Depends on the script that is executed.", flags_of_sha,
                    run_evalsha),
    SCRIPT_CALL_ROW("eval_ro", "7.0.0", COMMAND_READONLY, KEY_RO | KEY_ACCESS,
                    "Execute a read-only Lua script server side", "Depends on the script that is executed.",
                    flags_of_body, run_eval_ro),
    SCRIPT_CALL_ROW("evalsha_ro", "7.0.0", COMMAND_READONLY, KEY_RO | KEY_ACCESS,
                    "Execute a read-only Lua script server side", "Depends on the script that is executed.",
                    flags_of_sha, run_evalsha_ro),
    {.name = "script",
     .summary = "A container for Lua scripts management commands",
     .since = "2.6.0",
     .complexity = "Depends on subcommand.",
     .group = "scripting",
     .arity = -2,
     .subcommands = script_subcommands},
    {.name = NULL},
};
