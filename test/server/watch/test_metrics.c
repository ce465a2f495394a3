/* Errors by name, and rates. */
#include "server/watch/metrics.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define SECOND_US 1000000u

static int setup(void **state)
{
    *state = metrics_create(5);
    return 0;
}

static int teardown(void **state)
{
    metrics_free(*state);
    return 0;
}

static uint64_t errors_named(const struct metrics *metrics, const char *name)
{
    for (uint32_t i = 0; i < metrics->error_count; i++) {
        if (strcmp(metrics->errors[i].name, name) == 0) {
            return metrics->errors[i].count;
        }
    }
    return 0;
}

static void test_errors_are_counted_by_their_first_word(void **state)
{
    struct metrics *metrics = *state;

    metrics_count_error(metrics, slice_of("ERR one"));
    metrics_count_error(metrics, slice_of("WRONGTYPE Operation"));
    metrics_count_error(metrics, slice_of("ERR two\r\n"));
    metrics_count_error(metrics, slice_of("ERROR\r\n"));
    assert_int_equal(metrics->error_replies, 4);
    assert_int_equal(metrics->error_count, 3);
    assert_int_equal(errors_named(metrics, "ERR"), 2);
    assert_int_equal(errors_named(metrics, "WRONGTYPE"), 1);
    assert_int_equal(errors_named(metrics, "ERROR"), 1);
}

static void test_long_names_are_cut_and_many_have_no_end_of_room(void **state)
{
    struct metrics *metrics = *state;
    char line[100];

    memset(line, 'E', sizeof(line));
    metrics_count_error(metrics, slice_make(line, sizeof(line)));
    metrics_count_error(metrics, slice_make(line, METRICS_ERROR_NAME_MAX));
    assert_int_equal(metrics->error_count, 1);
    assert_int_equal(metrics->errors[0].count, 2);
    assert_int_equal(strlen(metrics->errors[0].name), METRICS_ERROR_NAME_MAX);
    for (int i = 0; i < 2 * METRICS_ERROR_NAMES_MAX; i++) {
        (void)snprintf(line, sizeof(line), "NAME%d text", i);
        metrics_count_error(metrics, slice_of(line));
    }
    assert_int_equal(metrics->error_count, METRICS_ERROR_NAMES_MAX);
    assert_int_equal(metrics->error_replies, 2 + 2 * METRICS_ERROR_NAMES_MAX);
}

static void test_rate_is_the_mean_of_the_last_samples(void **state)
{
    struct metrics_rate rate = {.next = 0};
    uint64_t value = 0;

    (void)state;
    metrics_sample(&rate, value, SECOND_US);
    assert_int_equal(metrics_rate_per_second(&rate), 0); /* One look is no rate. */
    for (uint64_t i = 1; i <= METRICS_SAMPLES; i++) {
        value += 50;
        metrics_sample(&rate, value, SECOND_US + i * SECOND_US / 10);
    }
    assert_int_equal(metrics_rate_per_second(&rate), 500);
    for (uint64_t i = 1; i <= METRICS_SAMPLES / 2; i++) {
        metrics_sample(&rate, value, 10 * SECOND_US + i * SECOND_US / 10);
    }
    assert_int_equal(metrics_rate_per_second(&rate), 250);
}

static void test_rate_outlives_a_reset_of_its_counter(void **state)
{
    struct metrics_rate rate = {.next = 0};

    (void)state;
    metrics_sample(&rate, 1000000, SECOND_US);
    metrics_sample(&rate, 10, 2 * SECOND_US); /* Went backwards: no sample. */
    assert_int_equal(metrics_rate_per_second(&rate), 0);
    metrics_sample(&rate, 10 + 160, 3 * SECOND_US);
    assert_int_equal(metrics_rate_per_second(&rate), 160 / METRICS_SAMPLES);
    metrics_sample(&rate, 5000, 3 * SECOND_US); /* No time has passed. */
    assert_int_equal(metrics_rate_per_second(&rate), 160 / METRICS_SAMPLES);
}

static void test_reset_keeps_when_it_began_and_the_peak(void **state)
{
    struct metrics *metrics = *state;

    metrics->commands = 7;
    metrics->keyspace_hits = 8;
    metrics->peak_memory_bytes = 9;
    metrics_count_error(metrics, slice_of("ERR x"));
    metrics_reset(metrics);
    assert_int_equal(metrics->started_us, 5);
    assert_int_equal(metrics->peak_memory_bytes, 9);
    assert_int_equal(metrics->commands, 0);
    assert_int_equal(metrics->keyspace_hits, 0);
    assert_int_equal(metrics->error_replies, 0);
    assert_int_equal(metrics->error_count, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_errors_are_counted_by_their_first_word), TEST(test_long_names_are_cut_and_many_have_no_end_of_room),
        TEST(test_rate_is_the_mean_of_the_last_samples),   TEST(test_rate_outlives_a_reset_of_its_counter),
        TEST(test_reset_keeps_when_it_began_and_the_peak),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
