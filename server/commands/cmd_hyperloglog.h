/* HyperLogLog commands (cmd_hyperloglog.c). */
#ifndef SERVER_COMMANDS_CMD_HYPERLOGLOG_H
#define SERVER_COMMANDS_CMD_HYPERLOGLOG_H

#include "server/request/command.h"

/* Ends with a NULL name. */
extern const struct command hyperloglog_commands[];

#endif
