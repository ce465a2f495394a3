/* A full disk: writes are refused before they are executed, what was admitted is written, and it heals (P8). */
#include "base/clock.h"
#include "base/diag.h"
#include "base/random.h"
#include "storage/log/log_keeper.h"
#include "support/log_fixture.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

static int set_up(void **state)
{
    struct log_fixture *f = log_fixture_create(LOG_SYNC_ALWAYS);

    log_fixture_await_spare(f);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    log_fixture_free(*state);
    return 0;
}

/* Append `len` bytes if they are admitted. */
static enum status try_append(struct log_fixture *f, size_t len)
{
    enum status status = log_fixture_reserve(f, len);

    if (status == STATUS_OK) {
        log_fixture_append_bytes(f, len, len);
    }
    return status;
}

/* Append, one record at a time, until there is no room. */
static void fill(struct log_fixture *f, size_t len)
{
    enum status status;

    while ((status = try_append(f, len)) == STATUS_OK) {
        log_fixture_wait_durable(f);
    }
    assert_int_equal(status, STATUS_NO_SPACE);
}

static void heal(struct log_fixture *f)
{
    uint64_t begin_us = clock_monotonic_us();

    fault_file_heal(f->disk);
    while (log_fixture_reserve(f, 1000) != STATUS_OK) {
        assert_true(clock_monotonic_us() - begin_us < 20 * LOG_SPARE_RETRY_US);
        usleep(1000);
    }
}

static void test_a_full_disk_refuses_before_and_heals_after(void **state)
{
    struct log_fixture *f = *state;

    fault_file_set_free_bytes(f->disk, 0);
    fill(f, 1000);
    assert_true(log_end_offset(f->log) >= 20000); /* The rest of the segment, and the spare. */
    log_fixture_wait_durable(f);
    assert_false(log_has_failed(f->log));
    assert_int_equal(log_fixture_reserve(f, 1000), STATUS_NO_SPACE);
    heal(f);
    assert_int_equal(try_append(f, 1000), STATUS_OK);
    log_fixture_wait_durable(f);
    log_fixture_crash(f, FAULT_KEEP_NONE, 0);
    assert_int_equal(log_fixture_open(f, 0), STATUS_OK);
    assert_int_equal(log_end_offset(f->log) % 1000, 0);
}

static void test_a_small_change_fits_where_a_long_one_does_not(void **state)
{
    struct log_fixture *f = *state;

    fault_file_set_free_bytes(f->disk, 0);
    assert_int_equal(log_fixture_reserve(f, 100000), STATUS_NO_SPACE);
    assert_int_equal(try_append(f, 1000), STATUS_OK);
    log_fixture_wait_durable(f);
}

static void test_a_long_change_gets_a_segment_of_its_size(void **state)
{
    struct log_fixture *f = *state;

    assert_int_equal(try_append(f, 200000), STATUS_OK);
    log_fixture_wait_durable(f);
    assert_true(log_disk_bytes(f->log) > 200000);
    assert_true(log_disk_bytes(f->log) < 250000);
    assert_int_equal(try_append(f, 100), STATUS_OK);
    log_fixture_wait_durable(f);
    log_fixture_close(f);
    assert_int_equal(log_fixture_open(f, 0), STATUS_OK);
    assert_int_equal(log_end_offset(f->log), 200100);
}

/* By itself: whoever waits for it is told of the full disk for a moment yet. */
static void await_durable(struct log_fixture *f)
{
    while (log_durable_offset(f->log) < log_end_offset(f->log)) {
        assert_false(log_has_failed(f->log));
        usleep(1000);
    }
}

/* Nobody asked, so what was appended waits for room, and only it: the log has not failed. */
static void test_a_change_without_leave_waits_for_room(void **state)
{
    struct log_fixture *f = *state;
    uint64_t end;

    fault_file_set_free_bytes(f->disk, 0);
    fill(f, 1000);
    log_fixture_append_bytes(f, 12000, 1);
    end = log_end_offset(f->log);
    assert_int_equal(log_wait_durable(f->log, end), STATUS_NO_SPACE);
    assert_false(log_has_failed(f->log));
    fault_file_heal(f->disk);
    await_durable(f);
}

static enum status try_history(struct log_fixture *f)
{
    struct history history = *log_history(f->log);

    history_fork(&history, log_end_offset(f->log));
    return log_begin_history(f->log, &history, 1);
}

/* Neither for itself nor behind what must wait. */
static void test_a_history_does_not_wait_for_room(void **state)
{
    struct log_fixture *f = *state;
    struct history before = *log_history(f->log);

    fault_file_set_free_bytes(f->disk, 0);
    fill(f, 1000);
    assert_int_equal(log_reserve_history(f->log, 1), STATUS_NO_SPACE);
    assert_int_equal(try_history(f), STATUS_NO_SPACE);
    log_fixture_append_bytes(f, 12000, 1);
    assert_int_equal(log_reserve_history(f->log, 1), STATUS_NO_SPACE);
    assert_int_equal(try_history(f), STATUS_NO_SPACE);
    assert_false(log_has_failed(f->log));
    assert_string_equal(log_history(f->log)->id, before.id);
    heal(f);
    await_durable(f); /* What had to wait is written. */
    assert_int_equal(log_reserve_history(f->log, 1), STATUS_OK);
    assert_int_equal(try_history(f), STATUS_OK);
    assert_string_not_equal(log_history(f->log)->id, before.id);
    log_fixture_append_bytes(f, 1000, 1);
    log_fixture_wait_durable(f);
    log_fixture_crash(f, FAULT_KEEP_NONE, 0);
    assert_int_equal(log_fixture_open(f, 0), STATUS_OK);
    assert_string_equal(log_history(f->log)->previous_id, before.id);
}

/* A promise of room has been acted upon, so that the log cannot go on as if nothing were. */
static void test_a_broken_promise_fails_the_log(void **state)
{
    struct log_fixture *f = *state;

    assert_int_equal(log_reserve_history(f->log, 1), STATUS_OK);
    log_fixture_append(f, "not acted upon");
    log_fixture_wait_durable(f);
    fault_file_fail(f->disk, FAULT_RENAME, 1, STATUS_NO_SPACE, false);
    assert_int_equal(try_history(f), STATUS_NO_SPACE);
    assert_false(log_has_failed(f->log));
    assert_int_equal(log_reserve_history(f->log, 1), STATUS_OK);
    fault_file_fail(f->disk, FAULT_RENAME, 1, STATUS_NO_SPACE, false);
    assert_int_equal(try_history(f), STATUS_IO);
    assert_true(log_has_failed(f->log));
}

static void test_closing_does_not_wait_for_room(void **state)
{
    struct log_fixture *f = *state;
    uint64_t admitted;

    fault_file_set_free_bytes(f->disk, 0);
    fill(f, 1000);
    admitted = log_end_offset(f->log);
    log_fixture_append_bytes(f, 12000, 1);
    log_fixture_close(f);
    fault_file_heal(f->disk);
    assert_int_equal(log_fixture_open(f, 0), STATUS_OK);
    assert_int_equal(log_end_offset(f->log), admitted);
    assert_false(log_was_closed(f->log));
}

static void test_a_new_log_on_a_full_disk_leaves_nothing(void **state)
{
    struct log_fixture *f = *state;
    struct log_origin origin = {0};
    struct log *log;
    bool exists;

    history_init(&origin.history);
    log_fixture_close(f);
    assert_int_equal(log_remove_all(f->options.files, LOG_FIXTURE_DIRECTORY), STATUS_OK);
    fault_file_set_free_bytes(f->disk, 1000);
    assert_int_equal(log_create(&f->options, &origin, &log), STATUS_NO_SPACE);
    assert_int_equal(log_fixture_open(f, 0), STATUS_NOT_FOUND);
    assert_int_equal(file_exists(f->options.files, LOG_FIXTURE_DIRECTORY "/" LOG_SPARE_NAME, &exists), STATUS_OK);
    assert_false(exists);
    fault_file_heal(f->disk);
    assert_int_equal(log_create(&f->options, &origin, &f->log), STATUS_OK);
    assert_int_equal(log_create(&f->options, &origin, &log), STATUS_EXISTS);
}

/* Whatever is admitted, of any size, while the disk fills and empties, the log takes it without failing. */
static void test_what_is_admitted_always_fits(void **state)
{
    struct log_fixture *f = *state;
    struct random random;
    uint64_t refused = 0;

    random_init(&random, 20261122);
    for (int i = 0; i < 3000; i++) {
        uint64_t choice = random_below(&random, 100);

        if (choice == 0) {
            fault_file_set_free_bytes(f->disk, random_below(&random, 60000));
        } else if (choice == 1) {
            log_discard_before(f->log, log_durable_offset(f->log)); /* Gives space back. */
        } else if (choice < 10) {
            log_fixture_wait_durable(f);
        } else {
            size_t len = choice == 99 ? random_below(&random, 50000) : random_below(&random, 1500);
            enum status status = try_append(f, 1 + len);

            assert_true(status == STATUS_OK || status == STATUS_NO_SPACE);
            refused += status == STATUS_NO_SPACE;
        }
    }
    assert_in_range(refused, 100, 2900); /* Both happen. */
    log_fixture_wait_durable(f);
    assert_false(log_has_failed(f->log));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_full_disk_refuses_before_and_heals_after, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_small_change_fits_where_a_long_one_does_not, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_long_change_gets_a_segment_of_its_size, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_change_without_leave_waits_for_room, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_history_does_not_wait_for_room, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_broken_promise_fails_the_log, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_closing_does_not_wait_for_room, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_new_log_on_a_full_disk_leaves_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_is_admitted_always_fits, set_up, tear_down),
    };

    (void)diag_open("/dev/null");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
