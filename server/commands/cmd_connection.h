/* Commands about the client's own connection (cmd_connection.c), and CLIENT (cmd_client.c). */
#ifndef SERVER_COMMANDS_CMD_CONNECTION_H
#define SERVER_COMMANDS_CMD_CONNECTION_H

#include "server/request/command.h"

extern const struct command connection_commands[]; /* Ends with a NULL name, as the next. */
extern const struct command client_commands[];

/* Give the session a name, or none if it is empty. False if it has bytes that CLIENT LIST could not show. */
struct session;
bool client_set_name(struct session *session, struct slice name);

#endif
