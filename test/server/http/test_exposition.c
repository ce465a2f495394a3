/* Prometheus' text format, byte for byte. */
#include "server/http/exposition.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static int setup(void **state)
{
    static struct buf out;

    buf_init(&out, BUF_NO_CEILING);
    *state = &out;
    return 0;
}

static int teardown(void **state)
{
    buf_release(*state);
    return 0;
}

static void assert_text(struct buf *out, const char *expected)
{
    buf_put_byte(out, '\0');
    assert_string_equal(buf_slice(out).data, expected);
}

static void test_a_family_has_help_and_type(void **state)
{
    struct buf *out = *state;

    exposition_begin(out, "a_total", EXPOSITION_COUNTER, "Things.");
    exposition_count(out, "a_total", NULL, UINT64_MAX);
    exposition_begin(out, "b", EXPOSITION_HISTOGRAM, "Times.");
    assert_text(out, "# HELP a_total Things.\n# TYPE a_total counter\na_total 18446744073709551615\n"
                     "# HELP b Times.\n# TYPE b histogram\n");
}

static void test_labels_are_quoted_so_that_any_value_is_one(void **state)
{
    struct exposition_labels labels = {{{"host", "a\"b\\c\nd"}, {"port", "1"}}};

    exposition_count(*state, "x", &labels, 5);
    assert_text(*state, "x{host=\"a\\\"b\\\\c\\nd\",port=\"1\"} 5\n");
}

static void test_no_labels_no_braces(void **state)
{
    struct exposition_labels none = {0};

    exposition_count(*state, "x", &none, 0);
    assert_text(*state, "x 0\n");
}

static void test_numbers_are_go_floats(void **state)
{
    exposition_number(*state, "x", NULL, -1);
    exposition_number(*state, "x", NULL, 0.25);
    exposition_number(*state, "x", NULL, (double)NAN);
    exposition_number(*state, "x", NULL, (double)INFINITY);
    exposition_number(*state, "x", NULL, -(double)INFINITY);
    assert_text(*state, "x -1\nx 0.25\nx NaN\nx +Inf\nx -Inf\n");
}

static void test_microseconds_are_not_rounded(void **state)
{
    exposition_seconds(*state, "x", NULL, 1000001);
    exposition_seconds(*state, "x", NULL, 12345678901234567);
    assert_text(*state, "x 1.000001\nx 12345678901.234567\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_family_has_help_and_type, setup, teardown),
        cmocka_unit_test_setup_teardown(test_labels_are_quoted_so_that_any_value_is_one, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_labels_no_braces, setup, teardown),
        cmocka_unit_test_setup_teardown(test_numbers_are_go_floats, setup, teardown),
        cmocka_unit_test_setup_teardown(test_microseconds_are_not_rounded, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
