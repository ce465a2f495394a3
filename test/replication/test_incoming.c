#include "replication/incoming.h"

#include "base/memory.h"
#include "support/fault_file.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define NAME  "0123456789abcdef0123456789abcdef"
#define OTHER "fedcba9876543210fedcba9876543210"
#define MARK  "MMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMM"

struct fixture {
    struct fault_file *disk;
    struct file_system *files;
    struct incoming incoming;
};

static int set_up(void **state)
{
    struct fixture *f = memory_allocate_zeroed(sizeof(*f));

    f->disk = fault_file_create();
    f->files = fault_file_system(f->disk);
    *state = f;
    return file_make_directory(f->files, "data-dir") != STATUS_OK ||
           incoming_open(&f->incoming, f->files, "data-dir") != STATUS_OK;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    incoming_close(&f->incoming);
    fault_file_free(f->disk);
    memory_free(f);
    return 0;
}

static void reopen(struct fixture *f)
{
    incoming_close(&f->incoming);
    assert_int_equal(incoming_open(&f->incoming, f->files, "data-dir"), STATUS_OK);
}

static struct replica_payload snapshot(const char *name, uint64_t total_bytes, uint64_t from_byte)
{
    struct replica_payload payload = {.kind = REPLICA_PAYLOAD_SNAPSHOT};

    snprintf(payload.name, sizeof(payload.name), "%s", name);
    payload.total_bytes = total_bytes;
    payload.from_byte = from_byte;
    return payload;
}

static enum status begin(struct fixture *f, struct replica_payload payload)
{
    return incoming_begin(&f->incoming, &payload);
}

/* Take `text`, all of which but `left` bytes must belong to the payload. */
static bool take(struct fixture *f, const char *text, size_t left)
{
    size_t consumed;
    bool is_whole;

    assert_int_equal(incoming_take(&f->incoming, slice_of(text), &consumed, &is_whole), STATUS_OK);
    assert_int_equal(consumed, strlen(text) - left);
    return is_whole;
}

static void assert_file(struct fixture *f, const char *name, const char *expected)
{
    char path[128];
    char *text;
    size_t len;
    enum status status;

    snprintf(path, sizeof(path), "data-dir/incoming/%s", name);
    status = file_read_whole(f->files, path, 4096, &text, &len);
    if (expected == NULL) {
        assert_int_equal(status, STATUS_NOT_FOUND);
        return;
    }
    assert_int_equal(status, STATUS_OK);
    assert_string_equal(text, expected);
    memory_free(text);
}

static void test_payload_ends_at_its_length(void **state)
{
    struct fixture *f = *state;
    struct replica_payload payload = {.kind = REPLICA_PAYLOAD_RDB, .total_bytes = 6};

    assert_int_equal(begin(f, payload), STATUS_OK);
    assert_false(take(f, "abcd", 0));
    assert_true(take(f, "ef*1\r\n", 4)); /* The stream follows at once. */
    assert_file(f, "master.rdb", "abcdef");
    assert_string_equal(f->incoming.path, "data-dir/incoming/master.rdb");
}

static void test_empty_payload_is_whole_at_once(void **state)
{
    struct fixture *f = *state;
    struct replica_payload payload = {.kind = REPLICA_PAYLOAD_RDB, .total_bytes = 0};

    assert_int_equal(begin(f, payload), STATUS_OK);
    assert_true(take(f, "", 0));
}

static void test_payload_ends_at_its_mark_however_it_comes(void **state)
{
    static const char bytes[] = "rdb MMMM not yet " MARK;
    struct fixture *f = *state;
    struct replica_payload payload = {.kind = REPLICA_PAYLOAD_RDB_MARK, .mark = MARK};

    for (size_t piece = 1; piece <= strlen(bytes); piece++) {
        bool is_whole = false;

        assert_int_equal(begin(f, payload), STATUS_OK);
        for (size_t at = 0; at < strlen(bytes); at += piece) {
            char text[sizeof(bytes)];

            assert_false(is_whole);
            snprintf(text, sizeof(text), "%.*s", (int)piece, bytes + at);
            is_whole = take(f, text, 0);
        }
        assert_true(is_whole);
        assert_file(f, "master.rdb", "rdb MMMM not yet ");
    }
}

static void test_broken_snapshot_goes_on_where_it_was(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(begin(f, snapshot(NAME, 10, 0)), STATUS_OK);
    assert_false(take(f, "abcdef", 0));
    incoming_break(&f->incoming);
    assert_string_equal(f->incoming.part_name, NAME);
    assert_int_equal(f->incoming.part_bytes, 6);
    assert_int_equal(begin(f, snapshot(NAME, 10, 4)), STATUS_OK); /* The master may go back a little. */
    assert_true(take(f, "EFGHIJ", 0));
    assert_file(f, NAME ".part", "abcdEFGHIJ");
}

static void test_a_hole_is_refused(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(begin(f, snapshot(NAME, 10, 1)), STATUS_PROTOCOL);
    assert_int_equal(begin(f, snapshot(NAME, 10, 0)), STATUS_OK);
    assert_false(take(f, "abc", 0));
    incoming_break(&f->incoming);
    assert_int_equal(begin(f, snapshot(NAME, 10, 4)), STATUS_PROTOCOL);
    assert_int_equal(begin(f, snapshot(NAME, 10, 3)), STATUS_OK);
}

static void test_another_snapshot_replaces_the_part(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(begin(f, snapshot(NAME, 10, 0)), STATUS_OK);
    assert_false(take(f, "abc", 0));
    incoming_break(&f->incoming);
    assert_int_equal(begin(f, snapshot(OTHER, 10, 0)), STATUS_OK);
    assert_false(take(f, "ABC", 0));
    assert_file(f, NAME ".part", NULL);
    assert_file(f, OTHER ".part", "ABC");
}

/* What has no whole block is worth nothing after a restart, and what is half unpacked goes. */
static void test_restart_cleans_up_and_keeps_only_what_is_sound(void **state)
{
    struct fixture *f = *state;
    struct file *file;

    assert_int_equal(begin(f, snapshot(NAME, 10, 0)), STATUS_OK);
    assert_false(take(f, "abc", 0));
    assert_int_equal(file_make_directory(f->files, "data-dir/incoming/data.new"), STATUS_OK);
    assert_int_equal(file_open(f->files, "data-dir/incoming/data.new/data.mdb", FILE_CREATE, &file), STATUS_OK);
    file_close(file);
    assert_int_equal(file_open(f->files, "data-dir/incoming/master.rdb", FILE_CREATE, &file), STATUS_OK);
    file_close(file);
    reopen(f);
    assert_string_equal(f->incoming.part_name, NAME);
    assert_int_equal(f->incoming.part_bytes, 0);
    assert_file(f, "data.new/data.mdb", NULL);
    assert_file(f, "master.rdb", NULL);
    incoming_discard(&f->incoming); /* A partial sync was possible after all. */
    assert_file(f, NAME ".part", NULL);
    assert_int_equal(begin(f, snapshot(NAME, 10, 0)), STATUS_OK);
}

static void test_discard_leaves_nothing(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(begin(f, snapshot(NAME, 3, 0)), STATUS_OK);
    assert_true(take(f, "abc", 0));
    assert_int_equal(file_make_directory(f->files, "data-dir/incoming/data"), STATUS_OK);
    incoming_discard(&f->incoming);
    assert_file(f, NAME ".part", NULL);
    assert_string_equal(f->incoming.part_name, "");
    assert_int_equal(file_remove(f->files, "data-dir/incoming"), STATUS_OK); /* It is empty. */
    assert_int_equal(file_make_directory(f->files, "data-dir/incoming"), STATUS_OK);
}

static void test_full_disk_is_told_and_the_part_stays(void **state)
{
    struct fixture *f = *state;
    size_t consumed;
    bool is_whole;

    assert_int_equal(begin(f, snapshot(NAME, 1000, 0)), STATUS_OK);
    assert_false(take(f, "abc", 0));
    fault_file_set_free_bytes(f->disk, 0);
    assert_int_equal(incoming_take(&f->incoming, slice_of("def"), &consumed, &is_whole), STATUS_NO_SPACE);
    incoming_break(&f->incoming);
    fault_file_heal(f->disk);
    assert_int_equal(f->incoming.part_bytes, 3);
    assert_int_equal(begin(f, snapshot(NAME, 6, 3)), STATUS_OK);
    assert_true(take(f, "def", 0));
    assert_file(f, NAME ".part", "abcdef");
}

/* A transfer that cannot end does not begin, and what an earlier one left does not keep the disk full. */
static void test_too_little_room_is_told_before_and_given_back(void **state)
{
    struct fixture *f = *state;
    struct replica_payload rest = snapshot(NAME, 1000, 3);
    struct replica_payload whole = snapshot(NAME, 1000, 0);

    assert_int_equal(begin(f, whole), STATUS_OK);
    assert_false(take(f, "abc", 0));
    incoming_break(&f->incoming);
    fault_file_set_free_bytes(f->disk, 997);
    assert_int_equal(begin(f, rest), STATUS_OK);
    incoming_break(&f->incoming);
    fault_file_set_free_bytes(f->disk, 996);
    assert_int_equal(begin(f, rest), STATUS_NO_SPACE);
    assert_file(f, NAME ".part", NULL);
    assert_string_equal(f->incoming.part_name, "");
    assert_int_equal(begin(f, whole), STATUS_NO_SPACE);
    fault_file_set_free_bytes(f->disk, 1000);
    assert_int_equal(begin(f, whole), STATUS_OK);
}

/* Every operation of a transfer fails once: the failure is told, and the next try does it. */
static void test_each_failing_operation_is_survived(void **state)
{
    struct fixture *f = *state;

    for (uint64_t nth = 1;; nth++) {
        struct replica_payload payload = snapshot(NAME, 3, 0);
        size_t consumed;
        bool is_whole = false;
        enum status status;

        fault_file_fail(f->disk, FAULT_ANY, nth, STATUS_IO, false);
        status = incoming_begin(&f->incoming, &payload);
        if (status == STATUS_OK) {
            status = incoming_take(&f->incoming, slice_of("abc"), &consumed, &is_whole);
        }
        incoming_discard(&f->incoming);
        if (!fault_file_has_failed(f->disk)) {
            assert_int_equal(status, STATUS_OK);
            assert_true(is_whole);
            return;
        }
        fault_file_heal(f->disk);
        incoming_discard(&f->incoming);
        assert_int_equal(begin(f, snapshot(NAME, 3, 0)), STATUS_OK);
        assert_true(take(f, "abc", 0));
        incoming_discard(&f->incoming);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_payload_ends_at_its_length),
        TEST(test_empty_payload_is_whole_at_once),
        TEST(test_payload_ends_at_its_mark_however_it_comes),
        TEST(test_broken_snapshot_goes_on_where_it_was),
        TEST(test_a_hole_is_refused),
        TEST(test_another_snapshot_replaces_the_part),
        TEST(test_restart_cleans_up_and_keeps_only_what_is_sound),
        TEST(test_discard_leaves_nothing),
        TEST(test_full_disk_is_told_and_the_part_stays),
        TEST(test_too_little_room_is_told_before_and_given_back),
        TEST(test_each_failing_operation_is_survived),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
