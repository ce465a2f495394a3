/* Set commands (cmd_set.c) and set algebra (cmd_set_algebra.c). */
#ifndef SERVER_COMMANDS_CMD_SET_H
#define SERVER_COMMANDS_CMD_SET_H

#include "server/request/command.h"

/* Each ends with a NULL name. */
extern const struct command set_commands[];
extern const struct command set_algebra_commands[];

#endif
