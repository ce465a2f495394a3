/* The latency monitor's events and their spikes. Samples are a second apart at least, and the clock is the system's, so
 * these tests stay within what one second, or two when it ends meanwhile, can show. */
#include "server/watch/latency.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static int setup(void **state)
{
    struct latency *latency = latency_create();

    latency_set_threshold(latency, 10);
    *state = latency;
    return 0;
}

static int teardown(void **state)
{
    latency_free(*state);
    return 0;
}

static const struct latency_event *find(const struct latency *latency, const char *name)
{
    return latency_find(latency, name, strlen(name));
}

static void test_nothing_is_kept_without_a_threshold(void **state)
{
    struct latency *latency = *state;

    assert_true(latency_is_on(latency));
    latency_set_threshold(latency, 0);
    assert_false(latency_is_on(latency));
    latency_note(latency, "command", 10000000);
    assert_int_equal(latency_count(latency), 0);
}

static void test_only_what_reaches_the_threshold_is_kept(void **state)
{
    struct latency *latency = *state;

    latency_note(latency, "command", 9999);
    assert_null(find(latency, "command"));
    latency_note(latency, "command", 10999);
    assert_int_equal(find(latency, "command")->count, 1);
    assert_int_equal(latency_sample_at(find(latency, "command"), 0)->milliseconds, 10);
}

static void test_second_keeps_its_longest(void **state)
{
    struct latency *latency = *state;
    const struct latency_event *event;
    uint64_t longest = 0;

    latency_note(latency, "fork", 20000);
    latency_note(latency, "fork", 50000);
    latency_note(latency, "fork", 30000);
    event = find(latency, "fork");
    assert_int_equal(event->longest_ms, 50);
    assert_in_range(event->count, 1, 2);
    for (size_t i = 0; i < event->count; i++) {
        uint64_t milliseconds = latency_sample_at(event, i)->milliseconds;

        longest = milliseconds > longest ? milliseconds : longest;
    }
    assert_int_equal(longest, 50);
}

static void test_samples_come_oldest_first_when_the_ring_has_turned(void **state)
{
    struct latency_event event = {.name = "made here"};

    (void)state;
    for (uint64_t i = 0; i < LATENCY_SAMPLES + 7; i++) {
        event.samples[event.next] = (struct latency_sample){.wall_s = i, .milliseconds = i};
        event.next = (event.next + 1) % LATENCY_SAMPLES;
        event.count = event.count < LATENCY_SAMPLES ? event.count + 1 : LATENCY_SAMPLES;
    }
    assert_int_equal(latency_sample_at(&event, 0)->wall_s, 7);
    assert_int_equal(latency_sample_at(&event, LATENCY_SAMPLES - 1)->wall_s, LATENCY_SAMPLES + 6);
}

static void test_events_are_told_apart_by_whole_names(void **state)
{
    struct latency *latency = *state;

    latency_note(latency, "command", 20000);
    latency_note(latency, "fast-command", 30000);
    assert_int_equal(latency_count(latency), 2);
    assert_null(find(latency, "comm"));
    assert_null(find(latency, "command2"));
    assert_int_equal(find(latency, "fast-command")->longest_ms, 30);
    assert_string_equal(latency_at(latency, 0)->name, "command");
}

static void test_reset_forgets_one_event(void **state)
{
    struct latency *latency = *state;

    latency_note(latency, "a", 20000);
    latency_note(latency, "b", 30000);
    latency_note(latency, "c", 40000);
    assert_false(latency_reset(latency, "d", 1));
    assert_true(latency_reset(latency, "a", 1));
    assert_null(find(latency, "a"));
    assert_int_equal(latency_count(latency), 2);
    assert_int_equal(find(latency, "b")->longest_ms, 30);
    assert_int_equal(find(latency, "c")->longest_ms, 40);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_nothing_is_kept_without_a_threshold),
        TEST(test_only_what_reaches_the_threshold_is_kept),
        TEST(test_second_keeps_its_longest),
        TEST(test_samples_come_oldest_first_when_the_ring_has_turned),
        TEST(test_events_are_told_apart_by_whole_names),
        TEST(test_reset_forgets_one_event),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
