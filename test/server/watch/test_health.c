/* What /healthz says, and when it is a failure. */
#include "server/watch/health.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static void assert_health(const struct health_facts *facts, bool is_serving, const char *expected)
{
    struct buf line;

    buf_init(&line, BUF_NO_CEILING);
    assert_int_equal(health_write(facts, &line), is_serving);
    buf_put_byte(&line, '\0');
    assert_string_equal(buf_slice(&line).data, expected);
    buf_release(&line);
}

static void test_a_master_is_healthy_unless_something_is_wrong(void **state)
{
    (void)state;
    assert_health(&(struct health_facts){0}, true, "ok: master");
    assert_health(&(struct health_facts){.has_log_failed = true}, false,
                  "log failed: nothing more is acknowledged, the server stops");
    assert_health(&(struct health_facts){.is_disk_full = true}, false, "disk full: writes are refused");
    assert_health(&(struct health_facts){.is_shutting_down = true}, false, "shutting down");
}

/* Without stale data most commands are refused; with it a replica without a link still serves. */
static void test_a_replica_needs_its_link_only_if_it_may_not_serve_stale_data(void **state)
{
    (void)state;
    assert_health(&(struct health_facts){.is_replica = true, .is_link_up = true}, true,
                  "ok: replica, the link to the master is up");
    assert_health(&(struct health_facts){.is_replica = true, .serves_stale_data = true, .link_down_s = 7}, true,
                  "ok: replica, the link to the master is down since 7 s; what it has is served");
    assert_health(&(struct health_facts){.is_replica = true, .link_down_s = -1}, false,
                  "the link to the master is down and replica-serve-stale-data is no");
}

static void test_the_gravest_reason_is_told(void **state)
{
    struct health_facts facts = {.has_log_failed = true, .is_disk_full = true, .is_replica = true};

    (void)state;
    assert_health(&facts, false, "log failed: nothing more is acknowledged, the server stops");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_master_is_healthy_unless_something_is_wrong),
        cmocka_unit_test(test_a_replica_needs_its_link_only_if_it_may_not_serve_stale_data),
        cmocka_unit_test(test_the_gravest_reason_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
