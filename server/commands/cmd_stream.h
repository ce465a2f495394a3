/* Stream commands, by file: adding, deleting and trimming (cmd_stream.c), ranges and reading (cmd_stream_read.c),
 * reading as a group (cmd_stream_readgroup.c), groups and acknowledging (cmd_stream_group.c), claiming
 * (cmd_stream_claim.c), and what is pending and other facts (cmd_stream_info.c). */
#ifndef SERVER_COMMANDS_CMD_STREAM_H
#define SERVER_COMMANDS_CMD_STREAM_H

#include "server/request/command.h"
#include "storage/value/stream_store.h"

/* Each ends with a NULL name. */
extern const struct command stream_commands[];
extern const struct command stream_read_commands[];
extern const struct command stream_readgroup_commands[];
extern const struct command stream_group_commands[];
extern const struct command stream_claim_commands[];
extern const struct command stream_info_commands[];

/* Open argv[1] as a stream. STATUS_NOT_FOUND, STATUS_WRONG_TYPE. */
MUST_CHECK enum status stream_open_first(struct call *call, struct stream *stream);

#endif
