/* Walks over active memtable, frozen memtable and LMDB together, both ways and while the view changes, compared with a
 * sorted array. */
#include "storage/memtable/view_cursor.h"

#include "base/memory.h"
#include "support/view_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#define SEED 20261122

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

static enum table random_table(struct view_fixture *f)
{
    return random_below(&f->random, 2) == 0 ? TABLE_KEYS : TABLE_FIELDS;
}

static void change(struct view_fixture *f)
{
    view_fixture_change(f, random_table(f));
}

/* The model's record that a walk in `table` within `prefix` stands on, from index on or back; NULL if none. */
static const struct sorted_model_record *model_at(const struct view_fixture *f, size_t index, enum table table,
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
static void walk(struct view_fixture *f, bool with_changes)
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
    struct view_fixture *f = *state;

    for (int round = 0; round < 60; round++) {
        for (int i = 0; i < 80; i++) {
            change(f);
        }
        for (int i = 0; i < 60; i++) {
            walk(f, i % 2 == 0);
        }
        if (round % 3 == 0) {
            view_fixture_freeze(f); /* Three sources for two rounds. */
        } else if (round % 3 == 2) {
            view_fixture_commit_frozen(f);
        }
    }
}

/* The last table has none after it that could mark its end. */
static void test_the_last_of_all_tables_can_be_walked_from_its_end(void **state)
{
    struct view_fixture *f = *state;
    struct view_cursor *cursor = view_cursor_create(f->view, TABLE_ORPHANS, slice_make(NULL, 0));

    assert_false(view_cursor_last(cursor));
    view_put(f->view, TABLE_ORPHANS, slice_of("\xff\xff"), slice_of("1"));
    assert_true(view_cursor_last(cursor));
    assert_true(slice_equal(view_cursor_key(cursor), slice_of("\xff\xff")));
    view_fixture_freeze(f);
    view_cursor_free(cursor);
    cursor = view_cursor_create(f->view, TABLE_ORPHANS, slice_of("\xff"));
    assert_true(view_cursor_last(cursor));
    assert_false(view_cursor_prev(cursor));
    view_cursor_free(cursor);
}

/* Keys ahead of the walk that the active memtable has already: they change where they are, nothing is inserted. */
static void test_a_walk_sees_rewritten_and_deleted_keys_ahead(void **state)
{
    struct view_fixture *f = *state;
    struct view_cursor *cursor;

    view_put(f->view, TABLE_KEYS, slice_of("a"), slice_of("1"));
    view_put(f->view, TABLE_KEYS, slice_of("bb"), slice_of("1"));
    view_fixture_freeze(f);
    view_put(f->view, TABLE_KEYS, slice_of("b"), slice_of("1"));
    view_put(f->view, TABLE_KEYS, slice_of("c"), slice_of("1"));
    cursor = view_cursor_create(f->view, TABLE_KEYS, slice_empty());
    assert_true(view_cursor_first(cursor));
    view_put(f->view, TABLE_KEYS, slice_of("b"), slice_of("2, and longer"));
    assert_true(view_cursor_next(cursor));
    assert_true(slice_equal(view_cursor_value(cursor), slice_of("2, and longer")));
    assert_true(view_cursor_next(cursor));
    view_delete(f->view, TABLE_KEYS, slice_of("c"));
    assert_false(view_cursor_next(cursor));
    view_cursor_free(cursor);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_walks_agree_with_a_sorted_array, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_walk_sees_rewritten_and_deleted_keys_ahead, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_last_of_all_tables_can_be_walked_from_its_end, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
