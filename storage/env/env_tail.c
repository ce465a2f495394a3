/* Whether a data file that is shorter than LMDB's count of pages lacks anything.
 *
 * Pages at the end that a transaction took and freed again are never written, so such a file is whole as long as each
 * missing page is free. But a file that was cut short in a copy looks the same, and LMDB would fault in its map
 * (SIGBUS) where it reads beyond the end. */
#include "storage/env/env_lmdb.h"
#include <unistd.h>

#define FREE_LIST 0 /* LMDB's own table of free pages: transaction -> count, pages. */

/* How many pages from `first` on are free. A damaged list leaves the transaction unusable. */
static int count_free(MDB_txn *txn, size_t first, size_t *count)
{
    MDB_cursor *cursor;
    MDB_val key;
    MDB_val value;
    int result = mdb_cursor_open(txn, FREE_LIST, &cursor);

    if (result != 0) {
        return result;
    }
    while ((result = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {
        const size_t *pages = value.mv_data;

        if (value.mv_size < sizeof(size_t) || value.mv_size / sizeof(size_t) <= pages[0]) {
            result = MDB_CORRUPTED;
            break;
        }
        for (size_t i = 1; i <= pages[0]; i++) {
            *count += pages[i] >= first;
        }
    }
    mdb_cursor_close(cursor);
    return result == MDB_NOTFOUND ? 0 : result;
}

enum status env_check_free_pages(MDB_txn *txn)
{
    size_t count = 0;

    return env_status(count_free(txn, 0, &count));
}

/* Whether each page from `present` to `last` is free. */
static enum status check_missing(MDB_txn *txn, size_t present, size_t last)
{
    size_t free_count = 0;
    int result = count_free(txn, present, &free_count);

    if (result != 0) {
        return env_status(result);
    }
    return free_count == last + 1 - present ? STATUS_OK : STATUS_CORRUPT;
}

enum status env_check_tail(MDB_txn *txn, const char *file_path, uint64_t file_bytes, bool read_only)
{
    MDB_env *env = mdb_txn_env(txn);
    MDB_envinfo info;
    MDB_stat facts;
    uint64_t present;
    enum status status;
    int result = mdb_env_info(env, &info);

    if (result == 0) {
        result = mdb_env_stat(env, &facts);
    }
    if (result != 0) {
        return env_status(result);
    }
    present = file_bytes / facts.ms_psize;
    if (present > info.me_last_pgno) {
        return STATUS_OK;
    }
    /* With the file made long enough, what is missing reads as zeros, which LMDB takes for damage and not for pages. A
     * reader may not write, and has to hope that the table itself is there. */
    if (!read_only && truncate(file_path, (off_t)((info.me_last_pgno + 1) * facts.ms_psize)) != 0) {
        return STATUS_IO;
    }
    status = check_missing(txn, present, info.me_last_pgno);
    /* Else the next open would find a long file, whose zeros may be LMDB's own pages. */
    if (status != STATUS_OK && !read_only && truncate(file_path, (off_t)file_bytes) != 0) {
        return STATUS_IO;
    }
    return status;
}
