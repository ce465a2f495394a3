#include "base/memory.h"
#include "base/random.h"
#include "storage/keyspace/keycode.h"
#include "storage/value/string_store.h"
#include "support/keyspace_fixture.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#define KEY slice_of("key")

static struct slice value_of(struct keyspace_fixture *f, struct buf *scratch)
{
    struct entry entry;
    struct slice value;

    assert_true(keyspace_find(f->keyspace, 0, KEY, &entry));
    assert_int_equal(string_value(f->keyspace, &entry, scratch, &value), STATUS_OK);
    assert_int_equal(string_len(&entry), value.len);
    return value;
}

static void assert_value(struct keyspace_fixture *f, struct slice expected)
{
    struct buf scratch;

    buf_init(&scratch, BUF_NO_CEILING);
    assert_true(slice_equal(value_of(f, &scratch), expected));
    buf_release(&scratch);
}

static void write_at(struct keyspace_fixture *f, size_t start, struct slice bytes, size_t expected_len)
{
    struct entry entry;
    bool found = keyspace_find(f->keyspace, 0, KEY, &entry);
    size_t len;

    string_write(f->keyspace, 0, KEY, found ? &entry : NULL, start, bytes, &len);
    assert_int_equal(len, expected_len);
}

static size_t chunk_count(struct keyspace_fixture *f)
{
    return keyspace_fixture_row_count(f, TABLE_FIELDS, slice_empty());
}

static char *pattern(size_t len)
{
    char *bytes = memory_allocate(len);

    for (size_t i = 0; i < len; i++) {
        bytes[i] = (char)(i * 7 + i / 251);
    }
    return bytes;
}

static void test_set_reads_back_at_every_size(void **state)
{
    static const size_t sizes[] = {0,
                                   1,
                                   100,
                                   STRING_CHUNK_BYTES,
                                   STRING_INLINE_BYTES_MAX,
                                   STRING_INLINE_BYTES_MAX + 1,
                                   2 * STRING_CHUNK_BYTES,
                                   2 * STRING_CHUNK_BYTES + 1,
                                   1000000};
    struct keyspace_fixture *f = *state;
    char *bytes = pattern(1000000);

    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct slice value = slice_make(bytes, sizes[i]);

        string_set(f->keyspace, 0, KEY, value, 0);
        assert_value(f, value);
        assert_int_equal(keyspace_key_count(f->keyspace, 0), 1);
    }
    memory_free(bytes);
}

static void test_set_replaces_expiry_and_content(void **state)
{
    struct keyspace_fixture *f = *state;
    char *bytes = pattern(50000);
    struct entry entry;

    string_set(f->keyspace, 0, KEY, slice_make(bytes, 50000), 1000);
    assert_int_equal(keyspace_expiry_count(f->keyspace, 0), 1);
    assert_int_equal(chunk_count(f), 4);
    string_set(f->keyspace, 0, KEY, slice_of("short"), 0);
    assert_int_equal(keyspace_expiry_count(f->keyspace, 0), 0);
    assert_int_equal(keyspace_fixture_row_count(f, TABLE_ORPHANS, slice_empty()), 1);
    assert_true(keyspace_find(f->keyspace, 0, KEY, &entry));
    assert_int_equal(entry.generation, 0);
    assert_value(f, slice_of("short"));
    memory_free(bytes);
}

/* Its rows are overwritten. What the old value had beyond the new one's end must not come back when that grows. */
static void test_a_value_of_as_many_chunks_takes_the_place_of_the_old(void **state)
{
    struct keyspace_fixture *f = *state;
    char *bytes = pattern(60000);

    string_set(f->keyspace, 0, KEY, slice_make(bytes, 50000), 1000);
    string_set(f->keyspace, 0, KEY, slice_make(bytes + 1000, 49200), 0);
    assert_value(f, slice_make(bytes + 1000, 49200));
    assert_int_equal(chunk_count(f), 4);
    assert_int_equal(keyspace_fixture_row_count(f, TABLE_ORPHANS, slice_empty()), 0);
    assert_int_equal(keyspace_expiry_count(f->keyspace, 0), 0);
    write_at(f, 49999, slice_of("!"), 50000);
    memmove(bytes, bytes + 1000, 49200);
    memset(bytes + 49200, 0, 799);
    bytes[49999] = '!';
    assert_value(f, slice_make(bytes, 50000));
    string_set(f->keyspace, 0, KEY, slice_make(bytes, 20000), 0); /* Of fewer: a generation of its own. */
    assert_value(f, slice_make(bytes, 20000));
    assert_int_equal(keyspace_fixture_row_count(f, TABLE_ORPHANS, slice_empty()), 1);
    memory_free(bytes);
}

static void test_read_gives_any_range(void **state)
{
    struct keyspace_fixture *f = *state;
    size_t size = 3 * STRING_CHUNK_BYTES + 100;
    char *bytes = pattern(size);
    struct random random;
    struct entry entry;
    struct buf out;

    random_init(&random, 6);
    buf_init(&out, BUF_NO_CEILING);
    string_set(f->keyspace, 0, KEY, slice_make(bytes, size), 0);
    assert_true(keyspace_find(f->keyspace, 0, KEY, &entry));
    for (int i = 0; i < 200; i++) {
        size_t start = random_below(&random, size + 1);
        size_t len = random_below(&random, size - start + 1);

        buf_clear(&out);
        assert_int_equal(string_read(f->keyspace, &entry, start, len, &out), STATUS_OK);
        assert_true(slice_equal(buf_slice(&out), slice_make(bytes + start, len)));
    }
    buf_release(&out);
    memory_free(bytes);
}

static void test_read_beyond_the_ceiling_is_refused(void **state)
{
    struct keyspace_fixture *f = *state;
    char *bytes = pattern(50000);
    struct entry entry;
    struct buf out;
    struct slice value;

    buf_init(&out, 40000);
    string_set(f->keyspace, 0, KEY, slice_make(bytes, 50000), 0);
    assert_true(keyspace_find(f->keyspace, 0, KEY, &entry));
    assert_int_equal(string_value(f->keyspace, &entry, &out, &value), STATUS_TOO_BIG);
    assert_int_equal(buf_slice(&out).len, 0);
    buf_release(&out);
    memory_free(bytes);
}

static void test_write_of_nothing_creates_an_empty_string_only(void **state)
{
    struct keyspace_fixture *f = *state;

    write_at(f, 0, slice_empty(), 0);
    assert_value(f, slice_empty());
    string_set(f->keyspace, 0, KEY, slice_of("value"), 0);
    write_at(f, 100, slice_empty(), 5);
    assert_value(f, slice_of("value"));
}

static void test_write_pads_with_zeros_and_keeps_the_expiry(void **state)
{
    struct keyspace_fixture *f = *state;
    char *bytes = pattern(10000);

    string_set(f->keyspace, 0, KEY, slice_of("ab"), 0);
    write_at(f, 0, slice_make(bytes, 10000), 10000); /* The next write must not find these on the stack. */
    string_set(f->keyspace, 0, KEY, slice_of("ab"), 1000);
    write_at(f, 9000, slice_of("cd"), 9002);
    memset(bytes, 0, 10000);
    memcpy(bytes, "ab", 2);
    memcpy(bytes + 9000, "cd", 2);
    assert_value(f, slice_make(bytes, 9002));
    string_set(f->keyspace, 0, KEY, slice_of("ab"), 1000);
    write_at(f, 4, slice_of("cd"), 6);
    assert_value(f, slice_make("ab\0\0cd", 6));
    write_at(f, 1, slice_of("xy"), 6);
    assert_value(f, slice_make("axy\0cd", 6));
    assert_int_equal(keyspace_expiry_count(f->keyspace, 0), 1);
    write_at(f, 40000, slice_of("z"), 40001);
    assert_int_equal(keyspace_expiry_count(f->keyspace, 0), 1);
    assert_int_equal(keyspace_fixture_row_count(f, TABLE_ORPHANS, slice_empty()), 0);
    memory_free(bytes);
}

/* SETBIT key 4294967295 1 makes a value of 512 MB; it may not cost that. */
static void test_gap_costs_nothing(void **state)
{
    struct keyspace_fixture *f = *state;
    struct entry entry;
    struct buf out;

    buf_init(&out, BUF_NO_CEILING);
    write_at(f, STRING_BYTES_MAX - 1, slice_of("!"), STRING_BYTES_MAX);
    assert_int_equal(chunk_count(f), 1);
    assert_true(keyspace_find(f->keyspace, 0, KEY, &entry));
    assert_int_equal(string_read(f->keyspace, &entry, STRING_BYTES_MAX - 3, 3, &out), STATUS_OK);
    assert_true(slice_equal(buf_slice(&out), slice_make("\0\0!", 3)));
    buf_release(&out);
}

static void test_write_inside_touches_its_chunks_alone(void **state)
{
    struct keyspace_fixture *f = *state;
    char *bytes = pattern(10 * STRING_CHUNK_BYTES);
    size_t before;

    string_set(f->keyspace, 0, KEY, slice_make(bytes, 10 * STRING_CHUNK_BYTES), 0);
    before = keyspace_fixture_row_count(f, TABLE_FIELDS, slice_empty());
    write_at(f, 5 * STRING_CHUNK_BYTES - 2, slice_of("WXYZ"), 10 * STRING_CHUNK_BYTES);
    memcpy(bytes + 5 * STRING_CHUNK_BYTES - 2, "WXYZ", 4);
    assert_value(f, slice_make(bytes, 10 * STRING_CHUNK_BYTES));
    assert_int_equal(keyspace_fixture_row_count(f, TABLE_FIELDS, slice_empty()), before);
    assert_int_equal(keyspace_fixture_row_count(f, TABLE_ORPHANS, slice_empty()), 0);
    memory_free(bytes);
}

/* Random writes and appends over the sizes where the form changes, against one plain array. */
static void test_writes_are_those_of_a_plain_array(void **state)
{
    struct keyspace_fixture *f = *state;
    size_t room = 5 * STRING_CHUNK_BYTES;
    char *model = memory_allocate_zeroed(room);
    char *bytes = pattern(room);
    struct random random;
    size_t len = 0;

    random_init(&random, 7);
    for (int i = 0; i < 3000; i++) {
        size_t start = random_below(&random, 2) == 0 ? len : random_below(&random, room);
        size_t count = 1 + random_below(&random, (uint64_t)1 << random_below(&random, 16));
        size_t from = random_below(&random, 1000);

        if (random_below(&random, 60) == 0) {
            len = random_below(&random, room);
            memset(model, 0, room);
            memcpy(model, bytes, len);
            string_set(f->keyspace, 0, KEY, slice_make(bytes, len), 0);
            continue;
        }
        if (start + count > room || from + count > room) {
            continue;
        }
        if (random_below(&random, 3) != 0 && start > len + 100) {
            start = len;
            count %= 200;
            count++;
        }
        if (start + count > room) {
            continue;
        }
        memcpy(model + start, bytes + from, count);
        len = start + count > len ? start + count : len;
        write_at(f, start, slice_make(bytes + from, count), len);
        assert_value(f, slice_make(model, len));
    }
    memory_free(model);
    memory_free(bytes);
}

static void test_copy_and_move_take_the_chunks_along(void **state)
{
    struct keyspace_fixture *f = *state;
    char *bytes = pattern(100000);

    string_set(f->keyspace, 0, slice_of("from"), slice_make(bytes, 100000), 0);
    assert_true(keyspace_copy(f->keyspace, 0, slice_of("from"), 0, KEY));
    assert_value(f, slice_make(bytes, 100000));
    string_set(f->keyspace, 0, slice_of("from"), slice_of("short"), 0);
    assert_value(f, slice_make(bytes, 100000));
    assert_true(keyspace_move(f->keyspace, 0, KEY, 0, slice_of("other")));
    assert_true(keyspace_move(f->keyspace, 0, slice_of("other"), 0, KEY));
    assert_value(f, slice_make(bytes, 100000));
    memory_free(bytes);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, keyspace_fixture_setup, keyspace_fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_set_reads_back_at_every_size),
        TEST(test_set_replaces_expiry_and_content),
        TEST(test_a_value_of_as_many_chunks_takes_the_place_of_the_old),
        TEST(test_read_gives_any_range),
        TEST(test_read_beyond_the_ceiling_is_refused),
        TEST(test_write_of_nothing_creates_an_empty_string_only),
        TEST(test_write_pads_with_zeros_and_keeps_the_expiry),
        TEST(test_gap_costs_nothing),
        TEST(test_write_inside_touches_its_chunks_alone),
        TEST(test_writes_are_those_of_a_plain_array),
        TEST(test_copy_and_move_take_the_chunks_along),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
