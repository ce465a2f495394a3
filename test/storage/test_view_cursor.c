/* Walks over active memtable, frozen memtable and LMDB together, both ways and while the view changes, compared with a
 * sorted array. */
#include "base/memory.h"
#include "storage/env_lmdb.h"
#include "storage/view.h"
#include "storage/view_cursor.h"
#include "support/scratch.h"
#include "support/sorted_model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define SEED 20261122

struct fixture {
    char *folder;
    char *path;
    struct env *env;
    struct view *view;
    struct sorted_model model;
    struct random random;
};

static int set_up(void **state)
{
    struct fixture *f = memory_allocate_zeroed(sizeof(*f));
    struct env_meta meta = {.selected_db = -1, .next_generation = 1};

    f->folder = scratch_create();
    f->path = file_join(f->folder, "data");
    history_init(&meta.history);
    assert_int_equal(env_create(file_system_posix(), f->path, &meta), STATUS_OK);
    assert_int_equal(env_open(f->path, false, &f->env), STATUS_OK);
    assert_int_equal(view_open(f->env, &f->view), STATUS_OK);
    sorted_model_init(&f->model);
    random_init(&f->random, SEED);
    printf("seed %d\n", SEED);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    view_close(f->view);
    env_close(f->env);
    sorted_model_release(&f->model);
    memory_free(f->path);
    scratch_remove(f->folder);
    memory_free(f);
    return 0;
}

static enum table random_table(struct fixture *f)
{
    return random_below(&f->random, 2) == 0 ? TABLE_KEYS : TABLE_FIELDS;
}

static void change(struct fixture *f)
{
    char bytes[TABLE_KEY_BYTES_MAX];
    struct slice key = sorted_model_random_key(&f->random, bytes);
    enum table table = random_table(f);
    char value[32];

    if (key.len == 0) {
        return;
    }
    if (random_below(&f->random, 3) == 0) {
        view_delete(f->view, table, key);
        sorted_model_remove(&f->model, table, key);
    } else {
        int len = snprintf(value, sizeof(value), "%llu", (unsigned long long)random_next(&f->random));

        view_put(f->view, table, key, slice_make(value, (size_t)len));
        sorted_model_put(&f->model, table, key, slice_make(value, (size_t)len));
    }
}

/* What the checkpoint thread does: apply the frozen memtable. */
static void checkpoint(struct fixture *f)
{
    const struct memtable *frozen = view_freeze(f->view);
    struct memtable_cursor cursor;
    MDB_txn *txn;

    for (int i = 0; i < 40; i++) {
        change(f); /* Three sources for a while. */
    }
    assert_int_equal(mdb_txn_begin(env_handle(f->env), NULL, 0, &txn), MDB_SUCCESS);
    for (bool found = memtable_seek(&cursor, frozen, TABLE_META, slice_empty()); found;
         found = memtable_next(&cursor)) {
        enum table table;
        struct slice key;
        struct slice value;
        enum memtable_found what = memtable_at(&cursor, &table, &key, &value);
        MDB_val k = {.mv_size = key.len, .mv_data = (void *)(uintptr_t)key.data};
        MDB_val v = {.mv_size = value.len, .mv_data = (void *)(uintptr_t)value.data};

        if (what == MEMTABLE_PRESENT) {
            assert_int_equal(mdb_put(txn, env_table_handle(f->env, table), &k, &v, 0), MDB_SUCCESS);
        } else {
            (void)mdb_del(txn, env_table_handle(f->env, table), &k, NULL);
        }
    }
    assert_int_equal(mdb_txn_commit(txn), MDB_SUCCESS);
    assert_int_equal(view_drop_frozen(f->view), STATUS_OK);
}

/* The model's record that a walk in `table` within `prefix` stands on, from index on or back; NULL if none. */
static const struct sorted_model_record *model_at(const struct fixture *f, size_t index, enum table table,
                                                  struct slice prefix)
{
    const struct sorted_model_record *record = index < f->model.count ? &f->model.records[index] : NULL;

    return record != NULL && record->table == table && slice_starts_with(record->key, prefix) ? record : NULL;
}

static void assert_stands(struct view_cursor *cursor, bool found, const struct sorted_model_record *expected)
{
    assert_int_equal(found, expected != NULL);
    if (expected != NULL) {
        assert_true(slice_equal(view_cursor_key(cursor), expected->key));
        assert_true(slice_equal(view_cursor_value(cursor), expected->value));
    }
}

/* A walk of random steps from a random place, with changes between them. */
static void walk(struct fixture *f, bool with_changes)
{
    char bytes[TABLE_KEY_BYTES_MAX];
    char start_bytes[TABLE_KEY_BYTES_MAX];
    struct slice prefix = sorted_model_random_key(&f->random, bytes);
    struct slice start = sorted_model_random_key(&f->random, start_bytes);
    enum table table = random_table(f);
    struct view_cursor *cursor;
    const struct sorted_model_record *expected;
    size_t index;
    bool found;

    prefix.len = random_below(&f->random, prefix.len + 1);
    prefix.len = random_below(&f->random, 2) == 0 ? 0 : prefix.len > 3 ? 3 : prefix.len;
    cursor = view_cursor_create(f->view, table, prefix);
    switch (random_below(&f->random, 4)) {
    case 0:
        index = sorted_model_seek(&f->model, table, prefix, false);
        found = view_cursor_first(cursor);
        break;
    case 1:
        index = sorted_model_seek(&f->model, table, start, false);
        if (slice_compare(start, prefix) < 0) {
            index = sorted_model_seek(&f->model, table, prefix, false);
        }
        found = view_cursor_seek(cursor, start);
        break;
    case 2:
        index = sorted_model_seek(&f->model, table, start, true) - 1;
        while (index != SIZE_MAX && model_at(f, index, table, prefix) == NULL &&
               f->model.records[index].table == table && slice_compare(f->model.records[index].key, prefix) > 0) {
            index--; /* `start` lies behind all of the prefix. */
        }
        found = view_cursor_seek_last(cursor, start);
        break;
    default:
        index = sorted_model_seek(&f->model, table, prefix, false);
        while (model_at(f, index, table, prefix) != NULL) {
            index++;
        }
        index--;
        found = view_cursor_last(cursor);
        break;
    }
    expected = model_at(f, index, table, prefix);
    assert_stands(cursor, found, expected);
    while (found && random_below(&f->random, 60) != 0) {
        bool is_forward = random_below(&f->random, 4) != 0;
        char here_bytes[TABLE_KEY_BYTES_MAX];
        struct slice here = slice_make(here_bytes, view_cursor_key(cursor).len);

        memcpy(here_bytes, view_cursor_key(cursor).data, here.len);
        if (with_changes && random_below(&f->random, 3) == 0) {
            change(f);
        }
        if (is_forward) {
            found = view_cursor_next(cursor);
            expected = model_at(f, sorted_model_seek(&f->model, table, here, true), table, prefix);
        } else {
            found = view_cursor_prev(cursor);
            expected = model_at(f, sorted_model_seek(&f->model, table, here, false) - 1, table, prefix);
        }
        assert_stands(cursor, found, expected);
    }
    view_cursor_free(cursor);
}

static void test_walks_agree_with_a_sorted_array(void **state)
{
    struct fixture *f = *state;

    for (int round = 0; round < 60; round++) {
        for (int i = 0; i < 80; i++) {
            change(f);
        }
        for (int i = 0; i < 60; i++) {
            walk(f, i % 2 == 0);
        }
        if (round % 3 == 0) {
            checkpoint(f);
        }
    }
}

static void test_gets_agree_with_a_sorted_array(void **state)
{
    struct fixture *f = *state;

    for (int round = 0; round < 20; round++) {
        for (int i = 0; i < 200; i++) {
            char bytes[TABLE_KEY_BYTES_MAX];
            struct slice key = sorted_model_random_key(&f->random, bytes);
            const struct sorted_model_record *expected = sorted_model_find(&f->model, TABLE_KEYS, key);
            struct slice value;

            change(f);
            expected = sorted_model_find(&f->model, TABLE_KEYS, key);
            if (key.len > 0) {
                assert_int_equal(view_get(f->view, TABLE_KEYS, key, &value), expected != NULL);
                assert_true(expected == NULL || slice_equal(value, expected->value));
            }
        }
        checkpoint(f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_walks_agree_with_a_sorted_array, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_gets_agree_with_a_sorted_array, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
