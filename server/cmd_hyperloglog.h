/* HyperLogLog commands (cmd_hyperloglog.c). */
#ifndef SERVER_CMD_HYPERLOGLOG_H
#define SERVER_CMD_HYPERLOGLOG_H

#include "server/command.h"

/* Ends with a NULL name. */
extern const struct command hyperloglog_commands[];

#endif
