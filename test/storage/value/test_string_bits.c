/* Bits of strings that lie inline, in chunks and in holes between chunks, against a plain array. */
#include "base/memory.h"
#include "base/random.h"
#include "storage/value/string_bits.h"
#include "storage/value/string_store.h"
#include "support/keyspace_fixture.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#define KEY slice_of("key")

static struct entry entry_of(struct keyspace_fixture *f, struct slice key)
{
    struct entry entry;

    assert_true(keyspace_find(f->keyspace, 0, key, &entry));
    return entry;
}

static void assert_value(struct keyspace_fixture *f, struct slice key, struct slice expected)
{
    struct entry entry = entry_of(f, key);
    struct buf scratch;
    struct slice value;

    buf_init(&scratch, BUF_NO_CEILING);
    assert_int_equal(string_value(f->keyspace, &entry, &scratch, &value), STATUS_OK);
    assert_true(slice_equal(value, expected));
    buf_release(&scratch);
}

static struct string_bits_place place(uint64_t first, unsigned width)
{
    return (struct string_bits_place){.first = first, .width = width};
}

static size_t chunk_count(struct keyspace_fixture *f)
{
    return keyspace_fixture_row_count(f, TABLE_FIELDS, slice_empty());
}

/* A value of `len` bytes with a few set here and there, so that most of it is not stored; the same in `model`. */
static void make_sparse(struct keyspace_fixture *f, struct random *random, char *model, size_t len)
{
    size_t out;

    memset(model, 0, len);
    (void)keyspace_delete(f->keyspace, 0, KEY);
    (void)string_bits_reach(f->keyspace, 0, KEY, NULL, len * 8);
    for (int i = 0; i < 3; i++) {
        size_t at = random_below(random, len);
        struct entry entry = entry_of(f, KEY);

        model[at] = (char)random_next(random);
        string_write(f->keyspace, 0, KEY, &entry, at, slice_make(model + at, 1), &out);
    }
}

static void test_counts_and_searches_are_those_of_a_plain_array(void **state)
{
    static const size_t sizes[] = {1, 100, STRING_INLINE_BYTES_MAX, STRING_INLINE_BYTES_MAX + 1, 100000};
    struct keyspace_fixture *f = *state;
    char *model = memory_allocate(100000);
    struct random random;

    random_init(&random, 21);
    for (int i = 0; i < 400; i++) {
        size_t len = sizes[random_below(&random, 5)];
        uint64_t first = random_below(&random, len * 8 + 1);
        uint64_t end = first + random_below(&random, len * 8 - first + 1);
        struct slice plain = slice_make(model, len);
        struct entry entry;

        make_sparse(f, &random, model, len);
        if (random_below(&random, 3) == 0) {
            memset(model, 0xff, len);
            model[random_below(&random, len)] = (char)0xf7;
            string_set(f->keyspace, 0, KEY, plain, 0);
        }
        entry = entry_of(f, KEY);
        assert_int_equal(string_bits_count(f->keyspace, &entry, first, end), bits_count(plain, first, end));
        assert_int_equal(string_bits_find(f->keyspace, &entry, true, first, end), bits_find(plain, true, first, end));
        assert_int_equal(string_bits_find(f->keyspace, &entry, false, first, end), bits_find(plain, false, first, end));
    }
    memory_free(model);
}

static void test_numbers_are_read_and_written_over_chunk_borders(void **state)
{
    struct keyspace_fixture *f = *state;
    size_t len = 5 * STRING_CHUNK_BYTES;
    char *model = memory_allocate(len);
    struct random random;

    random_init(&random, 22);
    make_sparse(f, &random, model, len);
    for (int i = 0; i < 1000; i++) {
        unsigned width = 1 + (unsigned)random_below(&random, 64);
        uint64_t border = random_below(&random, 4) * STRING_CHUNK_BYTES * 8 + STRING_CHUNK_BYTES * 8;
        uint64_t first = border - random_below(&random, 80);
        uint64_t value = random_next(&random);
        struct entry entry = entry_of(f, KEY);

        assert_true(string_bits_get(f->keyspace, &entry, place(first, width)) == bits_get(model, first, width));
        string_bits_put(f->keyspace, 0, KEY, place(first, width), value);
        bits_put(model, first, width, value);
    }
    assert_value(f, KEY, slice_make(model, len));
    memory_free(model);
}

static void test_bits_beyond_the_end_are_zero(void **state)
{
    struct keyspace_fixture *f = *state;
    struct entry entry;

    string_set(f->keyspace, 0, KEY, slice_of("\xff"), 0);
    entry = entry_of(f, KEY);
    assert_int_equal(string_bits_get(f->keyspace, &entry, place(4, 8)), 0xf0);
    assert_int_equal(string_bits_get(f->keyspace, &entry, place(4000000000u, 64)), 0);
    assert_int_equal(string_bits_get(f->keyspace, NULL, place(0, 64)), 0);
}

static void test_reach_grows_once_and_stores_one_chunk(void **state)
{
    struct keyspace_fixture *f = *state;
    struct entry entry;

    assert_true(string_bits_reach(f->keyspace, 0, KEY, NULL, (uint64_t)STRING_BYTES_MAX * 8));
    entry = entry_of(f, KEY);
    assert_int_equal(string_len(&entry), STRING_BYTES_MAX);
    assert_int_equal(chunk_count(f), 1);
    assert_false(string_bits_reach(f->keyspace, 0, KEY, &entry, (uint64_t)STRING_BYTES_MAX * 8));
    string_bits_put(f->keyspace, 0, KEY, place(1234567890, 1), 1);
    assert_int_equal(chunk_count(f), 2);
    entry = entry_of(f, KEY);
    assert_int_equal(string_bits_count(f->keyspace, &entry, 0, (uint64_t)STRING_BYTES_MAX * 8), 1);
    assert_int_equal(string_bits_find(f->keyspace, &entry, true, 0, (uint64_t)STRING_BYTES_MAX * 8), 1234567890);
}

/* Three strings of any length into one of them, or elsewhere. */
static void test_combine_pads_the_short_ones_with_zeros(void **state)
{
    static const char *const names[] = {"a", "b", "c", "to"};
    struct keyspace_fixture *f = *state;
    char *models[3];
    char *expected = memory_allocate(100000);
    struct random random;

    random_init(&random, 23);
    for (size_t i = 0; i < 3; i++) {
        models[i] = memory_allocate(100000);
    }
    for (int round = 0; round < 60; round++) {
        enum bits_operation operation = (enum bits_operation)random_below(&random, 3);
        struct slice to = slice_of(names[random_below(&random, 4)]);
        struct entry entries[3];
        const struct entry *places[4] = {&entries[0], &entries[1], &entries[2], NULL};
        struct string_bits_sources sources = {.entries = places, .count = 3 + random_below(&random, 2)};
        size_t longest = 0;

        for (size_t i = 0; i < 3; i++) {
            size_t len = 1 + random_below(&random, 100000 >> random_below(&random, 12));

            memset(models[i], 0, 100000);
            for (size_t at = 0; at < len; at++) {
                models[i][at] = (char)random_next(&random);
            }
            string_set(f->keyspace, 0, slice_of(names[i]), slice_make(models[i], len), 0);
            longest = len > longest ? len : longest;
        }
        memcpy(expected, models[0], longest);
        bits_combine(operation, expected, models[1], longest);
        bits_combine(operation, expected, models[2], longest);
        if (sources.count == 4 && operation == BITS_AND) {
            memset(expected, 0, longest);
        }
        for (size_t i = 0; i < 3; i++) {
            entries[i] = entry_of(f, slice_of(names[i]));
        }
        string_bits_combine(f->keyspace, 0, to, operation, &sources);
        assert_value(f, to, slice_make(expected, longest));
    }
    for (size_t i = 0; i < 3; i++) {
        memory_free(models[i]);
    }
    memory_free(expected);
}

static void test_combining_holes_stores_nothing(void **state)
{
    struct keyspace_fixture *f = *state;
    struct entry entry;
    const struct entry *places[] = {&entry, &entry};
    struct string_bits_sources sources = {.entries = places, .count = 2};

    (void)string_bits_reach(f->keyspace, 0, KEY, NULL, 1000000 * 8);
    string_bits_put(f->keyspace, 0, KEY, place(0, 8), 0xff);
    entry = entry_of(f, KEY);
    assert_int_equal(chunk_count(f), 2);
    string_bits_combine(f->keyspace, 0, slice_of("to"), BITS_OR, &sources);
    assert_int_equal(chunk_count(f), 3); /* Its first; the last is zero. */
    entry = entry_of(f, slice_of("to"));
    assert_int_equal(string_len(&entry), 1000000);
    assert_int_equal(string_bits_count(f->keyspace, &entry, 0, 8000000), 8);
}

static void test_a_value_combined_to_zero_stores_nothing(void **state)
{
    struct keyspace_fixture *f = *state;
    char *zeros = memory_allocate_zeroed(50000);
    char *ones = memory_allocate(50000);
    struct entry entry;
    const struct entry *places[] = {&entry, &entry};
    struct string_bits_sources sources = {.entries = places, .count = 2};

    memset(ones, 0xff, 50000);
    string_set(f->keyspace, 0, KEY, slice_make(ones, 50000), 0);
    entry = entry_of(f, KEY);
    string_bits_combine(f->keyspace, 0, KEY, BITS_XOR, &sources);
    assert_int_equal(chunk_count(f), 0);
    assert_value(f, KEY, slice_make(zeros, 50000));
    memory_free(zeros);
    memory_free(ones);
}

static void test_invert_turns_every_bit_in_place_too(void **state)
{
    struct keyspace_fixture *f = *state;
    char *model = memory_allocate(50000);
    struct random random;
    struct entry entry;

    random_init(&random, 24);
    make_sparse(f, &random, model, 50000);
    entry = entry_of(f, KEY);
    bits_invert(model, 50000);
    string_bits_invert(f->keyspace, 0, KEY, &entry);
    assert_value(f, KEY, slice_make(model, 50000));
    memory_free(model);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, keyspace_fixture_setup, keyspace_fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_counts_and_searches_are_those_of_a_plain_array),
        TEST(test_numbers_are_read_and_written_over_chunk_borders),
        TEST(test_bits_beyond_the_end_are_zero),
        TEST(test_reach_grows_once_and_stores_one_chunk),
        TEST(test_combine_pads_the_short_ones_with_zeros),
        TEST(test_combining_holes_stores_nothing),
        TEST(test_a_value_combined_to_zero_stores_nothing),
        TEST(test_invert_turns_every_bit_in_place_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
