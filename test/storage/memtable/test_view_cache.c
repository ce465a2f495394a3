#include "storage/memtable/view_cache.h"

#include "base/bytes.h"
#include "base/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#define SEED      3
#define KEY_COUNT 20000
#define ROW_BYTES 16 /* A key of 8 bytes and its value behind it, as in LMDB's pages. */

struct fixture {
    struct view_cache cache;
    char *map;
};

static int set_up(void **state)
{
    struct fixture *f = memory_allocate_zeroed(sizeof(*f));

    view_cache_init(&f->cache, 64 * 1024);
    f->map = memory_allocate((size_t)KEY_COUNT * ROW_BYTES);
    for (uint64_t i = 0; i < KEY_COUNT; i++) {
        bytes_put_be64(f->map + i * ROW_BYTES, i);
        bytes_put_be64(f->map + i * ROW_BYTES + 8, ~i);
    }
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    view_cache_release(&f->cache);
    memory_free(f->map);
    memory_free(f);
    return 0;
}

static struct slice row_key(struct fixture *f, uint64_t i)
{
    return slice_make(f->map + i * ROW_BYTES, 8);
}

static void remember(struct fixture *f, uint64_t i, size_t value_len)
{
    struct memtable_key key = memtable_key(SEED, TABLE_KEYS, row_key(f, i));

    view_cache_put(&f->cache, &key, row_key(f, i), slice_make(f->map + i * ROW_BYTES + 8, value_len));
}

static bool knows(struct fixture *f, enum table table, uint64_t i, struct slice *value)
{
    char copy[8];
    struct memtable_key key;

    bytes_put_be64(copy, i);
    key = memtable_key(SEED, table, slice_make(copy, sizeof(copy)));
    view_cache_prefetch_place(&f->cache, &key);
    return view_cache_get(&f->cache, &key, value);
}

static void test_a_place_is_known_until_the_renewal(void **state)
{
    struct fixture *f = *state;
    struct slice value;

    assert_false(knows(f, TABLE_KEYS, 7, &value));
    remember(f, 7, 5);
    assert_true(knows(f, TABLE_KEYS, 7, &value));
    assert_ptr_equal(value.data, f->map + 7 * ROW_BYTES + 8);
    assert_int_equal(value.len, 5);
    assert_false(knows(f, TABLE_FIELDS, 7, &value));
    view_cache_renew(&f->cache, 1);
    assert_false(knows(f, TABLE_KEYS, 7, &value));
    remember(f, 7, 0);
    assert_true(knows(f, TABLE_KEYS, 7, &value));
    assert_int_equal(value.len, 0);
}

/* A long value lies on pages of its own, which a slot has no room to tell. */
static void test_values_elsewhere_are_not_remembered(void **state)
{
    struct fixture *f = *state;
    struct memtable_key key = memtable_key(SEED, TABLE_KEYS, row_key(f, 7));
    struct slice value;

    view_cache_put(&f->cache, &key, row_key(f, 7), slice_make(f->map + 9 * ROW_BYTES, 5));
    assert_false(knows(f, TABLE_KEYS, 7, &value));
    view_cache_put(&f->cache, &key, row_key(f, 7), slice_make(f->map + 7 * ROW_BYTES + 8, 4096));
    assert_false(knows(f, TABLE_KEYS, 7, &value));
    view_cache_put(&f->cache, &key, row_key(f, 7), slice_make(f->map + 7 * ROW_BYTES + 8, 4095));
    assert_true(knows(f, TABLE_KEYS, 7, &value));
    assert_int_equal(value.len, 4095);
}

/* Another key at the place, as after a collision of hashes: the table, the length and 16 bits agree, the bytes do not.
 */
static void test_what_lies_there_is_compared(void **state)
{
    struct fixture *f = *state;
    struct memtable_key key = memtable_key(SEED, TABLE_KEYS, row_key(f, 7));
    struct slice value;

    view_cache_put(&f->cache, &key, row_key(f, 8), slice_make(f->map + 8 * ROW_BYTES + 8, 5));
    assert_false(knows(f, TABLE_KEYS, 7, &value));
}

/* What is remembered twice would drive out others of its set. */
static void test_a_known_place_is_not_remembered_again(void **state)
{
    struct fixture *f = *state;
    struct view_cache_found found = {
        .key = memtable_key(SEED, TABLE_KEYS, row_key(f, 7)),
        .value = slice_make(f->map + 7 * ROW_BYTES + 8, 5),
    };
    struct view_cache_set *set = view_cache_set_of(&f->cache, &found.key);

    for (int i = 0; i < VIEW_CACHE_SET_SLOTS; i++) {
        view_cache_put_new(&f->cache, &found);
    }
    assert_int_not_equal(set->slots[0].address, 0);
    assert_int_equal(set->slots[1].address, 0);
}

static void test_room_is_for_each_key_up_to_the_ceiling(void **state)
{
    struct fixture *f = *state;

    view_cache_renew(&f->cache, 4000);
    assert_true(view_cache_is_roomy(&f->cache));
    view_cache_renew(&f->cache, 4097); /* 64 KB of slots. */
    assert_false(view_cache_is_roomy(&f->cache));
}

static uint64_t count_known(struct fixture *f)
{
    uint64_t known = 0;

    for (uint64_t i = 0; i < KEY_COUNT; i++) {
        struct slice value;

        if (knows(f, TABLE_KEYS, i, &value)) {
            assert_ptr_equal(value.data, f->map + i * ROW_BYTES + 8);
            known++;
        }
    }
    return known;
}

static void test_memory_grows_with_the_keys_up_to_the_ceiling(void **state)
{
    struct fixture *f = *state;
    struct view_cache roomy;

    for (uint64_t i = 0; i < KEY_COUNT; i++) {
        remember(f, i, 8);
    }
    assert_int_equal(count_known(f), 64 * VIEW_CACHE_SET_SLOTS); /* As small as it begins; all slots serve. */
    view_cache_renew(&f->cache, KEY_COUNT);
    assert_int_equal(count_known(f), 0);
    for (uint64_t i = 0; i < KEY_COUNT; i++) {
        remember(f, i, 8);
    }
    assert_in_range(count_known(f), 4000, 64 * 1024 / sizeof(struct view_cache_slot));

    view_cache_init(&roomy, 1024 * 1024);
    view_cache_renew(&roomy, KEY_COUNT);
    view_cache_release(&f->cache);
    f->cache = roomy;
    for (uint64_t i = 0; i < KEY_COUNT; i++) {
        remember(f, i, 8);
    }
    assert_in_range(count_known(f), KEY_COUNT / 100 * 97, KEY_COUNT);
    view_cache_renew(&f->cache, KEY_COUNT / 100);
    assert_in_range(f->cache.set_mask + 1, 1, 128);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_place_is_known_until_the_renewal, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_values_elsewhere_are_not_remembered, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_lies_there_is_compared, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_known_place_is_not_remembered_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_room_is_for_each_key_up_to_the_ceiling, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_memory_grows_with_the_keys_up_to_the_ceiling, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
