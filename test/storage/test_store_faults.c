/* The n-th call on the disk fails, while a store is made, filled over several checkpoints in steps, given a new history
 * and another policy, and closed. Whatever was released must be there when the disk works again, and nothing half done.
 * (LMDB's own calls fail in test/crash/power/faults.py.) */
#include "storage/store.h"

#include "base/diag.h"
#include "base/memory.h"
#include "support/fault_posix.h"
#include "support/small_model.h"
#include "support/small_store.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define LINES          60
#define LINE_BYTES_MAX 32768
#define PATIENCE_TURNS 2000

struct trial {
    struct small_store *small;
    struct fault_posix *disk;
    uint64_t run_count;      /* Lines run and appended. */
    uint64_t released_count; /* Of them, those that might have been acknowledged. */
};

static void make_line(uint64_t number, char line[LINE_BYTES_MAX])
{
    struct random random;

    random_init(&random, 77000 + number);
    small_line_random(&random, line, LINE_BYTES_MAX);
}

/* Whether a line is let in: a full disk may heal, and a full memtable does. */
static bool is_admitted(struct small_store *small)
{
    enum status status = STATUS_BUSY;

    for (int i = 0; i < PATIENCE_TURNS && (status == STATUS_BUSY || status == STATUS_NO_SPACE); i++) {
        status = store_admit_write(small->store, LINE_BYTES_MAX);
        if (status != STATUS_OK) {
            small->skipped_ms += 500; /* Past the pause before a retry. */
            small_store_turn(small);
        }
    }
    return status == STATUS_OK;
}

static void disturb(struct small_store *small, uint64_t number)
{
    struct history history = *log_history(store_log(small->store));
    enum status status = STATUS_OK;

    if (number == LINES / 2) {
        history_fork(&history, log_end_offset(store_log(small->store)));
        status = store_begin_history(small->store, &history, small->now_ms);
    } else if (number == LINES / 3 || number == LINES / 3 + 5) {
        status = store_set_sync_policy(small->store, number == LINES / 3 ? LOG_SYNC_EVERYSEC : LOG_SYNC_ALWAYS);
    }
    (void)status; /* It may fail: the data is what is judged. */
}

static void work(struct trial *trial)
{
    static char line[LINE_BYTES_MAX];
    struct small_store *small = trial->small;

    for (uint64_t i = 0; i < LINES; i++) {
        uint64_t end;

        disturb(small, i);
        if (!is_admitted(small)) {
            return;
        }
        make_line(i, line);
        end = small_store_run(small, line);
        trial->run_count = i + 1;
        small_store_turn(small);
        /* Also so that no failure falls between admission and append. */
        if (log_wait_durable(store_log(small->store), end) != STATUS_OK) {
            return;
        }
        trial->released_count = i + 1;
        store_discard_log_before(small->store, UINT64_MAX);
    }
}

/* The data is that after all released lines, or that and the one which failed. */
static void check(const struct trial *trial)
{
    static char line[LINE_BYTES_MAX];
    struct small_model model;
    char *found = small_store_text(trial->small);
    char *expected;

    small_model_init(&model);
    for (uint64_t i = 0; i < trial->released_count; i++) {
        make_line(i, line);
        small_model_run(&model, line);
    }
    expected = small_model_text(&model);
    if (strcmp(found, expected) != 0 && trial->run_count > trial->released_count) {
        memory_free(expected);
        make_line(trial->released_count, line);
        small_model_run(&model, line);
        expected = small_model_text(&model);
    }
    assert_string_equal(found, expected);
    memory_free(expected);
    memory_free(found);
    small_model_release(&model);
}

/* One run; returns whether the failure was reached. */
static bool try(unsigned nth, enum status status)
{
    struct trial trial = {.small = small_store_create(), .disk = fault_posix_create()};
    struct small_store *small = trial.small;
    bool has_failed;

    small->options.files = fault_posix_system(trial.disk);
    small->options.checkpoint_memory_bytes = 30 * 1024;
    small->options.segment_bytes = LOG_SEGMENT_BYTES_MIN * 4;
    small->options.checkpoint_whole_pages = 1;
    small->options.checkpoint_step_pages = 4;
    fault_posix_fail(trial.disk, nth, status);
    if (small_store_open(small) == STATUS_OK) {
        work(&trial);
        small_store_close(small, nth % 2 == 0);
    }
    has_failed = fault_posix_has_failed(trial.disk);
    fault_posix_fail(trial.disk, 0, STATUS_OK);
    for (int i = 0; i < 2; i++) { /* A second opening finds the same. */
        assert_int_equal(small_store_open(small), STATUS_OK);
        check(&trial);
        small_store_close(small, i == 0);
    }
    small_store_free(small);
    fault_posix_free(trial.disk);
    return has_failed;
}

/* Each of the first calls, in which a store is made, and then some, until there are no more. How many there are depends
 * a little on how the threads meet, so one run that ends too soon is not the end. */
static void try_many(enum status status)
{
    unsigned count = 0;
    unsigned missed = 0;

    for (unsigned nth = 1; missed < 3; nth += 1 + nth / 12) {
        missed = try(nth, status) ? 0 : missed + 1;
        count++;
    }
    assert_true(count > 18);
}

static void test_any_call_fails(void **state)
{
    (void)state;
    try_many(STATUS_IO);
}

static void test_the_disk_is_full_at_any_call(void **state)
{
    (void)state;
    try_many(STATUS_NO_SPACE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_any_call_fails),
        cmocka_unit_test(test_the_disk_is_full_at_any_call),
    };

    (void)diag_open("/dev/null");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
