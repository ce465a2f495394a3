/* Geographic commands: members of sorted sets whose scores are geohashes (cmd_geo.c), and searches of them
 * (cmd_geo_search.c). */
#ifndef SERVER_COMMANDS_CMD_GEO_H
#define SERVER_COMMANDS_CMD_GEO_H

#include "server/request/command.h"

/* Each ends with a NULL name. */
extern const struct command geo_commands[];
extern const struct command geo_search_commands[];

#endif
