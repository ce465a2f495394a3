/* What EVAL's family and FCALL's share: their words, how they are shown, and how what runs is killed. */
#ifndef SERVER_COMMANDS_SCRIPT_ARGS_H
#define SERVER_COMMANDS_SCRIPT_ARGS_H

#include "server/request/command.h"

struct script_arguments;

/* The row of a command `x script numkeys [key ...] [arg ...]`. */
#define SCRIPT_CALL_ROW(name_, since_, flags_, key_flags_, summary_, complexity_, call_flags_, run_)                   \
    {                                                                                                                  \
        .name = name_, .summary = summary_, .since = since_, .complexity = complexity_, .group = "scripting",          \
        .arity = -3,                                                                                                   \
        .flags = COMMAND_NOSCRIPT | COMMAND_STALE | COMMAND_SKIP_MONITOR | COMMAND_NO_MANDATORY_KEYS |                 \
                 COMMAND_MOVABLEKEYS | (flags_),                                                                       \
        .categories = CATEGORY_SCRIPTING,                                                                              \
        .keys = {{.flags = (key_flags_),                                                                               \
                  .begin = KEY_BEGIN_INDEX,                                                                            \
                  .index = 2,                                                                                          \
                  .find = KEY_FIND_KEYNUM,                                                                             \
                  .keynum_index = 0,                                                                                   \
                  .first_key = 1,                                                                                      \
                  .step = 1}},                                                                                         \
        .call_flags = call_flags_, .run = run_                                                                         \
    }

/* Show the call to monitors, before the commands that it runs. */
void script_args_show(const struct call *call);
/* Fill keys and args, which stand after the count; an error is replied for a count that cannot be. */
enum status script_args_read(const struct call *call, int64_t key_count, struct script_arguments *arguments,
                             struct reply *reply);
/* SCRIPT KILL, FUNCTION KILL. */
enum status script_args_kill(const struct call *call, bool is_function, struct reply *reply);

#endif
