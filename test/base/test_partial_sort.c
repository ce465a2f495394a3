#include "base/partial_sort.h"
#include "base/random.h"
#include <stdlib.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#define ITEMS 500

static int compare_numbers(const void *a, const void *b)
{
    int x = *(const int *)a;
    int y = *(const int *)b;

    return (x > y) - (x < y);
}

/* All counts, all that may be wanted, with many and with few equal items, in random, rising and falling order. */
static void test_the_wanted_ones_are_those_of_a_whole_sort(void **state)
{
    struct random random;

    (void)state;
    random_init(&random, 41);
    for (int round = 0; round < 2000; round++) {
        size_t count = random_below(&random, ITEMS >> random_below(&random, 7)) + 1;
        size_t wanted = random_below(&random, count) + 1;
        uint64_t spread = 1 + random_below(&random, (uint64_t)1 << random_below(&random, 20));
        unsigned kind = (unsigned)random_below(&random, 4);
        int items[ITEMS];
        int sorted[ITEMS];

        for (size_t i = 0; i < count; i++) {
            items[i] = kind == 0 ? (int)i : kind == 1 ? (int)(count - i) : (int)random_below(&random, spread);
            sorted[i] = items[i];
        }
        qsort(sorted, count, sizeof(int), compare_numbers);
        partial_sort(items, count, sizeof(int), compare_numbers, wanted);
        assert_memory_equal(items, sorted, wanted * sizeof(int));
        qsort(items, count, sizeof(int), compare_numbers);
        assert_memory_equal(items, sorted, count * sizeof(int)); /* None is lost. */
    }
}

static void test_nothing_is_sorted_where_nothing_is(void **state)
{
    int item = 5;

    (void)state;
    partial_sort(&item, 0, sizeof(item), compare_numbers, 0);
    partial_sort(&item, 1, sizeof(item), compare_numbers, 1);
    assert_int_equal(item, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_wanted_ones_are_those_of_a_whole_sort),
        cmocka_unit_test(test_nothing_is_sorted_where_nothing_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
