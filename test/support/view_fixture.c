#include "support/view_fixture.h"

#include "base/memory.h"
#include "storage/env/env_lmdb.h"
#include "support/scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

void view_fixture_open(struct view_fixture *fixture, uint64_t seed)
{
    struct env_meta meta = {.selected_db = -1, .next_generation = 1};

    print_message("seed %llu\n", (unsigned long long)seed);
    fixture->folder = scratch_create();
    fixture->path = file_join(fixture->folder, "data");
    history_init(&meta.history);
    assert_int_equal(env_create(file_system_posix(), fixture->path, &meta), STATUS_OK);
    assert_int_equal(env_open(fixture->path, false, &fixture->env), STATUS_OK);
    assert_int_equal(view_open(fixture->env, &fixture->view), STATUS_OK);
    view_warm_up(fixture->view);
    fixture->frozen = NULL;
    sorted_model_init(&fixture->model);
    random_init(&fixture->random, seed);
}

void view_fixture_close(struct view_fixture *fixture)
{
    view_close(fixture->view);
    env_close(fixture->env);
    sorted_model_release(&fixture->model);
    memory_free(fixture->path);
    scratch_remove(fixture->folder);
}

void view_fixture_change(struct view_fixture *fixture, enum table table)
{
    char bytes[TABLE_KEY_BYTES_MAX];
    struct slice key = sorted_model_random_key(&fixture->random, bytes);
    char text[3000];
    struct slice value = slice_make(text, random_below(&fixture->random, 8) == 0 ? sizeof(text) : 20);

    if (random_below(&fixture->random, 3) == 0) {
        view_delete(fixture->view, table, key);
        sorted_model_remove(&fixture->model, table, key);
        return;
    }
    memset(text, 'v', sizeof(text));
    snprintf(text, 20, "%llx", (unsigned long long)random_next(&fixture->random));
    view_put(fixture->view, table, key, value);
    sorted_model_put(&fixture->model, table, key, value);
}

void view_fixture_freeze(struct view_fixture *fixture)
{
    fixture->frozen = view_freeze(fixture->view);
}

void view_fixture_commit_frozen(struct view_fixture *fixture)
{
    const struct memtable *frozen = fixture->frozen;
    struct memtable_cursor cursor;
    MDB_txn *txn;

    assert_int_equal(mdb_txn_begin(env_handle(fixture->env), NULL, 0, &txn), MDB_SUCCESS);
    for (bool found = memtable_seek(&cursor, frozen, TABLE_META, slice_empty()); found;
         found = memtable_next(&cursor)) {
        enum table table;
        struct slice key;
        struct slice value;
        enum memtable_found what = memtable_at(&cursor, &table, &key, &value);
        MDB_val k = {.mv_size = key.len, .mv_data = (void *)(uintptr_t)key.data};
        MDB_val v = {.mv_size = value.len, .mv_data = (void *)(uintptr_t)value.data};
        int result = what == MEMTABLE_PRESENT ? mdb_put(txn, env_table_handle(fixture->env, table), &k, &v, 0)
                                              : mdb_del(txn, env_table_handle(fixture->env, table), &k, NULL);

        assert_true(result == MDB_SUCCESS || (what == MEMTABLE_DELETED && result == MDB_NOTFOUND));
    }
    assert_int_equal(mdb_txn_commit(txn), MDB_SUCCESS);
    assert_int_equal(view_drop_frozen(fixture->view), STATUS_OK);
    fixture->frozen = NULL;
}
