#include "storage/log/log_group.h"

#include "storage/log/log_reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static int set_up(void **state)
{
    static struct log_group group;

    log_group_init(&group);
    *state = &group;
    return 0;
}

static int tear_down(void **state)
{
    log_group_release(*state);
    return 0;
}

static void take(struct log_group *group, size_t len, char letter, uint64_t wall_ms)
{
    static char bytes[200000];
    struct buf batch;

    memset(bytes, letter, len);
    buf_init(&batch, BUF_NO_CEILING);
    buf_put(&batch, slice_make(bytes, len));
    log_group_take(group, &batch, wall_ms);
    assert_int_equal(batch.len, 0);
    buf_release(&batch);
}

/* The records as "length letter-of-first letter-of-last time", one after the other. */
static void assert_records(const struct log_group *group, const char *expected)
{
    char text[500];
    size_t len = 0;

    text[0] = '\0';
    for (size_t i = 0; i < group->count; i++) {
        uint64_t wall_ms;
        struct slice record = log_group_record(group, i, &wall_ms);

        len += (size_t)snprintf(text + len, sizeof(text) - len, "%zu%c%c%u ", record.len, record.data[0],
                                record.data[record.len - 1], (unsigned)wall_ms);
    }
    assert_string_equal(text, expected);
}

static void test_small_batches_become_one_record(void **state)
{
    struct log_group *group = *state;

    take(group, 10, 'a', 1);
    take(group, 20, 'b', 2);
    take(group, 30, 'c', 3);
    assert_records(group, "60ac3 ");
    assert_int_equal(group->charge, 60 + 3 * LOG_RECORD_HEADER_BYTES);
}

static void test_a_record_ends_before_it_gets_too_long(void **state)
{
    struct log_group *group = *state;

    take(group, 50000, 'a', 1);
    take(group, LOG_GROUP_RECORD_BYTES - 50000, 'b', 2);
    take(group, 1, 'c', 3);
    take(group, 150000, 'd', 4); /* Long by itself. */
    take(group, 1, 'e', 5);
    take(group, 2, 'f', 6);
    assert_records(group, "98304ab2 1cc3 150000dd4 3ef6 ");
}

static void test_a_cleared_group_begins_anew(void **state)
{
    struct log_group *group = *state;

    take(group, 50000, 'a', 1);
    take(group, 60000, 'b', 2);
    log_group_clear(group);
    assert_records(group, "");
    assert_int_equal(group->charge, 0);
    take(group, 3, 'c', 3);
    assert_records(group, "3cc3 ");
}

static void test_a_record_of_batches_fits_into_the_readers_window(void **state)
{
    (void)state;
    assert_true(LOG_RECORD_HEADER_BYTES + LOG_GROUP_RECORD_BYTES <= LOG_READER_WINDOW_BYTES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_small_batches_become_one_record, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_record_ends_before_it_gets_too_long, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_cleared_group_begins_anew, set_up, tear_down),
        cmocka_unit_test(test_a_record_of_batches_fits_into_the_readers_window),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
