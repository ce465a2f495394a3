#include "base/list.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

struct item {
    char letter;
    struct list_node node;
};

static void assert_list(struct list *list, const char *expected)
{
    LIST_FOR_EACH(list, node)
    {
        assert_int_equal(LIST_ENTRY(node, struct item, node)->letter, *expected);
        expected++;
    }
    assert_int_equal(*expected, '\0');
}

static void test_items_go_in_at_both_ends_and_out_anywhere(void **state)
{
    struct list list;
    struct item items[4];

    (void)state;
    list_init(&list);
    assert_true(list_is_empty(&list));
    for (size_t i = 0; i < 4; i++) {
        items[i].letter = (char)('a' + i);
        list_node_init(&items[i].node);
        assert_false(list_node_is_linked(&items[i].node));
    }
    list_append(&list, &items[1].node);
    list_append(&list, &items[2].node);
    list_prepend(&list, &items[0].node);
    list_append(&list, &items[3].node);
    assert_list(&list, "abcd");
    list_remove(&items[1].node);
    list_remove(&items[1].node); /* Twice is harmless. */
    assert_list(&list, "acd");
    list_prepend(&list, &items[1].node);
    assert_list(&list, "bacd");
    assert_true(list_node_is_linked(&items[1].node));
}

static void test_current_item_may_be_removed_on_a_walk(void **state)
{
    struct list list;
    struct item items[3];

    (void)state;
    list_init(&list);
    for (size_t i = 0; i < 3; i++) {
        list_append(&list, &items[i].node);
    }
    LIST_FOR_EACH(&list, node)
    {
        list_remove(node);
    }
    assert_true(list_is_empty(&list));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_items_go_in_at_both_ends_and_out_anywhere),
        cmocka_unit_test(test_current_item_may_be_removed_on_a_walk),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
