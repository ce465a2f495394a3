#include "replication/retention.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#define NOW 1000000u

static const struct retention_log whole_log = {.checkpoint = 900, .end = 1000};
static const struct retention_limits limits = {.backlog_bytes = 200, .bytes_max = 700, .away_ms_max = 60000};

static uint64_t decide(struct retention_hold *holds, size_t count)
{
    return retention_decide(&whole_log, &limits, NOW, holds, count);
}

static void test_backlog_and_checkpoint_are_kept(void **state)
{
    struct retention_log young = {.checkpoint = 50, .end = 100};
    struct retention_log lagging = {.checkpoint = 10, .end = 1000};

    (void)state;
    assert_int_equal(decide(NULL, 0), 800);
    assert_int_equal(retention_decide(&young, &limits, NOW, NULL, 0), 0);
    assert_int_equal(retention_decide(&lagging, &limits, NOW, NULL, 0), 10);
}

static void test_the_neediest_replica_holds_the_log(void **state)
{
    struct retention_hold holds[] = {{.offset = 950}, {.offset = 400}, {.offset = 600}};

    (void)state;
    assert_int_equal(decide(holds, 3), 400);
    assert_int_equal(holds[1].loss, RETENTION_KEPT);
}

static void test_beyond_the_byte_cap_a_replica_is_lost(void **state)
{
    struct retention_hold holds[] = {{.offset = 299}, {.offset = 300}};
    struct retention_limits no_cap = limits;

    (void)state;
    assert_int_equal(decide(holds, 2), 300);
    assert_int_equal(holds[0].loss, RETENTION_LOST_BYTES);
    assert_int_equal(holds[1].loss, RETENTION_KEPT);
    no_cap.bytes_max = 0;
    assert_int_equal(retention_decide(&whole_log, &no_cap, NOW, holds, 2), 299);
}

/* What a former process had discarded holds nothing back. */
static void test_an_absent_replica_whose_log_is_gone_is_lost(void **state)
{
    struct retention_log cut = {.first = 500, .checkpoint = 900, .end = 1000};
    struct retention_hold holds[] = {{.offset = 499, .is_away = true, .away_since_ms = NOW},
                                     {.offset = 500, .is_away = true, .away_since_ms = NOW}};

    (void)state;
    assert_int_equal(retention_decide(&cut, &limits, NOW, holds, 2), 500);
    assert_int_equal(holds[0].loss, RETENTION_LOST_GONE);
    assert_int_equal(holds[1].loss, RETENTION_KEPT);
}

static void test_an_absent_replica_is_lost_by_time(void **state)
{
    struct retention_hold holds[] = {
        {.offset = 500, .is_away = true, .away_since_ms = NOW - 60000},
        {.offset = 400, .is_away = true, .away_since_ms = NOW - 60001},
        {.offset = 450, .is_away = false, .away_since_ms = 0},
    };

    (void)state;
    assert_int_equal(decide(holds, 2), 500);
    assert_int_equal(holds[0].loss, RETENTION_KEPT);
    assert_int_equal(holds[1].loss, RETENTION_LOST_TIME);
    assert_int_equal(decide(holds, 3), 450);
}

static void test_what_the_backlog_covers_is_never_lost(void **state)
{
    struct retention_hold away = {.offset = 800, .is_away = true, .away_since_ms = 0};
    struct retention_limits tight = {.backlog_bytes = 200, .bytes_max = 100, .away_ms_max = 0};

    (void)state;
    assert_int_equal(retention_decide(&whole_log, &tight, NOW, &away, 1), 800);
    assert_int_equal(away.loss, RETENTION_KEPT);
}

static void test_a_replica_ahead_of_the_end_holds_nothing(void **state)
{
    struct retention_hold ahead = {.offset = 5000};

    (void)state;
    assert_int_equal(decide(&ahead, 1), 800);
    assert_int_equal(ahead.loss, RETENTION_KEPT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_backlog_and_checkpoint_are_kept),
        cmocka_unit_test(test_the_neediest_replica_holds_the_log),
        cmocka_unit_test(test_beyond_the_byte_cap_a_replica_is_lost),
        cmocka_unit_test(test_an_absent_replica_whose_log_is_gone_is_lost),
        cmocka_unit_test(test_an_absent_replica_is_lost_by_time),
        cmocka_unit_test(test_what_the_backlog_covers_is_never_lost),
        cmocka_unit_test(test_a_replica_ahead_of_the_end_holds_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
