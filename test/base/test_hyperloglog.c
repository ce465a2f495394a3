#include "base/hyperloglog.h"
#include "base/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#define REDIS_SPARSE_MAX 3000

static struct buf made(void)
{
    struct buf hll;

    buf_init(&hll, BUF_NO_CEILING);
    hyperloglog_create(&hll);
    return hll;
}

static enum hyperloglog_outcome add(struct buf *hll, struct slice element)
{
    return hyperloglog_raise(hll, hyperloglog_place(element), REDIS_SPARSE_MAX);
}

static uint64_t count_of(const struct buf *hll)
{
    uint64_t count;

    assert_true(hyperloglog_count(buf_slice(hll), &count));
    return count;
}

static void registers_of(const struct buf *hll, uint8_t registers[HYPERLOGLOG_REGISTERS])
{
    memset(registers, 0, HYPERLOGLOG_REGISTERS);
    assert_true(hyperloglog_merge(buf_slice(hll), registers));
}

/* What redis-server 7.0.15 has under h after PFADD h a b c. */
static void test_the_same_elements_give_redis_bytes(void **state)
{
    static const char expected[] = "HYLL\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80"
                                   "\x60\xf3\x80\x50\xb1\x84\x4b\xfb\x80\x42\x5a";
    struct buf hll = made();

    (void)state;
    assert_int_equal(add(&hll, slice_of("a")), HYPERLOGLOG_CHANGED);
    assert_int_equal(add(&hll, slice_of("b")), HYPERLOGLOG_CHANGED);
    assert_int_equal(add(&hll, slice_of("c")), HYPERLOGLOG_CHANGED);
    assert_int_equal(add(&hll, slice_of("b")), HYPERLOGLOG_UNCHANGED);
    hyperloglog_forget(&hll);
    assert_true(slice_equal(buf_slice(&hll), slice_make(expected, sizeof(expected) - 1)));
    assert_int_equal(count_of(&hll), 3);
    buf_release(&hll);
}

static void test_count_is_within_its_error_in_both_forms(void **state)
{
    struct buf hll = made();

    (void)state;
    for (uint64_t i = 1; i <= 300000; i++) {
        (void)add(&hll, slice_make(&i, sizeof(i)));
        if ((i & (i - 1)) == 0) {
            assert_in_range(count_of(&hll), i * 97 / 100, i * 103 / 100 + 1);
        }
    }
    assert_int_equal(hyperloglog_form(buf_slice(&hll)), HYPERLOGLOG_DENSE);
    buf_release(&hll);
}

static void test_forms_hold_the_same_registers(void **state)
{
    static uint8_t expected[HYPERLOGLOG_REGISTERS];
    static uint8_t held[HYPERLOGLOG_REGISTERS];
    struct buf sparse = made();
    struct buf dense = made();
    struct random random;

    (void)state;
    random_init(&random, 31);
    memset(expected, 0, sizeof(expected));
    assert_true(hyperloglog_make_dense(&dense));
    assert_int_equal(dense.len, HYPERLOGLOG_DENSE_BYTES);
    for (int i = 0; i < 20000; i++) {
        struct hyperloglog_place place = {.index = (uint32_t)random_below(&random, HYPERLOGLOG_REGISTERS),
                                          .value = (uint8_t)(1 + random_below(&random, 32))};
        enum hyperloglog_outcome outcome =
            place.value > expected[place.index] ? HYPERLOGLOG_CHANGED : HYPERLOGLOG_UNCHANGED;

        if (random_below(&random, 2) == 0) {
            place.index %= 300; /* Neighbours, to be split and joined. */
            outcome = place.value > expected[place.index] ? HYPERLOGLOG_CHANGED : HYPERLOGLOG_UNCHANGED;
        }
        expected[place.index] = place.value > expected[place.index] ? place.value : expected[place.index];
        assert_int_equal(hyperloglog_raise(&sparse, place, SIZE_MAX), outcome);
        assert_int_equal(hyperloglog_raise(&dense, place, SIZE_MAX), outcome);
        assert_true(hyperloglog_holds(buf_slice(&dense), place));
    }
    assert_int_equal(hyperloglog_form(buf_slice(&sparse)), HYPERLOGLOG_SPARSE);
    registers_of(&sparse, held);
    assert_memory_equal(held, expected, sizeof(expected));
    registers_of(&dense, held);
    assert_memory_equal(held, expected, sizeof(expected));
    assert_true(hyperloglog_make_dense(&sparse));
    assert_true(slice_equal(buf_slice(&sparse), buf_slice(&dense)));
    assert_int_equal(hyperloglog_count_registers(expected), count_of(&dense));
    buf_release(&sparse);
    buf_release(&dense);
}

static void test_becomes_dense_by_length_or_by_a_value_that_runs_cannot_tell(void **state)
{
    struct hyperloglog_place low = {.index = 7, .value = 32};
    struct hyperloglog_place high = {.index = 8, .value = 33};
    struct buf hll = made();

    (void)state;
    assert_int_equal(hyperloglog_raise(&hll, low, 19), HYPERLOGLOG_CHANGED); /* One byte less than it needs. */
    assert_int_equal(hyperloglog_form(buf_slice(&hll)), HYPERLOGLOG_DENSE);
    buf_release(&hll);
    hll = made();
    assert_int_equal(hyperloglog_raise(&hll, low, 20), HYPERLOGLOG_CHANGED);
    assert_int_equal(hll.len, 20);
    assert_int_equal(hyperloglog_form(buf_slice(&hll)), HYPERLOGLOG_SPARSE);
    assert_int_equal(hyperloglog_raise(&hll, high, SIZE_MAX), HYPERLOGLOG_CHANGED);
    assert_int_equal(hyperloglog_form(buf_slice(&hll)), HYPERLOGLOG_DENSE);
    assert_true(hyperloglog_holds(buf_slice(&hll), low));
    assert_true(hyperloglog_holds(buf_slice(&hll), high));
    buf_release(&hll);
}

static void test_cached_count_stands_until_it_is_forgotten(void **state)
{
    struct buf hll = made();
    uint64_t count = 9;

    (void)state;
    assert_true(hyperloglog_cached(buf_slice(&hll), &count));
    assert_int_equal(count, 0);
    hll.memory[HYPERLOGLOG_AT_COUNT + 1] = 1;
    assert_true(hyperloglog_cached(buf_slice(&hll), &count));
    assert_int_equal(count, 256);
    hyperloglog_forget(&hll);
    assert_false(hyperloglog_cached(buf_slice(&hll), &count));
    buf_release(&hll);
}

/* Any bytes may stand behind a good header: clients SET them. Each operation ends, and says no or leaves a whole one.
 */
static void test_damaged_runs_do_no_harm(void **state)
{
    static uint8_t registers[HYPERLOGLOG_REGISTERS];
    struct random random;
    int whole_count = 0;

    (void)state;
    random_init(&random, 32);
    for (int i = 0; i < 3000; i++) {
        struct buf hll = made();
        size_t len = random_below(&random, 40);
        uint64_t count;

        buf_truncate(&hll, HYPERLOGLOG_HEADER_BYTES);
        for (size_t at = 0; at < len; at++) {
            buf_put_byte(&hll, (char)random_next(&random));
        }
        if (random_below(&random, 2) == 0) {
            buf_put(&hll, slice_make("\x7f\xff", 2));
        }
        for (int k = 0; k < 5; k++) {
            struct hyperloglog_place place = {.index = (uint32_t)random_below(&random, HYPERLOGLOG_REGISTERS),
                                              .value = (uint8_t)(1 + random_below(&random, 51))};

            (void)hyperloglog_raise(&hll, place, random_below(&random, 100));
            memset(registers, 0, sizeof(registers));
            (void)hyperloglog_merge(buf_slice(&hll), registers);
        }
        if (hyperloglog_count(buf_slice(&hll), &count)) {
            assert_true(hyperloglog_make_dense(&hll));
            whole_count++;
        } else {
            assert_false(hyperloglog_make_dense(&hll));
        }
        assert_true(hyperloglog_is_one(buf_slice(&hll)));
        buf_release(&hll);
    }
    assert_true(whole_count < 3000);
}

static void test_only_well_begun_strings_are_one(void **state)
{
    static char dense[HYPERLOGLOG_DENSE_BYTES + 1] = "HYLL";
    struct buf hll = made();

    (void)state;
    assert_true(hyperloglog_is_one(buf_slice(&hll)));
    assert_false(hyperloglog_is_one(slice_first(buf_slice(&hll), HYPERLOGLOG_HEADER_BYTES - 1)));
    hll.memory[4] = 2;
    assert_false(hyperloglog_is_one(buf_slice(&hll)));
    hll.memory[4] = 1;
    hll.memory[0] = 'h';
    assert_false(hyperloglog_is_one(buf_slice(&hll)));
    assert_true(hyperloglog_is_one(slice_make(dense, HYPERLOGLOG_DENSE_BYTES)));
    assert_false(hyperloglog_is_one(slice_make(dense, HYPERLOGLOG_DENSE_BYTES - 1)));
    assert_false(hyperloglog_is_one(slice_make(dense, HYPERLOGLOG_DENSE_BYTES + 1)));
    buf_release(&hll);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_same_elements_give_redis_bytes),
        cmocka_unit_test(test_count_is_within_its_error_in_both_forms),
        cmocka_unit_test(test_forms_hold_the_same_registers),
        cmocka_unit_test(test_becomes_dense_by_length_or_by_a_value_that_runs_cannot_tell),
        cmocka_unit_test(test_cached_count_stands_until_it_is_forgotten),
        cmocka_unit_test(test_damaged_runs_do_no_harm),
        cmocka_unit_test(test_only_well_begun_strings_are_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
