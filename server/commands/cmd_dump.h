/* A key's value as a string of bytes, which goes to other servers and comes from them: DUMP and RESTORE (cmd_dump.c),
 * MIGRATE (cmd_migrate.c). */
#ifndef SERVER_COMMANDS_CMD_DUMP_H
#define SERVER_COMMANDS_CMD_DUMP_H

#include "base/buf.h"
#include "server/request/command.h"
#include "storage/keyspace/entry.h"

/* Each ends with a NULL name. */
extern const struct command dump_commands[];
extern const struct command migrate_commands[];

/* Append DUMP's payload of `key`, whose entry it is, to `out`. STATUS_TOO_BIG, STATUS_NO_MEMORY. */
MUST_CHECK enum status dump_key(struct call *call, struct slice key, const struct entry *entry, struct buf *out);

#endif
