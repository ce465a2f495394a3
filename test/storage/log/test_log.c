/* The log as its users see it: what is appended, released, found again, rolled, discarded and renamed. */
#include "base/checksum.h"
#include "base/memory.h"
#include "storage/log/log_cursor.h"
#include "support/log_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

static int set_up(void **state)
{
    *state = log_fixture_create(LOG_SYNC_ALWAYS);
    return 0;
}

static int tear_down(void **state)
{
    log_fixture_free(*state);
    return 0;
}

static void reopen(struct log_fixture *f)
{
    log_fixture_close(f);
    assert_int_equal(log_fixture_open(f, 0), STATUS_OK);
}

static void test_replays_what_was_appended(void **state)
{
    struct log_fixture *f = *state;

    log_fixture_append(f, "one");
    log_fixture_wait_durable(f);
    log_fixture_append(f, "two");
    log_fixture_wait_durable(f);
    assert_string_equal(log_fixture_replay(f, 0), "one@3 two@6 ");
    reopen(f);
    assert_true(log_was_closed(f->log));
    assert_string_equal(log_fixture_replay(f, 0), "one@3 two@6 ");
    assert_int_equal(log_durable_offset(f->log), 6);
    log_fixture_append(f, "three");
    log_fixture_wait_durable(f);
    assert_string_equal(log_fixture_replay(f, 4), "wo@6 three@11 ");
    reopen(f);
    assert_string_equal(log_fixture_replay(f, 6), "three@11 ");
}

static void test_end_has_the_hash_of_all_payload(void **state)
{
    struct log_fixture *f = *state;
    uint64_t hash;
    uint64_t end;

    log_fixture_append(f, "one");
    assert_int_equal(log_append(f->log, slice_of("two"), &end), STATUS_OK);
    assert_int_equal(log_end(f->log).offset, 6);
    assert_int_equal(log_end(f->log).hash, checksum_crc64(0, slice_of("onetwo")));
    log_flush(f->log, f->now_ms);
    log_fixture_wait_durable(f);
    for (uint64_t offset = 0; offset <= 6; offset++) {
        assert_int_equal(log_hash_at(f->log, offset, &hash), STATUS_OK);
        assert_int_equal(hash, checksum_crc64(0, slice_make("onetwo", offset)));
    }
    assert_int_equal(log_hash_at(f->log, 7, &hash), STATUS_NOT_FOUND);
    reopen(f);
    assert_int_equal(log_end(f->log).hash, checksum_crc64(0, slice_of("onetwo")));
}

static void test_rolls_and_reads_across_segments(void **state)
{
    struct log_fixture *f = *state;
    struct buf out;
    struct log_cursor *cursor;
    uint64_t hash;

    for (uint64_t i = 0; i < 100; i++) {
        log_fixture_append_bytes(f, 1000, i);
        log_fixture_wait_durable(f);
    }
    for (int round = 0; round < 2; round++) {
        size_t len;

        buf_init(&out, BUF_NO_CEILING);
        assert_int_equal(log_cursor_open(f->log, 0, &cursor), STATUS_OK);
        do {
            assert_int_equal(log_cursor_read(cursor, log_released_offset(f->log), 777, &out, &len), STATUS_OK);
        } while (len > 0);
        log_cursor_close(cursor);
        assert_int_equal(out.len, 100000);
        assert_int_equal(checksum_crc64(0, buf_slice(&out)), log_end(f->log).hash);
        for (uint64_t offset = 0; offset <= 100000; offset += 500) {
            assert_int_equal(log_hash_at(f->log, offset, &hash), STATUS_OK);
            assert_int_equal(hash, checksum_crc64(0, slice_first(buf_slice(&out), offset)));
        }
        buf_release(&out);
        reopen(f);
    }
}

static void test_power_cut_drops_only_what_was_not_synced(void **state)
{
    struct log_fixture *f = *state;

    log_fixture_append(f, "one");
    log_fixture_wait_durable(f);
    log_fixture_crash(f, FAULT_KEEP_NONE, 1);
    assert_int_equal(log_fixture_open(f, 0), STATUS_OK);
    assert_false(log_was_closed(f->log));
    assert_string_equal(log_fixture_replay(f, 0), "one@3 ");
}

static void test_begins_a_history(void **state)
{
    struct log_fixture *f = *state;
    struct history history = *log_history(f->log);

    for (int i = 0; i < 3; i++) {
        if (i == 1) {
            log_fixture_append(f, "one");
        }
        history_fork(&history, log_end_offset(f->log));
        assert_int_equal(log_begin_history(f->log, &history, 5), STATUS_OK);
        assert_memory_equal(log_history(f->log), &history, sizeof(history));
    }
    log_fixture_append(f, "two");
    log_fixture_wait_durable(f);
    reopen(f);
    assert_memory_equal(log_history(f->log), &history, sizeof(history));
    assert_string_equal(log_fixture_replay(f, 0), "one@3 two@6 ");
}

static void test_discards_whole_segments(void **state)
{
    struct log_fixture *f = *state;
    struct log_cursor *cursor;
    struct log_record_view record;

    for (uint64_t i = 0; i < 60; i++) {
        log_fixture_append_bytes(f, 1000, i);
        log_fixture_wait_durable(f);
    }
    assert_int_equal(log_cursor_open(f->log, 0, &cursor), STATUS_OK);
    log_discard_before(f->log, 30000);
    assert_true(log_first_offset(f->log) > 0);
    assert_true(log_first_offset(f->log) <= 30000);
    assert_int_equal(log_cursor_next(cursor, &record), STATUS_OK); /* Its file is open. */
    log_cursor_close(cursor);
    assert_int_equal(log_cursor_open(f->log, 0, &cursor), STATUS_NOT_FOUND);
    reopen(f);
    assert_true(log_first_offset(f->log) > 0);
    assert_int_equal(log_end_offset(f->log), 60000);
}

struct sizes {
    struct log_fixture *log;
    uint64_t total;
};

static void add_size(void *context, const char *name)
{
    struct sizes *sizes = context;
    char *path = file_join(LOG_FIXTURE_DIRECTORY, name);
    struct file *file;
    uint64_t size_bytes;

    assert_int_equal(file_open(sizes->log->options.files, path, FILE_READ, &file), STATUS_OK);
    assert_int_equal(file_size(file, &size_bytes), STATUS_OK);
    file_close(file);
    memory_free(path);
    sizes->total += size_bytes;
}

/* What closed segments did not use goes back to the disk, and log_disk_bytes() knows. */
static void test_closed_segments_take_what_they_hold(void **state)
{
    struct log_fixture *f = *state;
    struct sizes sizes = {.log = f};
    uint64_t disk_bytes;

    for (uint64_t i = 0; i < 12; i++) { /* Two to a segment. */
        log_fixture_append_bytes(f, 5000, i);
        log_fixture_wait_durable(f);
    }
    disk_bytes = log_disk_bytes(f->log);
    assert_int_equal(disk_bytes, 5 * (4096 + 2 * 5044) + LOG_SEGMENT_BYTES_MIN);
    log_fixture_close(f);
    assert_int_equal(file_list(f->options.files, LOG_FIXTURE_DIRECTORY, add_size, &sizes), STATUS_OK);
    assert_int_equal(sizes.total, disk_bytes);
    assert_int_equal(log_fixture_open(f, 0), STATUS_OK);
    assert_int_equal(log_disk_bytes(f->log), disk_bytes);
}

static void test_a_change_may_not_be_too_long(void **state)
{
    struct log_fixture *f = *state;
    uint64_t end = 77;

    assert_int_equal(log_append(f->log, slice_make("", (size_t)LOG_RECORD_BYTES_MAX + 1), &end), STATUS_TOO_BIG);
    assert_int_equal(end, 77);
    assert_int_equal(log_end_offset(f->log), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_replays_what_was_appended, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_end_has_the_hash_of_all_payload, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_rolls_and_reads_across_segments, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_power_cut_drops_only_what_was_not_synced, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_begins_a_history, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_discards_whole_segments, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_closed_segments_take_what_they_hold, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_change_may_not_be_too_long, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
