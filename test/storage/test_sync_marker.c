#include "storage/sync_marker.h"

#include "support/fault_file.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static enum sync_marker read_marker(struct file_system *files, const char *boot_id)
{
    enum sync_marker marker;
    char successor[HISTORY_ID_LEN + 1];

    assert_int_equal(sync_marker_read(files, ".", boot_id, &marker, successor), STATUS_OK);
    assert_string_equal(successor, "");
    return marker;
}

static void test_a_loss_has_a_successor(void **state)
{
    struct fault_file *disk = fault_file_create();
    struct file_system *files = fault_file_system(disk);
    struct history history;
    enum sync_marker marker;
    char successor[HISTORY_ID_LEN + 1];

    (void)state;
    history_init(&history);
    assert_int_equal(sync_marker_set_lost(files, ".", history.id), STATUS_OK);
    assert_int_equal(sync_marker_read(files, ".", "monday", &marker, successor), STATUS_OK);
    assert_int_equal(marker, SYNC_MARKER_LOST);
    assert_string_equal(successor, history.id);
    assert_int_equal(file_replace(files, ".", SYNC_MARKER_NAME, slice_of("lost and not found")), STATUS_OK);
    assert_int_equal(read_marker(files, "monday"), SYNC_MARKER_LOST);
    fault_file_free(disk);
}

static void test_a_marker_knows_its_boot(void **state)
{
    struct fault_file *disk = fault_file_create();
    struct file_system *files = fault_file_system(disk);

    (void)state;
    assert_int_equal(read_marker(files, "monday"), SYNC_MARKER_ABSENT);
    assert_int_equal(sync_marker_set(files, ".", "monday"), STATUS_OK);
    assert_int_equal(read_marker(files, "monday"), SYNC_MARKER_KEPT);
    assert_int_equal(read_marker(files, "tuesday"), SYNC_MARKER_REBOOTED);
    assert_int_equal(sync_marker_set_lost(files, ".", NULL), STATUS_OK);
    assert_int_equal(read_marker(files, "monday"), SYNC_MARKER_LOST);
    assert_int_equal(sync_marker_clear(files, "."), STATUS_OK);
    assert_int_equal(sync_marker_clear(files, "."), STATUS_OK);
    assert_int_equal(read_marker(files, "monday"), SYNC_MARKER_ABSENT);
    fault_file_free(disk);
}

static void test_the_kernel_has_a_boot(void **state)
{
    struct fault_file *disk = fault_file_create();
    struct file_system *files = fault_file_system(disk);

    (void)state;
    assert_int_equal(sync_marker_set(files, ".", NULL), STATUS_OK);
    assert_int_equal(read_marker(files, NULL), SYNC_MARKER_KEPT);
    assert_int_equal(read_marker(files, "monday"), SYNC_MARKER_REBOOTED);
    fault_file_free(disk);
}

/* Where the system does not tell, each start may be another boot. */
static void test_an_unknown_boot_is_never_the_same(void **state)
{
    struct fault_file *disk = fault_file_create();
    struct file_system *files = fault_file_system(disk);

    (void)state;
    assert_int_equal(sync_marker_set(files, ".", "unknown"), STATUS_OK);
    assert_int_equal(read_marker(files, "unknown"), SYNC_MARKER_REBOOTED);
    fault_file_free(disk);
}

/* The marker that was set says the worst of what a crash may have left. */
static void test_a_set_marker_survives_the_power_cut(void **state)
{
    (void)state;
    for (enum fault_survival survival = FAULT_KEEP_NONE; survival <= FAULT_KEEP_SECTORS; survival++) {
        struct fault_file *disk = fault_file_create();
        struct file_system *files = fault_file_system(disk);

        assert_int_equal(sync_marker_set(files, ".", "monday"), STATUS_OK);
        fault_file_crash(disk, survival, 1);
        assert_int_equal(read_marker(files, "tuesday"), SYNC_MARKER_REBOOTED);
        assert_int_equal(sync_marker_set_lost(files, ".", NULL), STATUS_OK);
        fault_file_crash(disk, survival, 2);
        assert_int_equal(read_marker(files, "tuesday"), SYNC_MARKER_LOST);
        fault_file_free(disk);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_marker_knows_its_boot),
        cmocka_unit_test(test_a_loss_has_a_successor),
        cmocka_unit_test(test_the_kernel_has_a_boot),
        cmocka_unit_test(test_an_unknown_boot_is_never_the_same),
        cmocka_unit_test(test_a_set_marker_survives_the_power_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
