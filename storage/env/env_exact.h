/* Reading an environment beside its store at a moment when it is exact at an offset. */
#ifndef STORAGE_ENV_ENV_EXACT_H
#define STORAGE_ENV_ENV_EXACT_H

#include "storage/env/env_lmdb.h"
#include <stdatomic.h>

/* How long a checkpoint that goes in several commits is waited for: the data is exact at no offset meanwhile. */
#define ENV_EXACT_MS_MAX 60000

/* Begin a read transaction that sees no pending checkpoint, and read the meta in it (env_meta_release()). End the
 * transaction by mdb_txn_abort(). `cancelled` may be NULL.
 *   STATUS_BUSY    A checkpoint that was begun did not end for ENV_EXACT_MS_MAX.
 *   STATUS_CLOSED  Cancelled.
 *   STATUS_CORRUPT, STATUS_NO_MEMORY, STATUS_IO. */
MUST_CHECK enum status env_begin_exact(const struct env *env, const atomic_bool *cancelled, MDB_txn **txn,
                                       struct env_meta *meta);

#endif
