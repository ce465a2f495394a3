#include "storage/env/purge.h"
#include "base/assert.h"
#include "base/crash_point.h"
#include "base/diag.h"
#include "storage/env/env_lmdb.h"
#include "storage/keyspace/entry.h"
#include "storage/keyspace/keycode.h"
#include "storage/keyspace/library_rows.h"

/* A step's cost, in bytes that its commit rewrites, about: 32 MB of leaves, and the memory for them. */
#define STEP_COST_MAX      (32u << 20)
#define ROW_COST           128u  /* Beside its own bytes: finding it, and what is left of its leaf. */
#define OVERFLOW_ROW_COST  2048u /* Its pages are freed unwritten, but the first must be read. */
#define OVERFLOW_ROW_BYTES 2000u /* Longer rows lie on pages of their own. */
#define EXPIRY_ROW_COST    4096u /* Lies by its time: a leaf of its own. */

struct purge {
    const struct env *env;
    MDB_txn *txn;
    uint64_t cost;
};

static MDB_val to_val(struct slice slice)
{
    return (MDB_val){.mv_size = slice.len, .mv_data = (void *)(uintptr_t)slice.data};
}

static struct slice to_slice(const MDB_val *val)
{
    return slice_make(val->mv_data, val->mv_size);
}

static bool is_spent(const struct purge *purge)
{
    return purge->cost >= STEP_COST_MAX;
}

static void count_cost(struct purge *purge, const MDB_val *key, const MDB_val *value)
{
    size_t bytes = key->mv_size + value->mv_size;

    purge->cost += bytes > OVERFLOW_ROW_BYTES ? OVERFLOW_ROW_COST : bytes + ROW_COST;
}

/* Rows that hang on a key of a flushed database: its place in the expiry index, and its content. */
static int release_entry(struct purge *purge, struct slice coded_key, struct slice value)
{
    struct keycode code;
    struct slice name;
    struct entry entry;
    MDB_val key;
    MDB_val nothing = {.mv_size = 0, .mv_data = NULL};
    int result = 0;

    if (!entry_decode_row(coded_key, value, &name, &entry)) {
        diag(DIAG_WARNING, "%s: a key of a flushed database is damaged; what content it may have is never purged",
             env_path(purge->env));
        return 0;
    }
    if (entry.expire_at_ms != 0) {
        keycode_expiry(&code, entry_indexed_at_ms(&entry), coded_key);
        key = to_val(keycode_slice(&code));
        purge->cost += EXPIRY_ROW_COST;
        result = mdb_del(purge->txn, env_table_handle(purge->env, TABLE_EXPIRY), &key, NULL);
        result = result == MDB_NOTFOUND ? 0 : result;
    }
    if (result == 0 && entry.generation != 0) {
        keycode_orphan(&code, KEYCODE_ORPHAN_GENERATION, entry.generation);
        key = to_val(keycode_slice(&code));
        result = mdb_put(purge->txn, env_table_handle(purge->env, TABLE_ORPHANS), &key, &nothing, 0);
    }
    return result;
}

/* Delete the rows of `table` that begin with `number`, as far as the step goes. Each is sought anew, which costs little
 * beside its deletion, and asks nothing of a cursor after a deletion. */
static int delete_rows(struct purge *purge, enum table table, uint64_t number)
{
    struct keycode prefix;
    MDB_cursor *cursor;
    int result = mdb_cursor_open(purge->txn, env_table_handle(purge->env, table), &cursor);

    if (result != 0) {
        return result;
    }
    keycode_prefix(&prefix, number);
    while (result == 0 && !is_spent(purge)) {
        MDB_val key = to_val(keycode_slice(&prefix));
        MDB_val value;

        result = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
        if (result == MDB_NOTFOUND || (result == 0 && !slice_starts_with(to_slice(&key), keycode_slice(&prefix)))) {
            result = 0;
            break;
        }
        if (result == 0) {
            count_cost(purge, &key, &value);
            result = table == TABLE_KEYS ? release_entry(purge, to_slice(&key), to_slice(&value)) : 0;
        }
        if (result == 0) {
            result = mdb_cursor_del(cursor, 0);
        }
    }
    mdb_cursor_close(cursor);
    return result;
}

static int purge_orphan(struct purge *purge, struct slice record)
{
    enum keycode_orphan_kind kind;
    uint64_t number;
    int result;

    if (!keycode_parse_orphan(record, &kind, &number)) {
        return MDB_CORRUPTED;
    }
    if (kind == KEYCODE_ORPHAN_SPACE) {
        return delete_rows(purge, TABLE_KEYS, number);
    }
    result = delete_rows(purge, TABLE_FIELDS, number);
    if (result == 0 && !is_spent(purge)) {
        result = delete_rows(purge, TABLE_SCORES, number);
    }
    return result;
}

/* Generations sort before spaces, so those that a space's keys leave are purged before more of its keys. */
static int purge_orphans(struct purge *purge)
{
    MDB_dbi orphans = env_table_handle(purge->env, TABLE_ORPHANS);
    int result = 0;

    while (result == 0 && !is_spent(purge)) {
        char copy[TABLE_KEY_BYTES_MAX];
        MDB_cursor *cursor;
        MDB_val key;
        MDB_val value;

        result = mdb_cursor_open(purge->txn, orphans, &cursor);
        if (result != 0) {
            break;
        }
        result = mdb_cursor_get(cursor, &key, &value, MDB_FIRST);
        mdb_cursor_close(cursor);
        if (result != 0) {
            break;
        }
        ASSERT(key.mv_size <= sizeof(copy));
        memcpy(copy, key.mv_data, key.mv_size);
        key.mv_data = copy;
        result = purge_orphan(purge, to_slice(&key));
        if (result == 0 && !is_spent(purge)) {
            result = mdb_del(purge->txn, orphans, &key, NULL);
            purge->cost += ROW_COST;
        }
    }
    return result == MDB_NOTFOUND ? 0 : result;
}

/* Nothing that the tables hold is to stay, and LMDB frees whole trees without touching their leaves. */
static int purge_everything(struct purge *purge)
{
    int result = 0;

    for (enum table table = TABLE_KEYS; table < TABLE_COUNT && result == 0; table++) {
        result = mdb_drop(purge->txn, env_table_handle(purge->env, table), 0);
    }
    return result;
}

/* Whether all rows are orphaned: no database has a key, and there is no library, which belongs to none. */
static int has_only_orphans(struct purge *purge, const struct env_meta *meta, bool *only_orphans)
{
    struct keycode libraries;
    MDB_cursor *cursor;
    MDB_val key;
    MDB_val value;
    int result;

    *only_orphans = false;
    if (env_meta_key_count(meta) > 0) {
        return 0;
    }
    result = mdb_cursor_open(purge->txn, env_table_handle(purge->env, TABLE_KEYS), &cursor);
    if (result != 0) {
        return result;
    }
    keycode_prefix(&libraries, LIBRARY_SPACE);
    key = to_val(keycode_slice(&libraries));
    result = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
    *only_orphans =
        result == MDB_NOTFOUND || (result == 0 && !slice_starts_with(to_slice(&key), keycode_slice(&libraries)));
    mdb_cursor_close(cursor);
    return result == MDB_NOTFOUND ? 0 : result;
}

static int count_orphans(const struct purge *purge, size_t *count)
{
    MDB_stat facts;
    int result = mdb_stat(purge->txn, env_table_handle(purge->env, TABLE_ORPHANS), &facts);

    *count = result == 0 ? facts.ms_entries : 0;
    return result;
}

static enum status fill_step(struct purge *purge, size_t *orphan_count)
{
    struct env_meta meta;
    bool only_orphans;
    enum status status = env_get_meta(purge->env, purge->txn, &meta);
    int result;

    if (status != STATUS_OK) {
        return status;
    }
    ASSERT(!meta.is_pending); /* S6: the redo file would bring back rows of what is purged. */
    result = has_only_orphans(purge, &meta, &only_orphans);
    if (result == 0) {
        result = only_orphans ? purge_everything(purge) : purge_orphans(purge);
    }
    env_meta_release(&meta);
    if (result == 0) {
        result = count_orphans(purge, orphan_count);
    }
    return env_write_status(purge->env, result);
}

enum status purge_step(struct env *env, bool *more)
{
    struct purge purge = {.env = env};
    size_t orphan_count = 0;
    enum status status = env_begin_read(env, &purge.txn);
    int result;

    if (status != STATUS_OK) {
        return status;
    }
    result = count_orphans(&purge, &orphan_count);
    mdb_txn_abort(purge.txn);
    if (result != 0 || orphan_count == 0) {
        *more = false;
        return env_status(result);
    }
    result = mdb_txn_begin(env_handle(env), NULL, 0, &purge.txn);
    if (result != 0) {
        return env_write_status(env, result);
    }
    status = fill_step(&purge, &orphan_count);
    if (status != STATUS_OK) {
        mdb_txn_abort(purge.txn);
        return status;
    }
    crash_point("purge.commit.before");
    status = env_write_status(env, mdb_txn_commit(purge.txn));
    if (status == STATUS_OK) {
        *more = orphan_count > 0;
    }
    return status;
}
