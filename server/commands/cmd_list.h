/* List commands (cmd_list.c), those that move elements from list to list (cmd_list_move.c), and those that wait for one
 * (cmd_list_block.c). */
#ifndef SERVER_COMMANDS_CMD_LIST_H
#define SERVER_COMMANDS_CMD_LIST_H

#include "server/request/command.h"
#include "storage/value/list_store.h"

/* Each ends with a NULL name. */
extern const struct command list_commands[];
extern const struct command list_move_commands[];
extern const struct command list_block_commands[];

/* LEFT or RIGHT. */
bool list_parse_end(struct slice word, enum list_end *end);
/* Pop one element, of which there must be one, reply with it, commit and tell. */
void list_pop_one_and_reply(struct call *call, struct reply *reply, struct collection *list, enum list_end end);
/* Pop up to `count` elements, at least one, reply with an array of them, commit and tell. */
void list_pop_and_reply(struct call *call, struct reply *reply, struct collection *list, enum list_end end,
                        uint64_t count);

/* LMOVE: one element from argv[1] to argv[2], and the reply; a null if there is none. */
MUST_CHECK enum status list_move(struct call *call, struct reply *reply, enum list_end from_end, enum list_end to_end);

struct list_mpop {
    const struct slice *keys; /* In the call's words. */
    size_t key_count;
    enum list_end end;
    uint64_t count;
};

/* What LMPOP's words say, of which the number of keys is argv[`first`]. */
MUST_CHECK enum status list_mpop_parse(struct call *call, struct reply *reply, size_t first, struct list_mpop *mpop);
/* Pop from the first list that is there, reply, and log it by its effect. STATUS_NOT_FOUND if none is there. */
MUST_CHECK enum status list_mpop_run(struct call *call, struct reply *reply, const struct list_mpop *mpop);

#endif
