#include "storage/env/env_rows.h"

enum status env_rows_open(struct env_rows *rows, const struct env *env, MDB_txn *txn, enum table table,
                          struct slice prefix)
{
    int result = mdb_cursor_open(txn, env_table_handle(env, table), &rows->cursor);

    rows->has_begun = false;
    keycode_start(&rows->prefix);
    keycode_add_coded(&rows->prefix, prefix);
    return env_status(result);
}

void env_rows_close(struct env_rows *rows)
{
    mdb_cursor_close(rows->cursor);
}

enum status env_rows_next(struct env_rows *rows, struct slice *key, struct slice *value)
{
    struct slice prefix = keycode_slice(&rows->prefix);
    MDB_val row_key = {.mv_size = prefix.len, .mv_data = rows->prefix.bytes};
    MDB_val row_value;
    /* LMDB knows no empty key to seek. */
    MDB_cursor_op operation = rows->has_begun ? MDB_NEXT : prefix.len == 0 ? MDB_FIRST : MDB_SET_RANGE;
    int result = mdb_cursor_get(rows->cursor, &row_key, &row_value, operation);

    rows->has_begun = true;
    if (result == MDB_NOTFOUND) {
        return STATUS_END;
    }
    if (result != MDB_SUCCESS) {
        return env_status(result);
    }
    *key = slice_make(row_key.mv_data, row_key.mv_size);
    *value = slice_make(row_value.mv_data, row_value.mv_size);
    return slice_starts_with(*key, prefix) ? STATUS_OK : STATUS_END;
}
