#include "base/random.h"
#include "storage/keyspace/keycode.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#define SEED 42

static struct slice code_number(struct keycode *code, uint64_t number)
{
    keycode_prefix(code, number);
    return keycode_slice(code);
}

/* Boundaries of every form of a number, in order. */
static const uint64_t edges[] = {
    0,          1,          239,        240,        241,        242,
    2286,       2287,       2288,       2289,       67823,      67824,
    16777215,   16777216,   UINT32_MAX, 1ull << 32, 1ull << 40, (1ull << 40) - 1 + (1ull << 40),
    1ull << 48, 1ull << 56, INT64_MAX,  UINT64_MAX,
};

static void test_numbers_sort_as_numbers_and_read_back(void **state)
{
    struct random random;

    (void)state;
    random_init(&random, 1);
    for (int i = 0; i < 20000; i++) {
        uint64_t a = random_next(&random) >> random_below(&random, 64);
        uint64_t b = random_next(&random) >> random_below(&random, 64);
        struct keycode code_a;
        struct keycode code_b;
        struct slice rest;
        uint64_t back;
        int order;

        if (i % 4 == 0) {
            a = edges[random_below(&random, sizeof(edges) / sizeof(edges[0]))];
        }
        if (i % 4 == 1) {
            b = a + random_below(&random, 3) - 1;
        }
        order = slice_compare(code_number(&code_a, a), code_number(&code_b, b));
        assert_int_equal((order > 0) - (order < 0), (a > b) - (a < b));
        if (a != b) {
            assert_false(slice_starts_with(keycode_slice(&code_a), keycode_slice(&code_b)));
        }
        rest = keycode_slice(&code_a);
        assert_true(keycode_take_number(&rest, &back));
        assert_true(back == a);
        assert_int_equal(rest.len, 0);
    }
}

static void test_numbers_take_the_bytes_that_the_format_says(void **state)
{
    struct keycode code;

    (void)state;
    assert_int_equal(code_number(&code, 240).len, 1);
    assert_int_equal(code_number(&code, 241).len, 2);
    assert_memory_equal(code.bytes, "\xf1\x01", 2);
    assert_int_equal(code_number(&code, 2287).len, 2);
    assert_int_equal(code_number(&code, 2288).len, 3);
    assert_memory_equal(code.bytes, "\xf9\x00\x00", 3);
    assert_int_equal(code_number(&code, 67823).len, 3);
    assert_int_equal(code_number(&code, 67824).len, 4);
    assert_memory_equal(code.bytes, "\xfa\x01\x08\xf0", 4);
    assert_int_equal(code_number(&code, UINT64_MAX).len, KEYCODE_NUMBER_BYTES_MAX);
}

static void test_number_cut_short_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(edges) / sizeof(edges[0]); i++) {
        struct keycode code;
        struct slice whole = code_number(&code, edges[i]);

        for (size_t len = 0; len < whole.len; len++) {
            struct slice cut = slice_first(whole, len);
            uint64_t number;

            assert_false(keycode_take_number(&cut, &number));
            assert_int_equal(cut.len, len);
        }
    }
}

static void test_signed_numbers_sort_as_numbers(void **state)
{
    static const int64_t values[] = {INT64_MIN, INT64_MIN + 1, -256, -255,          -1,       0,
                                     1,         255,           256,  INT64_MAX - 1, INT64_MAX};

    (void)state;
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        assert_true(keycode_unorder_int64(keycode_order_int64(values[i])) == values[i]);
        if (i > 0) {
            assert_true(keycode_order_int64(values[i - 1]) < keycode_order_int64(values[i]));
        }
    }
}

static void test_doubles_sort_as_numbers(void **state)
{
    static const double values[] = {-INFINITY, -1.7e308, -2, -1.5, -1, -2.3e-308, -5e-324, 0,
                                    5e-324,    2.3e-308, 1,  1.5,  2,  1.7e308,   INFINITY};
    struct random random;

    (void)state;
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        assert_true(keycode_unorder_double(keycode_order_double(values[i])) == values[i]);
        if (i > 0) {
            assert_true(keycode_order_double(values[i - 1]) < keycode_order_double(values[i]));
        }
    }
    assert_true(keycode_order_double(-0.0) == keycode_order_double(0.0));
    random_init(&random, 2);
    for (int i = 0; i < 20000; i++) {
        uint64_t bits[2] = {random_next(&random), random_next(&random)};
        double pair[2];

        memcpy(pair, bits, sizeof(pair));
        if (isnan(pair[0]) || isnan(pair[1])) {
            continue;
        }
        assert_true((pair[0] < pair[1]) == (keycode_order_double(pair[0]) < keycode_order_double(pair[1])));
        assert_true(keycode_unorder_double(keycode_order_double(pair[0])) == pair[0]);
    }
}

static void test_name_is_literal_up_to_the_limit_and_hashed_beyond(void **state)
{
    char name[2 * KEYCODE_NAME_BYTES_MAX];
    struct keycode code;
    struct slice coded;
    uint64_t space;

    (void)state;
    memset(name, 'n', sizeof(name));
    for (size_t len = 0; len < sizeof(name); len++) {
        keycode_key(&code, 300, slice_make(name, len), SEED);
        assert_true(code.len <= TABLE_KEY_BYTES_MAX);
        assert_true(keycode_parse_key(keycode_slice(&code), &space, &coded));
        assert_int_equal(space, 300);
        assert_int_equal(keycode_name_is_long(coded), len > KEYCODE_NAME_LITERAL_MAX);
        if (len <= KEYCODE_NAME_LITERAL_MAX) {
            assert_true(slice_equal(coded, slice_make(name, len)));
        } else {
            assert_memory_equal(coded.data, name, KEYCODE_NAME_PREFIX_BYTES);
        }
    }
}

static void test_long_names_differ_by_any_byte_and_by_seed(void **state)
{
    char name[1000];
    struct keycode first;
    struct keycode other;

    (void)state;
    memset(name, 'n', sizeof(name));
    keycode_key(&first, 1, slice_make(name, sizeof(name)), SEED);
    name[999] = 'm';
    keycode_key(&other, 1, slice_make(name, sizeof(name)), SEED);
    assert_false(slice_equal(keycode_slice(&first), keycode_slice(&other)));
    keycode_key(&first, 1, slice_make(name, sizeof(name)), SEED + 1);
    assert_false(slice_equal(keycode_slice(&first), keycode_slice(&other)));
}

/* What RENAME, COPY and the purge of a space stand on. */
static void test_name_has_one_code_in_every_table(void **state)
{
    char bytes[1000] = {0};
    struct slice name = slice_make(bytes, sizeof(bytes));
    struct keycode key;
    struct keycode expiry;
    struct keycode score;
    uint64_t number;
    uint64_t due_ms;
    double value;
    struct slice coded_key;
    struct slice in_key;
    struct slice in_score;

    (void)state;
    memset(bytes, 'n', sizeof(bytes));
    keycode_key(&key, UINT64_MAX, name, SEED);
    keycode_expiry(&expiry, 1234567890123, keycode_slice(&key));
    assert_true(keycode_parse_expiry(keycode_slice(&expiry), &due_ms, &coded_key));
    assert_int_equal(due_ms, 1234567890123);
    assert_true(slice_equal(coded_key, keycode_slice(&key)));
    keycode_score(&score, 7, -2.5, name, SEED);
    assert_true(keycode_parse_score(keycode_slice(&score), &number, &value, &in_score));
    assert_true(number == 7 && value == -2.5);
    assert_true(keycode_parse_key(keycode_slice(&key), &number, &in_key));
    assert_true(slice_equal(in_key, in_score));
}

static void test_position_and_orphan_read_back(void **state)
{
    struct keycode code;
    uint64_t number;
    int64_t position;
    enum keycode_orphan_kind kind;

    (void)state;
    keycode_position(&code, 70000, -5);
    assert_true(keycode_parse_position(keycode_slice(&code), &number, &position));
    assert_true(number == 70000 && position == -5);
    keycode_orphan(&code, KEYCODE_ORPHAN_SPACE, 70000);
    assert_true(keycode_parse_orphan(keycode_slice(&code), &kind, &number));
    assert_true(kind == KEYCODE_ORPHAN_SPACE && number == 70000);
    keycode_add_byte(&code, 0);
    assert_false(keycode_parse_orphan(keycode_slice(&code), &kind, &number));
    assert_false(keycode_parse_orphan(slice_make("\x03\x01", 2), &kind, &number));
    assert_false(keycode_parse_orphan(slice_empty(), &kind, &number));
}

static void test_full_name_is_taken_from_the_value_of_a_long_one_only(void **state)
{
    char coded[KEYCODE_NAME_BYTES_MAX] = {0};
    struct slice value = slice_of("\003abcrest");
    struct slice full;

    (void)state;
    assert_true(keycode_take_full_name(slice_of("name"), &value, &full));
    assert_true(slice_equal(full, slice_of("name")));
    assert_int_equal(value.len, 8);
    assert_true(keycode_take_full_name(slice_make(coded, sizeof(coded)), &value, &full));
    assert_true(slice_equal(full, slice_of("abc")));
    assert_true(slice_equal(value, slice_of("rest")));
    value = slice_of("\011abcrest");
    assert_false(keycode_take_full_name(slice_make(coded, sizeof(coded)), &value, &full));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers_sort_as_numbers_and_read_back),
        cmocka_unit_test(test_numbers_take_the_bytes_that_the_format_says),
        cmocka_unit_test(test_number_cut_short_is_refused),
        cmocka_unit_test(test_signed_numbers_sort_as_numbers),
        cmocka_unit_test(test_doubles_sort_as_numbers),
        cmocka_unit_test(test_name_is_literal_up_to_the_limit_and_hashed_beyond),
        cmocka_unit_test(test_long_names_differ_by_any_byte_and_by_seed),
        cmocka_unit_test(test_name_has_one_code_in_every_table),
        cmocka_unit_test(test_position_and_orphan_read_back),
        cmocka_unit_test(test_full_name_is_taken_from_the_value_of_a_long_one_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
