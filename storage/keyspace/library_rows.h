/* Libraries of functions: texts that are data of the whole server, of no database, and that FLUSHALL leaves alone.
 *
 * Each is a row of TABLE_KEYS in a space of its own, 0, which no database has; so whatever carries keys carries them:
 * memtable, checkpoints, recovery, snapshots. The row's key is the SHA-1 of the text: what a library is called is for
 * those to know who can read it. Threads: the loop's alone. */
#ifndef STORAGE_KEYSPACE_LIBRARY_ROWS_H
#define STORAGE_KEYSPACE_LIBRARY_ROWS_H

#include "storage/keyspace/keyspace.h"

#define LIBRARY_SPACE 0u

/* Keep `code`; nothing changes if it is there already. */
void library_rows_put(struct keyspace *keyspace, struct slice code);
/* Forget it; false if it was not there. */
bool library_rows_delete(struct keyspace *keyspace, struct slice code);
/* Visit all, in no order that means anything. `code` is borrowed for the call, in which nothing may change. */
void library_rows_visit(struct keyspace *keyspace, void (*visit)(void *context, struct slice code), void *context);

/* Read a row as the table has it: its text, borrowed from `value`. False if it is damaged. Any thread. */
bool library_rows_decode(struct slice coded_key, struct slice value, struct slice *code);

#endif
