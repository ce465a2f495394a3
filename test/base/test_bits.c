/* Every operation against the same one done bit by bit. */
#include "base/bits.h"
#include "base/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#define BYTES 200

static bool bit_at(const char *bytes, uint64_t at)
{
    return ((uint8_t)bytes[at / 8] >> (7 - at % 8)) & 1;
}

/* Random bytes, or long runs of equal ones, so that searches go far. */
static void fill(struct random *random, char *bytes)
{
    unsigned kind = (unsigned)random_below(random, 3);

    for (size_t i = 0; i < BYTES; i++) {
        bytes[i] = (char)(kind == 0 ? random_next(random) : kind == 1 ? 0 : 0xff);
    }
    if (kind != 0) {
        bytes[random_below(random, BYTES)] ^= (char)(1 << random_below(random, 8));
    }
}

static void test_count_and_find_are_those_of_single_bits(void **state)
{
    char bytes[BYTES];
    struct random random;

    (void)state;
    random_init(&random, 11);
    for (int i = 0; i < 3000; i++) {
        uint64_t first = random_below(&random, BYTES * 8 + 1);
        uint64_t end = first + random_below(&random, BYTES * 8 - first + 1);
        uint64_t ones = 0;
        uint64_t found[2] = {end, end};

        fill(&random, bytes);
        for (uint64_t at = end; at > first; at--) {
            ones += bit_at(bytes, at - 1);
            found[bit_at(bytes, at - 1)] = at - 1;
        }
        assert_int_equal(bits_count(slice_make(bytes, BYTES), first, end), ones);
        assert_int_equal(bits_find(slice_make(bytes, BYTES), false, first, end), found[0]);
        assert_int_equal(bits_find(slice_make(bytes, BYTES), true, first, end), found[1]);
    }
}

static void test_empty_ranges_hold_nothing(void **state)
{
    (void)state;
    assert_int_equal(bits_count(slice_empty(), 0, 0), 0);
    assert_int_equal(bits_find(slice_empty(), true, 0, 0), 0);
    assert_int_equal(bits_count(slice_of("a"), 5, 3), 0);
    assert_int_equal(bits_find(slice_of("a"), true, 5, 3), 3);
}

static void test_put_changes_its_bits_alone_and_get_reads_them(void **state)
{
    char bytes[BYTES];
    char before[BYTES];
    struct random random;

    (void)state;
    random_init(&random, 12);
    for (int i = 0; i < 3000; i++) {
        unsigned width = 1 + (unsigned)random_below(&random, 64);
        uint64_t first = random_below(&random, BYTES * 8 - width + 1);
        uint64_t value = random_next(&random) & (UINT64_MAX >> (64 - width));

        fill(&random, bytes);
        memcpy(before, bytes, BYTES);
        bits_put(bytes, first, width, value);
        for (uint64_t at = 0; at < BYTES * 8; at++) {
            bool inside = at >= first && at < first + width;

            assert_int_equal(bit_at(bytes, at), inside ? (value >> (first + width - 1 - at)) & 1 : bit_at(before, at));
        }
        assert_true(bits_get(bytes, first, width) == value);
    }
}

static void test_sign_is_extended_from_the_highest_bit(void **state)
{
    (void)state;
    assert_int_equal(bits_extend_sign(1, 1), -1);
    assert_int_equal(bits_extend_sign(0x7f, 8), 127);
    assert_int_equal(bits_extend_sign(0x80, 8), -128);
    assert_true(bits_extend_sign(UINT64_MAX, 64) == -1);
    assert_true(bits_extend_sign(UINT64_C(1) << 63, 64) == INT64_MIN);
}

static uint64_t added(struct bits_form form, int64_t value, int64_t increment, enum bits_overflow overflow)
{
    uint64_t sum;

    assert_true(bits_add(form, (uint64_t)value, increment, overflow, &sum));
    return sum;
}

static void test_add_wraps_or_saturates(void **state)
{
    struct bits_form i8 = {.is_signed = true, .width = 8};
    struct bits_form u8 = {.is_signed = false, .width = 8};
    struct bits_form i64 = {.is_signed = true, .width = 64};
    struct bits_form u63 = {.is_signed = false, .width = 63};

    (void)state;
    assert_int_equal(added(i8, 127, 1, BITS_OVERFLOW_WRAP), 0x80);
    assert_int_equal(added(i8, 127, 1, BITS_OVERFLOW_SATURATE), 127);
    assert_int_equal(added(i8, -128, -1, BITS_OVERFLOW_WRAP), 127);
    assert_int_equal(added(i8, -128, -1, BITS_OVERFLOW_SATURATE), 0x80);
    assert_int_equal(added(u8, 255, 2, BITS_OVERFLOW_WRAP), 1);
    assert_int_equal(added(u8, 255, 2, BITS_OVERFLOW_SATURATE), 255);
    assert_int_equal(added(u8, 1, -2, BITS_OVERFLOW_WRAP), 255);
    assert_int_equal(added(u8, 1, -2, BITS_OVERFLOW_SATURATE), 0);
    /* A negative value that is to be set is a huge one. */
    assert_int_equal(added(u8, -1, 0, BITS_OVERFLOW_SATURATE), 255);
    assert_true(added(i64, INT64_MAX, 1, BITS_OVERFLOW_WRAP) == (uint64_t)INT64_MIN);
    assert_true(added(i64, INT64_MAX, 1, BITS_OVERFLOW_SATURATE) == INT64_MAX);
    assert_true(added(i64, INT64_MIN, INT64_MIN, BITS_OVERFLOW_WRAP) == 0);
    assert_true(added(i64, INT64_MIN, INT64_MIN, BITS_OVERFLOW_SATURATE) == (uint64_t)INT64_MIN);
    /* Redis' own way with the lowest numbers of all. */
    assert_int_equal(added(i8, INT64_MIN + 127, 0, BITS_OVERFLOW_SATURATE), 127);
    assert_int_equal(added(i8, INT64_MIN + 128, 0, BITS_OVERFLOW_SATURATE), 0x80);
    assert_int_equal(added(i8, 0, INT64_MIN, BITS_OVERFLOW_SATURATE), 0x80);
    assert_true(added(u63, INT64_MAX, 1, BITS_OVERFLOW_WRAP) == 0);
    assert_true(added(u63, 5, INT64_MIN, BITS_OVERFLOW_SATURATE) == 0);
}

static void test_add_fails_if_told_so_and_only_on_overflow(void **state)
{
    struct bits_form i4 = {.is_signed = true, .width = 4};
    uint64_t sum = 99;

    (void)state;
    assert_false(bits_add(i4, 7, 1, BITS_OVERFLOW_FAIL, &sum));
    assert_false(bits_add(i4, (uint64_t)-9, 0, BITS_OVERFLOW_FAIL, &sum));
    assert_int_equal(sum, 99);
    assert_true(bits_add(i4, 7, -8, BITS_OVERFLOW_FAIL, &sum));
    assert_int_equal(sum, 0xf);
}

static void test_combine_and_invert_work_on_each_byte(void **state)
{
    struct random random;

    (void)state;
    random_init(&random, 13);
    for (size_t len = 0; len <= BYTES; len++) {
        char a[BYTES];
        char b[BYTES];
        char results[4][BYTES];

        for (size_t i = 0; i < len; i++) {
            a[i] = (char)random_next(&random);
            b[i] = (char)random_next(&random);
        }
        for (size_t i = 0; i < 4; i++) {
            memcpy(results[i], a, len);
        }
        bits_combine(BITS_AND, results[0], b, len);
        bits_combine(BITS_OR, results[1], b, len);
        bits_combine(BITS_XOR, results[2], b, len);
        bits_invert(results[3], len);
        for (size_t i = 0; i < len; i++) {
            assert_int_equal(results[0][i], (char)(a[i] & b[i]));
            assert_int_equal(results[1][i], (char)(a[i] | b[i]));
            assert_int_equal(results[2][i], (char)(a[i] ^ b[i]));
            assert_int_equal(results[3][i], (char)~a[i]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_count_and_find_are_those_of_single_bits),
        cmocka_unit_test(test_empty_ranges_hold_nothing),
        cmocka_unit_test(test_put_changes_its_bits_alone_and_get_reads_them),
        cmocka_unit_test(test_sign_is_extended_from_the_highest_bit),
        cmocka_unit_test(test_add_wraps_or_saturates),
        cmocka_unit_test(test_add_fails_if_told_so_and_only_on_overflow),
        cmocka_unit_test(test_combine_and_invert_work_on_each_byte),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
