#include "storage/keyspace/expiry.h"
#include "support/keyspace_fixture.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static void add(struct expiry *expiry, uint64_t due_ms, const char *key)
{
    expiry_add(expiry, due_ms, slice_of(key));
}

static void drop(struct expiry *expiry, uint64_t due_ms, const char *key)
{
    expiry_remove(expiry, due_ms, slice_of(key));
}

static void assert_first(struct expiry *expiry, uint64_t due_ms, const char *key)
{
    struct keycode row;
    uint64_t found_ms;
    struct slice found;

    assert_true(expiry_first(expiry, &row));
    assert_true(keycode_parse_expiry(keycode_slice(&row), &found_ms, &found));
    assert_int_equal(found_ms, due_ms);
    assert_true(slice_equal(found, slice_of(key)));
    assert_int_equal(expiry->floor_due_ms, due_ms);
}

static void assert_empty(struct expiry *expiry)
{
    struct keycode row;

    assert_false(expiry_first(expiry, &row));
    assert_true(expiry->floor_due_ms == UINT64_MAX);
}

static void test_first_is_the_soonest(void **state)
{
    struct keyspace_fixture *f = *state;
    struct expiry expiry;

    expiry_init(&expiry, f->view);
    assert_empty(&expiry);
    add(&expiry, 256, "b");
    add(&expiry, 255, "z");
    add(&expiry, 256, "a");
    assert_first(&expiry, 255, "z");
    drop(&expiry, 255, "z");
    assert_first(&expiry, 256, "a");
    drop(&expiry, 256, "a");
    assert_first(&expiry, 256, "b");
    drop(&expiry, 256, "b");
    assert_empty(&expiry);
}

/* The floor must not hide what is added below it, nor beside it at the same time. */
static void test_row_added_before_the_floor_is_found(void **state)
{
    struct keyspace_fixture *f = *state;
    struct expiry expiry;

    expiry_init(&expiry, f->view);
    add(&expiry, 100, "m");
    assert_first(&expiry, 100, "m");
    add(&expiry, 100, "a");
    assert_first(&expiry, 100, "a");
    add(&expiry, 50, "x");
    assert_int_equal(expiry.floor_due_ms, 50);
    assert_first(&expiry, 50, "x");
    drop(&expiry, 50, "x");
    drop(&expiry, 100, "a");
    drop(&expiry, 100, "m");
    assert_empty(&expiry);
    add(&expiry, 70, "y");
    assert_int_equal(expiry.floor_due_ms, 70);
    assert_first(&expiry, 70, "y");
}

static void test_index_opened_anew_finds_what_is_there(void **state)
{
    struct keyspace_fixture *f = *state;
    struct expiry expiry;

    expiry_init(&expiry, f->view);
    add(&expiry, 100, "m");
    expiry_init(&expiry, f->view);
    assert_first(&expiry, 100, "m");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_first_is_the_soonest, keyspace_fixture_setup, keyspace_fixture_teardown),
        cmocka_unit_test_setup_teardown(test_row_added_before_the_floor_is_found, keyspace_fixture_setup,
                                        keyspace_fixture_teardown),
        cmocka_unit_test_setup_teardown(test_index_opened_anew_finds_what_is_there, keyspace_fixture_setup,
                                        keyspace_fixture_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
