/* List commands (cmd_list.c) and those that move elements from list to list (cmd_list_move.c). */
#ifndef SERVER_CMD_LIST_H
#define SERVER_CMD_LIST_H

#include "server/command.h"
#include "storage/list_store.h"

/* Each ends with a NULL name. */
extern const struct command list_commands[];
extern const struct command list_move_commands[];

/* LEFT or RIGHT. */
bool list_parse_end(struct slice word, enum list_end *end);
/* Pop up to `count` elements, at least one, reply with an array of them, commit and tell. */
void list_pop_and_reply(struct call *call, struct reply *reply, struct collection *list, enum list_end end,
                        uint64_t count);

#endif
