/* REPLICAOF and its kin, WAIT, ROLE, and what replicas say to their master. */
#ifndef SERVER_COMMANDS_CMD_REPLICATION_H
#define SERVER_COMMANDS_CMD_REPLICATION_H

#include "server/request/command.h"

extern const struct command replication_commands[]; /* Ends with a NULL name. */

#endif
