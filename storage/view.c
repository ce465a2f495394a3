#include "storage/view.h"
#include "base/assert.h"
#include "base/memory.h"
#include "base/random.h"
#include "storage/view_sources.h"

enum status view_open(struct env *env, struct view **view)
{
    struct view *opened = memory_allocate_zeroed(sizeof(*opened));
    struct random random;
    enum status status;

    random_init_from_system(&random);
    opened->env = env;
    opened->hash_seed = random_next(&random);
    status = env_begin_read(env, &opened->txn);
    if (status != STATUS_OK) {
        memory_free(opened);
        return status;
    }
    opened->active = memtable_create(opened->hash_seed);
    *view = opened;
    return STATUS_OK;
}

void view_close(struct view *view)
{
    if (view == NULL) {
        return;
    }
    memtable_free(view->spare);
    memtable_free(view->frozen);
    memtable_free(view->active);
    mdb_txn_abort(view->txn);
    memory_free(view);
}

bool view_get(struct view *view, enum table table, struct slice key, struct slice *value)
{
    struct memtable_key hashed = memtable_key(view->hash_seed, table, key);
    enum memtable_found found = memtable_get_hashed(view->active, &hashed, value);
    MDB_val wanted = {.mv_size = key.len, .mv_data = (void *)(uintptr_t)key.data};
    MDB_val data;
    int result;

    if (found == MEMTABLE_ABSENT && view->frozen != NULL) {
        found = memtable_get_hashed(view->frozen, &hashed, value);
    }
    if (found != MEMTABLE_ABSENT) {
        return found == MEMTABLE_PRESENT;
    }
    result = mdb_get(view->txn, env_table_handle(view->env, table), &wanted, &data);
    ASSERT(result == MDB_SUCCESS || result == MDB_NOTFOUND); /* Keys are never empty nor too long. */
    if (result == MDB_NOTFOUND) {
        return false;
    }
    *value = slice_make(data.mv_data, data.mv_size);
    return true;
}

void view_put(struct view *view, enum table table, struct slice key, struct slice value)
{
    memtable_put(view->active, table, key, value);
}

char *view_put_space(struct view *view, enum table table, struct slice key, size_t len)
{
    return memtable_put_space(view->active, table, key, len);
}

void view_delete(struct view *view, enum table table, struct slice key)
{
    memtable_delete(view->active, table, key);
}

size_t view_active_bytes(const struct view *view)
{
    return memtable_bytes(view->active);
}

size_t view_active_count(const struct view *view)
{
    return memtable_count(view->active);
}

const struct memtable *view_freeze(struct view *view)
{
    ASSERT(view->frozen == NULL);
    memtable_settle(view->active);
    view->frozen = view->active;
    view->active = view->spare != NULL ? view->spare : memtable_create(view->hash_seed);
    view->spare = NULL;
    return view->frozen;
}

bool view_has_frozen(const struct view *view)
{
    return view->frozen != NULL;
}

/* See the last commit. Nothing that the old transaction gave may be in use. */
static enum status renew(struct view *view)
{
    mdb_txn_reset(view->txn);
    return env_status(mdb_txn_renew(view->txn));
}

enum status view_drop_frozen(struct view *view)
{
    enum status status = renew(view);

    ASSERT(view->frozen != NULL && view->spare == NULL);
    if (status != STATUS_OK) {
        return status;
    }
    memtable_clear(view->frozen);
    view->spare = view->frozen;
    view->frozen = NULL;
    return STATUS_OK;
}

enum status view_renew(struct view *view)
{
    ASSERT(view->frozen == NULL);
    return renew(view);
}
