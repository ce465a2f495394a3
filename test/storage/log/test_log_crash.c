/* Random work on a log, cut off at random, again and again, against a model that knows every byte.
 *
 * After each crash: what was durable is there (and after a kill -9, what was written), nothing is there that was not
 * appended, what is missing is a tail cut between two changes, and opening once more finds the same. */
#include "base/checksum.h"
#include "base/diag.h"
#include "base/memory.h"
#include "base/random.h"
#include "storage/log/log_cursor.h"
#include "support/log_fixture.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#define CRASHES     60
#define CHANGES_MAX 20000

struct model {
    struct log_fixture *log;
    struct random random;
    struct buf payload; /* All that was appended and is not known to be lost, from offset 0. */
    uint64_t change_ends[CHANGES_MAX];
    size_t change_count;
    uint64_t first_offset;  /* Discarded before. */
    struct history history; /* As of the last begun one. */
    uint64_t large_bytes;   /* Of the largest change. */
};

static uint64_t choose(struct model *model, uint64_t bound)
{
    return random_below(&model->random, bound);
}

static void append(struct model *model)
{
    size_t len = choose(model, 20) == 0 ? 1 + choose(model, model->large_bytes) : 1 + choose(model, 300);
    char *bytes;
    uint64_t end;

    if (model->change_count == CHANGES_MAX) {
        return;
    }
    assert_int_equal(buf_reserve(&model->payload, len, &bytes), STATUS_OK);
    for (size_t i = 0; i < len; i++) {
        bytes[i] = (char)choose(model, 256);
    }
    buf_commit(&model->payload, len);
    assert_int_equal(log_fixture_reserve(model->log, len), STATUS_OK);
    assert_int_equal(log_append(model->log->log, slice_make(bytes, len), &end), STATUS_OK);
    assert_int_equal(end, model->payload.len);
    model->change_ends[model->change_count++] = end;
}

static void begin_history(struct model *model)
{
    struct history history = model->history;

    history_fork(&history, log_end_offset(model->log->log));
    assert_int_equal(log_begin_history(model->log->log, &history, model->log->now_ms), STATUS_OK);
    model->history = history;
}

static void discard(struct model *model)
{
    log_discard_before(model->log->log, choose(model, log_durable_offset(model->log->log) + 1));
    model->first_offset = log_first_offset(model->log->log);
}

static void work(struct model *model)
{
    for (uint64_t steps = 1 + choose(model, 60); steps > 0; steps--) {
        switch (choose(model, 40)) {
        case 0:
            begin_history(model);
            break;
        case 1:
            discard(model);
            break;
        case 2:
        case 3:
        case 4:
            assert_int_equal(log_wait_durable(model->log->log, log_released_offset(model->log->log)), STATUS_OK);
            break;
        case 5:
            usleep(1000); /* Let the threads come to where they are seldom cut off. */
            break;
        case 6:
        case 7:
        case 8:
        case 9:
        case 10:
            log_flush(model->log->log, model->log->now_ms++);
            break;
        default:
            append(model);
        }
    }
}

/* What replay gives must be the model's bytes from the first offset to the log's end. */
static void assert_content(struct model *model)
{
    struct log *log = model->log->log;
    uint64_t first = log_first_offset(log);
    struct history_position end = log_end(log);
    struct slice all = buf_slice(&model->payload);
    struct log_cursor *cursor;
    struct buf out;
    size_t len;
    uint64_t hash;

    buf_init(&out, BUF_NO_CEILING);
    assert_int_equal(log_cursor_open(log, first, &cursor), STATUS_OK);
    do {
        assert_int_equal(log_cursor_read(cursor, end.offset, 1 + choose(model, 5000), &out, &len), STATUS_OK);
    } while (len > 0);
    log_cursor_close(cursor);
    assert_int_equal(out.len, end.offset - first);
    assert_true(slice_equal(buf_slice(&out), slice_make(all.data + first, out.len)));
    buf_release(&out);
    assert_int_equal(end.hash, checksum_crc64(0, slice_first(all, end.offset)));
    for (int i = 0; i < 5; i++) {
        uint64_t offset = first + choose(model, end.offset - first + 1);

        assert_int_equal(log_hash_at(log, offset, &hash), STATUS_OK);
        assert_int_equal(hash, checksum_crc64(0, slice_first(all, offset)));
    }
}

static void assert_ends_between_changes(struct model *model, uint64_t end)
{
    size_t count = model->change_count;

    while (count > 0 && model->change_ends[count - 1] > end) {
        count--;
    }
    assert_int_equal(count == 0 ? 0 : model->change_ends[count - 1], end);
    model->change_count = count;
    buf_truncate(&model->payload, end);
}

static void open_anew(struct model *model, uint64_t at_least)
{
    struct log_fixture *f = model->log;
    const struct history *history;
    uint64_t end;

    assert_int_equal(log_fixture_open(f, at_least), STATUS_OK);
    end = log_end_offset(f->log);
    assert_true(end >= at_least);
    assert_true(end <= model->payload.len);
    assert_true(log_first_offset(f->log) <= model->first_offset);
    model->first_offset = log_first_offset(f->log);
    history = log_history(f->log);
    assert_string_equal(history->id, model->history.id);
    assert_int_equal(history->previous_end, model->history.previous_end);
    assert_content(model);
    assert_ends_between_changes(model, end);
}

/* Power fails while the log is being opened, at the n-th operation. */
static void crash_in_open(struct model *model, uint64_t check_from)
{
    struct log_fixture *f = model->log;

    fault_file_fail(f->disk, FAULT_ANY, 1 + choose(model, 12), STATUS_IO, true);
    if (log_fixture_open(f, check_from) == STATUS_OK) {
        log_fixture_close(f);
    }
    fault_file_crash(f->disk, FAULT_KEEP_BLOCKS, random_next(&model->random));
}

static void crash_and_reopen(struct model *model)
{
    struct log_fixture *f = model->log;
    enum fault_survival survival = (enum fault_survival)choose(model, 4);
    uint64_t durable = log_durable_offset(f->log);
    uint64_t written = log_written_offset(f->log);
    uint64_t at_least = survival == FAULT_KEEP_ALL ? written : durable;
    uint64_t end;

    if (f->options.policy == LOG_SYNC_ALWAYS) {
        assert_true(log_released_offset(f->log) >= durable);
        at_least = survival == FAULT_KEEP_ALL ? at_least : log_released_offset(f->log);
    }
    if (choose(model, 8) == 0) {
        log_fixture_close(f);
        at_least = model->payload.len;
    } else {
        log_fixture_crash(f, survival, random_next(&model->random));
    }
    if (choose(model, 4) == 0) {
        crash_in_open(model, at_least > durable ? durable : at_least);
        at_least = at_least > durable && survival == FAULT_KEEP_ALL ? durable : at_least;
    }
    open_anew(model, at_least);
    /* Opening has made it durable, so that a power cut before any write finds the same. */
    end = log_end_offset(f->log);
    log_fixture_crash(f, FAULT_KEEP_NONE, 0);
    open_anew(model, end);
    assert_int_equal(log_end_offset(f->log), end);
}

static void run_model(enum log_sync_policy policy, uint64_t seed)
{
    struct model model = {.log = log_fixture_create(policy), .large_bytes = 40000};

    random_init(&model.random, seed);
    buf_init(&model.payload, BUF_NO_CEILING);
    model.history = *log_history(model.log->log);
    for (int crash = 0; crash < CRASHES; crash++) {
        work(&model);
        crash_and_reopen(&model);
    }
    buf_release(&model.payload);
    log_fixture_free(model.log);
}

static uint64_t choose_seed(void)
{
    const char *given = getenv("HEARTH_TEST_SEED");
    struct random random;
    uint64_t seed;

    if (given != NULL) {
        return strtoull(given, NULL, 10);
    }
    random_init_from_system(&random);
    seed = random_next(&random);
    printf("HEARTH_TEST_SEED=%" PRIu64 "\n", seed);
    fflush(stdout);
    return seed;
}

static void test_always_loses_nothing_that_was_released(void **state)
{
    (void)state;
    run_model(LOG_SYNC_ALWAYS, choose_seed());
}

static void test_everysec_loses_a_tail_only(void **state)
{
    (void)state;
    run_model(LOG_SYNC_EVERYSEC, choose_seed());
}

static void test_no_loses_a_tail_only(void **state)
{
    (void)state;
    run_model(LOG_SYNC_NO, choose_seed());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_always_loses_nothing_that_was_released),
        cmocka_unit_test(test_everysec_loses_a_tail_only),
        cmocka_unit_test(test_no_loses_a_tail_only),
    };

    (void)diag_open("/dev/null");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
