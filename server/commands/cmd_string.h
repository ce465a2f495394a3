/* String commands (cmd_string.c, cmd_string_part.c, cmd_string_number.c, cmd_string_lcs.c). */
#ifndef SERVER_COMMANDS_CMD_STRING_H
#define SERVER_COMMANDS_CMD_STRING_H

#include "server/request/command.h"

/* Each ends with a NULL name. */
extern const struct command string_commands[];
extern const struct command string_part_commands[];
extern const struct command string_number_commands[];

struct entry;
/* Find a string. STATUS_NOT_FOUND if the key is absent, STATUS_WRONG_TYPE if it is no string. */
enum status string_find(struct call *call, struct slice key, struct entry *entry);

/* LCS key1 key2 [LEN] [IDX] [MINMATCHLEN n] [WITHMATCHLEN]. */
enum status string_run_lcs(struct call *call, struct reply *reply);

#endif
