/* Commands on keys of any type (cmd_key.c), their expiry (cmd_key_expire.c) and walks over them (cmd_key_scan.c). */
#ifndef SERVER_COMMANDS_CMD_KEY_H
#define SERVER_COMMANDS_CMD_KEY_H

#include "server/request/command.h"
#include "storage/keyspace/entry.h"

/* Each ends with a NULL name. */
extern const struct command key_commands[];
extern const struct command key_expire_commands[];
extern const struct command key_scan_commands[];
extern const struct command key_object_commands[];

/* TYPE's word for a type: "string", "zset", ... Static storage. */
const char *key_type_name(enum entry_type type);

#endif
