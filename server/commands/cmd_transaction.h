/* MULTI, EXEC, DISCARD, WATCH, UNWATCH. */
#ifndef SERVER_COMMANDS_CMD_TRANSACTION_H
#define SERVER_COMMANDS_CMD_TRANSACTION_H

#include "server/request/command.h"

extern const struct command transaction_commands[]; /* Ends with a NULL name. */

#endif
