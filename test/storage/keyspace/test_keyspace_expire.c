#include "storage/keyspace/keyspace.h"
#include "support/keyspace_fixture.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

static void test_due_keys_go_soonest_first_up_to_the_limit(void **state)
{
    struct keyspace_fixture *f = *state;

    keyspace_fixture_set_due(f, 0, "c", 300);
    keyspace_fixture_set_due(f, 1, "a", 100);
    keyspace_fixture_set_due(f, 0, "b", 200);
    keyspace_fixture_set_due(f, 0, "d", 400);
    keyspace_fixture_set(f, 0, "never", "v");
    keyspace_fixture_master(f, 400);
    assert_int_equal(keyspace_expire_due(f->keyspace, 2), 2);
    assert_string_equal(keyspace_fixture_expired(f), "1:a 0:b ");
    assert_int_equal(keyspace_expire_due(f->keyspace, 2), 1);
    assert_string_equal(keyspace_fixture_expired(f), "0:c ");
    assert_int_equal(keyspace_expire_due(f->keyspace, 2), 0);
    assert_int_equal(keyspace_key_count(f->keyspace, 0), 2);
    assert_int_equal(keyspace_expiry_count(f->keyspace, 0), 1);
}

static void test_long_key_is_told_whole(void **state)
{
    struct keyspace_fixture *f = *state;
    char key[2001] = {0};
    char expected[2004];

    memset(key, 'k', 2000);
    snprintf(expected, sizeof(expected), "0:%s ", key);
    keyspace_fixture_set_due(f, 0, key, 100);
    keyspace_fixture_master(f, 101);
    assert_int_equal(keyspace_expire_due(f->keyspace, 2), 1);
    assert_string_equal(keyspace_fixture_expired(f), expected);
    assert_int_equal(keyspace_key_count(f->keyspace, 0), 0);
}

/* Waiting for the time given and expiring then must come to an end, never spin. */
static void test_next_due_is_exact_after_expiring(void **state)
{
    struct keyspace_fixture *f = *state;

    keyspace_fixture_master(f, 10);
    keyspace_expire_due(f->keyspace, 10);
    assert_true(keyspace_next_due_ms(f->keyspace) == UINT64_MAX);
    keyspace_fixture_set_due(f, 0, "later", 500);
    assert_int_equal(keyspace_next_due_ms(f->keyspace), 501);
    keyspace_fixture_set_due(f, 0, "soon", 200);
    assert_int_equal(keyspace_next_due_ms(f->keyspace), 201);
    assert_true(keyspace_delete(f->keyspace, 0, slice_of("soon")));
    assert_true(keyspace_next_due_ms(f->keyspace) <= 501);
    keyspace_fixture_master(f, 201);
    assert_int_equal(keyspace_expire_due(f->keyspace, 10), 0);
    assert_int_equal(keyspace_next_due_ms(f->keyspace), 501);
    keyspace_fixture_master(f, 501);
    assert_int_equal(keyspace_expire_due(f->keyspace, 10), 1);
    keyspace_expire_due(f->keyspace, 10);
    assert_true(keyspace_next_due_ms(f->keyspace) == UINT64_MAX);
}

/* A session: its row stays where it was until that time comes, and moves then, saying nothing. */
static void test_expiry_put_off_is_kept(void **state)
{
    struct keyspace_fixture *f = *state;
    struct entry entry;

    keyspace_fixture_master(f, 50);
    assert_int_equal(keyspace_expire_due(f->keyspace, 10), 0);
    keyspace_fixture_set_due(f, 0, "session", 100);
    keyspace_fixture_set_due(f, 0, "session", 200);
    assert_true(keyspace_set_expiry(f->keyspace, 0, slice_of("session"), 300));
    assert_int_equal(keyspace_next_due_ms(f->keyspace), 101);
    assert_int_equal(keyspace_fixture_row_count(f, TABLE_EXPIRY, slice_empty()), 1);
    keyspace_fixture_master(f, 150);
    assert_int_equal(keyspace_expire_due(f->keyspace, 10), 0);
    assert_int_equal(keyspace_next_due_ms(f->keyspace), 301);
    assert_true(keyspace_find(f->keyspace, 0, slice_of("session"), &entry));
    assert_true(entry.expire_at_ms == 300 && entry.index_at_ms == 0);
    assert_true(slice_equal(entry.body, slice_of("v")));
    keyspace_fixture_set_due(f, 0, "session", 250); /* Sooner: the row must follow at once. */
    assert_int_equal(keyspace_next_due_ms(f->keyspace), 251);
    keyspace_fixture_master(f, 251);
    assert_int_equal(keyspace_expire_due(f->keyspace, 10), 1);
    assert_string_equal(keyspace_fixture_expired(f), "0:session ");
    assert_int_equal(keyspace_fixture_row_count(f, TABLE_EXPIRY, slice_empty()), 0);
}

static void test_rows_of_a_flushed_database_go_unsaid(void **state)
{
    struct keyspace_fixture *f = *state;

    keyspace_fixture_set_due(f, 0, "a", 100);
    keyspace_fixture_set_due(f, 0, "b", 101);
    keyspace_fixture_set_due(f, 1, "c", 102);
    keyspace_flush_database(f->keyspace, 0);
    keyspace_fixture_set_due(f, 0, "a", 5000);
    keyspace_fixture_master(f, 1000);
    assert_int_equal(keyspace_expire_due(f->keyspace, 2), 0); /* They are work, though. */
    assert_int_equal(keyspace_expire_due(f->keyspace, 2), 1);
    assert_string_equal(keyspace_fixture_expired(f), "1:c ");
    assert_string_equal(keyspace_fixture_get(f, 0, "a"), "v");
    assert_int_equal(keyspace_fixture_row_count(f, TABLE_EXPIRY, slice_empty()), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, keyspace_fixture_setup, keyspace_fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_due_keys_go_soonest_first_up_to_the_limit), TEST(test_long_key_is_told_whole),
        TEST(test_next_due_is_exact_after_expiring),          TEST(test_expiry_put_off_is_kept),
        TEST(test_rows_of_a_flushed_database_go_unsaid),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
