#include "server/commands/member_table.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define MEMBERS 5000

static struct slice name(char text[32], size_t number)
{
    return slice_make(text, (size_t)snprintf(text, 32, "member %zu", number));
}

static void test_each_member_is_there_once_in_its_order(void **state)
{
    struct member_table table;
    char text[32];
    size_t index;

    (void)state;
    member_table_init(&table, 11);
    assert_false(member_table_find(&table, slice_of("nobody"), &index));
    for (size_t i = 0; i < MEMBERS; i++) {
        assert_true(member_table_add(&table, name(text, i), (double)i, &index));
        assert_int_equal(index, i);
        assert_false(member_table_add(&table, name(text, i / 2), 0, &index));
        assert_int_equal(index, i / 2);
    }
    assert_int_equal(table.members.count, MEMBERS);
    for (size_t i = 0; i < MEMBERS; i++) {
        assert_true(member_table_find(&table, name(text, i), &index));
        assert_int_equal(index, i);
        assert_true(zset_batch_score(&table.members, i) == (double)i);
    }
    assert_false(member_table_find(&table, name(text, MEMBERS), &index));
    member_table_release(&table);
}

static void test_empty_member_is_one_like_others(void **state)
{
    struct member_table table;
    size_t index;

    (void)state;
    member_table_init(&table, 11);
    assert_true(member_table_add(&table, slice_empty(), 1, &index));
    assert_false(member_table_add(&table, slice_of(""), 2, &index));
    member_table_release(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_member_is_there_once_in_its_order),
        cmocka_unit_test(test_empty_member_is_one_like_others),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
