/* CONFIG. */
#ifndef SERVER_CMD_CONFIG_H
#define SERVER_CMD_CONFIG_H

#include "server/command.h"

extern const struct command config_commands[]; /* Ends with a NULL name. */

#endif
