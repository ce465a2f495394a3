/* COMMAND DOCS from a row and a page, and the shape of all pages. What they say is compared with Redis' by
 * test/parity/catalogue.py. */
#include "base/buf.h"
#include "server/catalogue/catalogue.h"
#include "server/catalogue/command_docs.h"
#include "server/request/registry.h"
#include "server/request/reply.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static void check_arguments(const struct catalogue_argument *arguments)
{
    assert_non_null(arguments[0].name);
    for (; arguments->name != NULL; arguments++) {
        bool has_parts = arguments->type == CATALOGUE_ONEOF || arguments->type == CATALOGUE_BLOCK;

        assert_int_equal(arguments->parts != NULL, has_parts);
        assert_true(arguments->type != CATALOGUE_PURE_TOKEN || arguments->token != NULL);
        if (has_parts) {
            check_arguments(arguments->parts);
        }
    }
}

static void check_page(void *context, const char *group, const struct catalogue_page *page)
{
    size_t *count = context;

    assert_ptr_equal(catalogue_find(group, page->name), page); /* No name stands twice in a group. */
    assert_int_equal(page->deprecated_since != NULL, page->replaced_by != NULL);
    if (page->arguments != NULL) {
        check_arguments(page->arguments);
    }
    ++*count;
}

static void test_pages_are_whole(void **state)
{
    size_t count = 0;

    (void)state;
    catalogue_visit(check_page, &count);
    assert_true(count > 200);
}

static void test_a_page_is_found_by_group_and_full_name(void **state)
{
    (void)state;
    assert_string_equal(catalogue_find("string", "getset")->replaced_by, "`SET` with the `!GET` argument");
    assert_non_null(catalogue_find("server", "config|set"));
    assert_null(catalogue_find("server", "config"));
    assert_null(catalogue_find("list", "getset"));
    assert_null(catalogue_find("nosuch", "getset"));
}

static void assert_docs(const struct command *command, int protocol, const char *expected)
{
    char name[32];
    struct command_entry entry = {.command = command, .full_name = name};
    struct reply reply;
    struct buf out;

    (void)snprintf(name, sizeof(name), "%s", command->name);
    buf_init(&out, BUF_NO_CEILING);
    reply_init(&reply, &out, protocol);
    command_docs_reply(&reply, &entry);
    buf_put_byte(&out, '\0');
    assert_string_equal(buf_slice(&out).data, expected);
    buf_release(&out);
}

static void test_docs_join_row_and_page(void **state)
{
    static const struct command setnx = {.name = "setnx", .group = "string", .since = "1", .summary = "Set"};

    (void)state;
    assert_docs(&setnx, 3,
                "%4\r\n$7\r\nsummary\r\n$3\r\nSet\r\n$5\r\nsince\r\n$1\r\n1\r\n$5\r\ngroup\r\n$6\r\nstring\r\n"
                "$9\r\narguments\r\n*2\r\n"
                "%3\r\n$4\r\nname\r\n$3\r\nkey\r\n$4\r\ntype\r\n$3\r\nkey\r\n$14\r\nkey_spec_index\r\n:0\r\n"
                "%2\r\n$4\r\nname\r\n$5\r\nvalue\r\n$4\r\ntype\r\n$6\r\nstring\r\n");
}

static void test_a_command_without_page_has_its_row_alone(void **state)
{
    static const struct command own = {
        .name = "own", .group = "string", .since = "9", .summary = "Mine", .complexity = "O(1)"};

    (void)state;
    assert_docs(&own, 2,
                "*8\r\n$7\r\nsummary\r\n$4\r\nMine\r\n$5\r\nsince\r\n$1\r\n9\r\n$5\r\ngroup\r\n$6\r\nstring\r\n"
                "$10\r\ncomplexity\r\n$4\r\nO(1)\r\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pages_are_whole),
        cmocka_unit_test(test_a_page_is_found_by_group_and_full_name),
        cmocka_unit_test(test_docs_join_row_and_page),
        cmocka_unit_test(test_a_command_without_page_has_its_row_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
