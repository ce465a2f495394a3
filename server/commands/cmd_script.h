/* Scripts: cmd_script.c. */
#ifndef SERVER_COMMANDS_CMD_SCRIPT_H
#define SERVER_COMMANDS_CMD_SCRIPT_H

#include "server/request/command.h"

/* Ends with a NULL name. */
extern const struct command script_commands[];

#endif
