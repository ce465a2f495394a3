/* A merge of up to three ordered sources.
 *
 * Each source stands on its next candidate in the direction of the walk. The nearest candidate is the step, unless the
 * newest source that has it says that it is deleted; sources that stood on it move on together. After a turn of
 * direction, or an insertion into the active memtable, sources are sought anew from the key that the cursor keeps. */
#include "storage/memtable/view_cursor.h"
#include "base/assert.h"
#include "base/memory.h"
#include "storage/memtable/view_sources.h"

enum source_kind { SOURCE_ACTIVE, SOURCE_FROZEN, SOURCE_LMDB, SOURCE_COUNT }; /* Newest first. */

/* Sorts after every key of a table. */
static const char beyond_all_keys[TABLE_KEY_BYTES_MAX + 1] = {[0 ... TABLE_KEY_BYTES_MAX] = (char)0xff};

struct source {
    struct memtable_cursor memtable;
    bool is_there; /* It has a candidate. */
    bool is_deleted;
    struct slice key;
    struct slice value;
};

struct view_cursor {
    struct view *view;
    enum table table;
    MDB_cursor *lmdb; /* Owned. */
    struct source sources[SOURCE_COUNT];
    struct memtable *frozen; /* When the cursor was made: it must not live across a switch. */
    uint64_t active_version;
    bool is_forward;
    bool is_standing;
    size_t prefix_len;
    size_t key_len;
    char prefix[TABLE_KEY_BYTES_MAX];
    char key[TABLE_KEY_BYTES_MAX];
    struct slice value;
};

struct view_cursor *view_cursor_create(struct view *view, enum table table, struct slice prefix)
{
    struct view_cursor *cursor = memory_allocate(sizeof(*cursor));
    int result;

    ASSERT(table != TABLE_META && prefix.len <= sizeof(cursor->prefix));
    memset(cursor, 0, offsetof(struct view_cursor, prefix));
    cursor->view = view;
    cursor->table = table;
    cursor->frozen = view->frozen;
    cursor->prefix_len = prefix.len;
    if (prefix.len > 0) {
        memcpy(cursor->prefix, prefix.data, prefix.len);
    }
    result = mdb_cursor_open(view->txn, env_table_handle(view->env, table), &cursor->lmdb);
    if (result != MDB_SUCCESS) {
        view_stop(view, "opening a cursor", result);
    }
    return cursor;
}

void view_cursor_free(struct view_cursor *cursor)
{
    if (cursor != NULL) {
        mdb_cursor_close(cursor->lmdb);
        memory_free(cursor);
    }
}

static struct slice prefix_of(const struct view_cursor *cursor)
{
    return slice_make(cursor->prefix, cursor->prefix_len);
}

/* Take what the source stands on as its candidate, if it lies within table and prefix. */
static void take_memtable(struct view_cursor *cursor, struct source *source, bool is_there)
{
    enum table table = cursor->table;

    source->is_there = is_there;
    if (is_there) {
        source->is_deleted = memtable_at(&source->memtable, &table, &source->key, &source->value) == MEMTABLE_DELETED;
        source->is_there = table == cursor->table && slice_starts_with(source->key, prefix_of(cursor));
    }
}

static void take_lmdb(struct view_cursor *cursor, int result, const MDB_val *key, const MDB_val *data)
{
    struct source *source = &cursor->sources[SOURCE_LMDB];

    if (result != MDB_SUCCESS && result != MDB_NOTFOUND) {
        view_stop(cursor->view, "walk", result);
    }
    source->is_there = result == MDB_SUCCESS;
    if (source->is_there) {
        source->key = slice_make(key->mv_data, key->mv_size);
        source->value = slice_make(data->mv_data, data->mv_size);
        source->is_there = slice_starts_with(source->key, prefix_of(cursor));
    }
}

static void move_lmdb(struct view_cursor *cursor, MDB_cursor_op operation)
{
    MDB_val key;
    MDB_val data;
    int result = mdb_cursor_get(cursor->lmdb, &key, &data, operation);

    take_lmdb(cursor, result, &key, &data);
}

static struct memtable *memtable_of(const struct view_cursor *cursor, int kind)
{
    return kind == SOURCE_ACTIVE ? cursor->view->active : cursor->frozen;
}

/* Where a source is to stand. */
struct bound {
    struct slice key;
    bool is_after_all; /* Instead of key: past the last of the prefix. */
    bool is_open;      /* The key itself is not wanted. */
};

static void seek_lmdb_forward(struct view_cursor *cursor, struct bound bound)
{
    MDB_val key = {.mv_size = bound.key.len, .mv_data = (void *)(uintptr_t)bound.key.data};
    MDB_val data;
    int result = bound.key.len == 0 ? mdb_cursor_get(cursor->lmdb, &key, &data, MDB_FIRST)
                                    : mdb_cursor_get(cursor->lmdb, &key, &data, MDB_SET_RANGE);

    if (result == MDB_SUCCESS && bound.is_open && slice_equal(slice_make(key.mv_data, key.mv_size), bound.key)) {
        result = mdb_cursor_get(cursor->lmdb, &key, &data, MDB_NEXT);
    }
    take_lmdb(cursor, result, &key, &data);
}

static void seek_lmdb_backward(struct view_cursor *cursor, struct bound bound)
{
    MDB_val key = {.mv_size = bound.key.len, .mv_data = (void *)(uintptr_t)bound.key.data};
    MDB_val data;
    int result;

    if (bound.is_after_all && bound.key.len == 0) {
        move_lmdb(cursor, MDB_LAST);
        return;
    }
    ASSERT(bound.key.len > 0);
    result = mdb_cursor_get(cursor->lmdb, &key, &data, MDB_SET_RANGE);
    if (result == MDB_NOTFOUND) {
        move_lmdb(cursor, MDB_LAST);
        return;
    }
    if (result == MDB_SUCCESS && (bound.is_open || !slice_equal(slice_make(key.mv_data, key.mv_size), bound.key))) {
        result = mdb_cursor_get(cursor->lmdb, &key, &data, MDB_PREV);
    }
    take_lmdb(cursor, result, &key, &data);
}

static void seek_memtable(struct view_cursor *cursor, int kind, struct bound bound)
{
    struct source *source = &cursor->sources[kind];
    struct memtable *memtable = memtable_of(cursor, kind);
    bool is_there;

    source->is_there = false;
    if (memtable == NULL) {
        return;
    }
    if (!cursor->is_forward) {
        struct slice key =
            bound.is_after_all && bound.key.len == 0 ? slice_make(beyond_all_keys, sizeof(beyond_all_keys)) : bound.key;

        is_there =
            memtable_seek_last(&source->memtable, memtable, cursor->table, key, bound.is_open || bound.is_after_all);
    } else {
        enum table table = cursor->table;
        struct slice key;
        struct slice value;

        is_there = memtable_seek(&source->memtable, memtable, cursor->table, bound.key);
        if (is_there && bound.is_open) {
            (void)memtable_at(&source->memtable, &table, &key, &value);
            if (table == cursor->table && slice_equal(key, bound.key)) {
                is_there = memtable_next(&source->memtable);
            }
        }
    }
    take_memtable(cursor, source, is_there);
}

/* Put all sources at the bound, in the cursor's direction. */
static void seek_all(struct view_cursor *cursor, struct bound bound)
{
    ASSERT(cursor->frozen == cursor->view->frozen);
    seek_memtable(cursor, SOURCE_ACTIVE, bound);
    seek_memtable(cursor, SOURCE_FROZEN, bound);
    if (cursor->is_forward) {
        seek_lmdb_forward(cursor, bound);
    } else {
        bound.is_open = bound.is_open || bound.is_after_all;
        seek_lmdb_backward(cursor, bound);
    }
    cursor->active_version = memtable_version(cursor->view->active);
}

static void advance(struct view_cursor *cursor, int kind)
{
    struct source *source = &cursor->sources[kind];

    if (kind == SOURCE_LMDB) {
        move_lmdb(cursor, cursor->is_forward ? MDB_NEXT : MDB_PREV);
    } else {
        take_memtable(cursor, source,
                      cursor->is_forward ? memtable_next(&source->memtable) : memtable_prev(&source->memtable));
    }
}

/* The source with the nearest candidate, the newest of equals; -1 if there is none. */
static int nearest(const struct view_cursor *cursor)
{
    int best = -1;

    for (int i = 0; i < SOURCE_COUNT; i++) {
        const struct source *source = &cursor->sources[i];
        int order;

        if (!source->is_there) {
            continue;
        }
        order = best < 0 ? -1 : slice_compare(source->key, cursor->sources[best].key);
        if (best < 0 || (cursor->is_forward ? order < 0 : order > 0)) {
            best = i;
        }
    }
    return best;
}

/* Take the nearest candidate that is not deleted. */
static bool settle(struct view_cursor *cursor)
{
    for (;;) {
        int best = nearest(cursor);
        bool is_deleted;

        cursor->is_standing = best >= 0;
        if (best < 0) {
            return false;
        }
        cursor->key_len = cursor->sources[best].key.len;
        memcpy(cursor->key, cursor->sources[best].key.data, cursor->key_len);
        cursor->value = cursor->sources[best].value;
        is_deleted = best != SOURCE_LMDB && cursor->sources[best].is_deleted;
        if (!is_deleted) {
            return true;
        }
        for (int i = 0; i < SOURCE_COUNT; i++) {
            if (cursor->sources[i].is_there && slice_equal(cursor->sources[i].key, view_cursor_key(cursor))) {
                advance(cursor, i);
            }
        }
    }
}

bool view_cursor_seek(struct view_cursor *cursor, struct slice key)
{
    cursor->is_forward = true;
    if (slice_compare(key, prefix_of(cursor)) < 0) {
        key = prefix_of(cursor);
    }
    seek_all(cursor, (struct bound){.key = key});
    return settle(cursor);
}

bool view_cursor_first(struct view_cursor *cursor)
{
    return view_cursor_seek(cursor, prefix_of(cursor));
}

/* The first key after all that begin with the prefix; empty if there is no such key. */
static struct slice prefix_successor(const struct view_cursor *cursor, char successor[TABLE_KEY_BYTES_MAX])
{
    size_t len = cursor->prefix_len;

    memcpy(successor, cursor->prefix, len);
    while (len > 0 && (unsigned char)successor[len - 1] == 0xff) {
        len--;
    }
    if (len > 0) {
        successor[len - 1] = (char)((unsigned char)successor[len - 1] + 1);
    }
    return slice_make(successor, len);
}

bool view_cursor_last(struct view_cursor *cursor)
{
    char successor[TABLE_KEY_BYTES_MAX];

    cursor->is_forward = false;
    seek_all(cursor, (struct bound){.key = prefix_successor(cursor, successor), .is_after_all = true});
    return settle(cursor);
}

bool view_cursor_seek_last(struct view_cursor *cursor, struct slice key)
{
    char successor[TABLE_KEY_BYTES_MAX];
    struct slice end = prefix_successor(cursor, successor);

    if (slice_compare(key, prefix_of(cursor)) < 0) {
        cursor->is_standing = false;
        return false;
    }
    if (end.len > 0 && slice_compare(key, end) >= 0) {
        return view_cursor_last(cursor);
    }
    if (key.len == 0) {
        cursor->is_standing = false;
        return false; /* No key is empty. */
    }
    cursor->is_forward = false;
    seek_all(cursor, (struct bound){.key = key});
    return settle(cursor);
}

/* One step from the present key. */
static bool step(struct view_cursor *cursor, bool is_forward)
{
    bool is_turned = cursor->is_forward != is_forward;

    if (!cursor->is_standing) {
        return false;
    }
    cursor->is_forward = is_forward;
    if (is_turned) {
        seek_all(cursor, (struct bound){.key = view_cursor_key(cursor), .is_open = true});
        return settle(cursor);
    }
    if (cursor->active_version != memtable_version(cursor->view->active)) {
        seek_memtable(cursor, SOURCE_ACTIVE, (struct bound){.key = view_cursor_key(cursor), .is_open = true});
        cursor->active_version = memtable_version(cursor->view->active);
    } else if (cursor->sources[SOURCE_ACTIVE].is_there) {
        /* Its record may have been rewritten in place. */
        take_memtable(cursor, &cursor->sources[SOURCE_ACTIVE], true);
    }
    for (int i = 0; i < SOURCE_COUNT; i++) {
        if (cursor->sources[i].is_there && slice_equal(cursor->sources[i].key, view_cursor_key(cursor))) {
            advance(cursor, i);
        }
    }
    return settle(cursor);
}

bool view_cursor_next(struct view_cursor *cursor)
{
    return step(cursor, true);
}

bool view_cursor_prev(struct view_cursor *cursor)
{
    return step(cursor, false);
}

struct slice view_cursor_key(const struct view_cursor *cursor)
{
    return slice_make(cursor->key, cursor->key_len);
}

struct slice view_cursor_value(const struct view_cursor *cursor)
{
    return cursor->value;
}
