/* Commands of sorted sets: members by name (cmd_zset.c), ranges (cmd_zset_range.c), removal by range and from the ends
 * (cmd_zset_remove.c), the same once there are some (cmd_zset_block.c), walks and chance (cmd_zset_walk.c), and several
 * sets at once (cmd_zset_algebra.c). */
#ifndef SERVER_COMMANDS_CMD_ZSET_H
#define SERVER_COMMANDS_CMD_ZSET_H

#include "server/request/command.h"

/* Each ends with a NULL name. */
extern const struct command zset_commands[];
extern const struct command zset_range_commands[];
extern const struct command zset_remove_commands[];
extern const struct command zset_block_commands[];
extern const struct command zset_walk_commands[];
extern const struct command zset_algebra_commands[];

#endif
