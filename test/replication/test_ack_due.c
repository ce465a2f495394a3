#include "replication/ack_due.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_answers_once_when_it_has_what_was_asked_about(void **state)
{
    struct ack_due due = {.is_due = false};

    (void)state;
    assert_false(ack_due_take(&due, 1000));
    ack_due_ask(&due, 100);
    assert_false(ack_due_take(&due, 99));
    assert_true(ack_due_take(&due, 100));
    assert_false(ack_due_take(&due, 200));
}

/* Each look finds the disk behind the newest question, and still each step of the disk is told. */
static void test_newer_questions_do_not_delay_the_answer_to_older_ones(void **state)
{
    struct ack_due due = {.is_due = false};

    (void)state;
    for (uint64_t end = 100; end < 2000; end += 100) {
        ack_due_ask(&due, end);
        if (end > 100) {
            assert_true(ack_due_take(&due, end - 50));
            assert_false(ack_due_take(&due, end - 50)); /* Nothing new. */
        }
    }
    assert_true(ack_due_take(&due, 1900));
    assert_false(ack_due_take(&due, 1900));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers_once_when_it_has_what_was_asked_about),
        cmocka_unit_test(test_newer_questions_do_not_delay_the_answer_to_older_ones),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
