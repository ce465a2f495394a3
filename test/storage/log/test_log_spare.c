#include "base/memory.h"
#include "storage/log/log_keeper.h"
#include "storage/log/log_spare.h"
#include "support/fault_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#define STEP 1000

struct fixture {
    struct fault_file *disk;
    struct log_spare spare;
};

static int set_up(void **state)
{
    struct fixture *f = memory_allocate_zeroed(sizeof(*f));

    f->disk = fault_file_create();
    log_spare_init(&f->spare, fault_file_system(f->disk), "/");
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    bool exists;

    log_spare_release(&f->spare);
    assert_int_equal(file_exists(fault_file_system(f->disk), "/" LOG_SPARE_NAME, &exists), STATUS_OK);
    assert_false(exists);
    fault_file_free(f->disk);
    memory_free(f);
    return 0;
}

static uint64_t get_size(struct fixture *f)
{
    uint64_t size_bytes;

    assert_int_equal(file_size(f->spare.file, &size_bytes), STATUS_OK);
    return size_bytes;
}

static void test_grows_by_synced_steps_of_zeros(void **state)
{
    struct fixture *f = *state;
    char bytes[2500];
    size_t read_len;

    for (uint64_t ready = STEP; ready <= 2 * STEP; ready += STEP) {
        assert_int_equal(log_spare_step(&f->spare, STEP, 2500), STATUS_OK);
        assert_int_equal(f->spare.ready_bytes, ready);
        assert_int_equal(fault_file_operation_count(f->disk, FAULT_SYNC), ready / STEP);
    }
    assert_int_equal(log_spare_step(&f->spare, STEP, 2500), STATUS_OK);
    assert_int_equal(f->spare.ready_bytes, 2500);
    assert_int_equal(get_size(f), 2500);
    memset(bytes, 'x', sizeof(bytes));
    assert_int_equal(file_read(f->spare.file, 0, bytes, sizeof(bytes), &read_len), STATUS_OK);
    for (size_t i = 0; i < sizeof(bytes); i++) {
        assert_int_equal(bytes[i], 0);
    }
}

static void test_a_full_disk_leaves_what_was_ready(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(log_spare_step(&f->spare, STEP, 5000), STATUS_OK);
    fault_file_set_free_bytes(f->disk, 500);
    assert_int_equal(log_spare_step(&f->spare, STEP, 5000), STATUS_NO_SPACE);
    assert_int_equal(f->spare.ready_bytes, STEP);
    assert_int_equal(get_size(f), STEP); /* The 500 bytes went back. */
    fault_file_set_free_bytes(f->disk, UINT64_MAX);
    assert_int_equal(log_spare_step(&f->spare, STEP, 5000), STATUS_OK);
    assert_int_equal(f->spare.ready_bytes, 2 * STEP);
}

static void fails_and_begins_anew(struct fixture *f, enum fault_operation operation)
{
    assert_int_equal(log_spare_step(&f->spare, STEP, 5000), STATUS_OK);
    fault_file_fail(f->disk, operation, 1, STATUS_IO, false);
    assert_int_equal(log_spare_step(&f->spare, STEP, 5000), STATUS_IO);
    assert_null(f->spare.file);
    assert_int_equal(f->spare.ready_bytes, 0);
    assert_int_equal(log_spare_step(&f->spare, STEP, 5000), STATUS_OK);
    assert_int_equal(f->spare.ready_bytes, STEP);
    assert_int_equal(get_size(f), STEP);
}

static void test_a_file_that_failed_a_write_is_never_used(void **state)
{
    fails_and_begins_anew(*state, FAULT_WRITE);
}

static void test_a_file_that_failed_a_sync_is_never_used(void **state)
{
    fails_and_begins_anew(*state, FAULT_SYNC);
}

static void test_taking_gives_the_file_away(void **state)
{
    struct fixture *f = *state;
    struct file *file;
    bool exists;

    assert_int_equal(log_spare_step(&f->spare, STEP, STEP), STATUS_OK);
    file = log_spare_take(&f->spare);
    assert_int_equal(f->spare.ready_bytes, 0);
    file_close(file);
    log_spare_release(&f->spare);
    assert_int_equal(file_exists(fault_file_system(f->disk), "/" LOG_SPARE_NAME, &exists), STATUS_OK);
    assert_true(exists); /* It is not the spare's any more. */
    assert_int_equal(file_remove(fault_file_system(f->disk), "/" LOG_SPARE_NAME), STATUS_OK);
    log_spare_init(&f->spare, fault_file_system(f->disk), "/");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_grows_by_synced_steps_of_zeros, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_full_disk_leaves_what_was_ready, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_file_that_failed_a_write_is_never_used, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_file_that_failed_a_sync_is_never_used, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_taking_gives_the_file_away, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
