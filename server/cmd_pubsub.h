/* SUBSCRIBE, PUBLISH and their kin. */
#ifndef SERVER_CMD_PUBSUB_H
#define SERVER_CMD_PUBSUB_H

#include "server/command.h"

extern const struct command pubsub_commands[]; /* Ends with a NULL name. */

#endif
