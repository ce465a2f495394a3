/* Holds of two owners, told as transcripts of what each may send. */
#include "server/net/hold.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct fixture {
    struct holds holds;
    struct hold_queue a;
    struct hold_queue b;
    int released_count;
};

static struct fixture fixture;

static void on_released(struct holds *holds, struct hold_queue *queue)
{
    (void)holds;
    (void)queue;
    fixture.released_count++;
}

static int setup(void **state)
{
    fixture = (struct fixture){.released_count = 0};
    holds_init(&fixture.holds, on_released);
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    holds_drop(&f->holds, &f->a);
    holds_drop(&f->holds, &f->b);
    holds_release_memory(&f->holds);
    return 0;
}

static void test_output_that_reveals_nothing_new_is_free(void **state)
{
    struct fixture *f = *state;

    holds_put(&f->holds, &f->a, 0, 10, 0);
    assert_int_equal(f->a.free_position, 10);
    holds_put(&f->holds, &f->a, 50, 20, 50);
    assert_int_equal(f->a.free_position, 20);
}

static void test_output_waits_for_exactly_its_offset(void **state)
{
    struct fixture *f = *state;

    holds_put(&f->holds, &f->a, 100, 10, 50);
    assert_int_equal(f->a.free_position, 0);
    holds_release(&f->holds, 99);
    assert_int_equal(f->a.free_position, 0);
    assert_int_equal(f->released_count, 0);
    holds_release(&f->holds, 100);
    assert_int_equal(f->a.free_position, 10);
    assert_int_equal(f->released_count, 1);
}

static void test_free_output_waits_behind_held_output(void **state)
{
    struct fixture *f = *state;

    holds_put(&f->holds, &f->a, 100, 10, 50);
    holds_put(&f->holds, &f->a, 0, 25, 50);
    assert_int_equal(f->a.free_position, 0);
    holds_release(&f->holds, 100);
    assert_int_equal(f->a.free_position, 25);
}

static void test_each_batch_is_released_by_itself(void **state)
{
    struct fixture *f = *state;

    holds_put(&f->holds, &f->a, 100, 10, 50);
    holds_put(&f->holds, &f->b, 100, 7, 50);
    holds_put(&f->holds, &f->a, 200, 20, 50);
    holds_release(&f->holds, 150);
    assert_int_equal(f->a.free_position, 10);
    assert_int_equal(f->b.free_position, 7);
    holds_put(&f->holds, &f->b, 0, 9, 150);
    assert_int_equal(f->b.free_position, 9);
    holds_release(&f->holds, 200);
    assert_int_equal(f->a.free_position, 20);
    assert_int_equal(f->released_count, 3);
}

static void test_same_offset_extends_the_last_hold(void **state)
{
    struct fixture *f = *state;

    holds_put(&f->holds, &f->a, 100, 10, 50);
    holds_put(&f->holds, &f->a, 100, 30, 50);
    holds_release(&f->holds, 100);
    assert_int_equal(f->released_count, 1);
    assert_int_equal(f->a.free_position, 30);
}

static void test_owner_that_went_away_is_not_told(void **state)
{
    struct fixture *f = *state;

    holds_put(&f->holds, &f->a, 100, 10, 50);
    holds_put(&f->holds, &f->b, 100, 10, 50);
    holds_drop(&f->holds, &f->a);
    holds_release(&f->holds, 100);
    assert_int_equal(f->released_count, 1);
    assert_int_equal(f->a.free_position, 0);
    assert_int_equal(f->b.free_position, 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_output_that_reveals_nothing_new_is_free, setup, teardown),
        cmocka_unit_test_setup_teardown(test_output_waits_for_exactly_its_offset, setup, teardown),
        cmocka_unit_test_setup_teardown(test_free_output_waits_behind_held_output, setup, teardown),
        cmocka_unit_test_setup_teardown(test_each_batch_is_released_by_itself, setup, teardown),
        cmocka_unit_test_setup_teardown(test_same_offset_extends_the_last_hold, setup, teardown),
        cmocka_unit_test_setup_teardown(test_owner_that_went_away_is_not_told, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
