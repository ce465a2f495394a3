/* RANDOMKEY: every key can come, and none too often. Seeds are fixed; the bounds are about twice what is measured. */
#include "base/memory.h"
#include "base/random.h"
#include "storage/keyspace/keyspace.h"
#include "support/keyspace_fixture.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#define DRAWS 20000

/* Draw a key and return the number that it ends in after a colon. */
static unsigned long draw(struct keyspace_fixture *f, struct random *random)
{
    struct buf key;
    unsigned long number;

    buf_init(&key, BUF_NO_CEILING);
    assert_true(keyspace_random_key(f->keyspace, 0, random, &key));
    buf_put_byte(&key, '\0');
    number = strtoul(strchr(buf_slice(&key).data, ':') + 1, NULL, 10);
    buf_release(&key);
    return number;
}

/* Draw from keys of numbers 0 to count - 1, and give the counts of each (memory_free()). */
static uint32_t *draw_many(struct keyspace_fixture *f, const char *stem, int width, unsigned long count)
{
    uint32_t *drawn = memory_allocate_zeroed(count * sizeof(*drawn));
    struct random random;
    char key[64];

    random_init(&random, 9);
    for (unsigned long i = 0; i < count; i++) {
        snprintf(key, sizeof(key), "%s:%0*lu", stem, width, i);
        keyspace_fixture_set(f, 0, key, "v");
    }
    for (int i = 0; i < DRAWS; i++) {
        unsigned long number = draw(f, &random);

        assert_true(number < count);
        drawn[number]++;
    }
    return drawn;
}

/* The share of draws that fell on numbers from `from` up to `to`, over the share of keys. */
static double share(const uint32_t *drawn, unsigned long from, unsigned long to, unsigned long count)
{
    uint64_t sum = 0;

    for (unsigned long i = from; i < to; i++) {
        sum += drawn[i];
    }
    return (double)sum / DRAWS / ((double)(to - from) / (double)count);
}

static void assert_even_deciles(const uint32_t *drawn, unsigned long count, double most)
{
    for (unsigned long i = 0; i < 10; i++) {
        double part = share(drawn, i * count / 10, (i + 1) * count / 10, count);

        if (part > most || part < 1 / most) {
            print_message("decile %lu has %.2f of its share\n", i, part);
        }
        assert_true(part < most && part > 1 / most);
    }
}

static void test_few_keys_are_equally_likely(void **state)
{
    uint32_t *drawn = draw_many(*state, "some", 1, KEYSPACE_EXACT_CHOICE);

    for (unsigned long i = 0; i < KEYSPACE_EXACT_CHOICE; i++) {
        double part = share(drawn, i, i + 1, KEYSPACE_EXACT_CHOICE);

        assert_true(part > 0.7 && part < 1.3);
    }
    memory_free(drawn);
}

static void test_padded_numbers_are_equally_likely(void **state)
{
    uint32_t *drawn = draw_many(*state, "user", 8, 10000);

    assert_even_deciles(drawn, 10000, 1.15);
    memory_free(drawn);
}

/* Of "0" to "9999", the ten shortest must not come up a thousand times too often. */
static void test_unpadded_numbers_are_about_equally_likely(void **state)
{
    uint32_t *drawn = draw_many(*state, "user", 1, 10000);

    assert_even_deciles(drawn, 10000, 1.15);
    assert_true(share(drawn, 0, 10, 10000) < 2);
    assert_true(share(drawn, 10, 100, 10000) < 1.5);
    memory_free(drawn);
}

/* Two families of very different size: the large one has nearly all keys and must have nearly all draws. */
static void test_small_family_is_not_favoured_for_its_name(void **state)
{
    struct keyspace_fixture *f = *state;
    char key[64];
    uint32_t *drawn;

    for (unsigned int i = 0; i < 100; i++) {
        snprintf(key, sizeof(key), "a%c:%u", 'a' + i % 26, i + 5000);
        keyspace_fixture_set(f, 0, key, "v");
    }
    drawn = draw_many(f, "session", 1, 9900);
    assert_true(share(drawn, 5000, 5100, 10000) < 5);
    memory_free(drawn);
}

static void test_keys_that_begin_others_and_long_keys_come_up(void **state)
{
    struct keyspace_fixture *f = *state;
    char key[700] = ":";
    bool seen[600] = {false};
    struct random random;
    struct buf out;
    size_t count = 0;

    random_init(&random, 10);
    buf_init(&out, BUF_NO_CEILING);
    for (size_t len = 4; len <= 600; len += 4) {
        memset(key, 'a', len);
        keyspace_fixture_set(f, 0, key, "v");
    }
    for (int i = 0; i < 1500; i++) {
        buf_clear(&out);
        assert_true(keyspace_random_key(f->keyspace, 0, &random, &out));
        seen[buf_slice(&out).len - 1] = true;
    }
    for (size_t i = 0; i < 600; i++) {
        count += seen[i];
    }
    assert_true(count > 140); /* Of 150. */
    buf_release(&out);
}

static void test_due_keys_never_come_up(void **state)
{
    struct keyspace_fixture *f = *state;
    struct random random;
    char key[64];
    struct buf out;

    random_init(&random, 11);
    buf_init(&out, BUF_NO_CEILING);
    assert_false(keyspace_random_key(f->keyspace, 0, &random, &out));
    for (int i = 0; i < 500; i++) {
        snprintf(key, sizeof(key), "due:%d", i);
        keyspace_fixture_set_due(f, 0, key, 100);
    }
    keyspace_fixture_replica(f, 101);
    assert_false(keyspace_random_key(f->keyspace, 0, &random, &out));
    keyspace_fixture_set(f, 0, "live:1", "v");
    assert_true(keyspace_random_key(f->keyspace, 0, &random, &out));
    assert_true(slice_equal(buf_slice(&out), slice_of("live:1")));
    buf_release(&out);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, keyspace_fixture_setup, keyspace_fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_few_keys_are_equally_likely),
        TEST(test_padded_numbers_are_equally_likely),
        TEST(test_unpadded_numbers_are_about_equally_likely),
        TEST(test_small_family_is_not_favoured_for_its_name),
        TEST(test_keys_that_begin_others_and_long_keys_come_up),
        TEST(test_due_keys_never_come_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
