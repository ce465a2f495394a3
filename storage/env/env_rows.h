/* Rows of one LMDB table that begin with the same bytes, in order, in a read transaction: for what reads environments
 * beside the store. */
#ifndef STORAGE_ENV_ENV_ROWS_H
#define STORAGE_ENV_ENV_ROWS_H

#include "storage/env/env_lmdb.h"
#include "storage/keyspace/keycode.h"

struct env_rows {
    MDB_cursor *cursor;
    struct keycode prefix;
    bool has_begun;
};

/* STATUS_NO_MEMORY, STATUS_IO. */
MUST_CHECK enum status env_rows_open(struct env_rows *rows, const struct env *env, MDB_txn *txn, enum table table,
                                     struct slice prefix);
void env_rows_close(struct env_rows *rows);
/* The next row, borrowed until the transaction ends. STATUS_END, STATUS_CORRUPT, STATUS_IO. */
MUST_CHECK enum status env_rows_next(struct env_rows *rows, struct slice *key, struct slice *value);

#endif
