#include "base/clock.h"
#include "base/diag.h"
#include "base/memory.h"
#include "base/thread.h"
#include "storage/log/log_keeper.h"
#include "storage/log/log_segment.h"
#include "support/fault_file.h"
#include "support/small_segment.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#define MIB (1024u * 1024)

struct fixture {
    struct fault_file *disk;
    struct file_system *files;
    struct log_keeper_options options;
    struct log_keeper *keeper;
    /* A thread that takes the spare. */
    pthread_t taker;
    enum status taken;
};

static int set_up(void **state)
{
    struct fixture *f = memory_allocate_zeroed(sizeof(*f));

    f->disk = fault_file_create();
    f->files = fault_file_system(f->disk);
    assert_int_equal(file_make_directory(f->files, "/log"), STATUS_OK);
    f->options = (struct log_keeper_options){.files = f->files, .directory = "/log", .segment_bytes = 4 * MIB};
    f->keeper = log_keeper_start(&f->options);
    *state = f;
    return 0;
}

static void stop(struct fixture *f)
{
    log_keeper_stop(f->keeper);
    f->keeper = NULL;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    stop(f);
    fault_file_free(f->disk);
    memory_free(f);
    return 0;
}

/* Take the spare when it is whole, as a roll does, and tell its size. */
static uint64_t take_whole(struct fixture *f, uint64_t size_bytes)
{
    struct file *file;
    uint64_t capacity;

    assert_int_equal(log_keeper_take_spare(f->keeper, size_bytes, true, &file, &capacity), STATUS_OK);
    assert_int_equal(file_rename(f->files, "/log/" LOG_SPARE_NAME, "/log/taken"), STATUS_OK);
    log_keeper_make_next(f->keeper);
    file_close(file);
    return capacity;
}

static void test_each_spare_doubles_the_one_before(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(take_whole(f, MIB), MIB);
    assert_int_equal(take_whole(f, 2 * MIB), 2 * MIB);
    assert_int_equal(take_whole(f, 4 * MIB), 4 * MIB);
    assert_int_equal(take_whole(f, 4 * MIB), 4 * MIB);
    assert_int_equal(take_whole(f, 6 * MIB + 1), 6 * MIB + 1); /* For a long record. */
    assert_int_equal(take_whole(f, 4 * MIB), 4 * MIB);
}

/* Until the taken one has another name, a next one would have its name, and truncate it. */
static void test_the_next_spare_waits_for_the_name(void **state)
{
    struct fixture *f = *state;
    struct file *file;
    uint64_t capacity;
    uint64_t size_bytes;

    assert_int_equal(log_keeper_take_spare(f->keeper, MIB, true, &file, &capacity), STATUS_OK);
    log_keeper_trim(f->keeper, 999, 0); /* Wakes the keeper. */
    usleep(20000);
    assert_int_equal(log_keeper_spare_bytes(f->keeper), 0);
    assert_int_equal(file_size(file, &size_bytes), STATUS_OK);
    assert_int_equal(size_bytes, MIB);
    log_keeper_make_next(f->keeper);
    assert_int_equal(log_keeper_reserve(f->keeper, MIB), STATUS_OK);
    file_close(file);
}

static void test_a_full_disk_refuses_at_once_and_heals(void **state)
{
    struct fixture *f = *state;
    uint64_t begin_us;

    assert_int_equal(log_keeper_reserve(f->keeper, MIB), STATUS_OK);
    fault_file_set_free_bytes(f->disk, 0);
    assert_int_equal(log_keeper_reserve(f->keeper, MIB), STATUS_OK); /* It is there. */
    assert_int_equal(log_keeper_reserve(f->keeper, 2 * MIB), STATUS_NO_SPACE);
    begin_us = clock_monotonic_us();
    for (int i = 0; i < 100; i++) {
        assert_int_equal(log_keeper_reserve(f->keeper, 2 * MIB), STATUS_NO_SPACE);
    }
    assert_true(clock_monotonic_us() - begin_us < LOG_SPARE_RETRY_US / 2); /* The disk is not asked each time. */
    assert_int_equal(log_keeper_spare_bytes(f->keeper), MIB);
    fault_file_heal(f->disk);
    usleep(LOG_SPARE_RETRY_US + 20000);
    assert_int_equal(log_keeper_reserve(f->keeper, 2 * MIB), STATUS_OK);
}

/* A step is a megabyte; one who waits for less can do with less. */
static void test_who_waits_gets_what_there_is_room_for(void **state)
{
    struct fixture *f = *state;
    struct file *file;
    uint64_t capacity;

    assert_int_equal(take_whole(f, MIB), MIB);
    fault_file_set_free_bytes(f->disk, 10000);
    assert_int_equal(log_keeper_take_spare(f->keeper, 20000, false, &file, &capacity), STATUS_NO_SPACE);
    assert_int_equal(log_keeper_ask(f->keeper, 8000), STATUS_NO_SPACE); /* It would be the last room. */
    assert_int_equal(log_keeper_reserve(f->keeper, 8000), STATUS_OK);
    assert_int_equal(log_keeper_ask(f->keeper, 8000), STATUS_OK);
    assert_int_equal(log_keeper_take_spare(f->keeper, 8000, false, &file, &capacity), STATUS_OK);
    assert_int_equal(capacity, 8000);
    file_close(file);
}

static void count_ready(void *context)
{
    atomic_fetch_add((atomic_int *)context, 1);
}

static void await_ready(atomic_int *count, int wanted)
{
    for (int i = 0; i < 10000 && atomic_load(count) < wanted; i++) {
        usleep(1000);
    }
    assert_int_equal(atomic_load(count), wanted);
}

/* The loop asks; it is never made to wait, and it is told once when there is another answer. */
static void test_asking_does_not_wait(void **state)
{
    struct fixture *f = *state;
    atomic_int count = 0;

    log_keeper_stop(f->keeper);
    f->options.on_ready = count_ready;
    f->options.context = &count;
    f->keeper = log_keeper_start(&f->options);
    assert_int_equal(log_keeper_ask(f->keeper, 7 * MIB), STATUS_BUSY);
    await_ready(&count, 1);
    assert_int_equal(log_keeper_ask(f->keeper, 7 * MIB), STATUS_OK); /* Beyond the ordinary size, and at full speed. */
    fault_file_set_free_bytes(f->disk, 0);
    assert_int_equal(log_keeper_ask(f->keeper, 8 * MIB), STATUS_BUSY);
    await_ready(&count, 2);
    assert_int_equal(log_keeper_ask(f->keeper, 8 * MIB), STATUS_NO_SPACE);
    assert_int_equal(log_keeper_ask(f->keeper, 7 * MIB), STATUS_OK);
    fault_file_heal(f->disk);
    await_ready(&count, 3); /* It was tried again because somebody had asked. */
    for (int i = 0; i < 10000 && log_keeper_ask(f->keeper, 8 * MIB) != STATUS_OK; i++) {
        usleep(1000);
    }
    assert_int_equal(log_keeper_ask(f->keeper, 8 * MIB), STATUS_OK);
}

static void *run_taker(void *context)
{
    struct fixture *f = context;
    struct file *file;
    uint64_t capacity;

    f->taken = log_keeper_take_spare(f->keeper, 2 * MIB, true, &file, &capacity);
    if (f->taken == STATUS_OK) {
        file_close(file);
        log_keeper_make_next(f->keeper);
    }
    return NULL;
}

static void start_stuck_taker(struct fixture *f)
{
    assert_int_equal(log_keeper_reserve(f->keeper, MIB), STATUS_OK);
    fault_file_set_free_bytes(f->disk, 100);
    assert_int_equal(thread_start(&f->taker, "taker", run_taker, f), STATUS_OK);
    while (!log_keeper_is_stuck(f->keeper)) {
        usleep(1000);
    }
}

static void test_taking_waits_through_a_full_disk(void **state)
{
    struct fixture *f = *state;

    start_stuck_taker(f);
    usleep(2 * LOG_SPARE_RETRY_US);
    assert_true(log_keeper_is_stuck(f->keeper));
    fault_file_heal(f->disk);
    (void)pthread_join(f->taker, NULL);
    assert_int_equal(f->taken, STATUS_OK);
    assert_false(log_keeper_is_stuck(f->keeper));
}

static void test_taking_ends_when_the_log_is_closed(void **state)
{
    struct fixture *f = *state;

    start_stuck_taker(f);
    log_keeper_give_up(f->keeper);
    (void)pthread_join(f->taker, NULL);
    assert_int_equal(f->taken, STATUS_NO_SPACE);
}

static void test_a_failed_step_is_tried_once_more(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(log_keeper_reserve(f->keeper, MIB), STATUS_OK);
    fault_file_fail(f->disk, FAULT_SYNC, 1, STATUS_IO, false);
    assert_int_equal(log_keeper_reserve(f->keeper, 2 * MIB), STATUS_IO);
    assert_int_equal(take_whole(f, MIB), 2 * MIB); /* The trouble was before; it is asked anew, and goes well. */
}

static void test_a_broken_disk_fails_the_taker(void **state)
{
    struct fixture *f = *state;
    struct file *file;
    uint64_t capacity;

    assert_int_equal(log_keeper_reserve(f->keeper, MIB), STATUS_OK);
    fault_file_fail(f->disk, FAULT_ANY, 1, STATUS_IO, true);
    assert_int_equal(log_keeper_take_spare(f->keeper, 2 * MIB, true, &file, &capacity), STATUS_IO);
    fault_file_heal(f->disk);
}

static void test_jobs_are_done_in_order_and_before_the_end(void **state)
{
    struct fixture *f = *state;

    segment_put(f->files, 1);
    segment_put(f->files, 2);
    log_keeper_trim(f->keeper, 1, 4);
    log_keeper_trim(f->keeper, 2, 5);
    log_keeper_trim(f->keeper, 1, 3);
    log_keeper_trim(f->keeper, 3, 5); /* Is not there: no harm. */
    stop(f);
    assert_int_equal(segment_measure(f->files, "/log", 1), 3);
    assert_int_equal(segment_measure(f->files, "/log", 2), 5);
    assert_int_equal(segment_measure(f->files, "/log", 3), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_each_spare_doubles_the_one_before, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_next_spare_waits_for_the_name, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_who_waits_gets_what_there_is_room_for, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_asking_does_not_wait, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_full_disk_refuses_at_once_and_heals, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_taking_waits_through_a_full_disk, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_taking_ends_when_the_log_is_closed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_failed_step_is_tried_once_more, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_broken_disk_fails_the_taker, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_jobs_are_done_in_order_and_before_the_end, set_up, tear_down),
    };

    (void)diag_open("/dev/null");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
