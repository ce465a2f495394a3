#include "server/commands/sort_pattern.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

/* The pattern as "before|after|field", "#" or "constant". */
static void assert_parts(const char *text, const char *expected)
{
    struct sort_pattern pattern;
    char parts[128];

    sort_pattern_parse(slice_of(text), &pattern);
    if (pattern.is_element) {
        snprintf(parts, sizeof(parts), "#");
    } else if (pattern.is_constant) {
        snprintf(parts, sizeof(parts), "constant");
    } else {
        snprintf(parts, sizeof(parts), "%.*s|%.*s|%.*s", (int)pattern.before.len, pattern.before.data,
                 (int)pattern.after.len, pattern.after.data, (int)pattern.field.len, pattern.field.data);
    }
    assert_string_equal(parts, expected);
}

static void test_the_first_star_is_the_element(void **state)
{
    (void)state;
    assert_parts("#", "#");
    assert_parts("", "constant");
    assert_parts("nosort", "constant");
    assert_parts("#x", "constant");
    assert_parts("*", "||");
    assert_parts("w:*", "w:||");
    assert_parts("w:*:*", "w:|:*|");
}

static void test_an_arrow_behind_the_star_names_a_field(void **state)
{
    (void)state;
    assert_parts("h:*->f", "h:||f");
    assert_parts("h:*:x->f", "h:|:x|f");
    assert_parts("h:*->f->g", "h:||f->g");
    assert_parts("h:*->", "h:|->|");
    assert_parts("h->f:*", "h->f:||");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_first_star_is_the_element),
        cmocka_unit_test(test_an_arrow_behind_the_star_names_a_field),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
