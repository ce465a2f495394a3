/* The disk double is what the tests of log, store and replication believe in, so it has its own. */
#include "base/buf.h"
#include "base/memory.h"
#include "support/fault_file.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

struct fixture {
    struct fault_file *disk;
    struct file_system *system;
};

static int set_up(void **state)
{
    struct fixture *f = memory_allocate(sizeof(*f));

    f->disk = fault_file_create();
    f->system = fault_file_system(f->disk);
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

#define assert_ok(expression) assert_int_equal(expression, STATUS_OK)

static struct file *open_path(struct fixture *f, const char *path, enum file_mode mode)
{
    struct file *file;

    assert_ok(file_open(f->system, path, mode, &file));
    return file;
}

static void write_text(struct file *file, uint64_t offset, const char *text)
{
    struct slice piece = slice_of(text);

    assert_ok(file_write(file, offset, &piece, 1));
}

/* A file whose name and content are on disk. */
static void make_durable_file(struct fixture *f, const char *path, const char *text)
{
    struct file *file = open_path(f, path, FILE_CREATE);

    write_text(file, 0, text);
    assert_ok(file_sync(file));
    file_close(file);
    assert_ok(file_sync_directory(f->system, "/"));
}

static void assert_content(struct fixture *f, const char *path, const char *expected)
{
    char *text;
    size_t len;

    assert_ok(file_read_whole(f->system, path, 1 << 20, &text, &len));
    assert_int_equal(len, strlen(expected));
    assert_string_equal(text, expected);
    memory_free(text);
}

static bool is_there(struct fixture *f, const char *path)
{
    bool exists;

    assert_ok(file_exists(f->system, path, &exists));
    return exists;
}

static void test_reads_see_writes_before_any_sync(void **state)
{
    struct fixture *f = *state;
    struct file *file = open_path(f, "a", FILE_CREATE);
    struct slice pieces[] = {slice_of("one"), slice_empty(), slice_of("two")};
    uint64_t size_bytes;

    assert_ok(file_write(file, 2, pieces, 3));
    assert_ok(file_size(file, &size_bytes));
    assert_int_equal(size_bytes, 8);
    assert_ok(file_truncate(file, 7));
    write_text(file, 0, "..");
    assert_content(f, "./a", "..onetw");
    file_close(file);
}

static void test_open_modes_say_what_is_there(void **state)
{
    struct fixture *f = *state;
    struct file *file;

    assert_int_equal(file_open(f->system, "a", FILE_READ, &file), STATUS_NOT_FOUND);
    assert_int_equal(file_open(f->system, "a", FILE_WRITE, &file), STATUS_NOT_FOUND);
    assert_int_equal(file_open(f->system, "none/a", FILE_CREATE, &file), STATUS_NOT_FOUND);
    make_durable_file(f, "a", "text");
    assert_int_equal(file_open(f->system, "a", FILE_CREATE, &file), STATUS_EXISTS);
    file_close(open_path(f, "a", FILE_CREATE_OR_TRUNCATE));
    assert_content(f, "a", "");
}

static void test_crash_drops_unsynced_content(void **state)
{
    struct fixture *f = *state;
    struct file *file;

    make_durable_file(f, "a", "synced");
    file = open_path(f, "a", FILE_WRITE);
    write_text(file, 6, " not");
    write_text(file, 0, "S");
    fault_file_crash(f->disk, FAULT_KEEP_NONE, 0);
    assert_int_equal(file_sync(file), STATUS_IO);
    file_close(file);
    assert_content(f, "a", "synced");
}

static void test_crash_of_the_process_keeps_what_the_kernel_has(void **state)
{
    struct fixture *f = *state;
    struct file *file = open_path(f, "a", FILE_CREATE);

    write_text(file, 0, "text");
    file_close(file);
    assert_ok(file_make_directory(f->system, "d"));
    assert_ok(file_rename(f->system, "a", "d/b"));
    fault_file_crash(f->disk, FAULT_KEEP_ALL, 0);
    assert_false(is_there(f, "a"));
    assert_content(f, "d/b", "text");
    fault_file_crash(f->disk, FAULT_KEEP_NONE, 0); /* A second crash finds it on the disk. */
    assert_content(f, "d/b", "text");
}

static void test_crash_drops_names_that_no_folder_sync_saw(void **state)
{
    struct fixture *f = *state;
    struct file *file;

    make_durable_file(f, "kept", "1");
    make_durable_file(f, "renamed", "2");
    file = open_path(f, "created", FILE_CREATE);
    write_text(file, 0, "3");
    assert_ok(file_sync(file)); /* The content is on disk, and nothing leads to it. */
    file_close(file);
    assert_ok(file_remove(f->system, "kept"));
    assert_ok(file_rename(f->system, "renamed", "new name"));
    assert_false(is_there(f, "kept"));
    assert_false(is_there(f, "renamed"));
    fault_file_crash(f->disk, FAULT_KEEP_NONE, 0);
    assert_content(f, "kept", "1");
    assert_content(f, "renamed", "2");
    assert_false(is_there(f, "new name"));
    assert_false(is_there(f, "created"));
}

static void test_folder_sync_keeps_names_and_not_content(void **state)
{
    struct fixture *f = *state;
    struct file *file = open_path(f, "a", FILE_CREATE);

    write_text(file, 0, "never synced");
    file_close(file);
    assert_ok(file_sync_directory(f->system, "."));
    fault_file_crash(f->disk, FAULT_KEEP_NONE, 0);
    assert_content(f, "a", "");
}

static void test_folder_sync_is_for_one_folder(void **state)
{
    struct fixture *f = *state;

    assert_ok(file_make_directory(f->system, "d"));
    file_close(open_path(f, "d/in", FILE_CREATE));
    assert_ok(file_sync_directory(f->system, "d"));
    fault_file_crash(f->disk, FAULT_KEEP_NONE, 0);
    assert_false(is_there(f, "d")); /* The root was not synced, so that nothing leads to d. */
    assert_ok(file_make_directory(f->system, "d"));
    file_close(open_path(f, "d/in", FILE_CREATE));
    assert_ok(file_sync_directory(f->system, "/"));
    fault_file_crash(f->disk, FAULT_KEEP_NONE, 0);
    assert_true(is_there(f, "d"));
    assert_false(is_there(f, "d/in"));
}

/* The rename between two folders is one change: the sync of either brings it whole, with what it rests on. */
static void test_rename_between_folders_is_one_change(void **state)
{
    struct fixture *f = *state;

    assert_ok(file_make_directory(f->system, "from"));
    assert_ok(file_make_directory(f->system, "to"));
    assert_ok(file_sync_directory(f->system, "/"));
    file_close(open_path(f, "from/a", FILE_CREATE));
    assert_ok(file_rename(f->system, "from/a", "to/b"));
    assert_ok(file_sync_directory(f->system, "to"));
    assert_ok(file_sync_directory(f->system, "from")); /* Must not bring back what came before the rename. */
    fault_file_crash(f->disk, FAULT_KEEP_NONE, 0);
    assert_true(is_there(f, "to/b"));
    assert_false(is_there(f, "from/a"));
}

/* Over many seeds each block is seen old and new, each name change done and not, and the size short and whole. */
static void test_crash_by_blocks_shows_every_mixture(void **state)
{
    struct fixture *f = *state;
    char old_block[4096];
    char new_block[4096];
    unsigned seen = 0;

    memset(old_block, 'o', sizeof(old_block));
    memset(new_block, 'n', sizeof(new_block));
    for (uint64_t seed = 0; seed < 64; seed++) {
        struct slice old_pieces[] = {slice_make(old_block, 4096), slice_make(old_block, 4096)};
        struct slice new_pieces[] = {slice_make(new_block, 4096), slice_make(new_block, 4096)};
        struct file *file = open_path(f, "a", FILE_CREATE_OR_TRUNCATE);
        char first;
        char second;
        size_t len;

        assert_ok(file_write(file, 0, old_pieces, 2));
        assert_ok(file_sync(file));
        assert_ok(file_sync_directory(f->system, "/"));
        assert_ok(file_write(file, 0, new_pieces, 2));
        fault_file_crash(f->disk, FAULT_KEEP_BLOCKS, seed);
        file_close(file);
        file = open_path(f, "a", FILE_READ);
        assert_ok(file_read(file, 0, &first, 1, &len));
        assert_ok(file_read(file, 4096, &second, 1, &len));
        seen |= 1u << ((first == 'n') * 2 + (second == 'n'));
        file_close(file);
    }
    assert_int_equal(seen, 15);
}

static void test_crash_by_blocks_tears_no_block_and_by_sectors_does(void **state)
{
    struct fixture *f = *state;
    char block[4096];
    unsigned torn_by_blocks = 0;
    unsigned torn_by_sectors = 0;

    memset(block, 'n', sizeof(block));
    for (uint64_t seed = 0; seed < 128; seed++) {
        struct file *file = open_path(f, "a", FILE_CREATE_OR_TRUNCATE);
        struct slice piece = slice_make(block, sizeof(block));
        char first;
        char last;
        size_t len;

        assert_ok(file_truncate(file, 4096));
        assert_ok(file_sync(file));
        assert_ok(file_sync_directory(f->system, "/"));
        assert_ok(file_write(file, 0, &piece, 1));
        fault_file_crash(f->disk, seed % 2 == 0 ? FAULT_KEEP_BLOCKS : FAULT_KEEP_SECTORS, seed);
        file_close(file);
        file = open_path(f, "a", FILE_READ);
        assert_ok(file_read(file, 0, &first, 1, &len));
        assert_ok(file_read(file, 4095, &last, 1, &len));
        if (first != last) {
            *(seed % 2 == 0 ? &torn_by_blocks : &torn_by_sectors) += 1;
        }
        file_close(file);
    }
    assert_int_equal(torn_by_blocks, 0);
    assert_true(torn_by_sectors > 10);
}

static void test_crash_repeats_by_its_seed(void **state)
{
    char *texts[2];
    size_t len;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct fixture f = {.disk = fault_file_create()};
        struct file *file;

        f.system = fault_file_system(f.disk);
        make_durable_file(&f, "a", "");
        file = open_path(&f, "a", FILE_WRITE);
        for (uint64_t block = 0; block < 32; block++) {
            write_text(file, block * 512, "text");
        }
        fault_file_crash(f.disk, FAULT_KEEP_SECTORS, 7);
        assert_ok(file_read_whole(f.system, "a", 1 << 20, &texts[i], &len));
        fault_file_free(f.disk);
    }
    assert_true(len > 0);
    assert_memory_equal(texts[0], texts[1], len);
    memory_free(texts[0]);
    memory_free(texts[1]);
}

static void test_nth_operation_fails_once(void **state)
{
    struct fixture *f = *state;
    struct slice piece = slice_of("abcd");
    struct file *file = open_path(f, "a", FILE_CREATE);

    fault_file_fail(f->disk, FAULT_WRITE, 2, STATUS_NO_SPACE, false);
    assert_ok(file_write(file, 0, &piece, 1));
    assert_ok(file_sync(file)); /* Not counted. */
    assert_false(fault_file_has_failed(f->disk));
    assert_int_equal(file_write(file, 4, &piece, 1), STATUS_NO_SPACE);
    assert_true(fault_file_has_failed(f->disk));
    assert_content(f, "a", "abcdab"); /* The failed write left its first half. */
    assert_ok(file_write(file, 6, &piece, 1));
    assert_int_equal(fault_file_operation_count(f->disk, FAULT_WRITE), 3);
    file_close(file);
}

static void test_any_operation_fails_for_ever_until_healed(void **state)
{
    struct fixture *f = *state;
    struct file *file;

    make_durable_file(f, "a", "text");
    fault_file_fail(f->disk, FAULT_ANY, 2, STATUS_IO, true);
    assert_ok(file_make_directory(f->system, "d"));
    assert_int_equal(file_open(f->system, "a", FILE_READ, &file), STATUS_IO);
    assert_int_equal(file_remove(f->system, "a"), STATUS_IO);
    assert_int_equal(file_rename(f->system, "a", "b"), STATUS_IO);
    assert_int_equal(file_sync_directory(f->system, "/"), STATUS_IO);
    fault_file_heal(f->disk);
    assert_content(f, "a", "text");
}

/* What the kernel does after a failed fsync: the pages count as clean, and the next fsync says yes to nothing. */
static void test_failed_sync_loses_what_a_later_sync_seems_to_save(void **state)
{
    struct fixture *f = *state;
    struct file *file;

    make_durable_file(f, "a", "old");
    file = open_path(f, "a", FILE_WRITE);
    write_text(file, 0, "new");
    fault_file_fail(f->disk, FAULT_SYNC, 1, STATUS_IO, false);
    assert_int_equal(file_sync(file), STATUS_IO);
    assert_ok(file_sync(file));
    assert_content(f, "a", "new");
    fault_file_crash(f->disk, FAULT_KEEP_BLOCKS, 1);
    file_close(file);
    assert_content(f, "a", "old");
}

static void test_full_disk_takes_what_fits_and_heals_by_removal(void **state)
{
    struct fixture *f = *state;
    struct slice piece = slice_of("abcdef");
    struct file *file;

    make_durable_file(f, "old", "12345678");
    file = open_path(f, "a", FILE_CREATE);
    fault_file_set_free_bytes(f->disk, 4);
    assert_int_equal(file_write(file, 0, &piece, 1), STATUS_NO_SPACE);
    assert_content(f, "a", "abcd");
    assert_ok(file_write(file, 0, &(struct slice){.data = "ABCD", .len = 4}, 1)); /* In place needs no space. */
    assert_ok(file_remove(f->system, "old"));
    assert_ok(file_write(file, 4, &piece, 1));
    assert_content(f, "a", "ABCDabcdef");
    assert_ok(file_truncate(file, 0));
    assert_ok(file_write(file, 0, &piece, 1));
    file_close(file);
}

static void gather(void *context, const char *name)
{
    buf_put_format(context, "%s ", name);
}

static void test_list_remove_and_rename_follow_posix(void **state)
{
    struct fixture *f = *state;
    struct buf listing;

    buf_init(&listing, BUF_NO_CEILING);
    assert_ok(file_make_directory(f->system, "d"));
    assert_int_equal(file_make_directory(f->system, "d"), STATUS_EXISTS);
    file_close(open_path(f, "d/a", FILE_CREATE));
    assert_int_equal(file_remove(f->system, "d"), STATUS_EXISTS);
    assert_ok(file_list(f->system, "d", gather, &listing));
    assert_true(slice_equal(buf_slice(&listing), slice_of("a ")));
    assert_int_equal(file_list(f->system, "none", gather, &listing), STATUS_NOT_FOUND);
    make_durable_file(f, "b", "text");
    assert_ok(file_rename(f->system, "b", "d/a"));
    assert_content(f, "d/a", "text");
    assert_int_equal(file_rename(f->system, "b", "c"), STATUS_NOT_FOUND);
    assert_ok(file_remove_tree(f->system, "d"));
    assert_false(is_there(f, "d"));
    buf_release(&listing);
}

static void test_removed_file_stays_readable_while_open(void **state)
{
    struct fixture *f = *state;
    struct file *file;
    char text[4];
    size_t len;

    make_durable_file(f, "a", "text");
    file = open_path(f, "a", FILE_READ);
    assert_ok(file_remove(f->system, "a"));
    assert_ok(file_sync_directory(f->system, "/"));
    assert_ok(file_read(file, 0, text, 4, &len));
    assert_memory_equal(text, "text", 4);
    file_close(file);
}

static void *append_many(void *context)
{
    struct file *file = context;

    for (uint64_t i = 0; i < 500; i++) {
        struct slice piece = slice_of("x");

        if (file_write(file, i, &piece, 1) != STATUS_OK || file_sync(file) != STATUS_OK) {
            return file;
        }
    }
    return NULL;
}

static void test_threads_share_the_disk(void **state)
{
    struct fixture *f = *state;
    struct file *files[2] = {open_path(f, "a", FILE_CREATE), open_path(f, "b", FILE_CREATE)};
    pthread_t threads[2];

    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, append_many, files[i]), 0);
    }
    for (size_t i = 0; i < 2; i++) {
        void *failed;
        uint64_t size_bytes;

        assert_int_equal(pthread_join(threads[i], &failed), 0);
        assert_null(failed);
        assert_ok(file_size(files[i], &size_bytes));
        assert_int_equal(size_bytes, 500);
        file_close(files[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_reads_see_writes_before_any_sync, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_open_modes_say_what_is_there, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_crash_drops_unsynced_content, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_crash_of_the_process_keeps_what_the_kernel_has, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_crash_drops_names_that_no_folder_sync_saw, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_folder_sync_keeps_names_and_not_content, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_folder_sync_is_for_one_folder, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_rename_between_folders_is_one_change, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_crash_by_blocks_shows_every_mixture, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_crash_by_blocks_tears_no_block_and_by_sectors_does, set_up, tear_down),
        cmocka_unit_test(test_crash_repeats_by_its_seed),
        cmocka_unit_test_setup_teardown(test_nth_operation_fails_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_any_operation_fails_for_ever_until_healed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_failed_sync_loses_what_a_later_sync_seems_to_save, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_full_disk_takes_what_fits_and_heals_by_removal, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_list_remove_and_rename_follow_posix, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_removed_file_stays_readable_while_open, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_threads_share_the_disk, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
