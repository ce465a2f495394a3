/* SUBSCRIBE, PUBLISH and their kin. */
#ifndef SERVER_COMMANDS_CMD_PUBSUB_H
#define SERVER_COMMANDS_CMD_PUBSUB_H

#include "server/request/command.h"

extern const struct command pubsub_commands[]; /* Ends with a NULL name. */

#endif
