#include "base/bytes.h"
#include "base/memory.h"
#include "storage/memtable/memtable.h"
#include "test/support/sorted_model.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
/* cmocka wants the above first. */
#include <cmocka.h>

#define SEED 7

static struct memtable *open_memtable(void)
{
    return memtable_create(SEED);
}

static void assert_slices_equal(struct slice a, struct slice b)
{
    assert_int_equal(a.len, b.len);
    assert_true(slice_equal(a, b));
}

static void assert_value(struct memtable *memtable, const char *key, const char *expected)
{
    struct slice value;

    assert_int_equal(memtable_get(memtable, TABLE_KEYS, slice_of(key), &value), MEMTABLE_PRESENT);
    assert_slices_equal(value, slice_of(expected));
}

static void put(struct memtable *memtable, const char *key, const char *value)
{
    memtable_put(memtable, TABLE_KEYS, slice_of(key), slice_of(value));
}

static void test_get_tells_absent_deleted_and_present_apart(void **state)
{
    struct memtable *memtable = open_memtable();
    struct slice value;

    (void)state;
    put(memtable, "a", "1");
    memtable_delete(memtable, TABLE_KEYS, slice_of("b"));
    assert_value(memtable, "a", "1");
    assert_int_equal(memtable_get(memtable, TABLE_KEYS, slice_of("b"), &value), MEMTABLE_DELETED);
    assert_int_equal(memtable_get(memtable, TABLE_KEYS, slice_of("c"), &value), MEMTABLE_ABSENT);
    assert_int_equal(memtable_get(memtable, TABLE_FIELDS, slice_of("a"), &value), MEMTABLE_ABSENT);
    memtable_delete(memtable, TABLE_KEYS, slice_of("a"));
    assert_int_equal(memtable_get(memtable, TABLE_KEYS, slice_of("a"), &value), MEMTABLE_DELETED);
    put(memtable, "a", "2");
    assert_value(memtable, "a", "2");
    assert_int_equal(memtable_count(memtable), 2);
    memtable_free(memtable);
}

static void test_an_empty_key_and_an_empty_value_are_kept(void **state)
{
    struct memtable *memtable = open_memtable();
    struct memtable_cursor cursor;
    struct slice value;

    (void)state;
    memtable_put(memtable, TABLE_KEYS, slice_make(NULL, 0), slice_make(NULL, 0));
    assert_int_equal(memtable_get(memtable, TABLE_KEYS, slice_empty(), &value), MEMTABLE_PRESENT);
    assert_int_equal(value.len, 0);
    assert_true(memtable_seek(&cursor, memtable, TABLE_KEYS, slice_make(NULL, 0)));
    memtable_free(memtable);
}

/* Counters, flags, records of fixed size: what is rewritten a million times must cost as much as once. */
static void test_rewriting_a_key_does_not_grow_the_table(void **state)
{
    struct memtable *memtable = open_memtable();
    char value[200] = {0};
    size_t bytes;

    (void)state;
    for (size_t i = 0; i < 1000; i++) {
        memtable_put(memtable, TABLE_KEYS, slice_of("counter"), slice_make(value, i % sizeof(value)));
    }
    bytes = memtable_bytes(memtable);
    for (size_t i = 0; i < 100000; i++) {
        memtable_put(memtable, TABLE_KEYS, slice_of("counter"), slice_make(value, i % sizeof(value)));
        memtable_delete(memtable, TABLE_KEYS, slice_of("counter"));
    }
    assert_int_equal(memtable_bytes(memtable), bytes);
    memtable_free(memtable);
}

/* A queue: each element has a new key and is soon deleted. Only its tombstone may stay. */
static void test_the_space_of_deleted_values_serves_new_ones(void **state)
{
    struct memtable *memtable = open_memtable();
    char value[5000] = {0};
    char key[8];

    (void)state;
    for (uint64_t i = 0; i < 10000; i++) {
        bytes_put_be64(key, i);
        memtable_put(memtable, TABLE_FIELDS, slice_make(key, 8), slice_make("", 0));
        memtable_put(memtable, TABLE_FIELDS, slice_make(key, 8), slice_make(value, sizeof(value)));
        memtable_delete(memtable, TABLE_FIELDS, slice_make(key, 8));
    }
    assert_in_range(memtable_bytes(memtable), 1, 2 * 1024 * 1024);
    memtable_free(memtable);
}

static void test_large_values_are_counted_and_given_back(void **state)
{
    struct memtable *memtable = open_memtable();
    size_t empty = memtable_bytes(memtable);
    size_t large = 3 * 1024 * 1024;
    char *value = memory_allocate_zeroed(large);
    struct slice found;

    (void)state;
    for (int i = 0; i < 3; i++) {
        value[large - 1] = (char)('0' + i);
        memtable_put(memtable, TABLE_KEYS, slice_of("large"), slice_make(value, large));
        memtable_put(memtable, TABLE_KEYS, slice_of("other"), slice_make(value, large));
    }
    assert_in_range(memtable_bytes(memtable), 2 * large, 2 * large + 64 * 1024);
    assert_int_equal(memtable_get(memtable, TABLE_KEYS, slice_of("large"), &found), MEMTABLE_PRESENT);
    assert_slices_equal(found, slice_make(value, large));
    memtable_delete(memtable, TABLE_KEYS, slice_of("other"));
    memtable_put(memtable, TABLE_KEYS, slice_of("large"), slice_of("small now"));
    assert_in_range(memtable_bytes(memtable), empty, empty + 64 * 1024);
    assert_value(memtable, "large", "small now");
    memtable_put(memtable, TABLE_KEYS, slice_of("kept"), slice_make(value, large));
    memtable_free(memtable); /* Frees it; the address sanitizer tells if not. */
    memory_free(value);
}

/* What APPEND and SETRANGE do: the new value is made of the old one, in the same place or beyond it. */
static void test_a_value_may_be_rewritten_from_itself(void **state)
{
    struct memtable *memtable = open_memtable();
    struct slice value;

    (void)state;
    put(memtable, "k", "0123456789");
    memtable_get(memtable, TABLE_KEYS, slice_of("k"), &value);
    memtable_put(memtable, TABLE_KEYS, slice_of("k"), slice_make(value.data + 3, 4));
    assert_value(memtable, "k", "3456");
    put(memtable, "other", "from elsewhere, and longer");
    memtable_get(memtable, TABLE_KEYS, slice_of("other"), &value);
    memtable_put(memtable, TABLE_KEYS, slice_of("k"), value);
    assert_value(memtable, "k", "from elsewhere, and longer");
    memtable_get(memtable, TABLE_KEYS, slice_of("k"), &value);
    memtable_put(memtable, TABLE_KEYS, slice_of("k"), slice_make(value.data + 5, 9));
    assert_value(memtable, "k", "elsewhere");
    memtable_free(memtable);
}

/* --- Random operations against the model. --- */

struct fixture {
    struct memtable *memtable;
    struct sorted_model model; /* Keeps tombstones, as the memtable does. */
    struct random random;
};

static void assert_at(const struct memtable_cursor *cursor, const struct sorted_model_record *expected)
{
    enum table table;
    struct slice key;
    struct slice value;
    enum memtable_found found = memtable_at(cursor, &table, &key, &value);

    assert_int_equal(table, expected->table);
    assert_slices_equal(key, expected->key);
    assert_int_equal(found, expected->is_deleted ? MEMTABLE_DELETED : MEMTABLE_PRESENT);
    assert_slices_equal(value, expected->value);
}

static void write_one(struct fixture *f, enum table table, struct slice key)
{
    char value[300];
    size_t len = random_below(&f->random, sizeof(value));

    if (random_below(&f->random, 2) == 0) {
        len = (size_t)16 << random_below(&f->random, 4); /* Exactly what a place of the smaller classes holds. */
    }

    memset(value, (int)random_below(&f->random, 256), len);
    switch (random_below(&f->random, 4)) {
    case 0:
        memtable_delete(f->memtable, table, key);
        sorted_model_put_tombstone(&f->model, table, key);
        return;
    case 1:
        memcpy(memtable_put_space(f->memtable, table, key, len), value, len);
        break;
    default:
        memtable_put(f->memtable, table, key, slice_make(value, len));
        break;
    }
    sorted_model_put(&f->model, table, key, slice_make(value, len));
}

static void check_get(struct fixture *f, enum table table, struct slice key)
{
    const struct sorted_model_record *expected = sorted_model_find(&f->model, table, key);
    struct slice value;
    enum memtable_found found = memtable_get(f->memtable, table, key, &value);

    if (expected == NULL || expected->is_deleted) {
        assert_int_equal(found, expected == NULL ? MEMTABLE_ABSENT : MEMTABLE_DELETED);
        return;
    }
    assert_int_equal(found, MEMTABLE_PRESENT);
    assert_slices_equal(value, expected->value);
}

static void check_walk_up(struct fixture *f, enum table table, struct slice key, int steps)
{
    size_t index = sorted_model_seek(&f->model, table, key, false);
    struct memtable_cursor cursor;
    bool is_there = memtable_seek(&cursor, f->memtable, table, key);

    for (; steps > 0 && index < f->model.count; steps--, index++) {
        assert_true(is_there);
        assert_at(&cursor, &f->model.records[index]);
        is_there = memtable_next(&cursor);
    }
    assert_int_equal(is_there, index < f->model.count);
}

static void check_walk_down(struct fixture *f, enum table table, struct slice key, int steps)
{
    bool before = random_below(&f->random, 2) == 0;
    size_t index = sorted_model_seek(&f->model, table, key, !before);
    struct memtable_cursor cursor;
    bool is_there = memtable_seek_last(&cursor, f->memtable, table, key, before);

    for (; steps > 0 && index > 0; steps--, index--) {
        assert_true(is_there);
        assert_at(&cursor, &f->model.records[index - 1]);
        is_there = memtable_prev(&cursor);
    }
    assert_int_equal(is_there, index > 0);
}

static void run_model(uint64_t seed, int operations)
{
    struct fixture f = {.memtable = open_memtable()};
    char bytes[TABLE_KEY_BYTES_MAX];

    sorted_model_init(&f.model);
    random_init(&f.random, seed);
    for (int i = 0; i < operations; i++) {
        enum table table = sorted_model_random_table(&f.random);
        struct slice key = sorted_model_random_key(&f.random, bytes);

        switch (random_below(&f.random, 6)) {
        case 0:
            check_get(&f, table, key);
            break;
        case 1:
            check_walk_up(&f, table, key, 5);
            break;
        case 2:
            check_walk_down(&f, table, key, 5);
            break;
        default:
            write_one(&f, table, key);
            break;
        }
        assert_int_equal(memtable_count(f.memtable), f.model.count);
        if (random_below(&f.random, 8000) == 0) {
            memtable_clear(f.memtable);
            sorted_model_release(&f.model);
            sorted_model_init(&f.model);
        }
    }
    check_walk_up(&f, TABLE_META, slice_empty(), INT32_MAX);
    check_walk_down(&f, TABLE_COUNT - 1, slice_make(memset(bytes, 0xff, sizeof(bytes)), sizeof(bytes)), INT32_MAX);
    memtable_free(f.memtable);
    sorted_model_release(&f.model);
}

static void test_random_operations_match_a_sorted_array(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 8; seed++) {
        print_message("seed %llu\n", (unsigned long long)seed);
        run_model(seed, 20000);
    }
}

/* --- Many keys: several levels of the order, several segments of the index. --- */

#define MANY 200000

static void format_key(char key[24], uint32_t number)
{
    bytes_put_be64(key, 5);
    snprintf(key + 8, 16, "k:%010u", number);
}

static void fill(struct memtable *memtable, uint32_t (*nth)(uint32_t i))
{
    for (uint32_t i = 0; i < MANY; i++) {
        uint32_t number = nth(i);
        char key[24];

        format_key(key, number);
        memtable_put(memtable, TABLE_KEYS, slice_make(key, 20), slice_make(&number, sizeof(number)));
    }
}

static uint32_t upwards(uint32_t i)
{
    return i;
}

static uint32_t downwards(uint32_t i)
{
    return MANY - 1 - i;
}

/* 7919 is prime to MANY. */
static uint32_t scattered(uint32_t i)
{
    return (uint32_t)(((uint64_t)i * 7919) % MANY);
}

/* Many lists, half of them pushed to at the tail, half at the head, in turn. */
static uint32_t interleaved(uint32_t i)
{
    uint32_t lists = 50;
    uint32_t list = i % lists;
    uint32_t turn = i / lists;
    uint32_t size = MANY / lists;

    return list * size + (list < lists / 2 ? turn : size - 1 - turn);
}

static void check_filled(struct memtable *memtable)
{
    struct memtable_cursor cursor;
    bool is_there = memtable_seek(&cursor, memtable, TABLE_KEYS, slice_empty());

    for (uint32_t i = 0; i < MANY; i++) {
        enum table table;
        struct slice key_found;
        struct slice value;
        char key[24];

        format_key(key, i);
        assert_true(is_there);
        assert_int_equal(memtable_at(&cursor, &table, &key_found, &value), MEMTABLE_PRESENT);
        assert_slices_equal(key_found, slice_make(key, 20));
        assert_int_equal(memtable_get(memtable, TABLE_KEYS, slice_make(key, 20), &value), MEMTABLE_PRESENT);
        assert_slices_equal(value, slice_make(&i, sizeof(i)));
        is_there = memtable_next(&cursor);
    }
    assert_false(is_there);
}

static void test_many_keys_in_any_order_of_insertion(void **state)
{
    uint32_t (*const orders[])(uint32_t) = {upwards, downwards, scattered, interleaved};
    size_t bytes[4];

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct memtable *memtable = open_memtable();

        fill(memtable, orders[i]);
        check_filled(memtable);
        bytes[i] = memtable_bytes(memtable);
        print_message("%zu bytes a key\n", bytes[i] / MANY);
        memtable_free(memtable);
    }
    /* Runs leave full leaves behind, at either end and among each other. */
    assert_in_range(bytes[1], 1, bytes[0] + bytes[0] / 50);
    assert_in_range(bytes[3], 1, bytes[0] + bytes[0] / 20);
    assert_in_range(bytes[0], 1, bytes[2]);
}

/* A table that is filled again takes the memory of the former one, and gives back what nobody fills. */
static void test_clear_keeps_the_memory_and_trim_frees_it(void **state)
{
    struct memtable *memtable = open_memtable();
    size_t bytes;

    (void)state;
    assert_false(memtable_trim(memtable, SIZE_MAX));
    fill(memtable, scattered);
    bytes = memtable_bytes(memtable);
    assert_false(memtable_trim(memtable, SIZE_MAX / 2) && memtable_trim(memtable, SIZE_MAX / 2));
    memtable_clear(memtable);
    assert_int_equal(memtable_count(memtable), 0);
    assert_in_range(memtable_bytes(memtable), 1, 64 * 1024);
    fill(memtable, scattered);
    check_filled(memtable);
    assert_in_range(memtable_bytes(memtable), bytes - bytes / 10, bytes + bytes / 10);
    memtable_clear(memtable);
    assert_true(memtable_trim(memtable, 4 * 1024 * 1024));
    fill(memtable, downwards);
    check_filled(memtable);
    memtable_clear(memtable);
    while (memtable_trim(memtable, 1024 * 1024)) {
    }
    fill(memtable, upwards);
    check_filled(memtable);
    memtable_free(memtable);
}

/* An insertion may raise the root for the next one; without a look between, so that records stay pending all along. */
static void test_the_order_holds_while_the_tree_grows(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct memtable *memtable = memtable_create(seed);
        struct memtable_cursor cursor;
        struct random random;
        char last_bytes[TABLE_KEY_BYTES_MAX];
        struct slice last = slice_make(last_bytes, 0);
        size_t count = 1;

        random_init(&random, seed);
        for (unsigned i = 0; i < 2000; i++) {
            char key_bytes[TABLE_KEY_BYTES_MAX];

            memtable_put(memtable, TABLE_KEYS, sorted_model_random_key(&random, key_bytes), slice_empty());
        }
        assert_true(memtable_seek(&cursor, memtable, TABLE_KEYS, slice_empty()));
        while (memtable_next(&cursor)) {
            struct slice key;
            struct slice value;
            enum table table;

            memtable_at(&cursor, &table, &key, &value);
            assert_true(slice_compare(last, key) < 0);
            memcpy(last_bytes, key.data, key.len);
            last.len = key.len;
            count++;
        }
        assert_int_equal(count, memtable_count(memtable));
        memtable_free(memtable);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_get_tells_absent_deleted_and_present_apart),
        cmocka_unit_test(test_an_empty_key_and_an_empty_value_are_kept),
        cmocka_unit_test(test_rewriting_a_key_does_not_grow_the_table),
        cmocka_unit_test(test_the_space_of_deleted_values_serves_new_ones),
        cmocka_unit_test(test_large_values_are_counted_and_given_back),
        cmocka_unit_test(test_a_value_may_be_rewritten_from_itself),
        cmocka_unit_test(test_random_operations_match_a_sorted_array),
        cmocka_unit_test(test_many_keys_in_any_order_of_insertion),
        cmocka_unit_test(test_the_order_holds_while_the_tree_grows),
        cmocka_unit_test(test_clear_keeps_the_memory_and_trim_frees_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
