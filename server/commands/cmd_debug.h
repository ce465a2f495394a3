/* The longer parts of DEBUG, each in its own file. */
#ifndef SERVER_COMMANDS_CMD_DEBUG_H
#define SERVER_COMMANDS_CMD_DEBUG_H

#include "server/request/command.h"

/* DEBUG PROTOCOL type: a reply of that type. */
enum status debug_protocol(struct call *call, struct reply *reply);
/* DEBUG POPULATE count [prefix] [size]: strings where there are none. */
enum status debug_populate(struct call *call, struct reply *reply);

#endif
