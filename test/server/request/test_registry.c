/* Lookup and renaming, on a family of this test's own. */
#include "server/request/families.h"
#include "server/request/registry.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static const struct command box_subcommands[] = {
    {.name = "get", .arity = 3, .flags = COMMAND_READONLY},
    {.name = "set", .arity = -4, .flags = COMMAND_WRITE | COMMAND_FAST},
    {.name = NULL},
};

static const struct command test_commands[] = {
    {.name = "box", .arity = -2, .subcommands = box_subcommands},
    {.name = "shut", .arity = 1, .flags = COMMAND_ADMIN},
    {.name = NULL},
};

/* Stands in place of server/request/families.c's. */
const struct command *const families[] = {test_commands, NULL};

static int setup(void **state)
{
    *state = commands_create();
    return 0;
}

static int teardown(void **state)
{
    commands_free(*state);
    return 0;
}

static void test_names_are_found_in_any_case(void **state)
{
    assert_non_null(commands_find(*state, slice_of("box")));
    assert_ptr_equal(commands_find(*state, slice_of("BoX")), commands_find(*state, slice_of("box")));
    assert_null(commands_find(*state, slice_of("boxx")));
    assert_null(commands_find(*state, slice_of("")));
    assert_null(commands_find(*state, slice_make("box\0", 4)));
    assert_null(commands_find(*state, slice_of("a-name-that-is-longer-than-any-command-could-ever-be-in-this-house")));
}

static void test_subcommands_are_a_second_step(void **state)
{
    struct slice words[] = {slice_of("BOX"), slice_of("Set"), slice_of("x")};
    struct command_entry *container;
    struct command_entry *entry = commands_resolve(*state, words, 3, &container);

    assert_string_equal(entry->full_name, "box|set");
    assert_string_equal(container->full_name, "box");
    assert_ptr_equal(commands_find_full(*state, slice_of("box|SET")), entry);
    assert_ptr_equal(commands_resolve(*state, words, 1, &container), container);
    words[1] = slice_of("nothing");
    assert_null(commands_resolve(*state, words, 3, &container));
    assert_non_null(container);
    assert_null(commands_find_full(*state, slice_of("none|get")));
}

static void test_categories_follow_from_flags(void **state)
{
    assert_int_equal(commands_find(*state, slice_of("shut"))->categories,
                     CATEGORY_ADMIN | CATEGORY_DANGEROUS | CATEGORY_SLOW);
    assert_int_equal(commands_find_full(*state, slice_of("box|set"))->categories, CATEGORY_WRITE | CATEGORY_FAST);
    assert_int_equal(commands_find_full(*state, slice_of("box|get"))->categories, CATEGORY_READ | CATEGORY_SLOW);
}

static void test_renamed_command_has_only_its_new_name(void **state)
{
    assert_int_equal(commands_rename(*state, slice_of("shut"), slice_of("Lock")), STATUS_OK);
    assert_null(commands_find(*state, slice_of("shut")));
    assert_string_equal(commands_find(*state, slice_of("LOCK"))->full_name, "shut");
    assert_int_equal(commands_rename(*state, slice_of("lock"), slice_of("box")), STATUS_EXISTS);
    assert_int_equal(commands_rename(*state, slice_of("shut"), slice_of("x")), STATUS_NOT_FOUND);
    assert_int_equal(commands_rename(*state, slice_of("lock"), slice_of("")), STATUS_OK);
    assert_null(commands_find(*state, slice_of("lock")));
    assert_non_null(commands_find(*state, slice_of("box")));
}

/* The log and masters use the names of the tables, whatever clients call the commands. */
static void test_original_names_outlive_renaming(void **state)
{
    struct slice words[] = {slice_of("shut")};
    struct command_entry *container;

    assert_int_equal(commands_rename(*state, slice_of("shut"), slice_of("")), STATUS_OK);
    assert_null(commands_resolve(*state, words, 1, &container));
    assert_non_null(commands_resolve_original(*state, words, 1, &container));
    assert_true(container->is_renamed);
}

/* Many renames shift runs in the open table; every name must stay reachable. */
static void test_renaming_never_hides_another_name(void **state)
{
    char from[16] = "shut";
    char to[16];

    for (int i = 0; i < 5000; i++) {
        (void)snprintf(to, sizeof(to), "n%d", i);
        assert_int_equal(commands_rename(*state, slice_of(from), slice_of(to)), STATUS_OK);
        assert_non_null(commands_find(*state, slice_of("box")));
        assert_non_null(commands_find(*state, slice_of(to)));
        memcpy(from, to, sizeof(from));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_names_are_found_in_any_case, setup, teardown),
        cmocka_unit_test_setup_teardown(test_subcommands_are_a_second_step, setup, teardown),
        cmocka_unit_test_setup_teardown(test_categories_follow_from_flags, setup, teardown),
        cmocka_unit_test_setup_teardown(test_renamed_command_has_only_its_new_name, setup, teardown),
        cmocka_unit_test_setup_teardown(test_original_names_outlive_renaming, setup, teardown),
        cmocka_unit_test_setup_teardown(test_renaming_never_hides_another_name, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
