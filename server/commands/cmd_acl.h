#ifndef SERVER_COMMANDS_CMD_ACL_H
#define SERVER_COMMANDS_CMD_ACL_H

#include "server/request/command.h"

extern const struct command acl_commands[];

#endif
