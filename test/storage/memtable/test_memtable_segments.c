#include "storage/memtable/memtable_segments.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define MANY 200 /* Over the small chunks and two full ones. */

/* Each is whole and its own: what is written to one is in no other. */
static void take_many(struct memtable_segments *segments, void *taken[MANY])
{
    for (int i = 0; i < MANY; i++) {
        taken[i] = memtable_segments_take(segments);
        memset(taken[i], i, MEMTABLE_SEGMENT_BYTES);
    }
    for (int i = 0; i < MANY; i++) {
        const unsigned char *bytes = taken[i];

        for (size_t at = 0; at < MEMTABLE_SEGMENT_BYTES; at += 61) {
            assert_int_equal(bytes[at], i);
        }
    }
}

static void test_segments_are_apart(void **state)
{
    struct memtable_segments segments;
    void *taken[MANY];

    (void)state;
    memtable_segments_init(&segments);
    take_many(&segments, taken);
    memtable_segments_clear(&segments);
    take_many(&segments, taken);
    memtable_segments_release(&segments);
}

static void test_what_comes_back_is_given_again(void **state)
{
    struct memtable_segments segments;
    void *taken[MANY];

    (void)state;
    memtable_segments_init(&segments);
    take_many(&segments, taken);
    memtable_segments_give(&segments, taken[7]);
    memtable_segments_give(&segments, taken[150]);
    assert_ptr_equal(memtable_segments_take(&segments), taken[150]);
    assert_ptr_equal(memtable_segments_take(&segments), taken[7]);
    memtable_segments_give(&segments, taken[7]);
    memtable_segments_clear(&segments); /* Nothing is spare any more: all is to be given in order. */
    take_many(&segments, taken);
    memtable_segments_release(&segments);
}

static void test_trim_frees_only_what_is_not_given(void **state)
{
    struct memtable_segments segments;
    void *taken[MANY];
    size_t freed;

    (void)state;
    memtable_segments_init(&segments);
    assert_int_equal(memtable_segments_trim(&segments, SIZE_MAX), 0);
    take_many(&segments, taken);
    freed = memtable_segments_trim(&segments, SIZE_MAX); /* The chunk that was made ahead, if there is one. */
    assert_in_range(freed, 0, 64 * MEMTABLE_SEGMENT_BYTES);
    memtable_segments_clear(&segments);
    (void)memtable_segments_take(&segments);
    assert_int_equal(memtable_segments_trim(&segments, MEMTABLE_SEGMENT_BYTES), 0); /* Whole chunks only. */
    assert_in_range(memtable_segments_trim(&segments, 64 * MEMTABLE_SEGMENT_BYTES), 64 * MEMTABLE_SEGMENT_BYTES,
                    64 * MEMTABLE_SEGMENT_BYTES);
    assert_in_range(memtable_segments_trim(&segments, SIZE_MAX), 62 * MEMTABLE_SEGMENT_BYTES, SIZE_MAX);
    assert_int_equal(memtable_segments_trim(&segments, SIZE_MAX), 0);
    take_many(&segments, taken + 0);
    memtable_segments_release(&segments);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_segments_are_apart),
        cmocka_unit_test(test_what_comes_back_is_given_again),
        cmocka_unit_test(test_trim_frees_only_what_is_not_given),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
