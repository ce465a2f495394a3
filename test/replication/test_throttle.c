#include "replication/throttle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define RATE 1000000u /* Bytes a second: one a microsecond. */

static void test_room_grows_with_time_and_shrinks_by_what_is_taken(void **state)
{
    struct throttle throttle = {.filled_us = 5000};

    (void)state;
    assert_int_equal(throttle_room(&throttle, RATE, 5000), 0);
    assert_int_equal(throttle_room(&throttle, RATE, 15000), 10000);
    throttle_take(&throttle, 4000);
    assert_int_equal(throttle_room(&throttle, RATE, 15000), 6000);
    throttle_take(&throttle, 7000); /* A reader may take a little more than there was. */
    assert_int_equal(throttle_room(&throttle, RATE, 15000), 0);
}

static void test_a_pause_gathers_a_short_burst_only(void **state)
{
    struct throttle throttle = {.filled_us = 0};

    (void)state;
    assert_int_equal(throttle_room(&throttle, RATE, 3600ull * 1000000), RATE * THROTTLE_BURST_MS / 1000);
}

static void test_no_rate_is_no_limit(void **state)
{
    struct throttle throttle = {.filled_us = 0};

    (void)state;
    assert_true(throttle_room(&throttle, 0, 1) == UINT64_MAX);
}

/* Over ten seconds of ticks the rate is kept within a burst. */
static void test_rate_is_kept_over_time(void **state)
{
    struct throttle throttle = {.filled_us = 0};
    uint64_t sent = 0;

    (void)state;
    for (uint64_t now_us = 0; now_us <= 10000000; now_us += 37000) {
        uint64_t room = throttle_room(&throttle, RATE, now_us);

        throttle_take(&throttle, room);
        sent += room;
    }
    assert_in_range(sent, 10 * RATE - RATE / 10, 10 * RATE + RATE / 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_room_grows_with_time_and_shrinks_by_what_is_taken),
        cmocka_unit_test(test_a_pause_gathers_a_short_burst_only),
        cmocka_unit_test(test_no_rate_is_no_limit),
        cmocka_unit_test(test_rate_is_kept_over_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
