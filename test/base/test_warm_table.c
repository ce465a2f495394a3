#include "base/memory.h"
#include "base/warm_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define WAIT_STEPS 20000 /* Of a millisecond. */

static void check_zeroed(const struct warm_table *table, size_t size_bytes)
{
    const char *bytes = table->start;

    for (size_t i = 0; i < size_bytes; i++) {
        assert_int_equal(bytes[i], 0);
    }
}

static void test_a_small_one_is_warm_at_once(void **state)
{
    struct warm_table table;

    (void)state;
    for (size_t size_bytes = 64; size_bytes < MEMORY_HUGE_PAGE_BYTES; size_bytes *= 2) {
        warm_table_allocate(&table, size_bytes);
        assert_true(warm_table_is_warm(&table));
        assert_int_equal((uintptr_t)table.start % 64, 0);
        check_zeroed(&table, size_bytes);
        memset(table.start, 1, size_bytes);
        warm_table_release(&table);
    }
}

/* Each time in the memory of the former one, which was written to. */
static void test_a_large_one_becomes_warm(void **state)
{
    struct warm_table table;

    (void)state;
    for (int round = 0; round < 3; round++) {
        size_t size_bytes = 2 * MEMORY_HUGE_PAGE_BYTES;

        warm_table_allocate(&table, size_bytes);
        for (int i = 0; i < WAIT_STEPS && !warm_table_is_warm(&table); i++) {
            (void)usleep(1000);
        }
        assert_true(warm_table_is_warm(&table));
        assert_int_equal((uintptr_t)table.start % MEMORY_HUGE_PAGE_BYTES, 0);
        check_zeroed(&table, size_bytes);
        memset(table.start, 1, size_bytes);
        warm_table_release(&table);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_small_one_is_warm_at_once),
        cmocka_unit_test(test_a_large_one_becomes_warm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
