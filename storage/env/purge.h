/* Purging orphans: the content of deleted collections and of flushed databases, in bounded steps.
 *
 * A record in TABLE_ORPHANS names a generation or a space that nobody will read or write again: it came in with a
 * checkpoint, so every row that it ever had is in LMDB (S6), and rows may go in any order and over any number of
 * commits. The record goes with its last row. Purging changes nothing that a reader can find, so it has no offset. */
#ifndef STORAGE_ENV_PURGE_H
#define STORAGE_ENV_PURGE_H

#include "storage/env/env.h"

/* Delete a bounded number of orphaned rows in one commit, some ten thousands of small ones; everything at once if no
 * database has a key. Runs on the only writing thread, never while the meta is_pending. `*more` tells whether orphans
 * remain.
 *   STATUS_NO_SPACE, STATUS_NO_MEMORY  Try again later. STATUS_IO, STATUS_CORRUPT  For good. Nothing has changed. */
MUST_CHECK enum status purge_step(struct env *env, bool *more);

#endif
