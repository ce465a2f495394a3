/* When what is handed over becomes written, durable and released, by policy; and what a failing disk does to it. */
#include "base/checksum.h"
#include "base/diag.h"
#include "storage/log/log_cursor.h"
#include "storage/log/log_sync.h"
#include "support/log_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

static int set_up_policy(void **state, enum log_sync_policy policy)
{
    struct log_fixture *f = log_fixture_create(policy);

    log_fixture_await_spare(f);
    *state = f;
    return 0;
}

static int set_up_always(void **state)
{
    return set_up_policy(state, LOG_SYNC_ALWAYS);
}

static int set_up_everysec(void **state)
{
    return set_up_policy(state, LOG_SYNC_EVERYSEC);
}

static int set_up_no(void **state)
{
    return set_up_policy(state, LOG_SYNC_NO);
}

static int tear_down(void **state)
{
    log_fixture_free(*state);
    return 0;
}

static void assert_offsets(struct log_fixture *f, uint64_t written, uint64_t durable, uint64_t released)
{
    assert_int_equal(log_written_offset(f->log), written);
    assert_int_equal(log_durable_offset(f->log), durable);
    assert_int_equal(log_released_offset(f->log), released);
}

static void test_always_releases_nothing_before_its_sync(void **state)
{
    struct log_fixture *f = *state;

    gate_file_shut(f->gate);
    log_fixture_append(f, "one");
    gate_file_await(f->gate, 1);
    assert_offsets(f, 3, 0, 0);
    gate_file_open(f->gate);
    log_fixture_wait_durable(f);
    assert_offsets(f, 3, 3, 3);
}

/* Whoever has waited for a change to be durable must find it released. */
static void test_what_is_durable_is_released(void **state)
{
    struct log_fixture *f = *state;

    for (int i = 0; i < 2000; i++) {
        log_fixture_append(f, "x");
        while (log_durable_offset(f->log) < log_end_offset(f->log)) {
        }
        assert_int_equal(log_released_offset(f->log), log_end_offset(f->log));
    }
}

/* Nobody waits: the log's thread takes it from there. */
static void test_a_sync_can_be_asked_for_without_waiting(void **state)
{
    struct log_fixture *f = *state;

    log_fixture_append(f, "one");
    log_fixture_wait_written(f);
    assert_offsets(f, 3, 0, 3);
    log_ask_durable(f->log, 6); /* What is still to come, too. */
    while (log_durable_offset(f->log) < 3) {
    }
    log_fixture_append(f, "two");
    while (log_durable_offset(f->log) < 6) {
    }
    assert_offsets(f, 6, 6, 6);
}

static void test_the_end_is_known_while_the_disk_is_waited_for(void **state)
{
    struct log_fixture *f = *state;
    uint64_t end;

    gate_file_shut(f->gate);
    log_fixture_append(f, "one");
    gate_file_await(f->gate, 1);
    log_fixture_append(f, "two");
    assert_int_equal(log_append(f->log, slice_of("three"), &end), STATUS_OK);
    assert_int_equal(log_end(f->log).offset, 11);
    assert_int_equal(log_end(f->log).hash, checksum_crc64(0, slice_of("onetwothree")));
    assert_int_equal(log_durable_offset(f->log), 0);
    gate_file_open(f->gate);
}

static void test_what_comes_during_a_sync_is_one_record(void **state)
{
    struct log_fixture *f = *state;
    struct log_sync_statistics before;
    struct log_sync_statistics after;

    log_sync_statistics(f->log, &before);
    gate_file_shut(f->gate);
    log_fixture_append(f, "one");
    gate_file_await(f->gate, 1);
    log_fixture_append(f, "two");
    log_fixture_append(f, "three");
    log_fixture_append(f, "four");
    gate_file_open(f->gate);
    log_fixture_wait_durable(f);
    assert_string_equal(log_fixture_replay(f, 0), "one@3 twothreefour@15 ");
    log_sync_statistics(f->log, &after);
    assert_int_equal(after.count - before.count, 2);
    assert_true(after.total_us >= before.total_us + after.last_us);
}

/* The disk makes a spare, or is far behind: the loop is told so, and does not wait. */
static void test_a_slow_disk_admits_nothing_and_does_not_hold_the_loop(void **state)
{
    struct log_fixture *f = *state;

    log_fixture_await_spare(f);
    gate_file_shut(f->gate);
    assert_int_equal(log_reserve(f->log, 500000), STATUS_BUSY);
    gate_file_open(f->gate);
    assert_int_equal(log_fixture_reserve(f, 500000), STATUS_OK);
    assert_int_equal(log_fixture_reserve(f, 2 * LOG_SYNC_ADMITTED_BYTES_MAX), STATUS_OK);
    gate_file_shut(f->gate);
    log_fixture_append(f, "one");
    gate_file_await(f->gate, 1);
    log_fixture_append_bytes(f, LOG_SYNC_ADMITTED_BYTES_MAX + 8, 1);
    assert_int_equal(log_reserve(f->log, 1), STATUS_BUSY);
    gate_file_open(f->gate);
    log_fixture_wait_durable(f);
    assert_int_equal(log_fixture_reserve(f, 1), STATUS_OK);
}

/* Long groups are cut into records that a reader can check at once, and still synced by one call. */
static void test_a_long_group_is_several_records_and_one_sync(void **state)
{
    struct log_fixture *f = *state;
    struct log_cursor *cursor;
    struct log_record_view record;
    struct log_sync_statistics before;
    struct log_sync_statistics after;

    assert_int_equal(log_fixture_reserve(f, 500000), STATUS_OK);
    gate_file_shut(f->gate);
    log_fixture_append(f, "one");
    gate_file_await(f->gate, 1);
    log_sync_statistics(f->log, &before);
    for (uint64_t i = 0; i < 4; i++) {
        log_fixture_append_bytes(f, 60000, i);
    }
    gate_file_open(f->gate);
    log_fixture_wait_durable(f);
    log_sync_statistics(f->log, &after);
    assert_int_equal(after.count - before.count,
                     2); /* That of "one", and this. Rolling syncs more, but not the log's records. */
    assert_int_equal(log_cursor_open(f->log, 3, &cursor), STATUS_OK);
    for (uint64_t i = 0; i < 4; i++) {
        assert_int_equal(log_cursor_next(cursor, &record), STATUS_OK);
        assert_int_equal(record.payload.len, 60000);
        assert_int_equal(record.wall_ms, 1001 + i);
    }
    assert_int_equal(log_cursor_next(cursor, &record), STATUS_END);
    log_cursor_close(cursor);
    log_fixture_close(f);
    assert_int_equal(log_fixture_open(f, 0), STATUS_OK);
    assert_int_equal(log_end_offset(f->log), 240003);
}

/* The keeper's sync must not hold up the writing, and must not vouch for what was written after it began. */
static void test_everysec_writes_on_while_it_syncs(void **state)
{
    struct log_fixture *f = *state;

    gate_file_shut(f->gate);
    log_fixture_append(f, "one");
    log_fixture_wait_written(f);
    while (log_released_offset(f->log) < 3) {
        usleep(100);
    }
    assert_offsets(f, 3, 0, 3);
    gate_file_await(f->gate, 1); /* Within a second. */
    log_fixture_append(f, "two");
    log_fixture_wait_written(f);
    while (log_released_offset(f->log) < 6) {
        usleep(100);
    }
    assert_offsets(f, 6, 0, 6);
    gate_file_open(f->gate);
    while (log_durable_offset(f->log) == 0) {
        usleep(100);
    }
    assert_offsets(f, 6, 3, 6);
    while (log_durable_offset(f->log) == 3) { /* Another second. */
        usleep(1000);
    }
    assert_offsets(f, 6, 6, 6);
}

static void test_no_syncs_when_somebody_waits_for_it(void **state)
{
    struct log_fixture *f = *state;

    log_fixture_append(f, "one");
    log_fixture_wait_written(f);
    usleep(1200 * 1000);
    assert_offsets(f, 3, 0, 3);
    log_fixture_wait_durable(f);
    assert_offsets(f, 3, 3, 3);
}

static void test_no_syncs_before_too_much_is_at_stake(void **state)
{
    struct log_fixture *f = *state;

    for (uint64_t i = 0; i < 10; i++) {
        log_fixture_append_bytes(f, 1024 * 1024, i);
    }
    log_fixture_wait_written(f);
    while (log_durable_offset(f->log) < 2 * 1024 * 1024) {
        usleep(1000);
    }
}

static void test_a_stricter_policy_makes_durable_what_was_released(void **state)
{
    struct log_fixture *f = *state;

    log_fixture_append(f, "one");
    log_fixture_wait_written(f);
    while (log_released_offset(f->log) < 3) {
        usleep(100);
    }
    gate_file_shut(f->gate);
    log_set_policy(f->log, LOG_SYNC_ALWAYS);
    gate_file_await(f->gate, 1);
    assert_offsets(f, 3, 0, 3); /* Never back. */
    gate_file_open(f->gate);
    while (log_durable_offset(f->log) < 3) {
        usleep(100);
    }
    gate_file_shut(f->gate);
    log_fixture_append(f, "two");
    gate_file_await(f->gate, 1);
    assert_offsets(f, 6, 3, 3);
    gate_file_open(f->gate);
}

static void count(void *context)
{
    atomic_fetch_add((atomic_uint *)context, 1);
}

/* Nor for segments that are removed or archived, however slow the disk is that they go to. */
static void test_syncs_do_not_wait_for_what_is_discarded(void **state)
{
    struct log_fixture *f = *state;

    for (uint64_t i = 0; i < 3; i++) {
        log_fixture_append_bytes(f, LOG_SEGMENT_BYTES_MIN / 2, i);
        log_fixture_wait_durable(f);
    }
    log_fixture_await_spare(f);
    gate_file_shut_folders(f->gate);
    log_discard_before(f->log, LOG_SEGMENT_BYTES_MIN);
    gate_file_await(f->gate, 1);
    log_fixture_append(f, "one");
    alarm(30);
    log_fixture_wait_durable(f);
    alarm(0);
    gate_file_open(f->gate);
}

static void test_progress_is_told_once_a_commit_when_there_is_room_and_on_failure(void **state)
{
    struct log_fixture *f = *state;
    atomic_uint calls = 0;
    enum status status;

    log_fixture_close(f);
    f->options.on_progress = count;
    f->options.context = &calls;
    assert_int_equal(log_fixture_open(f, 0), STATUS_OK);
    status = log_reserve(f->log, 4 * f->options.segment_bytes);
    assert_true(status == STATUS_BUSY || status == STATUS_OK); /* The keeper may have been quick. */
    while (atomic_load(&calls) < 1) {
        usleep(100);
    }
    assert_int_equal(log_reserve(f->log, 4 * f->options.segment_bytes), STATUS_OK); /* That was what it told. */
    log_fixture_append(f, "one");
    log_fixture_wait_durable(f);
    log_fixture_append(f, "two");
    log_fixture_wait_durable(f);
    while (atomic_load(&calls) < 3) {
        usleep(100);
    }
    assert_int_equal(atomic_load(&calls), 3);
    fault_file_fail(f->disk, FAULT_SYNC, 1, STATUS_IO, false);
    log_fixture_append(f, "three");
    while (atomic_load(&calls) < 4) {
        usleep(100);
    }
    assert_true(log_has_failed(f->log));
    log_fixture_close(f);
}

/* The first failure is for good, though the disk would take the next write: what the kernel dropped is gone. */
static void fails_for_good(struct log_fixture *f, enum fault_operation operation)
{
    uint64_t end;

    log_fixture_append(f, "one");
    log_fixture_wait_durable(f);
    fault_file_fail(f->disk, operation, 1, STATUS_IO, false);
    log_fixture_append(f, "two");
    assert_int_equal(log_wait_durable(f->log, 6), STATUS_IO);
    assert_true(fault_file_has_failed(f->disk));
    assert_true(log_has_failed(f->log));
    assert_int_equal(log_durable_offset(f->log), 3);
    assert_int_equal(log_append(f->log, slice_of("three"), &end), STATUS_IO);
    assert_int_equal(log_reserve(f->log, 1), STATUS_IO);
    assert_int_equal(log_end(f->log).offset, 6);
    log_flush(f->log, 1);
    log_fixture_crash(f, FAULT_KEEP_NONE, 0);
    assert_int_equal(log_fixture_open(f, 0), STATUS_OK);
    assert_string_equal(log_fixture_replay(f, 0), "one@3 ");
}

static void test_a_failed_write_is_for_good(void **state)
{
    fails_for_good(*state, FAULT_WRITE);
}

static void test_a_failed_sync_is_for_good(void **state)
{
    fails_for_good(*state, FAULT_SYNC);
}

static void test_a_failed_background_sync_is_for_good(void **state)
{
    struct log_fixture *f = *state;

    log_fixture_append(f, "one");
    fault_file_fail(f->disk, FAULT_SYNC, 1, STATUS_IO, false);
    assert_int_equal(log_wait_durable(f->log, 3), STATUS_IO);
    assert_true(log_has_failed(f->log));
}

/* Too many open files: the sync thread has one already. */
static void test_a_background_sync_that_cannot_open_its_file_is_done_elsewhere(void **state)
{
    struct log_fixture *f = *state;

    log_fixture_append(f, "one");
    log_fixture_wait_written(f);
    fault_file_fail(f->disk, FAULT_OPEN, 1, STATUS_IO, true);
    log_fixture_wait_durable(f);
    assert_true(fault_file_has_failed(f->disk));
    fault_file_heal(f->disk);
    assert_offsets(f, 3, 3, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_sync_can_be_asked_for_without_waiting, set_up_no, tear_down),
        cmocka_unit_test_setup_teardown(test_always_releases_nothing_before_its_sync, set_up_always, tear_down),
        cmocka_unit_test_setup_teardown(test_what_is_durable_is_released, set_up_always, tear_down),
        cmocka_unit_test_setup_teardown(test_the_end_is_known_while_the_disk_is_waited_for, set_up_always, tear_down),
        cmocka_unit_test_setup_teardown(test_what_comes_during_a_sync_is_one_record, set_up_always, tear_down),
        cmocka_unit_test_setup_teardown(test_a_slow_disk_admits_nothing_and_does_not_hold_the_loop, set_up_always,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_a_long_group_is_several_records_and_one_sync, set_up_always, tear_down),
        cmocka_unit_test_setup_teardown(test_everysec_writes_on_while_it_syncs, set_up_everysec, tear_down),
        cmocka_unit_test_setup_teardown(test_no_syncs_when_somebody_waits_for_it, set_up_no, tear_down),
        cmocka_unit_test_setup_teardown(test_no_syncs_before_too_much_is_at_stake, set_up_no, tear_down),
        cmocka_unit_test_setup_teardown(test_a_stricter_policy_makes_durable_what_was_released, set_up_no, tear_down),
        cmocka_unit_test_setup_teardown(test_syncs_do_not_wait_for_what_is_discarded, set_up_no, tear_down),
        cmocka_unit_test_setup_teardown(test_progress_is_told_once_a_commit_when_there_is_room_and_on_failure,
                                        set_up_always, tear_down),
        cmocka_unit_test_setup_teardown(test_a_failed_write_is_for_good, set_up_always, tear_down),
        cmocka_unit_test_setup_teardown(test_a_failed_sync_is_for_good, set_up_always, tear_down),
        cmocka_unit_test_setup_teardown(test_a_failed_background_sync_is_for_good, set_up_no, tear_down),
        cmocka_unit_test_setup_teardown(test_a_background_sync_that_cannot_open_its_file_is_done_elsewhere, set_up_no,
                                        tear_down),
    };

    (void)diag_open("/dev/null");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
