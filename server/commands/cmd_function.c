#include "base/glob.h"
#include "server/commands/cmd_script.h"
#include "server/commands/script_args.h"
#include "server/request/admission.h"
#include "server/request/args.h"
#include "server/request/reply.h"
#include "server/script/function_set.h"
#include "server/script/functions.h"
#include "server/script/script.h"
#include "server/script/script_shebang.h"
#include "server/services.h"

/* --- FCALL --- */

/* FCALL function numkeys [key ...] [arg ...]. */
static enum status fcall(struct call *call, struct reply *reply, bool is_read_only)
{
    struct script_arguments arguments = {.is_read_only = is_read_only};
    int64_t key_count;
    enum status status;

    script_args_show(call);
    if (!functions_has(call->services->script, call->argv[1])) {
        return reply_error(reply, "ERR Function not found");
    }
    if (args_int64(call->argv[2], &key_count) != STATUS_OK) {
        return reply_error(reply, "ERR Bad number of keys provided");
    }
    status = script_args_read(call, key_count, &arguments, reply);
    return status == STATUS_OK ? functions_run(call, call->argv[1], &arguments, reply) : status;
}

static enum status run_fcall(struct call *call, struct reply *reply)
{
    return fcall(call, reply, false);
}

static enum status run_fcall_ro(struct call *call, struct reply *reply)
{
    return fcall(call, reply, true);
}

static uint32_t flags_of_function(const struct services *services, const struct slice *argv, uint32_t flags)
{
    return functions_flags_of(services->script, argv[1], flags);
}

/* --- FUNCTION: libraries in and out --- */

/* FUNCTION LOAD [REPLACE] code. */
static enum status run_function_load(struct call *call, struct reply *reply)
{
    bool replaces = false;

    for (size_t i = 2; i + 1 < call->argc; i++) {
        if (!args_is(call->argv[i], "replace")) {
            return reply_error(reply, "ERR Unknown option given: %.*s", (int)call->argv[i].len, call->argv[i].data);
        }
        replaces = true;
    }
    return functions_load(call, call->argv[call->argc - 1], replaces, reply);
}

static enum status run_function_delete(struct call *call, struct reply *reply)
{
    if (functions_delete(call, call->argv[2]) != STATUS_OK) {
        return reply_error(reply, "ERR Library not found");
    }
    reply_ok(reply);
    return STATUS_OK;
}

static enum status refuse_words(const struct call *call, struct reply *reply)
{
    return reply_error(reply, "ERR unknown subcommand or wrong number of arguments for '%.*s'. Try FUNCTION HELP.",
                       (int)call->argv[1].len, call->argv[1].data);
}

/* FUNCTION FLUSH [ASYNC | SYNC]. */
static enum status run_function_flush(struct call *call, struct reply *reply)
{
    if (call->argc > 3) {
        return refuse_words(call, reply);
    }
    if (call->argc == 3 && !args_is(call->argv[2], "async") && !args_is(call->argv[2], "sync")) {
        return reply_error(reply, "ERR FUNCTION FLUSH only supports SYNC|ASYNC option");
    }
    functions_flush(call);
    reply_ok(reply);
    return STATUS_OK;
}

static enum status run_function_dump(struct call *call, struct reply *reply)
{
    functions_dump(call->services->script, reply);
    return STATUS_OK;
}

/* FUNCTION RESTORE payload [FLUSH | APPEND | REPLACE]. */
static enum status run_function_restore(struct call *call, struct reply *reply)
{
    enum functions_policy policy = FUNCTIONS_APPEND;

    if (call->argc > 4) {
        return refuse_words(call, reply);
    }
    if (call->argc == 4) {
        if (args_is(call->argv[3], "flush")) {
            policy = FUNCTIONS_FLUSH;
        } else if (args_is(call->argv[3], "replace")) {
            policy = FUNCTIONS_REPLACE;
        } else if (!args_is(call->argv[3], "append")) {
            return reply_error(reply,
                               "ERR Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE.");
        }
    }
    return functions_restore(call, call->argv[2], policy, reply);
}

/* --- FUNCTION: what there is --- */

static void reply_flags(struct reply *reply, uint32_t flags)
{
    const char *name;
    uint32_t flag;
    size_t count = 0;

    for (size_t i = 0; script_flag_at(i, &flag) != NULL; i++) {
        count += (flags & flag) != 0;
    }
    reply_set(reply, count);
    for (size_t i = 0; (name = script_flag_at(i, &flag)) != NULL; i++) {
        if (flags & flag) {
            reply_simple(reply, name);
        }
    }
}

static void reply_function(struct reply *reply, const struct function *function)
{
    reply_map(reply, 3);
    reply_bulk_text(reply, "name");
    reply_bulk_text(reply, function->name);
    reply_bulk_text(reply, "description");
    if (function->description == NULL) {
        reply_null(reply);
    } else {
        reply_bulk_text(reply, function->description);
    }
    reply_bulk_text(reply, "flags");
    reply_flags(reply, function->flags);
}

static void reply_library(struct reply *reply, const struct library *library, bool with_code)
{
    reply_map(reply, with_code ? 4 : 3);
    reply_bulk_text(reply, "library_name");
    reply_bulk_text(reply, library->name);
    reply_bulk_text(reply, "engine");
    reply_bulk_text(reply, "LUA");
    reply_bulk_text(reply, "functions");
    reply_array(reply, library->function_count);
    LIST_FOR_EACH(&library->functions, node)
    {
        reply_function(reply, LIST_ENTRY(node, struct function, node));
    }
    if (with_code) {
        reply_bulk_text(reply, "library_code");
        reply_bulk(reply, slice_make(library->code, library->code_len));
    }
}

/* FUNCTION LIST [LIBRARYNAME pattern] [WITHCODE], each once. */
static enum status run_function_list(struct call *call, struct reply *reply)
{
    struct reply_deferred deferred;
    struct slice pattern = {.data = NULL};
    bool with_code = false;
    size_t count = 0;

    for (size_t i = 2; i < call->argc; i++) {
        if (!with_code && args_is(call->argv[i], "withcode")) {
            with_code = true;
        } else if (pattern.data == NULL && args_is(call->argv[i], "libraryname")) {
            if (++i == call->argc) {
                return reply_error(reply, "ERR library name argument was not given");
            }
            pattern = call->argv[i];
        } else {
            return reply_error(reply, "ERR Unknown argument %.*s", (int)call->argv[i].len, call->argv[i].data);
        }
    }
    deferred = reply_deferred_begin(reply);
    LIST_FOR_EACH(&functions_all(call->services->script)->libraries, node)
    {
        const struct library *library = LIST_ENTRY(node, struct library, node);

        if (pattern.data == NULL || glob_match(pattern, slice_of(library->name), true)) {
            reply_library(reply, library, with_code);
            count++;
        }
    }
    reply_deferred_array(reply, deferred, count);
    return STATUS_OK;
}

static void reply_running(struct reply *reply, const struct script_running *running)
{
    reply_map(reply, 3);
    reply_bulk_text(reply, "name");
    reply_bulk_text(reply, running->name);
    reply_bulk_text(reply, "command");
    reply_array(reply, running->call->argc);
    for (size_t i = 0; i < running->call->argc; i++) {
        reply_bulk(reply, running->call->argv[i]);
    }
    reply_bulk_text(reply, "duration_ms");
    reply_integer(reply, (int64_t)running->duration_ms);
}

static enum status run_function_stats(struct call *call, struct reply *reply)
{
    struct script_running running;
    struct script_statistics statistics;
    bool runs = script_get_running(call->services->script, &running);

    if (runs && !running.is_function) {
        return reply_error(reply, "%s", ADMISSION_BUSY_SCRIPT);
    }
    script_get_statistics(call->services->script, &statistics);
    reply_map(reply, 2);
    reply_bulk_text(reply, "running_script");
    if (runs) {
        reply_running(reply, &running);
    } else {
        reply_null(reply);
    }
    reply_bulk_text(reply, "engines");
    reply_map(reply, 1);
    reply_bulk_text(reply, "LUA");
    reply_map(reply, 2);
    reply_bulk_text(reply, "libraries_count");
    reply_integer(reply, (int64_t)statistics.library_count);
    reply_bulk_text(reply, "functions_count");
    reply_integer(reply, (int64_t)statistics.function_count);
    return STATUS_OK;
}

static enum status run_function_kill(struct call *call, struct reply *reply)
{
    return script_args_kill(call, true, reply);
}

static enum status run_function_help(struct call *call, struct reply *reply)
{
    static const char *const lines[] = {
        "LOAD [REPLACE] <FUNCTION CODE>",
        "    Create a new library with the given library name and code.",
        "DELETE <LIBRARY NAME>",
        "    Delete the given library.",
        "LIST [LIBRARYNAME PATTERN] [WITHCODE]",
        "    Return general information on all the libraries:",
        "    * Library name",
        "    * The engine used to run the Library",
        "    * Library description",
        "    * Functions list",
        "    * Library code (if WITHCODE is given)",
        "    It also possible to get only function that matches a pattern using LIBRARYNAME argument.",
        "STATS",
        "    Return information about the current function running:",
        "    * Function name",
        "    * Command used to run the function",
        "    * Duration in MS that the function is running",
        "    If no function is running, return nil",
        "    In addition, returns a list of available engines.",
        "KILL",
        "    Kill the current running function.",
        "FLUSH [ASYNC|SYNC]",
        "    Delete all the libraries.",
        "    When called without the optional mode argument, the behavior is determined by the",
        "    lazyfree-lazy-user-flush configuration directive. Valid modes are:",
        "    * ASYNC: Asynchronously flush the libraries.",
        "    * SYNC: Synchronously flush the libraries.",
        "DUMP",
        "    Return a serialized payload representing the current libraries, can be restored using FUNCTION RESTORE "
        "command",
        "RESTORE <PAYLOAD> [FLUSH|APPEND|REPLACE]",
        "    Restore the libraries represented by the given payload, it is possible to give a restore policy to",
        "    control how to handle existing libraries (default APPEND):",
        "    * FLUSH: delete all existing libraries.",
        "    * APPEND: appends the restored libraries to the existing libraries. On collision, abort.",
        "    * REPLACE: appends the restored libraries to the existing libraries, On collision, replace the old",
        "      libraries with the new libraries (notice that even on this option there is a chance of failure",
        "      in case of functions name collision with another library).",
        NULL,
    };

    (void)call;
    reply_help(reply, "FUNCTION", lines);
    return STATUS_OK;
}

#define ROW(name_, arity_, flags_, tips_, run_, summary_, complexity_)                                                 \
    {                                                                                                                  \
        .name = name_, .summary = summary_, .since = "7.0.0", .complexity = complexity_, .group = "scripting",         \
        .arity = arity_, .flags = (flags_), .categories = CATEGORY_SCRIPTING, .tips = tips_, .run = run_               \
    }
#define ALL_SHARDS "request_policy:all_shards,response_policy:"

static const struct command function_subcommands[] = {
    ROW("delete", 3, COMMAND_NOSCRIPT | COMMAND_WRITE, ALL_SHARDS "all_succeeded", run_function_delete,
        "Delete a function by name", "O(1)"),
    ROW("dump", 2, COMMAND_NOSCRIPT, NULL, run_function_dump, "Dump all functions into a serialized binary payload",
        "O(N) where N is the number of functions"),
    ROW("flush", -2, COMMAND_NOSCRIPT | COMMAND_WRITE, ALL_SHARDS "all_succeeded", run_function_flush,
        "Deleting all functions", "O(N) where N is the number of functions deleted"),
    ROW("help", 2, COMMAND_LOADING | COMMAND_STALE | COMMAND_REVEALS_NOTHING, NULL, run_function_help,
        "Show helpful text about the different subcommands", "O(1)"),
    ROW("kill", 2, COMMAND_NOSCRIPT | COMMAND_ALLOW_BUSY | COMMAND_REVEALS_NOTHING, ALL_SHARDS "one_succeeded",
        run_function_kill, "Kill the function currently in execution.", "O(1)"),
    ROW("list", -2, COMMAND_NOSCRIPT, "nondeterministic_output_order", run_function_list,
        "List information about all the functions", "O(N) where N is the number of functions"),
    ROW("load", -3, COMMAND_NOSCRIPT | COMMAND_WRITE | COMMAND_DENYOOM, ALL_SHARDS "all_succeeded", run_function_load,
        "Create a function with the given arguments (name, code, description)",
        "O(1) (considering compilation time is redundant)"),
    ROW("restore", -3, COMMAND_NOSCRIPT | COMMAND_WRITE | COMMAND_DENYOOM, ALL_SHARDS "all_succeeded",
        run_function_restore, "Restore all the functions on the given payload",
        "O(N) where N is the number of functions on the payload"),
    ROW("stats", 2, COMMAND_NOSCRIPT | COMMAND_ALLOW_BUSY, "nondeterministic_output," ALL_SHARDS "special",
        run_function_stats, "Return information about the function currently running (name, description, duration)",
        "O(1)"),
    {.name = NULL},
};

const struct command function_commands[] = {
    SCRIPT_CALL_ROW("fcall", "7.0.0", COMMAND_MAY_REPLICATE | COMMAND_RUNS_SCRIPT, KEY_RW | KEY_ACCESS | KEY_UPDATE,
                    "Invoke a function", "Depends on the function that is executed.", flags_of_function, run_fcall),
    SCRIPT_CALL_ROW("fcall_ro", "7.0.0", COMMAND_READONLY, KEY_RO | KEY_ACCESS, "Invoke a read-only function",
                    "Depends on the function that is executed.", flags_of_function, run_fcall_ro),
    {.name = "function",
     .summary = "A container for function commands",
     .since = "7.0.0",
     .complexity = "Depends on subcommand.",
     .group = "scripting",
     .arity = -2,
     .subcommands = function_subcommands},
    {.name = NULL},
};
