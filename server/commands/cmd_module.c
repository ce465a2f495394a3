/* MODULE, where no module can be loaded: they are shared objects made for Redis' insides. */
#include "base/diag.h"
#include "server/commands/cmd_server.h"
#include "server/config/config.h"
#include "server/net/session.h"
#include "server/request/reply.h"
#include "server/services.h"

static enum status run_module_list(struct call *call, struct reply *reply)
{
    (void)call;
    reply_array(reply, 0);
    return STATUS_OK;
}

static bool is_allowed(const struct call *call)
{
    int64_t access = call->services->config->enable_module_command;

    return access == CONFIG_ACCESS_YES || (access == CONFIG_ACCESS_LOCAL && session_is_local(call->session));
}

static enum status refuse(struct reply *reply)
{
    return reply_error(reply,
                       "ERR MODULE command not allowed. If the enable-module-command option is set to \"local\", "
                       "you can run it from a local connection, otherwise you need to set this option in the "
                       "configuration file, and then restart the server.");
}

/* MODULE LOAD path [arg ...], MODULE LOADEX path [CONFIG name value ...] [ARGS arg ...]. */
static enum status run_module_load(struct call *call, struct reply *reply)
{
    if (!is_allowed(call)) {
        return refuse(reply);
    }
    diag(DIAG_WARNING, "cannot load the module %.*s: modules need Redis itself", (int)call->argv[2].len,
         call->argv[2].data);
    return reply_error(reply, "ERR Error loading the extension. Please check the server logs.");
}

static enum status run_module_unload(struct call *call, struct reply *reply)
{
    return is_allowed(call) ? reply_error(reply, "ERR Error unloading module: no such module with that name")
                            : refuse(reply);
}

static enum status run_module_help(struct call *call, struct reply *reply)
{
    static const char *const lines[] = {
        "LIST",
        "    Return a list of loaded modules.",
        "LOAD <path> [<arg> ...]",
        "    Load a module library from <path>, passing to it any optional arguments.",
        "LOADEX <path> [[CONFIG NAME VALUE] [CONFIG NAME VALUE]] [ARGS ...]",
        "    Load a module library from <path>, while passing it module configurations and optional arguments.",
        "UNLOAD <name>",
        "    Unload a module.",
        NULL,
    };

    (void)call;
    reply_help(reply, "MODULE", lines);
    return STATUS_OK;
}

#define ROW(name_, since_, arity_, flags_, tips_, run_, summary_, complexity_)                                         \
    {                                                                                                                  \
        .name = name_, .summary = summary_, .since = since_, .complexity = complexity_, .group = "server",             \
        .arity = arity_, .flags = COMMAND_REVEALS_NOTHING | (flags_), .tips = tips_, .run = run_                       \
    }
#define OPERATES (COMMAND_ADMIN | COMMAND_NOSCRIPT)

static const struct command module_subcommands[] = {
    ROW("help", "5.0.0", 2, COMMAND_LOADING | COMMAND_STALE, NULL, run_module_help,
        "Show helpful text about the different subcommands", "O(1)"),
    ROW("list", "4.0.0", 2, OPERATES, "nondeterministic_output_order", run_module_list,
        "List all modules loaded by the server", "O(N) where N is the number of loaded modules."),
    ROW("load", "4.0.0", -3, OPERATES | COMMAND_NO_ASYNC_LOADING, NULL, run_module_load, "Load a module", "O(1)"),
    ROW("loadex", "7.0.0", -3, OPERATES | COMMAND_NO_ASYNC_LOADING, NULL, run_module_load,
        "Load a module with extended parameters", "O(1)"),
    ROW("unload", "4.0.0", 3, OPERATES | COMMAND_NO_ASYNC_LOADING, NULL, run_module_unload, "Unload a module", "O(1)"),
    {.name = NULL},
};

const struct command module_commands[] = {
    {.name = "module",
     .summary = "A container for module commands",
     .since = "4.0.0",
     .complexity = "Depends on subcommand.",
     .group = "server",
     .arity = -2,
     .subcommands = module_subcommands},
    {.name = NULL},
};
