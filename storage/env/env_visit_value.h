/* The values of an environment's keys, by type: what env_visit.c shares with env_visit_value.c. */
#ifndef STORAGE_ENV_ENV_VISIT_VALUE_H
#define STORAGE_ENV_ENV_VISIT_VALUE_H

#include "base/buf.h"
#include "storage/env/env_lmdb.h"
#include "storage/env/env_visit.h"

struct env_visit {
    struct env *env; /* Borrowed. */
    struct env_visit_options options;
    struct env_meta meta; /* Owned: of the transaction. */
    MDB_txn *txn;
    uint64_t done_keys;
    uint64_t total_keys;
    struct buf scratch; /* A string put together. */
};

/* Tell the elements of `entry` to the visitor. `*reason` is static text when it is STATUS_CORRUPT or
 * STATUS_UNSUPPORTED. */
MUST_CHECK enum status env_visit_value(struct env_visit *visit, const struct entry *entry,
                                       const struct key_visitor *visitor, const char **reason);

/* The same for a stream in rows: env_visit_stream.c. */
MUST_CHECK enum status env_visit_stream(struct env_visit *visit, const struct entry *entry,
                                        const struct key_visitor *visitor, const char **reason);

#endif
