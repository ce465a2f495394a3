#include "replication/lone_tail.h"

#include "base/memory.h"
#include "support/log_fixture.h"
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static int set_up(void **state)
{
    struct log_fixture *f = log_fixture_create(LOG_SYNC_ALWAYS);

    log_fixture_append(f, "one");
    log_fixture_append(f, "two");
    log_fixture_append(f, "three");
    log_fixture_wait_durable(f);
    *state = f;
    return file_make_directory(fault_file_system(f->disk), "/data-dir") != STATUS_OK;
}

static int tear_down(void **state)
{
    log_fixture_free(*state);
    return 0;
}

static void assert_tail_file(struct log_fixture *f, const struct lone_tail *tail, const char *expected)
{
    char *path = file_join("/data-dir", tail->name);
    char *text;
    size_t len;
    enum status status = file_read_whole(fault_file_system(f->disk), path, 1024, &text, &len);

    memory_free(path);
    if (expected == NULL) {
        assert_int_equal(status, STATUS_NOT_FOUND);
        return;
    }
    assert_int_equal(status, STATUS_OK);
    assert_string_equal(text, expected);
    memory_free(text);
}

static void test_saves_what_follows_and_names_it(void **state)
{
    struct log_fixture *f = *state;
    struct lone_tail tail;
    char name[LONE_TAIL_NAME_BYTES];

    assert_int_equal(lone_tail_open(&tail, f->log, 3, 11), STATUS_OK);
    assert_int_equal(lone_tail_save(&tail, fault_file_system(f->disk), "/data-dir"), STATUS_OK);
    lone_tail_close(&tail);
    snprintf(name, sizeof(name), "diverged-%s-3-11.log", log_history(f->log)->id);
    assert_string_equal(tail.name, name);
    assert_tail_file(f, &tail, "twothree");
}

static void test_saved_tail_outlives_a_power_cut(void **state)
{
    struct log_fixture *f = *state;
    struct lone_tail tail;

    assert_int_equal(file_sync_directory(fault_file_system(f->disk), "/"), STATUS_OK);
    assert_int_equal(lone_tail_open(&tail, f->log, 6, 11), STATUS_OK);
    assert_int_equal(lone_tail_save(&tail, fault_file_system(f->disk), "/data-dir"), STATUS_OK);
    lone_tail_close(&tail);
    log_fixture_crash(f, FAULT_KEEP_NONE, 1);
    assert_tail_file(f, &tail, "three");
}

static void test_nothing_to_save_is_no_tail(void **state)
{
    struct log_fixture *f = *state;
    struct lone_tail tail;

    assert_int_equal(lone_tail_open(&tail, f->log, 11, 11), STATUS_OK);
    assert_null(tail.cursor);
    assert_string_equal(tail.name, "");
    lone_tail_close(&tail);
}

/* Each operation fails once: it is told, no half file stays, and the next try saves all. */
static void test_each_failing_operation_leaves_no_half_file(void **state)
{
    struct log_fixture *f = *state;
    bool has_failed = true;

    for (uint64_t nth = 1; has_failed; nth++) {
        struct lone_tail tail;
        enum status status;

        assert_int_equal(lone_tail_open(&tail, f->log, 0, 11), STATUS_OK);
        fault_file_fail(f->disk, FAULT_ANY, nth, STATUS_NO_SPACE, false);
        status = lone_tail_save(&tail, fault_file_system(f->disk), "/data-dir");
        has_failed = fault_file_has_failed(f->disk);
        fault_file_heal(f->disk);
        lone_tail_close(&tail);
        assert_int_equal(status, has_failed ? STATUS_NO_SPACE : STATUS_OK);
        assert_tail_file(f, &tail, has_failed ? NULL : "onetwothree");
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_saves_what_follows_and_names_it),
        TEST(test_saved_tail_outlives_a_power_cut),
        TEST(test_nothing_to_save_is_no_tail),
        TEST(test_each_failing_operation_leaves_no_half_file),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
