#include "server/commands/sort_vector.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

/* Sort elements, each with a weight (NULL: none) and a score, and tell the elements in their order. */
static void assert_order(const struct sort_item *items, size_t count, const struct sort_order *order,
                         const char *expected)
{
    struct sort_vector vector;
    char text[128] = "";

    sort_vector_init(&vector, count);
    memcpy(vector.items, items, count * sizeof(*items));
    vector.count = count;
    for (size_t i = 0; i < count; i++) {
        vector.items[i].place = i;
    }
    sort_vector_sort(&vector, order);
    for (size_t i = 0; i < count; i++) {
        snprintf(text + strlen(text), sizeof(text) - strlen(text), "%.*s ", (int)vector.items[i].element.len,
                 vector.items[i].element.data);
    }
    assert_string_equal(text, expected);
    sort_vector_release(&vector);
}

static void test_equal_scores_are_ordered_by_bytes(void **state)
{
    const struct sort_item items[] = {
        {.element = slice_of("c"), .score = 1},
        {.element = slice_of("b"), .score = 2},
        {.element = slice_of("a"), .score = 1},
    };
    struct sort_order order = {.is_by_weight = true};

    (void)state;
    assert_order(items, 3, &order, "a c b ");
    order.is_descending = true;
    assert_order(items, 3, &order, "b c a ");
}

static void test_absent_weights_come_first_and_equals_keep_their_places(void **state)
{
    const struct sort_item items[] = {
        {.element = slice_of("1"), .weight = slice_of("x")},
        {.element = slice_of("2")},
        {.element = slice_of("3"), .weight = slice_of("w")},
        {.element = slice_of("4"), .weight = slice_of("x")},
        {.element = slice_of("5")},
    };
    struct sort_order order = {.is_alpha = true, .is_by_weight = true};

    (void)state;
    assert_order(items, 5, &order, "2 5 3 1 4 ");
    order.is_descending = true;
    assert_order(items, 5, &order, "1 4 3 2 5 ");
}

/* What is stored must not depend on where a text seems to end. */
static void test_bytes_behind_a_nul_count_only_in_binary(void **state)
{
    const struct sort_item items[] = {
        {.element = slice_make("a\0z", 3)},
        {.element = slice_make("a\0b", 3)},
    };
    struct sort_order order = {.is_alpha = true};
    struct sort_vector vector;

    (void)state;
    sort_vector_init(&vector, 2);
    memcpy(vector.items, items, sizeof(items));
    vector.items[1].place = 1;
    vector.count = 2;
    sort_vector_sort(&vector, &order);
    assert_int_equal(vector.items[0].element.data[2], 'z');
    order.is_binary = true;
    sort_vector_sort(&vector, &order);
    assert_int_equal(vector.items[0].element.data[2], 'b');
    sort_vector_release(&vector);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equal_scores_are_ordered_by_bytes),
        cmocka_unit_test(test_absent_weights_come_first_and_equals_keep_their_places),
        cmocka_unit_test(test_bytes_behind_a_nul_count_only_in_binary),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
