/* Commands about the server: cmd_server.c, and its observation (cmd_observe.c, cmd_memory.c), DEBUG (cmd_debug.c), and
 * COMMAND (cmd_command.c). */
#ifndef SERVER_COMMANDS_CMD_SERVER_H
#define SERVER_COMMANDS_CMD_SERVER_H

#include "server/request/command.h"

/* Each ends with a NULL name. */
extern const struct command server_commands[];
extern const struct command observe_commands[];
extern const struct command function_commands[];
extern const struct command memory_commands[];
extern const struct command debug_commands[];
extern const struct command command_commands[];

#endif
