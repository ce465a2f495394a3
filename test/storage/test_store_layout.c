/* Replacement by names, on a disk that loses what was not synced: after the marker the new data holds, before it the
 * old, wherever the power fails. Environments and logs are folders with one file here, which says which they are. */
#include "storage/store_layout.h"

#include "base/memory.h"
#include "support/fault_file.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define DIRECTORY "/d"
#define NEW_PATH  DIRECTORY "/incoming/new"

static void put_folder(struct file_system *files, const char *path, const char *which)
{
    assert_int_equal(file_make_directory(files, path), STATUS_OK);
    assert_int_equal(file_replace(files, path, "which", slice_of(which)), STATUS_OK);
}

/* The old is durable; the new one is in itself, but nobody has synced the folders that lead to it. */
static struct fault_file *make_disk(void)
{
    struct fault_file *disk = fault_file_create();
    struct file_system *files = fault_file_system(disk);

    assert_int_equal(file_make_directory(files, DIRECTORY), STATUS_OK);
    assert_int_equal(file_sync_directory(files, "/"), STATUS_OK);
    put_folder(files, DIRECTORY "/data", "old");
    put_folder(files, DIRECTORY "/log", "old");
    assert_int_equal(file_sync_directory(files, DIRECTORY), STATUS_OK);
    assert_int_equal(file_make_directory(files, DIRECTORY "/incoming"), STATUS_OK);
    put_folder(files, NEW_PATH, "new");
    put_folder(files, DIRECTORY "/log.new", "new");
    return disk;
}

static void assert_which(struct file_system *files, const char *path, const char *which)
{
    char *text;
    size_t len;

    assert_int_equal(file_read_whole(files, path, 100, &text, &len), STATUS_OK);
    assert_string_equal(text, which);
    memory_free(text);
}

/* What the next start does, and what it finds: both folders of one kind, the new one if it must be. */
static void assert_holds(struct file_system *files, bool must_be_new)
{
    struct store_layout layout;
    char *which;
    size_t len;

    assert_int_equal(store_layout_inspect(files, DIRECTORY, &layout), STATUS_OK);
    if (layout.has_swap) {
        assert_int_equal(store_layout_finish_swap(files, DIRECTORY), STATUS_OK);
    }
    assert_int_equal(file_read_whole(files, DIRECTORY "/data/which", 100, &which, &len), STATUS_OK);
    if (must_be_new || layout.has_swap) {
        assert_string_equal(which, "new");
    }
    assert_which(files, DIRECTORY "/log/which", which);
    memory_free(which);
    store_layout_release(&layout);
}

static void test_power_lost_after_the_marker_leaves_the_new_data(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 200; seed++) {
        struct fault_file *disk = make_disk();

        assert_int_equal(store_layout_begin_swap(fault_file_system(disk), DIRECTORY, NEW_PATH), STATUS_OK);
        fault_file_crash(disk, (enum fault_survival)(seed % 4), seed);
        assert_holds(fault_file_system(disk), true);
        fault_file_free(disk);
    }
}

/* The power fails at the n-th call of the whole replacement, for each n, and again in what the next start does. */
static void test_power_lost_anywhere_leaves_old_or_new_never_a_mix(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 40; seed++) {
        bool is_over = false;

        for (uint64_t nth = 1; !is_over; nth++) {
            struct fault_file *disk = make_disk();
            struct file_system *files = fault_file_system(disk);
            enum status begun;

            fault_file_fail(disk, FAULT_ANY, nth, STATUS_IO, true);
            begun = store_layout_begin_swap(files, DIRECTORY, NEW_PATH);
            if (begun == STATUS_OK) {
                is_over = store_layout_finish_swap(files, DIRECTORY) == STATUS_OK;
            }
            fault_file_crash(disk, (enum fault_survival)(seed % 4), seed * 1000 + nth);
            fault_file_fail(disk, FAULT_ANY, 1 + (nth + seed) % 12, STATUS_IO, true);
            if (store_layout_finish_swap(files, DIRECTORY) != STATUS_OK) {
                fault_file_crash(disk, (enum fault_survival)((seed + nth) % 4), seed * 2000 + nth);
            }
            fault_file_heal(disk);
            assert_holds(files, begun == STATUS_OK);
            fault_file_free(disk);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_power_lost_after_the_marker_leaves_the_new_data),
        cmocka_unit_test(test_power_lost_anywhere_leaves_old_or_new_never_a_mix),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
