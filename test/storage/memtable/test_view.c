#include "storage/memtable/view.h"

#include "base/memory.h"
#include "storage/memtable/view_cursor.h"
#include "storage/memtable/view_sources.h"
#include "support/view_fixture.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>

#include <cmocka.h>

#define SEED 4711

static int set_up(void **state)
{
    struct view_fixture *f = memory_allocate(sizeof(*f));

    view_fixture_open(f, SEED);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    view_fixture_close(*state);
    memory_free(*state);
    return 0;
}

static void put(struct view_fixture *f, const char *key, const char *value)
{
    view_put(f->view, TABLE_KEYS, slice_of(key), slice_of(value));
}

static void assert_shows(struct view_fixture *f, const char *key, const char *expected)
{
    struct slice value;

    for (int i = 0; i < 2; i++) { /* The second time LMDB's place is remembered. */
        bool found = view_get(f->view, TABLE_KEYS, slice_of(key), &value);

        assert_int_equal(found, expected != NULL);
        if (found) {
            assert_true(slice_equal(value, slice_of(expected)));
        }
    }
}

static void test_the_newest_source_counts(void **state)
{
    struct view_fixture *f = *state;

    put(f, "in all", "1");
    put(f, "old", "1");
    put(f, "deleted in frozen", "1");
    put(f, "deleted in active", "1");
    view_fixture_freeze(f);
    view_fixture_commit_frozen(f);
    put(f, "in all", "2");
    put(f, "frozen", "2");
    view_delete(f->view, TABLE_KEYS, slice_of("deleted in frozen"));
    view_fixture_freeze(f);
    put(f, "in all", "3");
    view_delete(f->view, TABLE_KEYS, slice_of("deleted in active"));

    assert_shows(f, "in all", "3");
    assert_shows(f, "frozen", "2");
    assert_shows(f, "old", "1");
    assert_shows(f, "deleted in frozen", NULL);
    assert_shows(f, "deleted in active", NULL);
    view_delete(f->view, TABLE_KEYS, slice_of("in all"));
    assert_shows(f, "in all", NULL);
    view_fixture_commit_frozen(f);
    assert_shows(f, "in all", NULL);
    assert_shows(f, "frozen", "2");
    assert_shows(f, "deleted in frozen", NULL);
}

/* The place that a lookup remembers must not outlive the checkpoint that made it. */
static void test_a_checkpoint_forgets_where_keys_were(void **state)
{
    struct view_fixture *f = *state;

    for (int i = 0; i < 20; i++) {
        char value[2] = {(char)('a' + i), '\0'};

        put(f, "key", value);
        view_fixture_freeze(f);
        view_fixture_commit_frozen(f);
        assert_shows(f, "key", value);
        assert_int_equal(view_renew(f->view), STATUS_OK);
        assert_shows(f, "key", value);
    }
}

static bool is_place_known(struct view_fixture *f, const char *key)
{
    struct memtable_key hashed = memtable_key(f->view->hash_seed, TABLE_KEYS, slice_of(key));
    struct slice value;

    return view_cache_get(&f->view->cache, &hashed, &value);
}

/* One way down the tree tells of all that follows on the page. */
static void test_a_lookup_remembers_its_neighbours_too(void **state)
{
    struct view_fixture *f = *state;

    put(f, "a", "1");
    put(f, "b", "2");
    put(f, "c", "3");
    for (int i = 0; i < 2; i++) { /* Twice, so that no memtable has them any more. */
        view_fixture_freeze(f);
        view_fixture_commit_frozen(f);
    }
    assert_false(is_place_known(f, "b"));
    assert_shows(f, "b", "2");
    assert_true(is_place_known(f, "b"));
    assert_true(is_place_known(f, "c"));
    assert_false(is_place_known(f, "a"));
    assert_shows(f, "c", "3");
    assert_shows(f, "a", "1");
}

/* Fill some pages, and bring all to LMDB, out of both memtables. */
static void fill_pages(struct view_fixture *f)
{
    char key[32];

    for (int i = 0; i < 3000; i++) {
        char value[3000] = {0};

        snprintf(key, sizeof(key), "key %d", i * 7919 % 3000);
        memset(value, 'v', i % 50 == 0 ? 2999 : (size_t)(i % 97)); /* Long ones have pages of their own. */
        put(f, key, value);
    }
    for (int i = 0; i < 2; i++) {
        view_fixture_freeze(f);
        view_fixture_commit_frozen(f);
    }
}

/* Whoever asks for the last row of a page must not wait for the disk to read the next one: here that page is taken
 * away. */
static void test_a_lookup_touches_no_other_page(void **state)
{
    struct view_fixture *f = *state;
    size_t page_bytes = f->view->page_bytes;
    size_t border_count = 0;
    MDB_cursor *cursor;
    struct slice value;
    MDB_val key;
    MDB_val next;
    MDB_val found;

    fill_pages(f);
    assert_int_equal(mdb_cursor_open(f->view->txn, env_table_handle(f->env, TABLE_KEYS), &cursor), 0);
    assert_int_equal(mdb_cursor_get(cursor, &key, &found, MDB_FIRST), 0);
    while (mdb_cursor_get(cursor, &next, &found, MDB_NEXT) == 0) {
        char *page = (char *)next.mv_data - (uintptr_t)next.mv_data % page_bytes;
        bool is_border = (char *)key.mv_data < page || (char *)key.mv_data >= page + page_bytes;

        assert_int_equal(env_is_last_on_page(key.mv_data, page_bytes), is_border);
        if (is_border) {
            assert_int_equal(mprotect(page, page_bytes, PROT_NONE), 0);
            assert_true(view_get(f->view, TABLE_KEYS, slice_make(key.mv_data, key.mv_size), &value));
            assert_int_equal(mprotect(page, page_bytes, PROT_READ), 0);
            border_count++;
        }
        key = next;
    }
    assert_true(env_is_last_on_page(key.mv_data, page_bytes));
    assert_in_range(border_count, 20, 3000);
    mdb_cursor_close(cursor);
}

static void test_tables_of_equal_keys_are_told_apart(void **state)
{
    struct view_fixture *f = *state;
    const enum table tables[] = {TABLE_KEYS, TABLE_FIELDS, TABLE_SCORES, TABLE_EXPIRY, TABLE_ORPHANS};
    struct slice value;

    for (int i = 0; i < 4; i++) {
        view_put(f->view, tables[i], slice_of("same"), slice_make(&"0123"[i], 1));
    }
    view_fixture_freeze(f);
    view_fixture_commit_frozen(f);
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 4; i++) {
            assert_true(view_get(f->view, tables[i], slice_of("same"), &value));
            assert_true(slice_equal(value, slice_make(&"0123"[i], 1)));
        }
        assert_false(view_get(f->view, tables[4], slice_of("same"), &value));
    }
}

/* SETRANGE and the like: the value is made of what LMDB or a memtable has, and goes to the active one. */
static void test_a_value_may_be_written_from_the_view_itself(void **state)
{
    struct view_fixture *f = *state;
    struct slice value;

    put(f, "from", "what is there");
    view_fixture_freeze(f);
    for (int i = 0; i < 2; i++) {
        assert_true(view_get(f->view, TABLE_KEYS, slice_of("from"), &value));
        view_put(f->view, TABLE_KEYS, slice_of("to"), value);
        view_put(f->view, TABLE_KEYS, slice_of("from"), slice_make(value.data, value.len));
        assert_shows(f, "to", "what is there");
        if (i == 0) {
            view_fixture_commit_frozen(f);
        }
    }
    assert_shows(f, "from", "what is there");
}

/* What is frozen is another thread's, and what LMDB has is nobody's to write. */
static void test_only_the_newest_values_are_overwritten_in_place(void **state)
{
    struct view_fixture *f = *state;
    struct slice key = slice_of("key");

    assert_false(view_overwrite(f->view, TABLE_KEYS, key, 0, slice_of("x")));
    put(f, "key", "12345");
    assert_true(view_overwrite(f->view, TABLE_KEYS, key, 3, slice_of("xy")));
    assert_shows(f, "key", "123xy");
    assert_false(view_overwrite(f->view, TABLE_KEYS, key, 4, slice_of("zz"))); /* Too short. */
    assert_false(view_overwrite(f->view, TABLE_KEYS, key, 6, slice_of("")));
    assert_false(view_overwrite(f->view, TABLE_FIELDS, key, 0, slice_of("x")));
    view_fixture_freeze(f);
    assert_false(view_overwrite(f->view, TABLE_KEYS, key, 0, slice_of("x")));
    view_fixture_commit_frozen(f);
    assert_false(view_overwrite(f->view, TABLE_KEYS, key, 0, slice_of("x")));
    assert_shows(f, "key", "123xy");
    put(f, "key", "12345");
    view_delete(f->view, TABLE_KEYS, key);
    assert_false(view_overwrite(f->view, TABLE_KEYS, key, 0, slice_of("x")));
    assert_shows(f, "key", NULL);
}

static void test_memory_is_given_back_when_writing_ceases(void **state)
{
    struct view_fixture *f = *state;
    size_t empty = view_active_bytes(f->view);
    int trims = 0;

    for (uint32_t i = 0; i < 100000; i++) {
        view_put(f->view, TABLE_FIELDS, slice_make(&i, sizeof(i)),
                 slice_of("a value of some length, so that it adds up"));
    }
    assert_true(view_active_bytes(f->view) > 8 * 1024 * 1024);
    assert_false(view_trim(f->view));
    view_fixture_freeze(f);
    view_fixture_commit_frozen(f);
    while (view_trim(f->view)) {
        trims++;
    }
    assert_in_range(trims, 2, 20);
    assert_false(view_trim(f->view));
    assert_in_range(view_active_bytes(f->view), empty, 2 * empty);
}

static void *count_frozen(void *argument)
{
    struct memtable_cursor cursor;
    uintptr_t count = 0;

    for (bool found = memtable_seek(&cursor, argument, TABLE_META, slice_empty()); found;
         found = memtable_next(&cursor)) {
        enum table table;
        struct slice key;
        struct slice value;

        assert_int_equal(memtable_at(&cursor, &table, &key, &value), MEMTABLE_PRESENT);
        count += value.len;
    }
    return (void *)count;
}

/* The checkpoint thread walks the frozen memtable while the loop reads it and writes the active one (the thread
 * sanitizer watches). */
static void test_another_thread_may_read_the_frozen_memtable(void **state)
{
    struct view_fixture *f = *state;
    pthread_t thread;
    struct view_cursor *cursor;
    struct slice value;
    size_t walked = 0;
    void *count;

    for (uint32_t i = 0; i < 20000; i++) {
        uint32_t key = i * 2654435761u;

        view_put(f->view, TABLE_FIELDS, slice_make(&key, sizeof(key)), slice_of("x"));
    }
    view_fixture_freeze(f);
    assert_int_equal(pthread_create(&thread, NULL, count_frozen, (void *)(uintptr_t)f->frozen), 0);
    cursor = view_cursor_create(f->view, TABLE_FIELDS, slice_empty());
    for (bool found = view_cursor_first(cursor); found; found = view_cursor_next(cursor)) {
        walked++;
    }
    assert_int_equal(walked, 20000);
    view_cursor_free(cursor);
    for (uint32_t i = 0; i < 20000; i++) {
        uint32_t key = i * 2654435761u;

        assert_true(view_get(f->view, TABLE_FIELDS, slice_make(&key, sizeof(key)), &value));
        view_put(f->view, TABLE_FIELDS, slice_make(&key, sizeof(key)), value);
    }
    assert_int_equal(pthread_join(thread, &count), 0);
    assert_int_equal((uintptr_t)count, 20000);
}

static void check_get(struct view_fixture *f, enum table table)
{
    char bytes[TABLE_KEY_BYTES_MAX];
    struct slice key = sorted_model_random_key(&f->random, bytes);
    const struct sorted_model_record *expected = sorted_model_find(&f->model, table, key);
    struct view_announced announced = {.table = table, .key = key};
    struct slice value;
    bool found;

    if (random_below(&f->random, 2) == 0) {
        view_announce(f->view, &announced, 1);
    }
    found = view_get(f->view, table, key, &value);
    assert_int_equal(found, expected != NULL);
    if (found) {
        assert_true(slice_equal(value, expected->value));
    }
}

static void test_gets_agree_with_a_sorted_array(void **state)
{
    struct view_fixture *f = *state;

    for (int round = 0; round < 120; round++) {
        for (int i = 0; i < 400; i++) {
            enum table table = sorted_model_random_table(&f->random);

            if (random_below(&f->random, 3) == 0) {
                view_fixture_change(f, table);
            }
            check_get(f, table);
        }
        if (f->frozen == NULL) {
            view_fixture_freeze(f);
        } else {
            view_fixture_commit_frozen(f);
        }
        if (random_below(&f->random, 20) == 0) {
            (void)view_trim(f->view);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_the_newest_source_counts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_checkpoint_forgets_where_keys_were, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_lookup_remembers_its_neighbours_too, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_lookup_touches_no_other_page, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_tables_of_equal_keys_are_told_apart, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_value_may_be_written_from_the_view_itself, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_only_the_newest_values_are_overwritten_in_place, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_memory_is_given_back_when_writing_ceases, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_another_thread_may_read_the_frozen_memtable, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_gets_agree_with_a_sorted_array, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
