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

/* The words of this log are no requests, so it is said what is selected where the tails begin. */
static const struct lone_tail_reader at_tail = {.offset = 3, .db = -1};
static const struct lone_tail_reader at_six = {.offset = 6, .db = 12};

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

#define SELECT(len, db) "*2\r\n$6\r\nSELECT\r\n$" len "\r\n" db "\r\n"
#define PING            "*1\r\n$4\r\nPING\r\n"

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

    assert_int_equal(lone_tail_open(&tail, f->log, 3, 11, &at_tail), STATUS_OK);
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
    assert_int_equal(lone_tail_open(&tail, f->log, 6, 11, &at_six), STATUS_OK);
    assert_int_equal(lone_tail_save(&tail, fault_file_system(f->disk), "/data-dir"), STATUS_OK);
    lone_tail_close(&tail);
    log_fixture_crash(f, FAULT_KEEP_NONE, 1);
    assert_tail_file(f, &tail, SELECT("2", "12") "three");
}

static void test_nothing_to_save_is_no_tail(void **state)
{
    struct log_fixture *f = *state;
    struct lone_tail tail;

    assert_int_equal(lone_tail_open(&tail, f->log, 11, 11, &at_tail), STATUS_OK);
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

        assert_int_equal(lone_tail_open(&tail, f->log, 0, 11, &at_tail), STATUS_OK);
        fault_file_fail(f->disk, FAULT_ANY, nth, STATUS_NO_SPACE, false);
        status = lone_tail_save(&tail, fault_file_system(f->disk), "/data-dir");
        has_failed = fault_file_has_failed(f->disk);
        fault_file_heal(f->disk);
        lone_tail_close(&tail);
        assert_int_equal(status, has_failed ? STATUS_NO_SPACE : STATUS_OK);
        assert_tail_file(f, &tail, has_failed ? NULL : "onetwothree");
    }
}

/* Tails of a log with two SELECTs, from each request on: the one before it is found, wherever the reading begins. */
static void test_the_database_of_its_first_change_is_told(void **state)
{
    static const char *const requests[] = {PING, SELECT("1", "3"), PING, SELECT("2", "10"), PING};
    static const char *const selects[] = {"", "", SELECT("1", "3"), SELECT("1", "3"), SELECT("2", "10")};
    struct log_fixture *f = *state;
    uint64_t begins[6] = {11};

    for (size_t i = 0; i < 5; i++) {
        log_fixture_append(f, requests[i]);
        begins[i + 1] = begins[i] + strlen(requests[i]);
    }
    log_fixture_wait_durable(f);
    for (size_t i = 1; i < 5; i++) {
        for (size_t known_at = 0; known_at <= i; known_at++) {
            const struct lone_tail_reader known = {.offset = begins[known_at],
                                                   .db = known_at < 2   ? -1
                                                         : known_at < 4 ? 3
                                                                        : 10};
            struct lone_tail tail;
            struct buf expected;

            buf_init(&expected, BUF_NO_CEILING);
            buf_put_text(&expected, selects[i]);
            for (size_t rest = i; rest < 5; rest++) {
                buf_put_text(&expected, requests[rest]);
            }
            buf_put_byte(&expected, '\0');
            assert_int_equal(lone_tail_open(&tail, f->log, begins[i], begins[5], &known), STATUS_OK);
            assert_int_equal(lone_tail_save(&tail, fault_file_system(f->disk), "/data-dir"), STATUS_OK);
            lone_tail_close(&tail);
            assert_tail_file(f, &tail, buf_slice(&expected).data);
            buf_release(&expected);
        }
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
        TEST(test_the_database_of_its_first_change_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
