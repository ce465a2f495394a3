/* Generations and spaces: content that is found, copied and dropped by its number. */
#include "storage/env/env.h"
#include "storage/keyspace/keyspace_state.h"
#include "storage/memtable/view_cursor.h"
#include "storage/value/zset_memo.h"

uint64_t keyspace_new_generation(struct keyspace *keyspace)
{
    return keyspace->next_generation++;
}

static void orphan(struct keyspace *keyspace, enum keycode_orphan_kind kind, uint64_t number)
{
    struct keycode code;

    keycode_orphan(&code, kind, number);
    view_put(keyspace->view, TABLE_ORPHANS, keycode_slice(&code), slice_empty());
}

void keyspace_orphan_generation(struct keyspace *keyspace, uint64_t generation)
{
    orphan(keyspace, KEYCODE_ORPHAN_GENERATION, generation);
    zset_memos_forget(keyspace->zset_memos, generation);
}

/* The code of a name is the same under every generation, so a row is copied by exchanging the number in front. */
static void copy_rows(struct keyspace *keyspace, enum table table, uint64_t from, uint64_t to)
{
    struct keycode prefix;
    struct keycode code;
    struct view_cursor *cursor;

    keycode_prefix(&prefix, from);
    cursor = view_cursor_create(keyspace->view, table, keycode_slice(&prefix));
    for (bool more = view_cursor_first(cursor); more; more = view_cursor_next(cursor)) {
        keycode_prefix(&code, to);
        keycode_add_coded(&code, slice_after(view_cursor_key(cursor), prefix.len));
        view_put(keyspace->view, table, keycode_slice(&code), view_cursor_value(cursor));
    }
    view_cursor_free(cursor);
}

bool keyspace_copy(struct keyspace *keyspace, uint32_t from_db, struct slice from, uint32_t to_db, struct slice to)
{
    struct entry entry;
    uint64_t generation;

    if (!keyspace_find(keyspace, from_db, from, &entry)) {
        return false;
    }
    if (from_db == to_db && slice_equal(from, to)) {
        return true;
    }
    if (entry.generation != 0) {
        generation = keyspace_new_generation(keyspace);
        copy_rows(keyspace, TABLE_FIELDS, entry.generation, generation);
        copy_rows(keyspace, TABLE_SCORES, entry.generation, generation);
        entry.generation = generation;
    }
    (void)keyspace_delete(keyspace, to_db, to);
    keyspace_put(keyspace, to_db, to, &entry);
    return true;
}

static void flush(struct keyspace *keyspace, struct keyspace_database *database)
{
    if (database->key_count == 0) {
        return; /* K2: there is no row either, so nothing to purge. */
    }
    orphan(keyspace, KEYCODE_ORPHAN_SPACE, database->space);
    *database = (struct keyspace_database){.space = keyspace_new_generation(keyspace)};
}

void keyspace_flush_database(struct keyspace *keyspace, uint32_t db)
{
    flush(keyspace, keyspace_database(keyspace, db));
}

void keyspace_flush_all(struct keyspace *keyspace)
{
    for (uint32_t db = 0; db < keyspace->held_count; db++) {
        flush(keyspace, &keyspace->databases[db]);
    }
    zset_memos_clear(keyspace->zset_memos);
}

void keyspace_swap(struct keyspace *keyspace, uint32_t a, uint32_t b)
{
    struct keyspace_database *first = keyspace_database(keyspace, a);
    struct keyspace_database *second = keyspace_database(keyspace, b);
    struct keyspace_database former = *first;

    *first = *second;
    *second = former;
}
