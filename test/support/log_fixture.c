#include "support/log_fixture.h"

#include "base/memory.h"
#include "base/random.h"
#include "storage/log/log_cursor.h"
#include "storage/log/log_segment.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#define PATIENCE_MS 10000

struct log_fixture *log_fixture_create(enum log_sync_policy policy)
{
    struct log_fixture *fixture = memory_allocate_zeroed(sizeof(*fixture));
    struct file_system *files;
    struct log_origin origin = {0};

    fixture->disk = fault_file_create();
    fixture->gate = gate_file_create(fault_file_system(fixture->disk));
    files = gate_file_system(fixture->gate);
    assert_int_equal(file_make_directory(files, LOG_FIXTURE_DIRECTORY), STATUS_OK);
    assert_int_equal(file_sync_directory(files, "/"), STATUS_OK);
    fixture->options = (struct log_options){
        .files = files,
        .directory = LOG_FIXTURE_DIRECTORY,
        .policy = policy,
        .segment_bytes = LOG_SEGMENT_BYTES_MIN,
    };
    fixture->now_ms = 1000;
    history_init(&origin.history);
    assert_int_equal(log_create(&fixture->options, &origin, &fixture->log), STATUS_OK);
    return fixture;
}

void log_fixture_free(struct log_fixture *fixture)
{
    log_close(fixture->log);
    gate_file_free(fixture->gate);
    fault_file_free(fixture->disk);
    memory_free(fixture);
}

enum status log_fixture_reserve(struct log_fixture *fixture, size_t len)
{
    enum status status = log_reserve(fixture->log, len);

    for (int i = 0; i < PATIENCE_MS && status == STATUS_BUSY; i++) {
        usleep(1000);
        status = log_reserve(fixture->log, len);
    }
    return status;
}

void log_fixture_await_spare(struct log_fixture *fixture)
{
    /* More than the present segment has, so that the promise needs a spare. */
    assert_int_equal(log_fixture_reserve(fixture, fixture->options.segment_bytes), STATUS_OK);
}

static void append(struct log_fixture *fixture, struct slice change)
{
    uint64_t end;

    assert_int_equal(log_append(fixture->log, change, &end), STATUS_OK);
    assert_int_equal(end, log_end_offset(fixture->log));
    log_flush(fixture->log, fixture->now_ms++);
}

void log_fixture_append(struct log_fixture *fixture, const char *text)
{
    append(fixture, slice_of(text));
}

void log_fixture_append_bytes(struct log_fixture *fixture, size_t len, uint64_t seed)
{
    char *bytes = memory_allocate(len + 8);
    struct random random;

    random_init(&random, seed);
    for (size_t i = 0; i < len; i += 8) {
        uint64_t word = random_next(&random);

        memcpy(bytes + i, &word, 8);
    }
    append(fixture, slice_make(bytes, len));
    memory_free(bytes);
}

void log_fixture_wait_written(struct log_fixture *fixture)
{
    while (log_written_offset(fixture->log) < log_end_offset(fixture->log)) {
        assert_false(log_has_failed(fixture->log));
        usleep(50);
    }
}

void log_fixture_wait_durable(struct log_fixture *fixture)
{
    assert_int_equal(log_wait_durable(fixture->log, log_end_offset(fixture->log)), STATUS_OK);
}

void log_fixture_crash(struct log_fixture *fixture, enum fault_survival survival, uint64_t seed)
{
    /* From here on nothing reaches the disk, so closing does not clean up what a crash would leave. */
    fault_file_fail(fixture->disk, FAULT_ANY, 1, STATUS_IO, true);
    log_close(fixture->log);
    fixture->log = NULL;
    fault_file_crash(fixture->disk, survival, seed);
}

void log_fixture_close(struct log_fixture *fixture)
{
    log_close(fixture->log);
    fixture->log = NULL;
}

enum status log_fixture_open(struct log_fixture *fixture, uint64_t check_from)
{
    assert_null(fixture->log);
    return log_open(&fixture->options, check_from, &fixture->log);
}

const char *log_fixture_replay(struct log_fixture *fixture, uint64_t from)
{
    static char text[4096];
    struct log_cursor *cursor;
    struct log_record_view record;
    size_t len = 0;
    enum status status;

    text[0] = '\0';
    assert_int_equal(log_cursor_open(fixture->log, from, &cursor), STATUS_OK);
    while ((status = log_cursor_next(cursor, &record)) == STATUS_OK) {
        len += (size_t)snprintf(text + len, sizeof(text) - len, "%.*s@%" PRIu64 " ", (int)record.payload.len,
                                record.payload.data, record.offset + record.payload.len);
        assert_true(len < sizeof(text));
    }
    assert_int_equal(status, STATUS_END);
    assert_int_equal(log_cursor_offset(cursor), log_end_offset(fixture->log));
    log_cursor_close(cursor);
    return text;
}

char *log_fixture_path(uint64_t start)
{
    return log_segment_path(LOG_FIXTURE_DIRECTORY, start);
}

char *log_fixture_read_file(struct log_fixture *fixture, const char *path, size_t *len)
{
    char *bytes;

    assert_int_equal(file_read_whole(fixture->options.files, path, SIZE_MAX - 1, &bytes, len), STATUS_OK);
    return bytes;
}

void log_fixture_write_file(struct log_fixture *fixture, const char *path, const char *bytes, size_t len)
{
    struct file *file;
    struct slice piece = slice_make(bytes, len);

    assert_int_equal(file_open(fixture->options.files, path, FILE_CREATE_OR_TRUNCATE, &file), STATUS_OK);
    assert_int_equal(file_write(file, 0, &piece, 1), STATUS_OK);
    assert_int_equal(file_sync(file), STATUS_OK);
    file_close(file);
    assert_int_equal(file_sync_directory(fixture->options.files, LOG_FIXTURE_DIRECTORY), STATUS_OK);
}
