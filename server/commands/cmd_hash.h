/* Hash commands (cmd_hash.c), and those that walk (cmd_hash_walk.c). */
#ifndef SERVER_COMMANDS_CMD_HASH_H
#define SERVER_COMMANDS_CMD_HASH_H

#include "server/request/command.h"

/* Each ends with a NULL name. */
extern const struct command hash_commands[];
extern const struct command hash_walk_commands[];

#endif
