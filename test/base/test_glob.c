#include "base/clock.h"
#include "base/glob.h"
#include "base/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static void assert_matches(const char *pattern, const char *text)
{
    if (!glob_match(slice_of(pattern), slice_of(text), false)) {
        fail_msg("'%s' should match '%s'", pattern, text);
    }
}

static void assert_differs(const char *pattern, const char *text)
{
    if (glob_match(slice_of(pattern), slice_of(text), false)) {
        fail_msg("'%s' should not match '%s'", pattern, text);
    }
}

static void test_stars_and_question_marks(void **state)
{
    (void)state;
    assert_matches("", "");
    assert_differs("", "a");
    assert_matches("*", "");
    assert_matches("*", "abc");
    assert_matches("a*c", "abbc");
    assert_matches("a*c", "ac");
    assert_differs("a*c", "abcd");
    assert_matches("***a***", "bab");
    assert_matches("*a*b*", "xaybz");
    assert_differs("*a*b*", "xbyaz");
    assert_matches("?bc", "abc");
    assert_differs("?", "");
    assert_differs("??", "a");
    assert_matches("user:*:name", "user:1:x:name");
}

/* Each line was checked against KEYS of redis-server 7.0.15. */
static void test_classes_have_redis_quirks(void **state)
{
    (void)state;
    assert_matches("[ab]", "b");
    assert_differs("[ab]", "c");
    assert_matches("[^ab]", "c");
    assert_matches("[a-c]x", "bx");
    assert_matches("[c-a]", "b");
    assert_matches("[a-", "-");
    assert_matches("[a-]", "^"); /* The bracket ends a range, from ] to a, and not the class. */
    assert_differs("[a-]", "-");
    assert_matches("[\\]]", "]");
    assert_differs("[]a]", "]"); /* An empty class matches nothing. */
    assert_matches("[^]", "x");
    assert_matches("[a", "a"); /* An open class ends with the pattern. */
    assert_matches("[^", "x");
    assert_differs("[", "[");
    assert_matches("[\\", "\\");
    assert_matches("[a-\xff]", "A"); /* 0xff is -1, so that the range runs from -1 up to 'a'. */
    assert_differs("[a-\xff]", "b");
}

static void test_backslash_makes_a_byte_literal(void **state)
{
    (void)state;
    assert_matches("\\*", "*");
    assert_differs("\\*", "a");
    assert_matches("a\\", "a\\");
    assert_matches("\\\\", "\\");
    assert_matches("*\\?", "a?");
}

static void test_case_is_ignored_when_asked(void **state)
{
    (void)state;
    assert_differs("ABC", "abc");
    assert_true(glob_match(slice_of("aB*[X-z]"), slice_of("AbcY"), true));
    assert_false(glob_match(slice_of("[x-Z]"), slice_of("y"), true)); /* Its ends are ordered before they are folded. */
    assert_true(glob_match(slice_of("[A-C]"), slice_of("b"), true));
    assert_false(glob_match(slice_of("\xc4"), slice_of("\xe4"), true)); /* ASCII alone has case. */
}

static void test_nul_is_a_byte_like_others(void **state)
{
    (void)state;
    assert_true(glob_match(slice_make("a\0*", 3), slice_make("a\0b", 3), false));
    assert_false(glob_match(slice_make("a\0b", 3), slice_make("a\0c", 3), false));
}

/* Redis 7.0's recursion, cut to a pattern of literals, '?' and '*': the rule that the loop must agree with. */
static bool match_naively(struct slice pattern, struct slice text)
{
    if (pattern.len == 0) {
        return text.len == 0;
    }
    if (pattern.data[0] == '*') {
        return match_naively(slice_after(pattern, 1), text) ||
               (text.len > 0 && match_naively(pattern, slice_after(text, 1)));
    }
    return text.len > 0 && (pattern.data[0] == '?' || pattern.data[0] == text.data[0]) &&
           match_naively(slice_after(pattern, 1), slice_after(text, 1));
}

static void test_backtracking_agrees_with_recursion(void **state)
{
    struct random random;

    (void)state;
    random_init(&random, 2);
    for (int i = 0; i < 200000; i++) {
        char pattern[8];
        char text[10];
        struct slice pattern_slice = slice_make(pattern, random_below(&random, sizeof(pattern) + 1));
        struct slice text_slice = slice_make(text, random_below(&random, sizeof(text) + 1));

        for (size_t at = 0; at < pattern_slice.len; at++) {
            pattern[at] = "ab*?"[random_below(&random, 4)];
        }
        for (size_t at = 0; at < text_slice.len; at++) {
            text[at] = "ab"[random_below(&random, 2)];
        }
        assert_int_equal(glob_match(pattern_slice, text_slice, false), match_naively(pattern_slice, text_slice));
    }
}

/* Trying every star would take longer than the sun has left. */
static void test_many_stars_cost_little(void **state)
{
    char pattern[200];
    char text[10000];
    uint64_t start_us = clock_monotonic_us();

    (void)state;
    for (size_t i = 0; i < sizeof(pattern); i += 2) {
        pattern[i] = 'a';
        pattern[i + 1] = '*';
    }
    pattern[sizeof(pattern) - 1] = 'b';
    memset(text, 'a', sizeof(text));
    assert_false(glob_match(slice_make(pattern, sizeof(pattern)), slice_make(text, sizeof(text)), false));
    assert_true(clock_monotonic_us() - start_us < 1000000);
}

static void assert_prefix(const char *pattern, const char *expected)
{
    char prefix[64];
    size_t len = glob_literal_prefix(slice_of(pattern), prefix);

    assert_true(slice_equal(slice_make(prefix, len), slice_of(expected)));
}

static void test_literal_prefix_is_unescaped(void **state)
{
    (void)state;
    assert_prefix("user:*", "user:");
    assert_prefix("user", "user");
    assert_prefix("u\\*s?er", "u*s");
    assert_prefix("[u]ser", "");
    assert_prefix("us\\", "us\\");
    assert_prefix("", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stars_and_question_marks),
        cmocka_unit_test(test_classes_have_redis_quirks),
        cmocka_unit_test(test_backslash_makes_a_byte_literal),
        cmocka_unit_test(test_case_is_ignored_when_asked),
        cmocka_unit_test(test_nul_is_a_byte_like_others),
        cmocka_unit_test(test_backtracking_agrees_with_recursion),
        cmocka_unit_test(test_many_stars_cost_little),
        cmocka_unit_test(test_literal_prefix_is_unescaped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
