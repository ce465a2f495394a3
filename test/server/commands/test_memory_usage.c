#include "server/commands/memory_usage.h"
#include "storage/value/hash_store.h"
#include "support/keyspace_fixture.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#define KEY slice_of("key")

/* A hash of so many fields; `value` is the value of each. */
static void put_hash(struct keyspace_fixture *f, int count, const char *value)
{
    struct collection hash;
    char field[24];
    bool is_created;

    (void)keyspace_delete(f->keyspace, 0, KEY);
    assert_int_equal(collection_open(f->keyspace, 0, KEY, ENTRY_HASH, &hash), STATUS_NOT_FOUND);
    for (int i = 0; i < count; i++) {
        snprintf(field, sizeof(field), "field-%05d", i);
        hash_put(&hash, slice_of(field), slice_of(value), &is_created);
    }
    collection_commit(&hash);
    collection_close(&hash);
}

static uint64_t usage(struct keyspace_fixture *f, uint64_t samples)
{
    struct entry entry;

    assert_true(keyspace_find(f->keyspace, 0, KEY, &entry));
    return memory_usage(f->keyspace, 0, KEY, &entry, samples);
}

static void test_usage_grows_with_what_is_stored(void **state)
{
    struct keyspace_fixture *f = *state;
    uint64_t few;

    put_hash(f, 1000, "v");
    few = usage(f, 5);
    assert_in_range(few, 1000 * 12, 1000 * 100);
    put_hash(f, 2000, "v");
    assert_in_range(usage(f, 5), 2 * few - 100, 2 * few);
    put_hash(f, 1000, "0123456789012345678901234567890123456789");
    assert_int_equal(usage(f, 5), few + 1000 * 39);
}

static void test_samples_of_equal_elements_tell_all(void **state)
{
    struct keyspace_fixture *f = *state;

    put_hash(f, 1000, "v");
    assert_int_equal(usage(f, 1), usage(f, UINT64_MAX));
}

static void test_a_small_value_is_its_row(void **state)
{
    struct keyspace_fixture *f = *state;
    uint64_t without_expiry;

    keyspace_fixture_set(f, 0, "key", "0123456789");
    without_expiry = usage(f, 5);
    assert_in_range(without_expiry, 13, 100);
    (void)keyspace_set_expiry(f->keyspace, 0, KEY, 4102444800000u);
    assert_true(usage(f, 5) > without_expiry);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_usage_grows_with_what_is_stored, keyspace_fixture_setup,
                                        keyspace_fixture_teardown),
        cmocka_unit_test_setup_teardown(test_samples_of_equal_elements_tell_all, keyspace_fixture_setup,
                                        keyspace_fixture_teardown),
        cmocka_unit_test_setup_teardown(test_a_small_value_is_its_row, keyspace_fixture_setup,
                                        keyspace_fixture_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
