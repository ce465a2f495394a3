/* Runs told as PFDEBUG DECODE tells them. */
#include "base/hyperloglog_sparse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

struct fixture {
    struct buf hll;
    struct buf text;
};

static int setup(void **state)
{
    static struct fixture fixture;

    buf_init(&fixture.hll, BUF_NO_CEILING);
    buf_init(&fixture.text, BUF_NO_CEILING);
    hyperloglog_create(&fixture.hll);
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    buf_release(&f->hll);
    buf_release(&f->text);
    return 0;
}

static const char *runs(struct fixture *f)
{
    buf_clear(&f->text);
    hyperloglog_sparse_describe(buf_slice(&f->hll), &f->text);
    buf_put_byte(&f->text, '\0');
    return buf_slice(&f->text).data;
}

static void raise_to(struct fixture *f, uint32_t index, uint8_t value)
{
    struct hyperloglog_place place = {.index = index, .value = value};

    assert_int_equal(hyperloglog_sparse_raise(&f->hll, place, SIZE_MAX), HYPERLOGLOG_SPARSE_CHANGED);
}

static void test_zeros_are_split_around_a_value(void **state)
{
    struct fixture *f = *state;

    assert_string_equal(runs(f), "Z:16384");
    raise_to(f, 0, 1);
    assert_string_equal(runs(f), "v:1,1 Z:16383");
    raise_to(f, 16383, 2);
    assert_string_equal(runs(f), "v:1,1 Z:16382 v:2,1");
    raise_to(f, 65, 3);
    assert_string_equal(runs(f), "v:1,1 z:64 v:3,1 Z:16317 v:2,1");
    raise_to(f, 64, 32);
    assert_string_equal(runs(f), "v:1,1 z:63 v:32,1 v:3,1 Z:16317 v:2,1");
}

static void test_neighbours_of_one_value_join_up_to_four(void **state)
{
    struct fixture *f = *state;

    for (uint32_t i = 0; i < 6; i++) {
        raise_to(f, 100 + i, 5);
    }
    assert_string_equal(runs(f), "Z:100 v:5,4 v:5,2 Z:16278");
}

static void test_a_run_of_values_is_split(void **state)
{
    struct fixture *f = *state;

    for (uint32_t i = 0; i < 4; i++) {
        raise_to(f, i, 1);
    }
    raise_to(f, 2, 9);
    assert_string_equal(runs(f), "v:1,2 v:9,1 v:1,1 Z:16380");
    raise_to(f, 3, 9);
    assert_string_equal(runs(f), "v:1,2 v:9,2 Z:16380");
    raise_to(f, 0, 9);
    raise_to(f, 1, 9);
    assert_string_equal(runs(f), "v:9,4 Z:16380");
}

static void test_lower_values_change_nothing(void **state)
{
    struct fixture *f = *state;
    struct hyperloglog_place place = {.index = 5, .value = 7};

    raise_to(f, 5, 7);
    assert_int_equal(hyperloglog_sparse_raise(&f->hll, place, 0), HYPERLOGLOG_SPARSE_UNCHANGED);
    place.value = 8;
    assert_int_equal(hyperloglog_sparse_raise(&f->hll, place, 0), HYPERLOGLOG_SPARSE_CHANGED); /* It does not grow. */
    place.index = 6;
    assert_int_equal(hyperloglog_sparse_raise(&f->hll, place, f->hll.len), HYPERLOGLOG_SPARSE_TOO_LONG);
    assert_string_equal(runs(f), "z:5 v:8,1 Z:16378");
}

static void take_nothing(void *context, uint32_t first, uint32_t count, uint8_t value)
{
    (void)value;
    assert_true(first + count <= HYPERLOGLOG_REGISTERS);
    *(uint32_t *)context += count;
}

static void test_runs_that_are_not_all_registers_are_damage(void **state)
{
    static const char *const damaged[] = {"", "\x7f", "\x7f\xfe", "\x7f\xff\x01", "\x7f\xfe\x81", "\x7f\xff\x7f\xff"};
    static const size_t lens[] = {0, 1, 2, 3, 3, 4};
    struct fixture *f = *state;
    struct hyperloglog_place last = {.index = 16383, .value = 1};

    for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
        uint32_t seen = 0;

        buf_truncate(&f->hll, HYPERLOGLOG_HEADER_BYTES);
        buf_put(&f->hll, slice_make(damaged[i], lens[i]));
        assert_false(hyperloglog_sparse_walk(buf_slice(&f->hll), take_nothing, &seen));
        assert_false(hyperloglog_make_dense(&f->hll));
    }
    buf_truncate(&f->hll, HYPERLOGLOG_HEADER_BYTES);
    buf_put(&f->hll, slice_make("\x7f\xfe", 2));
    assert_int_equal(hyperloglog_sparse_raise(&f->hll, last, SIZE_MAX), HYPERLOGLOG_SPARSE_CORRUPT);
}

/* What redis-server does to a code that lacks its second byte: the codes that take its place lack their last. */
static void test_a_cut_code_stays_cut(void **state)
{
    struct fixture *f = *state;

    buf_truncate(&f->hll, HYPERLOGLOG_HEADER_BYTES + 1);
    raise_to(f, 0, 1);
    assert_true(slice_equal(slice_after(buf_slice(&f->hll), HYPERLOGLOG_HEADER_BYTES), slice_of("\x80\x7e")));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_zeros_are_split_around_a_value), TEST(test_neighbours_of_one_value_join_up_to_four),
        TEST(test_a_run_of_values_is_split),       TEST(test_lower_values_change_nothing),
        TEST(test_a_cut_code_stays_cut),           TEST(test_runs_that_are_not_all_registers_are_damage),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
