#include "storage/log/log_remover.h"

#include "base/diag.h"
#include "base/memory.h"
#include "support/fault_file.h"
#include "support/small_segment.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

struct fixture {
    struct fault_file *disk;
    struct file_system *files;
    struct log_remover *remover;
};

static int set_up(void **state)
{
    struct fixture *f = memory_allocate_zeroed(sizeof(*f));

    f->disk = fault_file_create();
    f->files = fault_file_system(f->disk);
    assert_int_equal(file_make_directory(f->files, "/log"), STATUS_OK);
    assert_int_equal(file_make_directory(f->files, "/archive"), STATUS_OK);
    f->remover = log_remover_start(f->files, "/log", NULL);
    *state = f;
    return 0;
}

static void stop(struct fixture *f)
{
    log_remover_stop(f->remover);
    f->remover = NULL;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    stop(f);
    fault_file_free(f->disk);
    memory_free(f);
    return 0;
}

static void test_segments_go_for_good_before_the_end(void **state)
{
    struct fixture *f = *state;

    segment_put(f->files, 1);
    segment_put(f->files, 2);
    log_remover_add(f->remover, 1);
    log_remover_add(f->remover, 3); /* Is not there: said, and no harm. */
    stop(f);
    fault_file_crash(f->disk, FAULT_KEEP_NONE, 0);
    assert_int_equal(segment_measure(f->files, "/log", 1), -1);
}

static void test_segments_go_to_the_archive(void **state)
{
    struct fixture *f = *state;

    stop(f);
    f->remover = log_remover_start(f->files, "/log", "/archive");
    segment_put(f->files, 7);
    log_remover_add(f->remover, 7);
    stop(f);
    assert_int_equal(segment_measure(f->files, "/log", 7), -1);
    assert_int_equal(segment_measure(f->files, "/archive", 7), 10);
}

/* What cannot go keeps what comes after it: a chain with a gap would not open. */
static void test_a_segment_that_cannot_go_keeps_the_later_ones(void **state)
{
    struct fixture *f = *state;

    for (uint64_t start = 1; start <= 4; start++) {
        segment_put(f->files, start);
    }
    fault_file_fail(f->disk, FAULT_REMOVE, 1, STATUS_IO, true);
    log_remover_add(f->remover, 1);
    log_remover_add(f->remover, 2);
    stop(f);
    assert_true(fault_file_has_failed(f->disk));
    assert_int_equal(segment_measure(f->files, "/log", 1), 10);
    assert_int_equal(segment_measure(f->files, "/log", 2), 10);
    fault_file_heal(f->disk);
    f->remover = log_remover_start(f->files, "/log", NULL);
    fault_file_fail(f->disk, FAULT_REMOVE, 1, STATUS_IO, false);
    log_remover_add(f->remover, 1);
    log_remover_add(f->remover, 2);
    log_remover_add(f->remover, 3);
    stop(f);
    assert_int_equal(segment_measure(f->files, "/log", 1), -1);
    assert_int_equal(segment_measure(f->files, "/log", 2), -1);
    assert_int_equal(segment_measure(f->files, "/log", 3), -1);
    assert_int_equal(segment_measure(f->files, "/log", 4), 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_segments_go_for_good_before_the_end, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_segments_go_to_the_archive, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_segment_that_cannot_go_keeps_the_later_ones, set_up, tear_down),
    };

    (void)diag_open("/dev/null");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
