/* Reads of keys as INFO counts them (keyspace_hits, keyspace_misses), and keymiss events.
 *
 * What a command finds that only reads is counted by dispatch. A command that also writes says itself which of its keys
 * it has read; Redis counts those whose values it gives back or computes with, and not those that it changes. */
#ifndef SERVER_COMMANDS_CALL_READS_H
#define SERVER_COMMANDS_CALL_READS_H

#include "base/slice.h"

struct call;

/* The call has looked for `key` of its database, and found it or not. */
void call_count_read(struct call *call, struct slice key, bool found);
/* The same in a handler that commands of both kinds share: does nothing for one that only reads. */
void call_count_read_of_writer(struct call *call, struct slice key, bool found);

#endif
