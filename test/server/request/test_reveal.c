/* Which replies wait for which changes. Commands of this test's own stand for the kinds that there are. */
#include "server/request/families.h"
#include "server/request/registry.h"
#include "server/request/reveal.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct command test_commands[] = {
    {.name = "get", .arity = 2, .flags = COMMAND_READONLY, .keys = {KEY_RANGE(KEY_RO, 1, 0, 1)}},
    {.name = "set", .arity = -3, .flags = COMMAND_WRITE, .keys = {KEY_RANGE(KEY_OW, 1, 0, 1)}},
    {.name = "mget", .arity = -2, .flags = COMMAND_READONLY, .keys = {KEY_RANGE(KEY_RO, 1, -1, 1)}},
    {.name = "mset", .arity = -3, .flags = COMMAND_WRITE, .keys = {KEY_RANGE(KEY_OW, 1, -1, 2)}},
    {.name = "dbsize", .arity = 1, .flags = COMMAND_READONLY},
    {.name = "flush", .arity = 1, .flags = COMMAND_WRITE},
    {.name = "sort", .arity = -2, .flags = COMMAND_READONLY, .keys = {KEY_RANGE(KEY_RO | KEY_INCOMPLETE, 1, 0, 1)}},
    {.name = "eval",
     .arity = -3,
     .flags = COMMAND_READONLY,
     .categories = CATEGORY_SCRIPTING,
     .keys = {KEY_RANGE(KEY_RO, 1, 0, 1)}},
    {.name = NULL},
};

/* Stands in place of server/request/families.c's. */
const struct command *const families[] = {test_commands, NULL};

struct fixture {
    struct commands *commands;
    struct reveal reveal;
};

static int setup(void **state)
{
    static struct fixture fixture;

    fixture.commands = commands_create();
    fixture.reveal = (struct reveal){0};
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    commands_free(f->commands);
    return 0;
}

/* Split `text` at its blanks. */
static size_t split(const char *text, struct slice *words)
{
    size_t count = 0;

    while (*text != '\0') {
        size_t len = strcspn(text, " ");

        words[count++] = slice_make(text, len);
        text += len + (text[len] == ' ');
    }
    return count;
}

static void change(struct fixture *f, const char *text, uint64_t end)
{
    struct slice words[8];
    size_t count = split(text, words);

    reveal_note_change(&f->reveal, commands_find(f->commands, words[0]), words, count, end);
}

static uint64_t ask(struct fixture *f, const char *text, uint64_t end)
{
    struct slice words[8];
    size_t count = split(text, words);

    return reveal_offset(&f->reveal, commands_find(f->commands, words[0]), words, count, end);
}

static void test_read_waits_for_its_own_key_alone(void **state)
{
    struct fixture *f = *state;

    change(f, "set a 1", 100);
    change(f, "set b 1", 200);
    assert_int_equal(ask(f, "get a", 200), 100);
    assert_int_equal(ask(f, "get b", 200), 200);
    assert_int_equal(ask(f, "get c", 200), 0);
    assert_int_equal(ask(f, "mget c a", 200), 100);
    assert_int_equal(ask(f, "mget c a b", 200), 200);
}

static void test_write_that_changed_nothing_waits_as_a_read_does(void **state)
{
    struct fixture *f = *state;

    change(f, "set a 1", 100);
    assert_int_equal(ask(f, "set a 2", 150), 100);
    assert_int_equal(ask(f, "set c 2", 150), 0);
}

static void test_all_keys_of_a_change_are_noted(void **state)
{
    struct fixture *f = *state;

    change(f, "mset a 1 b 2", 100);
    assert_int_equal(ask(f, "get a", 150), 100);
    assert_int_equal(ask(f, "get b", 150), 100);
    assert_int_equal(ask(f, "get 1", 150), 0);
}

static void test_command_without_keys_reveals_everything(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(ask(f, "dbsize", 77), 77);
    assert_int_equal(ask(f, "sort a", 77), 77);
    assert_int_equal(ask(f, "eval a b", 77), 77);
}

static void test_change_without_keys_touches_everything(void **state)
{
    struct fixture *f = *state;

    change(f, "flush", 100);
    change(f, "set a 1", 200);
    assert_int_equal(ask(f, "get z", 200), 100);
    assert_int_equal(ask(f, "get a", 200), 200);
    reveal_note_everything(&f->reveal, 300);
    assert_int_equal(ask(f, "get a", 300), 300);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_read_waits_for_its_own_key_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(test_write_that_changed_nothing_waits_as_a_read_does, setup, teardown),
        cmocka_unit_test_setup_teardown(test_all_keys_of_a_change_are_noted, setup, teardown),
        cmocka_unit_test_setup_teardown(test_command_without_keys_reveals_everything, setup, teardown),
        cmocka_unit_test_setup_teardown(test_change_without_keys_touches_everything, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
