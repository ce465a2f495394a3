/* CONFIG. */
#ifndef SERVER_COMMANDS_CMD_CONFIG_H
#define SERVER_COMMANDS_CMD_CONFIG_H

#include "server/request/command.h"

extern const struct command config_commands[]; /* Ends with a NULL name. */

#endif
