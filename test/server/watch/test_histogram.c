#include "server/watch/histogram.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* A lone time is reported at most 1/16 too high, and never too low. */
static void test_error_is_at_most_a_sixteenth(void **state)
{
    (void)state;
    for (uint64_t value = 0; value < (1u << 30); value += 1 + value / 7) {
        struct histogram histogram = {0};
        uint64_t reported;

        histogram_add(&histogram, value);
        reported = histogram_percentile(&histogram, 50);
        assert_true(reported >= value);
        assert_true(reported - value <= value / 16);
    }
}

static void test_percentiles_part_the_times(void **state)
{
    struct histogram histogram = {0};

    (void)state;
    assert_int_equal(histogram_percentile(&histogram, 99), 0);
    for (int i = 0; i < 99; i++) {
        histogram_add(&histogram, 3);
    }
    histogram_add(&histogram, 5000);
    assert_int_equal(histogram_percentile(&histogram, 50), 3);
    assert_int_equal(histogram_percentile(&histogram, 99), 3);
    assert_true(histogram_percentile(&histogram, 99.9) >= 5000);
    assert_int_equal(histogram_count_up_to(&histogram, 3), 99);
    assert_int_equal(histogram_count_up_to(&histogram, 2), 0);
    assert_int_equal(histogram_count_up_to(&histogram, 10000), 100);
}

static void test_endless_times_count_as_the_longest(void **state)
{
    struct histogram histogram = {0};

    (void)state;
    histogram_add(&histogram, UINT64_MAX);
    assert_int_equal(histogram.count, 1);
    assert_true(histogram_percentile(&histogram, 100) > (UINT64_C(1) << 33));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_error_is_at_most_a_sixteenth),
        cmocka_unit_test(test_percentiles_part_the_times),
        cmocka_unit_test(test_endless_times_count_as_the_longest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
