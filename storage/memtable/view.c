#include "storage/memtable/view.h"
#include "base/assert.h"
#include "base/diag.h"
#include "base/memory.h"
#include "base/random.h"
#include "storage/memtable/view_sources.h"
#include <stdlib.h>

#define TRIM_BYTES ((size_t)4 * 1024 * 1024)

void view_stop(const struct view *view, const char *operation, int result)
{
    diag(DIAG_WARNING, "%s: %s failed: %s; check the data with hearth-check", env_path(view->env), operation,
         mdb_strerror(result));
    abort();
}

static void close_lookups(struct view *view)
{
    for (int table = 0; table < TABLE_COUNT; table++) {
        if (view->lookups[table] != NULL) {
            mdb_cursor_close(view->lookups[table]);
        }
    }
}

static enum status open_lookups(struct view *view)
{
    for (int table = 0; table < TABLE_COUNT; table++) {
        int result = table == TABLE_META ? 0
                                         : mdb_cursor_open(view->txn, env_table_handle(view->env, (enum table)table),
                                                           &view->lookups[table]);

        if (result != 0) {
            return env_status(result);
        }
    }
    return STATUS_OK;
}

/* The transaction is a new one: forget where keys were in the old one. */
static void renew_cache(struct view *view)
{
    static const enum table tables[] = {TABLE_KEYS, TABLE_FIELDS, TABLE_SCORES};
    uint64_t key_count = 0;

    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        MDB_stat stat;

        if (mdb_stat(view->txn, env_table_handle(view->env, tables[i]), &stat) == 0) {
            key_count += stat.ms_entries;
            view->page_bytes = stat.ms_psize;
        }
    }
    view_cache_renew(&view->cache, key_count);
}

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
        goto fail_allocated;
    }
    status = open_lookups(opened);
    if (status != STATUS_OK) {
        goto fail_begun;
    }
    opened->active = memtable_create(opened->hash_seed);
    view_cache_init(&opened->cache, VIEW_CACHE_BYTES_DEFAULT);
    *view = opened;
    return STATUS_OK;

fail_begun:
    close_lookups(opened);
    mdb_txn_abort(opened->txn);
fail_allocated:
    memory_free(opened);
    return status;
}

void view_warm_up(struct view *view)
{
    renew_cache(view);
}

void view_close(struct view *view)
{
    if (view == NULL) {
        return;
    }
    view_cache_release(&view->cache);
    memtable_free(view->settled);
    memtable_free(view->frozen);
    memtable_free(view->active);
    close_lookups(view);
    mdb_txn_abort(view->txn);
    memory_free(view);
}

#define NEIGHBOURS_MAX 32 /* About what a page holds of small rows. */

/* Note where the keys lie that follow `first` on its page, at which the cursor stands. The page is in memory now, and
 * what a key costs here is a tenth of its own way down the tree: so the cache is warm again soon after a checkpoint.
 * Only while all keys have their place in the cache, where it drives nothing out that is asked for more often. Never
 * to the next page, which may not be in memory. */
static void note_neighbours(struct view *view, enum table table, const char *first)
{
    struct view_cache_found found[NEIGHBOURS_MAX];
    size_t count = 0;
    MDB_val key = {.mv_data = (void *)(uintptr_t)first};
    MDB_val value;

    while (count < NEIGHBOURS_MAX && !env_is_last_on_page(key.mv_data, view->page_bytes) &&
           mdb_cursor_get(view->lookups[table], &key, &value, MDB_NEXT) == 0) {
        found[count].value = slice_make(value.mv_data, value.mv_size);
        found[count].key = memtable_key(view->hash_seed, table, slice_make(key.mv_data, key.mv_size));
        view_cache_prefetch(&view->cache, &found[count].key);
        count++;
    }
    for (size_t i = 0; i < count; i++) {
        view_cache_put_new(&view->cache, &found[i]);
    }
}

/* The way down LMDB's tree, which takes a microsecond, and a note of where it led. */
static bool look_up(struct view *view, const struct memtable_key *key, struct slice *value)
{
    MDB_val found_key = {.mv_size = key->bytes.len, .mv_data = (void *)(uintptr_t)key->bytes.data};
    MDB_val found;
    int result = mdb_cursor_get(view->lookups[key->table], &found_key, &found, MDB_SET_KEY);

    if (result == MDB_NOTFOUND) {
        return false;
    }
    if (result != 0) {
        view_stop(view, "lookup", result);
    }
    *value = slice_make(found.mv_data, found.mv_size);
    view_cache_put(&view->cache, key, slice_make(found_key.mv_data, found_key.mv_size), *value);
    if (view_cache_is_roomy(&view->cache)) {
        note_neighbours(view, key->table, found_key.mv_data);
    }
    return true;
}

/* What stands between the active memtable and LMDB. What a checkpoint has stored goes on to serve gets until its memory
 * is wanted: keys that were written lately are asked for again, and walking down LMDB's tree costs five times as much.
 */
static const struct memtable *older_memtable(const struct view *view)
{
    return view->frozen != NULL ? view->frozen : view->settled;
}

bool view_get(struct view *view, enum table table, struct slice key, struct slice *value)
{
    struct memtable_key hashed = memtable_key(view->hash_seed, table, key);
    const struct memtable *older = older_memtable(view);
    enum memtable_found found;

    ASSERT(key.len > 0 && key.len <= TABLE_KEY_BYTES_MAX);
    /* The three are asked one after the other, but wait for memory at the same time. */
    view_cache_prefetch(&view->cache, &hashed);
    if (older != NULL) {
        memtable_prefetch(older, &hashed);
    }
    found = memtable_get_hashed(view->active, &hashed, value);
    if (found == MEMTABLE_ABSENT && older != NULL) {
        found = memtable_get_hashed(older, &hashed, value);
    }
    if (found != MEMTABLE_ABSENT) {
        return found == MEMTABLE_PRESENT;
    }
    return view_cache_get(&view->cache, &hashed, value) || look_up(view, &hashed, value);
}

void view_announce(struct view *view, const struct view_announced *keys, size_t count)
{
    const struct memtable *older = older_memtable(view);
    struct memtable_key hashed[VIEW_ANNOUNCE_MAX];

    ASSERT(count <= VIEW_ANNOUNCE_MAX);
    for (size_t i = 0; i < count; i++) {
        hashed[i] = memtable_key(view->hash_seed, keys[i].table, keys[i].key);
        view_cache_prefetch(&view->cache, &hashed[i]);
        memtable_prefetch(view->active, &hashed[i]);
        if (older != NULL) {
            memtable_prefetch(older, &hashed[i]);
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (!memtable_prefetch_record(view->active, &hashed[i]) &&
            (older == NULL || !memtable_prefetch_record(older, &hashed[i]))) {
            view_cache_prefetch_place(&view->cache, &hashed[i]);
        }
    }
}

void view_put(struct view *view, enum table table, struct slice key, struct slice value)
{
    ASSERT(key.len > 0);
    memtable_put(view->active, table, key, value);
}

char *view_put_space(struct view *view, enum table table, struct slice key, size_t len)
{
    ASSERT(key.len > 0);
    return memtable_put_space(view->active, table, key, len);
}

bool view_overwrite(struct view *view, enum table table, struct slice key, size_t start, struct slice bytes)
{
    ASSERT(key.len > 0);
    return memtable_overwrite(view->active, table, key, start, bytes);
}

void view_delete(struct view *view, enum table table, struct slice key)
{
    ASSERT(key.len > 0);
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
    memtable_settle(view->active); /* From here on another thread reads it too. */
    view->frozen = view->active;
    view->active = view->settled;
    view->settled = NULL;
    if (view->active == NULL) {
        view->active = memtable_create(view->hash_seed);
    } else {
        memtable_clear(view->active);
    }
    return view->frozen;
}

bool view_has_frozen(const struct view *view)
{
    return view->frozen != NULL;
}

/* See the last commit. Nothing that the old transaction gave may be in use. */
static enum status renew(struct view *view)
{
    int result;

    mdb_txn_reset(view->txn);
    result = mdb_txn_renew(view->txn);
    for (int table = 0; result == 0 && table < TABLE_COUNT; table++) {
        if (view->lookups[table] != NULL) {
            result = mdb_cursor_renew(view->txn, view->lookups[table]);
        }
    }
    if (result != 0) {
        return env_status(result);
    }
    renew_cache(view);
    return STATUS_OK;
}

enum status view_drop_frozen(struct view *view)
{
    enum status status = renew(view);

    ASSERT(view->frozen != NULL && view->settled == NULL);
    if (status != STATUS_OK) {
        return status;
    }
    view->settled = view->frozen;
    view->frozen = NULL;
    if (memtable_has_large_values(view->settled)) {
        memtable_clear(view->settled);
    }
    return STATUS_OK;
}

enum status view_renew(struct view *view)
{
    ASSERT(view->frozen == NULL);
    return renew(view);
}

bool view_trim(struct view *view)
{
    if (view->settled == NULL) {
        return false;
    }
    if (memtable_count(view->settled) > 0) {
        memtable_clear(view->settled);
    } else if (!memtable_trim(view->settled, TRIM_BYTES)) {
        memtable_free(view->settled);
        view->settled = NULL;
    }
    return view->settled != NULL;
}
