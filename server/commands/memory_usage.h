/* What a key takes, wherever it is now: its rows in the tables with what LMDB adds to each. MEMORY USAGE. */
#ifndef SERVER_COMMANDS_MEMORY_USAGE_H
#define SERVER_COMMANDS_MEMORY_USAGE_H

#include "base/slice.h"
#include "storage/keyspace/keyspace.h"

/* Bytes of `key`, whose entry it is (as for key_tell()). Of elements that have rows of their own up to `samples` are
 * measured, and the others taken to be as long. */
uint64_t memory_usage(struct keyspace *keyspace, uint32_t db, struct slice key, const struct entry *entry,
                      uint64_t samples);

#endif
