#include "storage/log/log_chain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define MARK LOG_CHAIN_MARK_BYTES

static int set_up(void **state)
{
    *state = log_chain_create(NULL, "/log");
    return 0;
}

static int tear_down(void **state)
{
    log_chain_free(*state);
    return 0;
}

static void add(struct log_chain *chain, uint64_t start, uint32_t crc)
{
    struct log_segment_header header = {.start = {.offset = start, .hash = start + 1}, .crc = crc};

    log_chain_add(chain, &header, 1000);
}

/* Where looking `offset` up leads: segment start, record offset, position. */
static void assert_found(struct log_chain *chain, uint64_t offset, uint64_t start, uint64_t record, uint64_t position)
{
    struct log_place place;

    assert_true(log_chain_find(chain, offset, &place));
    assert_int_equal(place.start, start);
    assert_int_equal(place.start_hash, start + 1);
    assert_int_equal(place.offset, record);
    assert_int_equal(place.position, position);
}

static void test_finds_the_segment_that_holds_an_offset(void **state)
{
    struct log_chain *chain = *state;
    struct log_place place;

    add(chain, 100, 1);
    add(chain, 200, 2);
    assert_false(log_chain_find(chain, 99, &place));
    assert_found(chain, 100, 100, 100, LOG_SEGMENT_HEADER_BYTES);
    assert_found(chain, 199, 100, 100, LOG_SEGMENT_HEADER_BYTES);
    assert_found(chain, 200, 200, 200, LOG_SEGMENT_HEADER_BYTES);
    assert_found(chain, 5000, 200, 200, LOG_SEGMENT_HEADER_BYTES);
    assert_int_equal(log_chain_first_offset(chain), 100);
    assert_int_equal(log_chain_disk_bytes(chain), 2000);
}

static void test_starts_from_the_last_mark_before(void **state)
{
    struct log_chain *chain = *state;
    uint64_t serial;

    add(chain, 0, 1);
    serial = log_chain_newest(chain);
    log_chain_mark(chain, serial, 10, 5000); /* Too near to the segment's start. */
    log_chain_mark(chain, serial, 1000, LOG_SEGMENT_HEADER_BYTES + 4 * MARK);
    log_chain_mark(chain, serial, 500, LOG_SEGMENT_HEADER_BYTES + 2 * MARK);       /* Between others, in any order. */
    log_chain_mark(chain, serial, 700, LOG_SEGMENT_HEADER_BYTES + 3 * MARK + 100); /* Too near to the next. */
    assert_found(chain, 499, 0, 0, LOG_SEGMENT_HEADER_BYTES);
    assert_found(chain, 500, 0, 500, LOG_SEGMENT_HEADER_BYTES + 2 * MARK);
    assert_found(chain, 999, 0, 500, LOG_SEGMENT_HEADER_BYTES + 2 * MARK);
    assert_found(chain, 9999, 0, 1000, LOG_SEGMENT_HEADER_BYTES + 4 * MARK);
    log_chain_mark(chain, serial + 1, 2000, LOG_SEGMENT_HEADER_BYTES + 9 * MARK); /* A segment that is gone. */
    assert_found(chain, 9999, 0, 1000, LOG_SEGMENT_HEADER_BYTES + 4 * MARK);
}

static void test_an_empty_newest_segment_is_replaced(void **state)
{
    struct log_chain *chain = *state;
    struct log_place before;
    struct log_place after;

    add(chain, 0, 1);
    add(chain, 100, 2);
    assert_true(log_chain_find(chain, 100, &before));
    add(chain, 100, 3);
    assert_true(log_chain_find(chain, 100, &after));
    assert_int_equal(after.seed, 3);
    assert_int_not_equal(after.serial, before.serial);
    assert_int_equal(log_chain_disk_bytes(chain), 2000);
}

static void test_pops_only_what_lies_wholly_before(void **state)
{
    struct log_chain *chain = *state;
    uint64_t start = 77;

    add(chain, 0, 1);
    add(chain, 100, 2);
    add(chain, 200, 3);
    assert_false(log_chain_pop_before(chain, 99, &start));
    assert_int_equal(start, 77);
    assert_true(log_chain_pop_before(chain, 200, &start));
    assert_int_equal(start, 0);
    assert_true(log_chain_pop_before(chain, 200, &start));
    assert_int_equal(start, 100);
    assert_false(log_chain_pop_before(chain, UINT64_MAX, &start)); /* The newest stays. */
    assert_int_equal(log_chain_first_offset(chain), 200);
    log_chain_set_file_bytes(chain, log_chain_newest(chain), 10);
    assert_int_equal(log_chain_disk_bytes(chain), 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_finds_the_segment_that_holds_an_offset, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_starts_from_the_last_mark_before, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_an_empty_newest_segment_is_replaced, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_pops_only_what_lies_wholly_before, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
