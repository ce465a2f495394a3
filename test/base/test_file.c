/* The real file system in a folder of its own, and the whole-file helpers on a disk that fails at every step. */
#include "base/file.h"
#include "base/memory.h"
#include "support/fault_file.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define assert_ok(expression) assert_int_equal(expression, STATUS_OK)

struct fixture {
    char folder[64];
    struct file_system *system;
};

static int set_up(void **state)
{
    struct fixture *f = memory_allocate(sizeof(*f));

    snprintf(f->folder, sizeof(f->folder), "/tmp/hearth-test-file-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    f->system = file_system_posix();
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    assert_ok(file_remove_tree(f->system, f->folder));
    memory_free(f);
    return 0;
}

static struct file *open_in(struct fixture *f, const char *name, enum file_mode mode)
{
    char *path = file_join(f->folder, name);
    struct file *file;

    assert_ok(file_open(f->system, path, mode, &file));
    memory_free(path);
    return file;
}

static void test_modes_say_what_is_there(void **state)
{
    struct fixture *f = *state;
    char *path = file_join(f->folder, "a");
    struct file *file = (struct file *)(void *)f;

    assert_int_equal(file_open(f->system, path, FILE_READ, &file), STATUS_NOT_FOUND);
    assert_int_equal(file_open(f->system, path, FILE_WRITE, &file), STATUS_NOT_FOUND);
    assert_ptr_equal(file, f); /* Untouched on failure. */
    file_close(open_in(f, "a", FILE_CREATE));
    assert_int_equal(file_open(f->system, path, FILE_CREATE, &file), STATUS_EXISTS);
    file_close(open_in(f, "a", FILE_CREATE_OR_TRUNCATE));
    file_close(NULL);
    memory_free(path);
}

/* More pieces than one call takes, some of them empty, at an offset past the end. */
static void test_write_of_many_pieces_lands_in_order(void **state)
{
    struct fixture *f = *state;
    struct file *file = open_in(f, "a", FILE_CREATE);
    struct slice pieces[1500];
    char digits[] = "0123456789";
    char back[2100];
    uint64_t size_bytes;
    size_t expected_len = 0;
    size_t len;

    for (size_t i = 0; i < 1500; i++) {
        pieces[i] = slice_make(digits + i % 10, i % 3 == 2 ? 0 : 1 + i % 2);
        expected_len += pieces[i].len;
    }
    assert_ok(file_write(file, 5, pieces, 1500));
    assert_ok(file_size(file, &size_bytes));
    assert_int_equal(size_bytes, 5 + expected_len);
    assert_ok(file_read(file, 0, back, sizeof(back), &len));
    assert_int_equal(len, 5 + expected_len);
    assert_memory_equal(back, "\0\0\0\0\0", 5);
    for (size_t i = 0, at = 5; i < 1500; at += pieces[i].len, i++) {
        assert_memory_equal(back + at, pieces[i].data, pieces[i].len);
    }
    assert_ok(file_write(file, 0, pieces, 0));
    assert_ok(file_write(file, 0, &pieces[2], 1)); /* Nothing but an empty piece. */
    file_close(file);
}

static void test_read_stops_at_the_end(void **state)
{
    struct fixture *f = *state;
    struct file *file = open_in(f, "a", FILE_CREATE);
    struct slice text = slice_of("hello");
    char back[8];
    size_t len;

    assert_ok(file_write(file, 0, &text, 1));
    assert_ok(file_read(file, 3, back, 8, &len));
    assert_int_equal(len, 2);
    assert_ok(file_read(file, 9, back, 8, &len));
    assert_int_equal(len, 0);
    assert_ok(file_truncate(file, 2));
    assert_ok(file_sync(file));
    assert_ok(file_read(file, 0, back, 8, &len));
    assert_int_equal(len, 2);
    file_close(file);
}

/* The process' own limit on file sizes makes a write stop short and then fail, as a full disk does. */
static void test_short_write_ends_in_its_error(void **state)
{
    struct fixture *f = *state;
    struct file *file = open_in(f, "a", FILE_CREATE);
    struct rlimit old_limit;
    struct rlimit limit;
    struct slice text = slice_of("0123456789");
    uint64_t size_bytes;

    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old_limit), 0);
    limit = old_limit;
    limit.rlim_cur = 4;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    assert_int_equal(file_write(file, 0, &text, 1), STATUS_TOO_BIG);
    assert_int_equal(errno, EFBIG);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old_limit), 0);
    assert_ok(file_size(file, &size_bytes));
    assert_int_equal(size_bytes, 4);
    file_close(file);
}

static void count_name(void *context, const char *name)
{
    (void)name;
    (*(int *)context)++;
}

static void test_folders_list_rename_and_go(void **state)
{
    struct fixture *f = *state;
    char *folder = file_join(f->folder, "d");
    char *inner = file_join(folder, "e");
    char *renamed = file_join(f->folder, "f");
    bool exists = true;
    int count = 0;

    assert_ok(file_make_directory(f->system, folder));
    assert_int_equal(file_make_directory(f->system, folder), STATUS_EXISTS);
    assert_ok(file_make_directory(f->system, inner));
    assert_int_equal(file_remove(f->system, folder), STATUS_EXISTS);
    file_close(open_in(f, "d/e/a", FILE_CREATE));
    file_close(open_in(f, "d/b", FILE_CREATE));
    assert_ok(file_list(f->system, folder, count_name, &count));
    assert_int_equal(count, 2);
    assert_ok(file_rename(f->system, folder, renamed));
    assert_ok(file_sync_directory(f->system, f->folder));
    assert_int_equal(file_list(f->system, folder, count_name, &count), STATUS_NOT_FOUND);
    assert_int_equal(file_sync_directory(f->system, folder), STATUS_NOT_FOUND);
    assert_int_equal(file_remove(f->system, folder), STATUS_NOT_FOUND);
    assert_ok(file_exists(f->system, renamed, &exists));
    assert_true(exists);
    assert_ok(file_remove_tree(f->system, renamed));
    assert_ok(file_remove_tree(f->system, renamed)); /* Absent is fine. */
    assert_ok(file_exists(f->system, renamed, &exists));
    assert_false(exists);
    memory_free(folder);
    memory_free(inner);
    memory_free(renamed);
}

/* A link in the tree is removed, and what it leads to stays. */
static void test_remove_tree_does_not_follow_links(void **state)
{
    struct fixture *f = *state;
    char *outside = file_join(f->folder, "outside");
    char *folder = file_join(f->folder, "d");
    char *link_path = file_join(folder, "link");
    char *kept = file_join(outside, "kept");
    bool exists;

    assert_ok(file_make_directory(f->system, outside));
    assert_ok(file_make_directory(f->system, folder));
    file_close(open_in(f, "outside/kept", FILE_CREATE));
    assert_int_equal(symlink(outside, link_path), 0);
    assert_ok(file_remove_tree(f->system, folder));
    assert_ok(file_exists(f->system, kept, &exists));
    assert_true(exists);
    memory_free(outside);
    memory_free(folder);
    memory_free(link_path);
    memory_free(kept);
}

static void test_whole_file_has_a_limit(void **state)
{
    struct fixture *f = *state;
    char *path = file_join(f->folder, "a");
    char *text = NULL;
    size_t len;

    assert_int_equal(file_read_whole(f->system, path, 5, &text, &len), STATUS_NOT_FOUND);
    assert_ok(file_replace(f->system, f->folder, "a", slice_of("hello")));
    assert_int_equal(file_read_whole(f->system, path, 4, &text, &len), STATUS_TOO_BIG);
    memory_fail_nth(1, false);
    assert_int_equal(file_read_whole(f->system, path, 5, &text, &len), STATUS_NO_MEMORY);
    memory_fail_stop();
    assert_null(text);
    assert_ok(file_read_whole(f->system, path, 5, &text, &len));
    assert_int_equal(len, 5);
    assert_string_equal(text, "hello");
    memory_free(text);
    memory_free(path);
}

static void test_copy_takes_what_was_asked_for(void **state)
{
    struct fault_file *disk = fault_file_create();
    struct file_system *system = fault_file_system(disk);
    size_t len = 3 * 1024 * 1024 + 5; /* More than one step. */
    char *content = memory_allocate_zeroed(len);
    char *text;
    size_t got;

    (void)state;
    content[len - 1] = 'z';
    assert_ok(file_replace(system, "/", "from", slice_make(content, len)));
    assert_ok(file_copy(system, "from", "to", UINT64_MAX));
    assert_ok(file_sync_directory(system, "/"));
    fault_file_crash(disk, FAULT_KEEP_NONE, 1); /* The content is synced; the name is the caller's. */
    assert_ok(file_read_whole(system, "to", len, &text, &got));
    assert_int_equal(got, len);
    assert_memory_equal(text, content, len);
    memory_free(text);
    assert_ok(file_copy(system, "from", "to", 7));
    assert_ok(file_read_whole(system, "to", len, &text, &got));
    assert_int_equal(got, 7);
    memory_free(text);
    assert_int_equal(file_copy(system, "absent", "to", 7), STATUS_NOT_FOUND);
    fault_file_set_free_bytes(disk, 1024);
    assert_int_equal(file_copy(system, "from", "other", UINT64_MAX), STATUS_NO_SPACE);
    memory_free(content);
    fault_file_free(disk);
}

/* The file at d/conf must be whole, old or new. */
static bool is_new_on(struct file_system *system)
{
    char *text;
    size_t len;
    bool is_new;

    assert_ok(file_read_whole(system, "d/conf", 100, &text, &len));
    is_new = strcmp(text, "the new content") == 0;
    assert_true(is_new || strcmp(text, "old") == 0);
    memory_free(text);
    return is_new;
}

/* Fail and crash at each operation of file_replace(), in each way the disk may look then. Old or new, never a mix;
 * after STATUS_OK new; and a later replace works whatever was left behind. */
static void test_replace_is_all_or_nothing_at_every_step(void **state)
{
    static const enum fault_survival survivals[] = {FAULT_KEEP_NONE, FAULT_KEEP_ALL, FAULT_KEEP_BLOCKS,
                                                    FAULT_KEEP_SECTORS};
    enum status status = STATUS_IO;

    (void)state;
    for (uint64_t nth = 1; status != STATUS_OK; nth++) {
        for (uint64_t seed = 0; seed < 32; seed++) {
            struct fault_file *disk = fault_file_create();
            struct file_system *system = fault_file_system(disk);

            assert_ok(file_make_directory(system, "d"));
            assert_ok(file_sync_directory(system, "/"));
            assert_ok(file_replace(system, "d", "conf", slice_of("old")));
            fault_file_fail(disk, FAULT_ANY, nth, STATUS_IO, seed % 2 == 0);
            status = file_replace(system, "d", "conf", slice_of("the new content"));
            assert_int_equal(status == STATUS_OK, !fault_file_has_failed(disk));
            fault_file_crash(disk, survivals[seed % 4], seed);
            assert_true(is_new_on(system) || status != STATUS_OK);
            assert_ok(file_replace(system, "d", "conf", slice_of("the new content")));
            fault_file_crash(disk, FAULT_KEEP_NONE, seed);
            assert_true(is_new_on(system));
            fault_file_free(disk);
        }
    }
}

static void test_replace_on_a_full_disk_keeps_the_old(void **state)
{
    struct fault_file *disk = fault_file_create();
    struct file_system *system = fault_file_system(disk);
    bool exists;

    (void)state;
    assert_ok(file_make_directory(system, "d"));
    assert_ok(file_replace(system, "d", "conf", slice_of("old")));
    fault_file_set_free_bytes(disk, 3);
    assert_int_equal(file_replace(system, "d", "conf", slice_of("the new content")), STATUS_NO_SPACE);
    assert_false(is_new_on(system));
    assert_ok(file_exists(system, "d/conf.tmp", &exists));
    assert_false(exists); /* The space of the attempt is given back. */
    fault_file_free(disk);
}

static void test_sync_parent_makes_the_name_durable(void **state)
{
    struct fault_file *disk = fault_file_create();
    struct file_system *system = fault_file_system(disk);
    bool exists;

    (void)state;
    assert_int_equal(file_make_directory(system, "/a"), STATUS_OK);
    assert_int_equal(file_sync_parent(system, "/a"), STATUS_OK);
    assert_int_equal(file_make_directory(system, "/a/b"), STATUS_OK);
    assert_int_equal(file_sync_parent(system, "/a/b"), STATUS_OK);
    assert_int_equal(file_make_directory(system, "c"), STATUS_OK);
    assert_int_equal(file_sync_parent(system, "c"), STATUS_OK);
    assert_int_equal(file_make_directory(system, "/a/b/unsynced"), STATUS_OK);
    fault_file_crash(disk, FAULT_KEEP_NONE, 1);
    assert_int_equal(file_exists(system, "/a/b", &exists), STATUS_OK);
    assert_true(exists);
    assert_int_equal(file_exists(system, "c", &exists), STATUS_OK);
    assert_true(exists);
    assert_int_equal(file_exists(system, "/a/b/unsynced", &exists), STATUS_OK);
    assert_false(exists);
    assert_int_equal(file_sync_parent(system, "/absent/b"), STATUS_NOT_FOUND);
    fault_file_free(disk);
}

static void test_remove_tree_reports_what_stops_it(void **state)
{
    struct fault_file *disk = fault_file_create();
    struct file_system *system = fault_file_system(disk);
    enum status status = STATUS_IO;

    (void)state;
    for (uint64_t nth = 1; status != STATUS_OK; nth++) {
        struct file *file;

        fault_file_heal(disk);
        (void)!file_make_directory(system, "d");
        (void)!file_make_directory(system, "d/e");
        assert_ok(file_open(system, "d/e/a", FILE_CREATE_OR_TRUNCATE, &file));
        file_close(file);
        fault_file_fail(disk, FAULT_ANY, nth, STATUS_IO, true);
        status = file_remove_tree(system, "d");
        assert_int_equal(status, fault_file_has_failed(disk) ? STATUS_IO : STATUS_OK);
    }
    fault_file_free(disk);
}

static void test_errno_becomes_the_status_that_fits(void **state)
{
    (void)state;
    assert_int_equal(file_status_from_errno(0), STATUS_OK);
    assert_int_equal(file_status_from_errno(ENOSPC), STATUS_NO_SPACE);
    assert_int_equal(file_status_from_errno(EDQUOT), STATUS_NO_SPACE);
    assert_int_equal(file_status_from_errno(ENOENT), STATUS_NOT_FOUND);
    assert_int_equal(file_status_from_errno(EEXIST), STATUS_EXISTS);
    assert_int_equal(file_status_from_errno(ENOMEM), STATUS_NO_MEMORY);
    assert_int_equal(file_status_from_errno(EIO), STATUS_IO);
    assert_int_equal(file_status_from_errno(EACCES), STATUS_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_modes_say_what_is_there, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_write_of_many_pieces_lands_in_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_read_stops_at_the_end, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_short_write_ends_in_its_error, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_folders_list_rename_and_go, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_remove_tree_does_not_follow_links, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_whole_file_has_a_limit, set_up, tear_down),
        cmocka_unit_test(test_copy_takes_what_was_asked_for),
        cmocka_unit_test(test_replace_is_all_or_nothing_at_every_step),
        cmocka_unit_test(test_replace_on_a_full_disk_keeps_the_old),
        cmocka_unit_test(test_sync_parent_makes_the_name_durable),
        cmocka_unit_test(test_remove_tree_reports_what_stops_it),
        cmocka_unit_test(test_errno_becomes_the_status_that_fits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
