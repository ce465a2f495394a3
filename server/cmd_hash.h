/* Hash commands. */
#ifndef SERVER_CMD_HASH_H
#define SERVER_CMD_HASH_H

#include "server/command.h"

extern const struct command hash_commands[]; /* Ends with a NULL name. */

#endif
