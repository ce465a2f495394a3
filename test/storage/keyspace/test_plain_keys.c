#include "storage/keyspace/plain_keys.h"

#include "base/bytes.h"
#include "base/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

static struct checksum_hash128 hash_of(const struct plain_keys *keys, uint64_t number)
{
    char key[8];

    bytes_put_be64(key, number);
    return plain_keys_hash(keys, slice_make(key, sizeof(key)));
}

/* A table that has grown knows nothing until its memory is there. */
static void await_memory(const struct plain_keys *keys)
{
    for (int i = 0; i < 20000 && !warm_table_is_warm(&keys->memory); i++) {
        (void)usleep(1000);
    }
    assert_true(warm_table_is_warm(&keys->memory));
}

static void test_a_key_is_known_until_it_is_removed(void **state)
{
    struct plain_keys keys;

    (void)state;
    plain_keys_init(&keys, 1);
    plain_keys_start(&keys, 0);
    assert_false(plain_keys_know(&keys, hash_of(&keys, 1)));
    plain_keys_add(&keys, hash_of(&keys, 1));
    plain_keys_add(&keys, hash_of(&keys, 1));
    plain_keys_prefetch(&keys, hash_of(&keys, 1));
    assert_true(plain_keys_know(&keys, hash_of(&keys, 1)));
    assert_false(plain_keys_know(&keys, hash_of(&keys, 2)));
    plain_keys_remove(&keys, hash_of(&keys, 2));
    plain_keys_remove(&keys, hash_of(&keys, 1));
    assert_false(plain_keys_know(&keys, hash_of(&keys, 1)));
    plain_keys_add(&keys, hash_of(&keys, 1));
    plain_keys_start(&keys, 5);
    assert_false(plain_keys_know(&keys, hash_of(&keys, 1)));
    plain_keys_release(&keys);
}

static void test_nothing_is_known_while_it_is_not_started(void **state)
{
    struct plain_keys keys;

    (void)state;
    for (int round = 0; round < 2; round++) {
        plain_keys_init(&keys, 5);
        for (uint64_t i = 0; i < 1000; i++) {
            plain_keys_add(&keys, hash_of(&keys, i));
            plain_keys_prefetch(&keys, hash_of(&keys, i));
            assert_false(plain_keys_know(&keys, hash_of(&keys, i)));
            plain_keys_remove(&keys, hash_of(&keys, i));
        }
        plain_keys_start(&keys, 1000);
        plain_keys_add(&keys, hash_of(&keys, 1));
        assert_true(plain_keys_know(&keys, hash_of(&keys, 1)));
        plain_keys_release(&keys);
    }
}

/* What it knows is of what was added; how many fit grows with the need, up to the ceiling. */
static void test_memory_grows_to_the_ceiling_and_old_keys_go(void **state)
{
    struct plain_keys keys;
    uint64_t known = 0;

    (void)state;
    plain_keys_init(&keys, 2);
    plain_keys_start(&keys, 0);
    for (int round = 0; round < 4; round++) { /* What a growth forgets comes again. */
        for (uint64_t i = 0; i < 100000; i++) {
            plain_keys_add(&keys, hash_of(&keys, i));
            await_memory(&keys);
        }
    }
    for (uint64_t i = 0; i < 100000; i++) {
        known += plain_keys_know(&keys, hash_of(&keys, i));
        assert_false(plain_keys_know(&keys, hash_of(&keys, 100000 + i)));
    }
    assert_in_range(known, 90000, 100000);
    for (uint64_t i = 0; i < 4000000; i++) {
        plain_keys_add(&keys, hash_of(&keys, i));
        await_memory(&keys);
    }
    assert_in_range((keys.set_mask + 1) * 64, PLAIN_KEYS_BYTES_MAX / 4, PLAIN_KEYS_BYTES_MAX);
    assert_true(plain_keys_know(&keys, hash_of(&keys, 3999999)));
    plain_keys_release(&keys);

    plain_keys_init(&keys, 3);
    plain_keys_start(&keys, 1000);
    for (uint64_t i = 0; i < 1000; i++) {
        plain_keys_add(&keys, hash_of(&keys, i));
    }
    for (uint64_t i = known = 0; i < 1000; i++) {
        known += plain_keys_know(&keys, hash_of(&keys, i));
    }
    assert_in_range(known, 950, 1000);
    assert_in_range((keys.set_mask + 1) * 64, 32000, 64000);
    plain_keys_release(&keys);
}

/* A key that comes as the table grows, and changes before the new memory is there. */
static void test_what_is_removed_while_memory_comes_stays_unknown(void **state)
{
    struct plain_keys keys;
    bool has_grown = false;

    (void)state;
    plain_keys_init(&keys, 4);
    plain_keys_start(&keys, 0);
    for (uint64_t i = 0; i < 1000000 && !has_grown; i++) {
        uint64_t mask = keys.set_mask;
        struct checksum_hash128 hash = hash_of(&keys, i);

        plain_keys_add(&keys, hash);
        has_grown = keys.set_mask != mask && keys.memory.awaited != PREFAULT_SERVED;
        if (has_grown) {
            plain_keys_remove(&keys, hash);
            await_memory(&keys);
            assert_false(plain_keys_know(&keys, hash));
        }
    }
    assert_true(has_grown);
    plain_keys_release(&keys);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_key_is_known_until_it_is_removed),
        cmocka_unit_test(test_nothing_is_known_while_it_is_not_started),
        cmocka_unit_test(test_memory_grows_to_the_ceiling_and_old_keys_go),
        cmocka_unit_test(test_what_is_removed_while_memory_comes_stays_unknown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
