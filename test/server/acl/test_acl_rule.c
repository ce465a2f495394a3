#include "base/memory.h"
#include "server/acl/acl_rule.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

/* The words of `text`, parted by blanks, joined and parted by bars; or "open at N". */
static const char *join(const char *text)
{
    static _Thread_local char result[256];
    struct slice words[16];
    struct slice *joined;
    size_t count = 0;
    size_t joined_count;
    size_t open = 99;
    size_t len = 0;

    for (const char *at = text; *at != '\0';) {
        words[count] = slice_make(at, strcspn(at, " "));
        at += words[count].len + (at[words[count].len] == ' ');
        count++;
    }
    if (!acl_rules_join(words, count, &joined, &joined_count, &open)) {
        (void)snprintf(result, sizeof(result), "open at %zu", open);
        return result;
    }
    result[0] = '\0';
    for (size_t i = 0; i < joined_count; i++) {
        len += (size_t)snprintf(result + len, sizeof(result) - len, "%s%.*s", i == 0 ? "" : "|", (int)joined[i].len,
                                joined[i].data);
    }
    memory_free(joined);
    return result;
}

static void test_words_of_a_selector_become_one(void **state)
{
    (void)state;
    assert_string_equal(join(""), "");
    assert_string_equal(join("on ~a (+get) off"), "on|~a|(+get)|off");
    assert_string_equal(join("on (~a +get) (+set ~b* ) off"), "on|(~a +get)|(+set ~b* )|off");
    assert_string_equal(join("( +get )"), "( +get )");
    assert_string_equal(join("() ) x)"), "()|)|x)");
}

static void test_an_open_parenthesis_is_told_by_its_place(void **state)
{
    (void)state;
    assert_string_equal(join("on (~a +get"), "open at 1");
    assert_string_equal(join("("), "open at 0");
    assert_string_equal(join("(a) on (b (c)"), "(a)|on|(b (c)");
}

static void test_blanks_are_those_of_c_and_zero_bytes(void **state)
{
    (void)state;
    assert_false(acl_has_blanks(slice_of("a~*\x80\xff")));
    assert_true(acl_has_blanks(slice_of("a b")));
    assert_true(acl_has_blanks(slice_of("\t")));
    assert_true(acl_has_blanks(slice_of("a\v")));
    assert_true(acl_has_blanks(slice_make("a\0b", 3)));
    assert_false(acl_has_blanks(slice_empty()));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words_of_a_selector_become_one),
        cmocka_unit_test(test_an_open_parenthesis_is_told_by_its_place),
        cmocka_unit_test(test_blanks_are_those_of_c_and_zero_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
