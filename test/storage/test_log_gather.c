#include "storage/log_gather.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define LIMIT_US 1000

static struct log_gather learn(uint64_t sync_us, uint64_t changes, int times)
{
    struct log_gather gather = {0};

    for (int i = 0; i < times; i++) {
        log_gather_learn(&gather, sync_us, changes);
    }
    return gather;
}

static void test_a_new_log_and_a_lone_client_never_wait(void **state)
{
    struct log_gather fresh = {0};
    struct log_gather lone = learn(100, 1, 10);

    (void)state;
    assert_int_equal(log_gather_wait_us(&fresh, 1, LIMIT_US), 0);
    assert_int_equal(log_gather_wait_us(&lone, 1, LIMIT_US), 0);
}

static void test_a_part_waits_for_the_rest_at_most_half_a_sync(void **state)
{
    struct log_gather gather = learn(100, 50, 10);

    (void)state;
    assert_int_equal(log_gather_wait_us(&gather, 25, LIMIT_US), 50);
    assert_int_equal(log_gather_wait_us(&gather, 50, LIMIT_US), 0);
    assert_int_equal(log_gather_wait_us(&gather, 80, LIMIT_US), 0);
    assert_int_equal(log_gather_wait_us(&gather, 25, 20), 20);
    assert_int_equal(log_gather_wait_us(&gather, 25, 0), 0);
}

static void test_the_company_is_forgotten_slowly(void **state)
{
    struct log_gather gather = learn(100, 50, 1);
    int waits = 0;

    (void)state;
    while (log_gather_wait_us(&gather, 1, LIMIT_US) > 0) {
        log_gather_learn(&gather, 100, 1);
        waits++;
    }
    assert_in_range(waits, 8, 40);
    log_gather_learn(&gather, 100, 50);
    assert_int_equal(log_gather_wait_us(&gather, 49, LIMIT_US), 50); /* And found again at once. */
}

static void test_the_wait_follows_the_disk(void **state)
{
    struct log_gather gather = learn(100, 50, 5);

    (void)state;
    for (int i = 0; i < 100; i++) {
        log_gather_learn(&gather, 1000, 50);
    }
    assert_in_range(log_gather_wait_us(&gather, 1, LIMIT_US), 450, 500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_new_log_and_a_lone_client_never_wait),
        cmocka_unit_test(test_a_part_waits_for_the_rest_at_most_half_a_sync),
        cmocka_unit_test(test_the_company_is_forgotten_slowly),
        cmocka_unit_test(test_the_wait_follows_the_disk),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
