/* String commands (cmd_string.c, cmd_string_lcs.c). */
#ifndef SERVER_CMD_STRING_H
#define SERVER_CMD_STRING_H

#include "server/command.h"

extern const struct command string_commands[]; /* Ends with a NULL name. */

/* LCS key1 key2 [LEN] [IDX] [MINMATCHLEN n] [WITHMATCHLEN]. */
enum status string_run_lcs(struct call *call, struct reply *reply);

#endif
