#include "base/memory.h"
#include "storage/keyspace/scan_places.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

static int setup(void **state)
{
    *state = scan_places_create();
    return 0;
}

static int teardown(void **state)
{
    scan_places_free(*state);
    return 0;
}

static uint64_t remember(struct scan_places *places, uint64_t former, const char *place)
{
    return scan_places_remember(places, 0, former, slice_of(place));
}

static void assert_place(struct scan_places *places, uint64_t cursor, const char *expected)
{
    struct slice place;

    assert_true(scan_places_find(places, 0, cursor, &place));
    assert_true(slice_equal(place, slice_of(expected)));
}

static void assert_unknown(struct scan_places *places, uint64_t cursor)
{
    struct slice place;

    assert_false(scan_places_find(places, 0, cursor, &place));
}

static void test_cursor_stands_for_its_place(void **state)
{
    uint64_t first = remember(*state, 0, "one");
    uint64_t second = remember(*state, first, "two");
    uint64_t other = remember(*state, 0, "");

    assert_place(*state, first, "one");
    assert_place(*state, second, "two");
    assert_place(*state, other, "");
    assert_unknown(*state, 0);
    assert_unknown(*state, 1);
    assert_unknown(*state, UINT64_MAX);
}

static void test_cursors_are_not_zero_and_fit_a_double(void **state)
{
    uint64_t cursor = 0;

    for (int i = 0; i < 1000; i++) {
        char place[16];

        snprintf(place, sizeof(place), "%d", i);
        cursor = remember(*state, i % 10 == 0 ? 0 : cursor, place);
        assert_true(cursor > 0 && cursor < UINT64_C(1) << 52);
    }
}

static void test_asking_again_gives_the_same_next_cursor(void **state)
{
    uint64_t first = remember(*state, 0, "one");
    uint64_t second = remember(*state, first, "two");

    assert_true(remember(*state, first, "two") == second);
    assert_place(*state, second, "two");
}

static void test_chain_keeps_its_newest_places(void **state)
{
    uint64_t cursors[SCAN_PLACES_PER_CHAIN + 1];
    uint64_t cursor = 0;

    for (int i = 0; i <= SCAN_PLACES_PER_CHAIN; i++) {
        char place[2] = {(char)('a' + i), '\0'};

        cursor = cursors[i] = remember(*state, cursor, place);
    }
    assert_unknown(*state, cursors[0]);
    assert_place(*state, cursors[1], "b");
    assert_place(*state, cursor, "e");
}

static void test_cursor_of_another_owner_is_unknown(void **state)
{
    uint64_t cursor = scan_places_remember(*state, 7, 0, slice_of("one"));
    struct slice place;

    assert_unknown(*state, cursor);
    assert_true(scan_places_find(*state, 7, cursor, &place));
    /* Nor does it go on with the other's chain. */
    assert_place(*state, remember(*state, cursor, "two"), "two");
    assert_true(scan_places_find(*state, 7, cursor, &place));
}

/* One fast scan with many pages takes one chain; the slow one keeps its place. */
static void test_fast_scan_does_not_push_out_a_slow_one(void **state)
{
    uint64_t slow = remember(*state, 0, "slow");
    uint64_t fast = 0;

    for (int i = 0; i < 3 * SCAN_PLACES_CHAINS_MAX; i++) {
        char place[16];

        snprintf(place, sizeof(place), "%d", i);
        fast = remember(*state, fast, place);
    }
    assert_place(*state, slow, "slow");
}

static void test_scan_idle_longest_goes_when_all_chains_are_taken(void **state)
{
    uint64_t oldest = remember(*state, 0, "oldest");
    uint64_t second = remember(*state, 0, "second");
    uint64_t third = remember(*state, 0, "third");

    for (int i = 3; i < SCAN_PLACES_CHAINS_MAX; i++) {
        remember(*state, 0, "more");
    }
    oldest = remember(*state, oldest, "oldest, going on");
    remember(*state, 0, "one too many");
    assert_place(*state, oldest, "oldest, going on");
    assert_unknown(*state, second);
    assert_place(*state, third, "third");
}

static void test_finished_scan_goes_first_but_can_be_asked_again(void **state)
{
    uint64_t oldest = remember(*state, 0, "oldest");
    uint64_t finished = 0;

    for (int i = 1; i < SCAN_PLACES_CHAINS_MAX; i++) {
        finished = remember(*state, 0, "more");
    }
    scan_places_finish(*state, finished);
    scan_places_finish(*state, 12345); /* Unknown: nothing. */
    assert_place(*state, finished, "more");
    remember(*state, 0, "new");
    assert_unknown(*state, finished);
    assert_place(*state, oldest, "oldest");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_cursor_stands_for_its_place, setup, teardown),
        cmocka_unit_test_setup_teardown(test_cursors_are_not_zero_and_fit_a_double, setup, teardown),
        cmocka_unit_test_setup_teardown(test_asking_again_gives_the_same_next_cursor, setup, teardown),
        cmocka_unit_test_setup_teardown(test_chain_keeps_its_newest_places, setup, teardown),
        cmocka_unit_test_setup_teardown(test_cursor_of_another_owner_is_unknown, setup, teardown),
        cmocka_unit_test_setup_teardown(test_fast_scan_does_not_push_out_a_slow_one, setup, teardown),
        cmocka_unit_test_setup_teardown(test_scan_idle_longest_goes_when_all_chains_are_taken, setup, teardown),
        cmocka_unit_test_setup_teardown(test_finished_scan_goes_first_but_can_be_asked_again, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
