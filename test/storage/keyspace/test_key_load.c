#include "storage/keyspace/key_load.h"
#include "storage/value/set_store.h"
#include "support/keyspace_fixture.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

static const struct key_visit set_visit = {.name = {.data = "key", .len = 3}, .type = ENTRY_SET, .expire_at_ms = 5000};

static void tell_members(const struct key_visitor *visitor, int count)
{
    char member[24];

    for (int i = 0; i < count; i++) {
        snprintf(member, sizeof(member), "member-%d", i);
        assert_int_equal(visitor->set_member(visitor->context, slice_of(member)), STATUS_OK);
    }
}

static void test_the_key_comes_to_be_at_its_end(void **state)
{
    struct keyspace_fixture *f = *state;
    struct key_load load;
    struct key_visitor visitor;
    struct entry entry;

    keyspace_fixture_set(f, 0, "key", "before");
    key_load_init(&load, f->keyspace);
    visitor = key_load_visitor(&load);
    assert_int_equal(visitor.key_begin(visitor.context, &set_visit), STATUS_OK);
    tell_members(&visitor, 1000);
    assert_string_equal(keyspace_fixture_get(f, 0, "key"), "before");
    assert_int_equal(visitor.key_end(visitor.context), STATUS_OK);
    key_load_release(&load);
    assert_true(keyspace_find(f->keyspace, 0, slice_of("key"), &entry));
    assert_int_equal(entry.type, ENTRY_SET);
    assert_int_equal(entry.count, 1000);
    assert_int_equal(entry.expire_at_ms, 5000);
    assert_int_equal(keyspace_expiry_count(f->keyspace, 0), 1);
}

/* The rows that were made for it are left to be purged. */
static void test_a_damaged_key_leaves_what_was_there(void **state)
{
    struct keyspace_fixture *f = *state;
    struct key_load load;
    struct key_visitor visitor;

    keyspace_fixture_set(f, 0, "key", "before");
    key_load_init(&load, f->keyspace);
    visitor = key_load_visitor(&load);
    assert_int_equal(visitor.key_begin(visitor.context, &set_visit), STATUS_OK);
    tell_members(&visitor, 1000);
    assert_int_equal(visitor.set_member(visitor.context, slice_of("member-7")), STATUS_CORRUPT);
    assert_string_equal(load.problem, "a set with a member that is there twice");
    key_load_release(&load);
    assert_string_equal(keyspace_fixture_get(f, 0, "key"), "before");
    assert_int_equal(keyspace_fixture_row_count(f, TABLE_ORPHANS, slice_empty()), 1);
    keyspace_fixture_restart(f);
    keyspace_fixture_purge(f);
    assert_int_equal(keyspace_fixture_row_count(f, TABLE_FIELDS, slice_empty()), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_the_key_comes_to_be_at_its_end, keyspace_fixture_setup,
                                        keyspace_fixture_teardown),
        cmocka_unit_test_setup_teardown(test_a_damaged_key_leaves_what_was_there, keyspace_fixture_setup,
                                        keyspace_fixture_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
