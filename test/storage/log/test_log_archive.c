#include "base/memory.h"
#include "storage/log/log_archive.h"
#include "storage/log/log_segment.h"
#include "support/fault_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

struct fixture {
    struct fault_file *disk;
    struct file_system *files;
};

static int set_up(void **state)
{
    struct fixture *f = memory_allocate_zeroed(sizeof(*f));

    f->disk = fault_file_create();
    f->files = fault_file_system(f->disk);
    assert_int_equal(file_make_directory(f->files, "/log"), STATUS_OK);
    assert_int_equal(log_archive_prepare(f->files, "/archive"), STATUS_OK);
    assert_int_equal(file_sync_directory(f->files, "/"), STATUS_OK);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    fault_file_free(f->disk);
    memory_free(f);
    return 0;
}

/* A segment of the folder, durable, that is told from others by its salt. */
static void put(struct fixture *f, const char *directory, uint64_t start, uint64_t salt)
{
    struct log_segment_header header = {.history = {.previous_end = -1}, .start = {.offset = start}, .salt = salt};
    char bytes[LOG_SEGMENT_HEADER_BYTES];
    char name[LOG_SEGMENT_NAME_BYTES];

    memset(header.history.id, 'a', HISTORY_ID_LEN);
    memset(header.history.previous_id, '0', HISTORY_ID_LEN);
    log_segment_encode(&header, bytes);
    log_segment_format_name(start, name);
    assert_int_equal(file_replace(f->files, directory, name, slice_make(bytes, sizeof(bytes))), STATUS_OK);
}

/* The salt of a whole segment, 0 if it is not there. */
static uint64_t find(struct fixture *f, const char *path)
{
    struct log_segment_header header;
    char *bytes;
    size_t len;
    enum status status = file_read_whole(f->files, path, LOG_SEGMENT_HEADER_BYTES, &bytes, &len);

    if (status != STATUS_OK) {
        assert_int_equal(status, STATUS_NOT_FOUND);
        return 0;
    }
    assert_int_equal(len, LOG_SEGMENT_HEADER_BYTES);
    assert_int_equal(log_segment_decode(bytes, &header), STATUS_OK);
    memory_free(bytes);
    return header.salt;
}

#define IN_LOG     "/log/00000000000000000007.log"
#define IN_ARCHIVE "/archive/00000000000000000007.log"

static void test_a_segment_moves(void **state)
{
    struct fixture *f = *state;

    put(f, "/log", 7, 1);
    assert_int_equal(log_archive_take(f->files, "/archive", "/log", 7), STATUS_OK);
    assert_int_equal(find(f, IN_LOG), 0);
    assert_int_equal(find(f, IN_ARCHIVE), 1);
}

/* A rename across file systems fails; what is copied is as durable. */
static void test_a_segment_that_cannot_be_renamed_is_copied(void **state)
{
    struct fixture *f = *state;

    put(f, "/log", 7, 1);
    fault_file_fail(f->disk, FAULT_RENAME, 1, STATUS_IO, false);
    assert_int_equal(log_archive_take(f->files, "/archive", "/log", 7), STATUS_OK);
    assert_true(fault_file_has_failed(f->disk));
    assert_int_equal(find(f, IN_LOG), 0);
    fault_file_crash(f->disk, FAULT_KEEP_NONE, 1);
    assert_int_equal(find(f, IN_ARCHIVE), 1);
}

static void test_another_segment_of_the_name_is_kept(void **state)
{
    struct fixture *f = *state;

    put(f, "/archive", 7, 1);
    put(f, "/log", 7, 2);
    assert_int_equal(log_archive_take(f->files, "/archive", "/log", 7), STATUS_OK);
    assert_int_equal(find(f, IN_ARCHIVE), 2);
    assert_int_equal(find(f, "/archive/00000000000000000007-aaaaaaaa.kept"), 1);
}

static void test_the_same_segment_is_not_kept_twice(void **state)
{
    struct fixture *f = *state;

    put(f, "/archive", 7, 1);
    put(f, "/log", 7, 1);
    assert_int_equal(log_archive_take(f->files, "/archive", "/log", 7), STATUS_OK);
    assert_int_equal(find(f, IN_ARCHIVE), 1);
    assert_int_equal(find(f, "/archive/00000000000000000007-aaaaaaaa.kept"), 0);
}

/* Fail and crash at each operation: the segment is whole in one folder at least, and the next try takes it. */
static void test_no_failure_loses_the_segment(void **state)
{
    enum status status = STATUS_IO;

    for (uint64_t nth = 1; status != STATUS_OK; nth++) {
        struct fixture *f;

        set_up(state);
        f = *state;
        put(f, "/log", 7, 1);
        fault_file_fail(f->disk, FAULT_ANY, nth, STATUS_IO, true);
        status = log_archive_take(f->files, "/archive", "/log", 7);
        assert_int_equal(status == STATUS_OK, !fault_file_has_failed(f->disk));
        fault_file_crash(f->disk, nth % 2 == 0 ? FAULT_KEEP_NONE : FAULT_KEEP_ALL, nth);
        assert_true(find(f, IN_LOG) == 1 || find(f, IN_ARCHIVE) == 1);
        if (find(f, IN_LOG) == 1) {
            assert_int_equal(log_archive_take(f->files, "/archive", "/log", 7), STATUS_OK);
        }
        assert_int_equal(find(f, IN_ARCHIVE), 1);
        tear_down(state);
    }
}

static void test_the_folder_of_the_archive_must_be_there(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(log_archive_prepare(f->files, "/archive"), STATUS_OK);
    assert_int_equal(log_archive_prepare(f->files, "/absent/archive"), STATUS_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_segment_moves, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_segment_that_cannot_be_renamed_is_copied, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_another_segment_of_the_name_is_kept, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_same_segment_is_not_kept_twice, set_up, tear_down),
        cmocka_unit_test(test_no_failure_loses_the_segment),
        cmocka_unit_test_setup_teardown(test_the_folder_of_the_archive_must_be_there, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
