/* Scripts: cmd_script.c; functions: cmd_function.c. */
#ifndef SERVER_COMMANDS_CMD_SCRIPT_H
#define SERVER_COMMANDS_CMD_SCRIPT_H

#include "server/request/command.h"

/* Each ends with a NULL name. */
extern const struct command script_commands[];
extern const struct command function_commands[];

#endif
