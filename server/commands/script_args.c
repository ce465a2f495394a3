#include "server/commands/script_args.h"
#include "server/request/admission.h"
#include "server/request/reply.h"
#include "server/script/script.h"
#include "server/services.h"
#include "server/watch/monitor.h"

#define FIRST_KEY 3 /* Among the words. */

void script_args_show(const struct call *call)
{
    struct monitors *monitors = call->services->monitors;

    if (!call->is_replay && !monitors_is_empty(monitors)) {
        monitors_show(monitors, call->session, call->db, call->argv, call->argc);
    }
}

enum status script_args_read(const struct call *call, int64_t key_count, struct script_arguments *arguments,
                             struct reply *reply)
{
    size_t rest = call->argc - FIRST_KEY;

    if (key_count < 0) {
        return reply_error(reply, "ERR Number of keys can't be negative");
    }
    if ((uint64_t)key_count > rest) {
        return reply_error(reply, "ERR Number of keys can't be greater than number of args");
    }
    arguments->keys = call->argv + FIRST_KEY;
    arguments->key_count = (size_t)key_count;
    arguments->args = arguments->keys + key_count;
    arguments->arg_count = rest - (size_t)key_count;
    return STATUS_OK;
}

enum status script_args_kill(const struct call *call, bool is_function, struct reply *reply)
{
    switch (script_kill(call->services->script, is_function)) {
    case SCRIPT_KILLED:
        reply_ok(reply);
        return STATUS_OK;
    case SCRIPT_KILL_NONE_RUNS:
        return reply_error(reply, "NOTBUSY No scripts in execution right now.");
    case SCRIPT_KILL_OTHER_KIND:
        return reply_error(reply, "%s", is_function ? ADMISSION_BUSY_SCRIPT : ADMISSION_BUSY_FUNCTION);
    case SCRIPT_KILL_HAS_WRITTEN:
        return reply_error(reply, "UNKILLABLE Sorry the script already executed write commands against the dataset. "
                                  "You can either wait the script termination or kill the server in a hard way using "
                                  "the SHUTDOWN NOSAVE command.");
    case SCRIPT_KILL_FROM_MASTER:
        return reply_error(reply, "UNKILLABLE The busy script was sent by a master instance in the context of "
                                  "replication and cannot be killed.");
    }
    return STATUS_OK;
}
