#include "base/number.h"
#include "base/random.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

/* The expectations of this file are what redis-server 7.0.15 answers to INCRBY, ZADD, INCRBYFLOAT and CONFIG SET. */

static void test_integers_are_canonical_or_refused(void **state)
{
    static const char *const refused[] = {"",
                                          "-",
                                          "+1",
                                          "01",
                                          "-0",
                                          "-01",
                                          " 1",
                                          "1 ",
                                          "1a",
                                          "0x10",
                                          "--1",
                                          "1.",
                                          "1e3",
                                          "9223372036854775808",
                                          "\n1",
                                          "00",
                                          "-",
                                          "-1x",
                                          ".",
                                          "- 1",
                                          "-9223372036854775809",
                                          "１",
                                          "1_",
                                          "1,0",
                                          "99999999999999999999",
                                          "123456789012345678901"};
    int64_t value = 7;

    (void)state;
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        assert_false(number_parse_int64(slice_of(refused[i]), &value));
        assert_int_equal(value, 7);
    }
    assert_false(number_parse_int64(slice_make("1\0", 2), &value));
    assert_true(number_parse_int64(slice_of("-9223372036854775808"), &value));
    assert_true(value == INT64_MIN);
    assert_true(number_parse_int64(slice_of("9223372036854775807"), &value));
    assert_true(value == INT64_MAX);
    assert_true(number_parse_int64(slice_of("0"), &value));
    assert_int_equal(value, 0);
}

static void test_unsigned_integers_reach_their_maximum(void **state)
{
    uint64_t value = 7;

    (void)state;
    assert_false(number_parse_uint64(slice_of("18446744073709551616"), &value));
    assert_false(number_parse_uint64(slice_of("-1"), &value));
    assert_false(number_parse_uint64(slice_of("00"), &value));
    assert_false(number_parse_uint64(slice_of(""), &value));
    assert_int_equal(value, 7);
    assert_true(number_parse_uint64(slice_of("18446744073709551615"), &value));
    assert_true(value == UINT64_MAX);
}

/* Every power of ten and its neighbours, and random values of every length, come back from their text. */
static void test_integers_come_back_from_their_text(void **state)
{
    struct random random;
    char text[NUMBER_INTEGER_TEXT_MAX];
    char expected[NUMBER_INTEGER_TEXT_MAX + 3];

    (void)state;
    random_init(&random, 1);
    for (int i = 0; i < 10000; i++) {
        uint64_t value = random_next(&random) >> random_below(&random, 64);
        int64_t signed_value = (int64_t)value;
        int64_t back;
        size_t len = number_format_int64(text, signed_value);

        snprintf(expected, sizeof(expected), "%lld", (long long)signed_value);
        assert_string_equal(text, expected);
        assert_int_equal(len, strlen(expected));
        assert_true(number_parse_int64(slice_make(text, len), &back));
        assert_true(back == signed_value);
        number_format_uint64(text, value);
        snprintf(expected, sizeof(expected), "%llu", (unsigned long long)value);
        assert_string_equal(text, expected);
    }
    number_format_int64(text, INT64_MIN);
    assert_string_equal(text, "-9223372036854775808");
    number_format_int64(text, 0);
    assert_string_equal(text, "0");
}

static void assert_double(const char *text, const char *expected)
{
    char formatted[NUMBER_DOUBLE_TEXT_MAX];
    double value = 7;
    bool is_number = number_parse_double(slice_of(text), &value);

    if (expected == NULL) {
        assert_false(is_number);
        assert_true(value == 7);
        return;
    }
    assert_true(is_number);
    assert_int_equal(number_format_double(formatted, value), strlen(expected));
    assert_string_equal(formatted, expected);
}

static void test_doubles_read_and_print_as_scores(void **state)
{
    (void)state;
    assert_double("0", "0");
    assert_double("-0", "-0");
    assert_double("3.0", "3");
    assert_double("000123", "123");
    assert_double("0.1", "0.10000000000000001");
    assert_double("1e3", "1000");
    assert_double("0x10", "16");
    assert_double("inf", "inf");
    assert_double("-Infinity", "-inf");
    assert_double("1e17", "1e+17");
    assert_double("100000000000000000", "1e+17");
    assert_double("4503599627370496", "4503599627370496");
    assert_double("-4503599627370497", "-4503599627370497");
    assert_double("9007199254740993", "9007199254740992");
    assert_double("1.7976931348623157e308", "1.7976931348623157e+308");
    assert_double("5e-324", "4.9406564584124654e-324");
    assert_double("", NULL);
    assert_double("nan", NULL);
    assert_double("-nan", NULL);
    assert_double(" 1", NULL);
    assert_double("1 ", NULL);
    assert_double("\v1", NULL);
    assert_double("1e400", NULL);
    assert_double("1e-400", NULL);
    assert_double("1e", NULL);
    assert_double("-", NULL);
    assert_double("abc", NULL);
}

/* Longer than the local copy: legal as long as strtod takes all of it. */
static void test_long_doubles_of_text_are_read_whole(void **state)
{
    char text[300];
    double value;

    (void)state;
    memset(text, '0', sizeof(text));
    text[0] = '1';
    text[1] = '.';
    assert_true(number_parse_double(slice_make(text, sizeof(text)), &value));
    assert_true(value == 1);
    text[sizeof(text) - 1] = 'x';
    assert_false(number_parse_double(slice_make(text, sizeof(text)), &value));
    assert_false(number_parse_double(slice_make("1\0", 2), &value));
}

static void assert_sum(const char *a, const char *b, const char *expected)
{
    char formatted[NUMBER_LONG_DOUBLE_TEXT_MAX];
    long double left;
    long double right;

    assert_true(number_parse_long_double(slice_of(a), &left));
    assert_true(number_parse_long_double(slice_of(b), &right));
    assert_int_equal(number_format_long_double(formatted, left + right), strlen(expected));
    assert_string_equal(formatted, expected);
}

static void test_long_doubles_add_up_as_people_expect(void **state)
{
    long double value = 7;

    (void)state;
    assert_sum("0.1", "0.2", "0.3");
    assert_sum("10.50", "0.1", "10.6");
    assert_sum("5.0e3", "2.0e2", "5200");
    assert_sum("-3", "3", "0");
    assert_sum("-0", "-0", "0");
    assert_sum("-0", "-1e-20", "0");
    assert_sum("3.0e10", "0", "30000000000");
    assert_false(number_parse_long_double(slice_of("nan"), &value));
    assert_false(number_parse_long_double(slice_of(""), &value));
    assert_false(number_parse_long_double(slice_of(" 1"), &value));
    assert_false(number_parse_long_double(slice_of("1e5000"), &value));
    assert_false(number_parse_long_double(slice_of("1x"), &value));
    assert_true(value == 7);
}

static void test_largest_long_double_fits_its_text(void **state)
{
    char formatted[NUMBER_LONG_DOUBLE_TEXT_MAX];
    long double value;

    (void)state;
    assert_true(number_parse_long_double(slice_of("-1.1e4932"), &value));
    assert_int_equal(number_format_long_double(formatted, value), 4934);
    assert_memory_equal(formatted, "-1", 2);
    assert_int_equal(number_format_long_double(formatted, -(long double)INFINITY), 4);
    assert_string_equal(formatted, "-inf");
}

static void test_sizes_take_units_of_ten_and_of_two(void **state)
{
    static const struct {
        const char *text;
        uint64_t bytes;
    } sizes[] = {
        {"0", 0},
        {"00012", 12},
        {"100b", 100},
        {"1k", 1000},
        {"1kb", 1024},
        {"2M", 2000000},
        {"5mb", 5242880},
        {"1g", 1000000000},
        {"2Gb", 2147483648},
        {"18446744073709551615", UINT64_MAX},
    };
    static const char *const refused[] = {
        "", "kb", "-1", "1x", "1.5gb", " 1", "1 kb", "18446744073709551616", "20000000000gb", "1kbb"};
    uint64_t bytes;

    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        assert_true(number_parse_size(slice_of(sizes[i].text), &bytes));
        assert_true(bytes == sizes[i].bytes);
    }
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        assert_false(number_parse_size(slice_of(refused[i]), &bytes));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_integers_are_canonical_or_refused),
        cmocka_unit_test(test_unsigned_integers_reach_their_maximum),
        cmocka_unit_test(test_integers_come_back_from_their_text),
        cmocka_unit_test(test_doubles_read_and_print_as_scores),
        cmocka_unit_test(test_long_doubles_of_text_are_read_whole),
        cmocka_unit_test(test_long_doubles_add_up_as_people_expect),
        cmocka_unit_test(test_largest_long_double_fits_its_text),
        cmocka_unit_test(test_sizes_take_units_of_ten_and_of_two),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
