/* The n-th call on the disk fails, once or for ever, for n = 1, 2, ... until none fails, while a log is made, filled
 * over several segments, given a new history, discarded from and closed. Whatever the calls said yes to must hold after
 * a restart. */
#include "base/checksum.h"
#include "base/diag.h"
#include "base/memory.h"
#include "support/log_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define CHANGE_BYTES 3000
#define CHANGES      20

struct trial {
    struct log_fixture *log;
    uint64_t acknowledged; /* log_wait_durable() said yes up to here. */
    uint64_t appended;
    bool is_created;
    bool has_begun; /* log_begin_history() said yes. */
    struct history before;
    struct history history;
};

/* Append a change whose letter tells its place. */
static void append(struct trial *trial, uint64_t now_ms)
{
    char bytes[CHANGE_BYTES];
    struct log *log = trial->log->log;
    uint64_t end;

    memset(bytes, (int)('a' + log_end_offset(log) / CHANGE_BYTES % 26), sizeof(bytes));
    if (log_fixture_reserve(trial->log, sizeof(bytes)) != STATUS_OK ||
        log_append(log, slice_make(bytes, sizeof(bytes)), &end) != STATUS_OK) {
        return;
    }
    log_flush(log, now_ms);
    trial->appended = end;
    if (log_wait_durable(log, end) == STATUS_OK) {
        trial->acknowledged = end;
    }
}

static void work(struct trial *trial)
{
    struct log_fixture *f = trial->log;
    struct log_origin origin = {.history = trial->before};

    if (log_create(&f->options, &origin, &f->log) != STATUS_OK) {
        f->log = NULL;
        return;
    }
    trial->is_created = true;
    for (uint64_t i = 0; i < CHANGES; i++) {
        append(trial, i);
        if (i == CHANGES / 2) {
            trial->history = trial->before;
            history_fork(&trial->history, log_end_offset(f->log));
            trial->has_begun = log_begin_history(f->log, &trial->history, i) == STATUS_OK;
        }
        if (i == CHANGES - 3) {
            log_discard_before(f->log, CHANGE_BYTES * 6);
        }
    }
    log_fixture_close(f);
}

static void check_history(const struct trial *trial)
{
    const char *id = log_history(trial->log->log)->id;

    assert_true(strcmp(id, trial->history.id) == 0 || (!trial->has_begun && strcmp(id, trial->before.id) == 0));
}

static void check(struct trial *trial)
{
    struct log_fixture *f = trial->log;
    struct log_origin origin = {.history = trial->before};
    uint64_t end;
    uint64_t hash = 0;

    if (!trial->is_created) {
        /* Nothing is left in the way. After a crash in log_create() a whole, empty log may be there too. */
        if (log_fixture_open(f, 0) == STATUS_OK) {
            assert_int_equal(log_end_offset(f->log), 0);
        } else {
            assert_int_equal(log_create(&f->options, &origin, &f->log), STATUS_OK);
        }
        return;
    }
    assert_int_equal(log_fixture_open(f, trial->acknowledged), STATUS_OK);
    end = log_end_offset(f->log);
    assert_in_range(end, trial->acknowledged, trial->appended);
    assert_int_equal(end % CHANGE_BYTES, 0);
    for (uint64_t i = 0; i < end / CHANGE_BYTES; i++) {
        char bytes[CHANGE_BYTES];

        memset(bytes, (int)('a' + i % 26), sizeof(bytes));
        hash = checksum_crc64(hash, slice_make(bytes, sizeof(bytes)));
    }
    assert_int_equal(log_end(f->log).hash, hash);
    check_history(trial);
    append(trial, 0);
    assert_int_equal(trial->acknowledged, end + CHANGE_BYTES);
}

/* One run; returns whether the failure was reached. */
static bool try(enum fault_operation operation, uint64_t nth, enum status status, bool for_ever,
                enum fault_survival survival)
{
    struct trial trial = {.log = log_fixture_create(LOG_SYNC_ALWAYS)};
    struct log_fixture *f = trial.log;
    bool has_failed;

    log_fixture_close(f);
    assert_int_equal(log_remove_all(f->options.files, LOG_FIXTURE_DIRECTORY), STATUS_OK);
    history_init(&trial.before);
    trial.history = trial.before;
    fault_file_fail(f->disk, operation, nth, status, for_ever);
    work(&trial);
    has_failed = fault_file_has_failed(f->disk);
    log_fixture_close(f);
    fault_file_heal(f->disk);
    fault_file_crash(f->disk, survival, nth);
    check(&trial);
    log_fixture_free(f);
    return has_failed;
}

static void try_all(enum fault_operation operation, enum status status, bool for_ever)
{
    uint64_t nth = 0;

    /* The keeper's calls fall between the others as it happens, so that a run may have one more than the next. */
    for (int missed = 0; missed < 3;) {
        nth++;
        missed = try(operation, nth, status, for_ever, (enum fault_survival)(nth % 4)) ? 0 : missed + 1;
    }
    assert_true(nth > 10);
}

static void test_any_call_fails_once(void **state)
{
    (void)state;
    try_all(FAULT_ANY, STATUS_IO, false);
}

static void test_any_call_fails_for_ever(void **state)
{
    (void)state;
    try_all(FAULT_ANY, STATUS_IO, true);
}

static void test_any_write_or_sync_finds_the_disk_full_once(void **state)
{
    (void)state;
    try_all(FAULT_WRITE, STATUS_NO_SPACE, false);
    try_all(FAULT_SYNC, STATUS_NO_SPACE, false);
}

/* The kernel goes on showing what a failed sync has not brought to the disk. Whoever opens the log next sees it, and
 * what is seen must survive from there on. */
static void test_what_is_shown_after_a_failed_sync_is_durable(void **state)
{
    static const enum log_sync_policy policies[] = {LOG_SYNC_ALWAYS, LOG_SYNC_EVERYSEC};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct log_fixture *f = log_fixture_create(policies[i]);

        log_fixture_append(f, "one");
        log_fixture_wait_durable(f);
        log_fixture_await_spare(f);
        fault_file_fail(f->disk, FAULT_SYNC, 1, STATUS_IO, false);
        log_fixture_append(f, "two");
        assert_int_equal(log_wait_durable(f->log, log_end_offset(f->log)), STATUS_IO);
        log_fixture_close(f);
        assert_int_equal(log_fixture_open(f, 0), STATUS_OK);
        assert_string_equal(log_fixture_replay(f, 0), "one@3 two@6 ");
        log_fixture_append(f, "three");
        log_fixture_wait_durable(f);
        log_fixture_crash(f, FAULT_KEEP_NONE, 0);
        assert_int_equal(log_fixture_open(f, 0), STATUS_OK);
        assert_string_equal(log_fixture_replay(f, 0), "one@3 two@6 three@11 ");
        log_fixture_free(f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_any_call_fails_once),
        cmocka_unit_test(test_any_call_fails_for_ever),
        cmocka_unit_test(test_any_write_or_sync_finds_the_disk_full_once),
        cmocka_unit_test(test_what_is_shown_after_a_failed_sync_is_durable),
    };

    (void)diag_open("/dev/null");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
