/* Which clients have read which keys. */
#include "base/buf.h"
#include "server/request/tracking_table.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static int set_up(void **state)
{
    static struct tracking_table table;

    tracking_table_init(&table);
    *state = &table;
    return 0;
}

static int tear_down(void **state)
{
    tracking_table_release(*state);
    return 0;
}

static bool is_always(void *context, uint64_t id)
{
    (void)context;
    (void)id;
    return true;
}

/* Whoever has an even id is gone. */
static bool is_odd(void *context, uint64_t id)
{
    (void)context;
    return id % 2 == 1;
}

static void add(struct tracking_table *table, const char *key, uint64_t id)
{
    tracking_table_add(table, slice_of(key), id, is_always, NULL);
}

/* Assert what was taken: "key: id id ", or "" for nothing. Frees it. */
static void assert_taken(struct tracked_key *taken, const char *expected)
{
    struct buf text;

    buf_init(&text, BUF_NO_CEILING);
    if (taken != NULL) {
        buf_put(&text, tracked_key_slice(taken));
        buf_put_text(&text, ": ");
        for (size_t i = 0; i < taken->id_count; i++) {
            buf_put_format(&text, "%llu ", (unsigned long long)taken->ids[i]);
        }
        tracked_key_free(taken);
    }
    buf_put_byte(&text, '\0');
    assert_string_equal(buf_slice(&text).data, expected);
    buf_release(&text);
}

static void test_a_key_is_taken_once_with_all_its_clients(void **state)
{
    struct tracking_table *table = *state;

    add(table, "k", 7);
    add(table, "k", 3);
    add(table, "l", 3);
    add(table, "k", 7);
    add(table, "k", 5);
    assert_int_equal(table->keys.count, 2);
    assert_int_equal(table->item_count, 4);
    assert_taken(tracking_table_take(table, slice_of("k")), "k: 3 5 7 ");
    assert_taken(tracking_table_take(table, slice_of("k")), "");
    assert_int_equal(table->item_count, 1);
    assert_taken(tracking_table_take(table, slice_of("l")), "l: 3 ");
    assert_int_equal(table->keys.count, 0);
    assert_int_equal(table->item_count, 0);
}

static void test_keys_are_bytes(void **state)
{
    struct tracking_table *table = *state;

    tracking_table_add(table, slice_make("a\0b", 3), 1, is_always, NULL);
    tracking_table_add(table, slice_empty(), 2, is_always, NULL);
    assert_taken(tracking_table_take(table, slice_of("a")), "");
    assert_taken(tracking_table_take(table, slice_make("a\0c", 3)), "");
    assert_taken(tracking_table_take(table, slice_empty()), ": 2 ");
    assert_non_null(table->by_age.head.next);
    assert_int_equal(table->keys.count, 1);
}

static void test_the_oldest_key_goes_first(void **state)
{
    struct tracking_table *table = *state;

    add(table, "a", 1);
    add(table, "b", 1);
    add(table, "c", 1);
    add(table, "a", 2); /* Read again: no younger for it. */
    assert_taken(tracking_table_take(table, slice_of("b")), "b: 1 ");
    assert_taken(tracking_table_take_oldest(table), "a: 1 2 ");
    assert_taken(tracking_table_take_oldest(table), "c: 1 ");
    assert_taken(tracking_table_take_oldest(table), "");
}

/* A key that never changes is read by ever new clients: those that are gone do not pile up. */
static void test_clients_that_are_gone_make_room(void **state)
{
    struct tracking_table *table = *state;
    struct tracked_key *taken;

    for (uint64_t id = 2; id <= 20000; id += 2) {
        tracking_table_add(table, slice_of("k"), id, is_odd, NULL);
    }
    tracking_table_add(table, slice_of("k"), 1, is_odd, NULL);
    tracking_table_add(table, slice_of("k"), 30001, is_odd, NULL);
    assert_true(table->item_count <= 4);
    taken = tracking_table_take(table, slice_of("k"));
    assert_int_equal(taken->ids[0], 1);
    assert_int_equal(taken->ids[taken->id_count - 1], 30001);
    assert_int_equal(table->item_count, 0);
    tracked_key_free(taken);
}

static void test_many_clients_of_one_key_stand_in_order(void **state)
{
    struct tracking_table *table = *state;
    struct tracked_key *taken;

    for (uint64_t i = 0; i < 1000; i++) {
        add(table, "k", i * 7919 % 1000);
    }
    taken = tracking_table_take(table, slice_of("k"));
    assert_int_equal(taken->id_count, 1000);
    for (uint64_t i = 0; i < 1000; i++) {
        assert_int_equal(taken->ids[i], i);
    }
    tracked_key_free(taken);
}

static void test_what_is_cleared_is_gone_at_once_and_freed_in_steps(void **state)
{
    struct tracking_table *table = *state;
    char key[16];

    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 100; i++) {
            (void)snprintf(key, sizeof(key), "key%d", i);
            add(table, key, 1);
        }
        tracking_table_clear(table);
        assert_int_equal(table->keys.count, 0);
        assert_int_equal(table->item_count, 0);
        assert_taken(tracking_table_take(table, slice_of("key5")), "");
        assert_taken(tracking_table_take_oldest(table), "");
    }
    add(table, "new", 1);
    tracking_table_drain(table, 150);
    assert_false(list_is_empty(&table->dropped));
    tracking_table_drain(table, 50);
    assert_true(list_is_empty(&table->dropped));
    assert_taken(tracking_table_take_oldest(table), "new: 1 ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_key_is_taken_once_with_all_its_clients, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_keys_are_bytes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_oldest_key_goes_first, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_clients_that_are_gone_make_room, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_many_clients_of_one_key_stand_in_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_is_cleared_is_gone_at_once_and_freed_in_steps, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
