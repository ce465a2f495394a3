#include "storage/env/checkpoint_apply.h"
#include "base/assert.h"
#include "base/crash_point.h"
#include "base/diag.h"
#include "storage/env/env_lmdb.h"
#include "storage/env/redo.h"
#include <math.h>

/* A row touches its leaf, with the few pages above it, which others share. Some rows take a sibling along that splits
 * or merges with it, or a run of pages of their own for a long value, which counts as one; there are so few of those
 * that a commit of this many rows stays within LMDB's list of pages wherever they lie: a step's bytes are bounded, too.
 */
#define STEP_ROWS_MAX (ENV_DIRTY_PAGES_MAX * 3 / 4)

/* Fresh rows fill leaves of their own, about 70 % full, and a memtable takes about twice its rows' bytes. */
#define MEMTABLE_BYTES_A_FRESH_LEAF 6144u

/* One commit's rows: from a place in the memtable on. */
struct step {
    MDB_txn *txn;
    MDB_cursor *cursor; /* Of `table`; NULL before the first row. */
    enum table table;
    bool is_beyond;  /* This row and those after it lie beyond the table's last key. */
    size_t last_len; /* Of last_key. */
    char last_key[TABLE_KEY_BYTES_MAX];
};

static MDB_val to_val(struct slice slice)
{
    return (MDB_val){.mv_size = slice.len, .mv_data = (void *)(uintptr_t)slice.data};
}

/* Leave a table for the next one. */
static int enter_table(const struct env *env, struct step *step, enum table table)
{
    MDB_val key;
    MDB_val value;
    int result;

    if (step->cursor != NULL) {
        mdb_cursor_close(step->cursor);
        step->cursor = NULL;
    }
    result = mdb_cursor_open(step->txn, env_table_handle(env, table), &step->cursor);
    if (result != 0) {
        return result;
    }
    step->table = table;
    result = mdb_cursor_get(step->cursor, &key, &value, MDB_LAST);
    step->is_beyond = result == MDB_NOTFOUND;
    if (result == 0) {
        ASSERT(key.mv_size <= sizeof(step->last_key));
        memcpy(step->last_key, key.mv_data, key.mv_size);
        step->last_len = key.mv_size;
    }
    return result == MDB_NOTFOUND ? 0 : result;
}

/* Rows beyond the table's last one are appended, which fills pages; an ordinary put halves them. */
static int put_row(struct step *step, struct slice row_key, struct slice row_value)
{
    MDB_val key = to_val(row_key);
    MDB_val value = to_val(row_value);

    return mdb_cursor_put(step->cursor, &key, &value, step->is_beyond ? MDB_APPEND : 0);
}

static int delete_row(struct step *step, struct slice row_key)
{
    MDB_val key = to_val(row_key);
    MDB_val value;
    int result;

    if (step->is_beyond) {
        return 0; /* Made and gone within this memtable. */
    }
    result = mdb_cursor_get(step->cursor, &key, &value, MDB_SET);
    if (result == 0) {
        result = mdb_cursor_del(step->cursor, 0);
    }
    return result == MDB_NOTFOUND ? 0 : result;
}

static int write_row(const struct env *env, struct step *step, const struct memtable_cursor *place)
{
    struct slice key;
    struct slice value;
    enum table table;
    enum memtable_found found = memtable_at(place, &table, &key, &value);
    int result = 0;

    ASSERT(table != TABLE_META); /* S4: the meta is the checkpoint's own. */
    if (step->cursor == NULL || table != step->table) {
        result = enter_table(env, step, table);
    }
    if (result != 0) {
        return result;
    }
    if (!step->is_beyond && slice_compare(key, slice_make(step->last_key, step->last_len)) > 0) {
        step->is_beyond = true;
    }
    return found == MEMTABLE_DELETED ? delete_row(step, key) : put_row(step, key, value);
}

/* Write up to `row_count` rows from `*place` on, and move it. */
static int write_rows(const struct env *env, struct step *step, struct memtable_cursor *place, uint64_t row_count,
                      bool *more)
{
    int result = 0;

    for (uint64_t i = 0; i < row_count && *more && result == 0; i++) {
        result = write_row(env, step, place);
        *more = memtable_next(place);
    }
    return result;
}

/* Commit rows from `*place` on, with `meta`. */
static enum status commit_step(struct checkpoint_apply *apply, struct memtable_cursor *place, uint64_t row_count,
                               bool *more, const struct env_meta *pending)
{
    struct step step = {0};
    enum status status;
    int result = mdb_txn_begin(env_handle(apply->env), NULL, 0, &step.txn);

    if (result != 0) {
        return env_write_status(apply->env, result);
    }
    result = write_rows(apply->env, &step, place, row_count, more);
    if (step.cursor != NULL) {
        mdb_cursor_close(step.cursor);
    }
    status = env_write_status(apply->env, result);
    if (status == STATUS_OK) {
        status = env_put_meta(apply->env, step.txn, *more ? pending : apply->meta);
    }
    if (status != STATUS_OK) {
        mdb_txn_abort(step.txn);
        return status;
    }
    crash_point("checkpoint.commit.before");
    status = env_write_status(apply->env, mdb_txn_commit(step.txn));
    crash_point("checkpoint.commit.after");
    apply->commit_count += status == STATUS_OK;
    return status;
}

static enum status apply_all(struct checkpoint_apply *apply, uint64_t step_rows, const struct env_meta *pending)
{
    struct memtable_cursor place;
    bool more = memtable_seek(&place, apply->frozen, 0, slice_empty());
    enum status status;

    do {
        status = commit_step(apply, &place, step_rows, &more, pending);
    } while (status == STATUS_OK && more);
    return status;
}

/* Pages that `rows` random rows of `leaves` leaves are expected to touch, at most one each, and those that new rows
 * fill. Rows that lie together touch fewer. */
static double expect_pages(const struct checkpoint_apply *apply, uint64_t leaf_pages)
{
    double rows = (double)memtable_count(apply->frozen);
    double leaves = (double)leaf_pages + 1;

    return leaves * -expm1(-rows / leaves) + (double)memtable_bytes(apply->frozen) / MEMTABLE_BYTES_A_FRESH_LEAF;
}

static void drop_redo(const struct checkpoint_apply *apply)
{
    if (redo_remove(apply->files, env_path(apply->env)) != STATUS_OK) {
        diag(DIAG_WARNING, "%s/redo: cannot be removed; it is of no use any more", env_path(apply->env));
    }
}

static enum status apply_stepwise(struct checkpoint_apply *apply, struct env_meta *base, uint64_t step_rows)
{
    enum status status = STATUS_OK;

    if (!apply->has_redo) {
        status = redo_write(apply->files, env_path(apply->env), base->position, apply->meta, apply->frozen);
        crash_point("checkpoint.redo.after");
    }
    if (status != STATUS_OK) {
        return status;
    }
    apply->has_redo = true;
    base->is_pending = true; /* S5: the file with all rows is durable before the first of them is in the data. */
    return apply_all(apply, step_rows, base);
}

enum status checkpoint_apply(struct checkpoint_apply *apply)
{
    struct env_usage usage;
    struct env_meta base;
    double pages;
    bool was_pending;
    enum status status = env_measure(apply->env, &usage);

    if (status == STATUS_OK) {
        status = env_read_meta(apply->env, &base);
    }
    if (status != STATUS_OK) {
        return status;
    }
    ASSERT(base.position.offset <= apply->meta->position.offset && !apply->meta->is_pending);
    was_pending = base.is_pending;
    pages = expect_pages(apply, usage.leaf_pages);
    if (pages <= apply->whole_pages_max) {
        status = apply_all(apply, UINT64_MAX, &base);
    } else {
        double step_rows = (double)memtable_count(apply->frozen) * apply->step_pages_max / pages;

        status = apply_stepwise(apply, &base, step_rows < STEP_ROWS_MAX ? (uint64_t)step_rows + 1 : STEP_ROWS_MAX);
    }
    if (status == STATUS_OK && (apply->has_redo || was_pending)) {
        drop_redo(apply);
    }
    env_meta_release(&base);
    return status;
}
