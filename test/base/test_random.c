#include "base/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* The authors' code gives these from the state {1, 2, 3, 4}. */
static void test_generator_is_xoshiro(void **state)
{
    struct random random = {.state = {1, 2, 3, 4}};

    (void)state;
    assert_true(random_next(&random) == 11520);
    assert_true(random_next(&random) == 0);
    assert_true(random_next(&random) == 1509978240);
    assert_true(random_next(&random) == 1215971899390074240);
}

static void test_seed_repeats_and_seeds_differ(void **state)
{
    struct random a;
    struct random b;
    struct random c;

    (void)state;
    random_init(&a, 7);
    random_init(&b, 7);
    random_init(&c, 8);
    assert_true(random_next(&a) == random_next(&b));
    assert_true(random_next(&a) != random_next(&c));
    random_init_from_system(&a);
    random_init_from_system(&b);
    assert_true(random_next(&a) != random_next(&b));
}

static void test_below_is_within_and_even(void **state)
{
    struct random random;
    int counts[6] = {0};
    uint64_t bound = (UINT64_MAX / 4) * 3; /* A modulo would favour the lower third two to one. */
    int low_count = 0;

    (void)state;
    random_init(&random, 9);
    for (int i = 0; i < 60000; i++) {
        uint64_t large = random_below(&random, bound);

        counts[random_below(&random, 6)]++;
        assert_true(large < bound);
        low_count += large < bound / 3;
    }
    for (size_t i = 0; i < 6; i++) {
        assert_in_range(counts[i], 9500, 10500);
    }
    assert_in_range(low_count, 19000, 21000);
    assert_int_equal(random_below(&random, 1), 0);
}

static void test_hex_is_hex_and_new_each_time(void **state)
{
    char a[41];
    char b[41];

    (void)state;
    random_hex(a, 40);
    random_hex(b, 40);
    assert_int_equal(strlen(a), 40);
    assert_int_equal(strspn(a, "0123456789abcdef"), 40);
    assert_string_not_equal(a, b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_generator_is_xoshiro),
        cmocka_unit_test(test_seed_repeats_and_seeds_differ),
        cmocka_unit_test(test_below_is_within_and_even),
        cmocka_unit_test(test_hex_is_hex_and_new_each_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
