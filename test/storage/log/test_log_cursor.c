#include "base/checksum.h"
#include "base/diag.h"
#include "base/memory.h"
#include "base/thread.h"
#include "storage/log/log_cursor.h"
#include "storage/log/log_reader.h"
#include "support/log_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
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

static struct log_cursor *open_at(struct log_fixture *f, uint64_t offset)
{
    struct log_cursor *cursor;

    assert_int_equal(log_cursor_open(f->log, offset, &cursor), STATUS_OK);
    assert_int_equal(log_cursor_offset(cursor), offset);
    return cursor;
}

/* What one read of at most `limit` bytes up to `until` gives, in static memory. */
static const char *read_text(struct log_cursor *cursor, uint64_t until, size_t limit)
{
    static char text[100];
    struct buf out;
    size_t len;

    buf_init(&out, sizeof(text) - 1);
    assert_int_equal(log_cursor_read(cursor, until, limit, &out, &len), STATUS_OK);
    assert_int_equal(len, out.len);
    memcpy(text, buf_slice(&out).data, len);
    text[len] = '\0';
    buf_release(&out);
    return text;
}

static void commit(struct log_fixture *f, const char *text)
{
    log_fixture_append(f, text);
    log_fixture_wait_durable(f);
}

static void test_reads_any_bytes_but_not_beyond(void **state)
{
    struct log_fixture *f = *state;
    struct log_cursor *cursor;

    commit(f, "one");
    commit(f, "two");
    commit(f, "three");
    cursor = open_at(f, 0);
    assert_string_equal(read_text(cursor, 11, 2), "on");
    assert_string_equal(read_text(cursor, 11, 2), "et");
    assert_string_equal(read_text(cursor, 5, 50), "w");
    assert_string_equal(read_text(cursor, 5, 50), "");
    assert_string_equal(read_text(cursor, 11, 50), "othree");
    assert_string_equal(read_text(cursor, 11, 50), "");
    commit(f, "four"); /* Where the cursor's window held zeros. */
    assert_string_equal(read_text(cursor, 15, 50), "four");
    log_cursor_close(cursor);
}

static void test_opens_within_the_log_only(void **state)
{
    struct log_fixture *f = *state;
    struct log_cursor *cursor;

    commit(f, "one");
    for (uint64_t offset = 0; offset <= 3; offset++) {
        cursor = open_at(f, offset);
        assert_string_equal(read_text(cursor, 3, 50), &"one"[offset]);
        log_cursor_close(cursor);
    }
    assert_int_equal(log_cursor_open(f->log, 4, &cursor), STATUS_NOT_FOUND);
}

static void test_next_gives_the_rest_of_a_record(void **state)
{
    struct log_fixture *f = *state;
    struct log_cursor *cursor;
    struct log_record_view record;

    commit(f, "one");
    commit(f, "two");
    cursor = open_at(f, 0);
    assert_string_equal(read_text(cursor, 6, 1), "o");
    assert_int_equal(log_cursor_next(cursor, &record), STATUS_OK);
    assert_true(slice_equal(record.payload, slice_of("ne")));
    assert_int_equal(record.offset, 1);
    assert_int_equal(record.wall_ms, 1000);
    assert_int_equal(log_cursor_next(cursor, &record), STATUS_OK);
    assert_true(slice_equal(record.payload, slice_of("two")));
    assert_int_equal(record.offset, 3);
    assert_int_equal(record.wall_ms, 1001);
    assert_int_equal(log_cursor_next(cursor, &record), STATUS_END);
    commit(f, "three");
    assert_int_equal(log_cursor_next(cursor, &record), STATUS_OK);
    assert_true(slice_equal(record.payload, slice_of("three")));
    log_cursor_close(cursor);
}

/* Records around and beyond the reader's window, from several places inside. */
static void test_reads_records_longer_than_the_window(void **state)
{
    struct log_fixture *f = *state;
    static const size_t lens[] = {LOG_READER_WINDOW_BYTES - LOG_RECORD_HEADER_BYTES - 1,
                                  LOG_READER_WINDOW_BYTES - LOG_RECORD_HEADER_BYTES,
                                  LOG_READER_WINDOW_BYTES - LOG_RECORD_HEADER_BYTES + 1,
                                  LOG_READER_WINDOW_BYTES,
                                  LOG_READER_WINDOW_BYTES + 1,
                                  5 * LOG_READER_WINDOW_BYTES + 17};
    uint64_t start = 0;

    for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
        uint64_t start_hash = log_end(f->log).hash;
        struct log_cursor *cursor;
        struct log_record_view record;
        uint64_t hash;

        log_fixture_append_bytes(f, lens[i], i);
        log_fixture_wait_durable(f);
        cursor = open_at(f, start);
        assert_int_equal(log_cursor_next(cursor, &record), STATUS_OK);
        assert_int_equal(record.payload.len, lens[i]);
        assert_int_equal(checksum_crc64(start_hash, record.payload), log_end(f->log).hash);
        assert_int_equal(log_cursor_next(cursor, &record), STATUS_END);
        log_cursor_close(cursor);

        cursor = open_at(f, start + lens[i] / 2);
        assert_int_equal(log_cursor_next(cursor, &record), STATUS_OK);
        assert_int_equal(record.payload.len, lens[i] - lens[i] / 2);
        assert_int_equal(log_hash_at(f->log, start + lens[i] / 2, &hash), STATUS_OK);
        assert_int_equal(checksum_crc64(hash, record.payload), log_end(f->log).hash);
        log_cursor_close(cursor);
        start += lens[i];
    }
}

/* Damage on the disk under a running log: the feed stops, and gives nothing of the bad record. */
static void test_a_flipped_bit_is_not_given_out(void **state)
{
    struct log_fixture *f = *state;
    char *path = log_fixture_path(0);
    struct log_cursor *cursor;
    struct log_record_view record;
    struct file *file;
    struct slice piece = slice_of("X");
    struct buf out;
    size_t len;
    uint64_t hash;

    commit(f, "one");
    commit(f, "two");
    cursor = open_at(f, 0);
    assert_int_equal(file_open(f->options.files, path, FILE_WRITE, &file), STATUS_OK);
    assert_int_equal(file_write(file, LOG_SEGMENT_HEADER_BYTES + 3 + 2 * LOG_RECORD_HEADER_BYTES + 2, &piece, 1),
                     STATUS_OK);
    file_close(file);
    buf_init(&out, 100);
    assert_int_equal(log_cursor_read(cursor, 6, 100, &out, &len), STATUS_OK);
    assert_true(slice_equal(buf_slice(&out), slice_of("one")));
    assert_int_equal(log_cursor_read(cursor, 6, 100, &out, &len), STATUS_CORRUPT);
    assert_int_equal(out.len, 3);
    assert_int_equal(log_cursor_next(cursor, &record), STATUS_CORRUPT);
    assert_int_equal(log_hash_at(f->log, 5, &hash), STATUS_CORRUPT);
    buf_release(&out);
    log_cursor_close(cursor);
    memory_free(path);
}

static void test_a_segment_discarded_before_it_was_reached_is_not_found(void **state)
{
    struct log_fixture *f = *state;
    struct log_cursor *cursor;
    struct buf out;
    size_t len;
    size_t total = 0;
    enum status status;

    for (uint64_t i = 0; i < 40; i++) {
        log_fixture_append_bytes(f, 3000, i);
        log_fixture_wait_durable(f);
    }
    cursor = open_at(f, 0);
    log_discard_before(f->log, 40 * 3000);
    buf_init(&out, BUF_NO_CEILING);
    do {
        status = log_cursor_read(cursor, 40 * 3000, 1000, &out, &len);
        total += status == STATUS_OK ? len : 0;
    } while (status == STATUS_OK && len > 0);
    assert_int_equal(status, STATUS_NOT_FOUND);
    assert_int_equal(total, 4 * 3000); /* The segment whose file it holds open. */
    buf_release(&out);
    log_cursor_close(cursor);
}

/* An empty segment that a new history replaces may have cursors waiting in it. */
static void test_a_waiting_cursor_goes_on_in_the_new_history(void **state)
{
    struct log_fixture *f = *state;
    struct log_cursor *cursor;
    struct history history = *log_history(f->log);

    cursor = open_at(f, 0);
    assert_string_equal(read_text(cursor, 0, 50), "");
    for (int i = 0; i < 3; i++) {
        history_fork(&history, 0);
        assert_int_equal(log_begin_history(f->log, &history, 1), STATUS_OK);
    }
    commit(f, "one");
    assert_string_equal(read_text(cursor, 3, 50), "one");
    history_fork(&history, 3);
    assert_int_equal(log_begin_history(f->log, &history, 1), STATUS_OK);
    commit(f, "two");
    assert_string_equal(read_text(cursor, 6, 50), "two");
    log_cursor_close(cursor);
}

/* A record that does not fit into an empty segment gets a longer one of the same name; a cursor may open that file
 * before the chain has heard of it. */
static void test_a_cursor_opened_while_an_empty_segment_is_replaced(void **state)
{
    struct log_fixture *f = *state;
    struct log_cursor *cursor;
    struct log_record_view record;

    log_fixture_await_spare(f);
    gate_file_shut_folders(f->gate);
    log_fixture_append_bytes(f, LOG_SEGMENT_BYTES_MIN, 1);
    gate_file_await(f->gate, 1); /* Renamed, and not told yet. */
    cursor = open_at(f, 0);
    gate_file_open(f->gate);
    log_fixture_wait_durable(f);
    assert_int_equal(log_cursor_next(cursor, &record), STATUS_OK);
    assert_int_equal(record.payload.len, LOG_SEGMENT_BYTES_MIN);
    log_cursor_close(cursor);
}

static void test_a_file_cut_short_meanwhile_is_damage(void **state)
{
    struct log_fixture *f = *state;
    char *path = log_fixture_path(100);
    enum status status = STATUS_OK;
    struct log_cursor *cursor;
    struct file *file;
    struct buf out;
    size_t len;

    buf_init(&out, BUF_NO_CEILING);
    log_fixture_append_bytes(f, 100, 1);
    log_fixture_append_bytes(f, 300000, 2); /* Longer than what is read at once; in a segment of its own. */
    log_fixture_wait_durable(f);
    cursor = open_at(f, 100);
    assert_int_equal(log_cursor_read(cursor, log_end_offset(f->log), 1000, &out, &len), STATUS_OK);
    assert_int_equal(file_open(f->options.files, path, FILE_WRITE, &file), STATUS_OK);
    assert_int_equal(file_truncate(file, 200000), STATUS_OK);
    file_close(file);
    alarm(60); /* It must not read for ever. */
    while (status == STATUS_OK && out.len < 400000) {
        status = log_cursor_read(cursor, log_end_offset(f->log), 100000, &out, &len);
    }
    alarm(0);
    assert_int_equal(status, STATUS_CORRUPT);
    assert_true(out.len < 200000);
    log_cursor_close(cursor);
    buf_release(&out);
    memory_free(path);
}

#define RACE_BYTES (300 * 1000)

struct race {
    struct log_fixture *log;
    _Atomic uint64_t until; /* Where to stop, once it is known. */
    uint64_t hash;
    uint64_t len;
};

/* Follow the log to its end, as a feed on another thread would. */
static void *follow(void *context)
{
    struct race *race = context;
    struct log_cursor *cursor = open_at(race->log, 0);
    struct buf out;

    buf_init(&out, BUF_NO_CEILING);
    while (race->len < atomic_load(&race->until)) {
        size_t len = 0;

        if (log_cursor_read(cursor, log_released_offset(race->log->log), 10000, &out, &len) != STATUS_OK) {
            break;
        }
        race->len += len;
        race->hash = checksum_crc64(race->hash, buf_slice(&out));
        buf_clear(&out);
    }
    buf_release(&out);
    log_cursor_close(cursor);
    return NULL;
}

static void test_followers_see_every_byte_while_it_is_written(void **state)
{
    struct race races[2] = {{.log = *state, .until = UINT64_MAX}, {.log = *state, .until = UINT64_MAX}};
    struct log_fixture *f = *state;
    pthread_t threads[2];

    for (int i = 0; i < 2; i++) {
        assert_int_equal(thread_start(&threads[i], "follower", follow, &races[i]), STATUS_OK);
    }
    for (uint64_t i = 0; log_end_offset(f->log) < RACE_BYTES; i++) {
        log_fixture_append_bytes(f, 1 + i * 37 % 2000, i);
    }
    log_fixture_wait_durable(f);
    for (int i = 0; i < 2; i++) {
        atomic_store(&races[i].until, log_end_offset(f->log));
        (void)pthread_join(threads[i], NULL);
        assert_int_equal(races[i].len, log_end_offset(f->log));
        assert_int_equal(races[i].hash, log_end(f->log).hash);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_reads_any_bytes_but_not_beyond, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_opens_within_the_log_only, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_next_gives_the_rest_of_a_record, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_reads_records_longer_than_the_window, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_flipped_bit_is_not_given_out, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_segment_discarded_before_it_was_reached_is_not_found, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_waiting_cursor_goes_on_in_the_new_history, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_cursor_opened_while_an_empty_segment_is_replaced, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_file_cut_short_meanwhile_is_damage, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_followers_see_every_byte_while_it_is_written, set_up, tear_down),
    };

    (void)diag_open("/dev/null");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
