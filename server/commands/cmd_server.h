/* Commands about the server: cmd_server.c, and its observation (cmd_observe.c, cmd_memory.c), DEBUG (cmd_debug.c),
 * COMMAND (cmd_command.c); MODULE and CLUSTER, as a server answers that has neither. */
#ifndef SERVER_COMMANDS_CMD_SERVER_H
#define SERVER_COMMANDS_CMD_SERVER_H

#include "server/request/command.h"

/* Each ends with a NULL name. */
extern const struct command server_commands[];
extern const struct command observe_commands[];
extern const struct command module_commands[];
extern const struct command cluster_commands[];
extern const struct command memory_commands[];
extern const struct command debug_commands[];
extern const struct command command_commands[];

#endif
