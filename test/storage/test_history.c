#include "storage/history.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define NO_ID "0000000000000000000000000000000000000000"
#define ID_A  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define ID_B  "0123456789abcdef0123456789abcdef01234567"

static void assert_history(const struct history *history, const char *id, const char *previous_id, int64_t previous_end)
{
    assert_string_equal(history->id, id);
    assert_string_equal(history->previous_id, previous_id);
    assert_int_equal(history->previous_end, previous_end);
}

static void test_begins_with_a_fresh_id_and_no_previous(void **state)
{
    struct history a;
    struct history b;

    (void)state;
    history_init(&a);
    history_init(&b);
    assert_true(history_id_is_valid(slice_of(a.id)));
    assert_string_not_equal(a.id, b.id);
    assert_history(&a, a.id, NO_ID, -1);
}

static void test_fork_ends_the_present_one(void **state)
{
    struct history history;
    struct history before;

    (void)state;
    history_init(&history);
    before = history;
    history_fork(&history, 77);
    assert_string_not_equal(history.id, before.id);
    assert_history(&history, history.id, before.id, 77);
}

static void test_rename_and_adopt_take_the_masters_id(void **state)
{
    struct history history;

    (void)state;
    history_init(&history);
    history_adopt(&history, slice_of(ID_A));
    assert_history(&history, ID_A, NO_ID, -1);
    history_rename(&history, slice_of(ID_B), 5);
    assert_history(&history, ID_B, ID_A, 5);
    history_adopt(&history, slice_of(ID_A));
    assert_history(&history, ID_A, NO_ID, -1);
}

static void test_an_id_is_40_lower_case_hex_digits(void **state)
{
    (void)state;
    assert_true(history_id_is_valid(slice_of(ID_B)));
    assert_true(history_id_is_valid(slice_of(NO_ID)));
    assert_false(history_id_is_valid(slice_of("")));
    assert_false(history_id_is_valid(slice_of("?")));
    assert_false(history_id_is_valid(slice_of(ID_A "a")));
    assert_false(history_id_is_valid(slice_make(ID_A, 39)));
    assert_false(history_id_is_valid(slice_of("gaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")));
    assert_false(history_id_is_valid(slice_of("Aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_begins_with_a_fresh_id_and_no_previous),
        cmocka_unit_test(test_fork_ends_the_present_one),
        cmocka_unit_test(test_rename_and_adopt_take_the_masters_id),
        cmocka_unit_test(test_an_id_is_40_lower_case_hex_digits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
