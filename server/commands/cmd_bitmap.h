/* Bitmap commands (cmd_bitmap.c, cmd_bitfield.c). */
#ifndef SERVER_COMMANDS_CMD_BITMAP_H
#define SERVER_COMMANDS_CMD_BITMAP_H

#include "server/request/command.h"

/* Each ends with a NULL name. */
extern const struct command bitmap_commands[];
extern const struct command bitfield_commands[];

/* Read the offset of a bit that a string may have. With `width` not 0 it may be "#n", which counts numbers of that many
 * bits. STATUS_REPLIED if it is none. */
MUST_CHECK enum status bitmap_parse_offset(struct reply *reply, struct slice argument, unsigned width,
                                           uint64_t *offset);

#endif
