#include "base/resp_peek.h"

#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

/* The words that are found in `input`, each followed by a space, then the length of what was looked through. */
static void assert_peeks(struct slice input, size_t limit, const char *expected)
{
    struct slice words[8];
    size_t len;
    size_t count = resp_peek(input, words, limit, &len);
    struct buf text;

    buf_init(&text, BUF_NO_CEILING);
    for (size_t i = 0; i < count; i++) {
        buf_put(&text, words[i]);
        buf_put_byte(&text, ' ');
    }
    buf_put_format(&text, "%zu", len);
    assert_true(slice_equal(buf_slice(&text), slice_of(expected)));
    buf_release(&text);
}

static void test_the_second_words_of_whole_requests_are_found(void **state)
{
    (void)state;
    assert_peeks(slice_of("*2\r\n$3\r\nGET\r\n$1\r\na\r\n*3\r\n$3\r\nSET\r\n$2\r\nbb\r\n$0\r\n\r\n"), 8, "a bb 47");
    assert_peeks(slice_of("*1\r\n$4\r\nPING\r\n*2\r\n$3\r\nGET\r\n$1\r\na\r\n"), 8, "a 34");
    assert_peeks(slice_of("*2\r\n$3\r\nGET\r\n$1\r\na\r\n*2\r\n$3\r\nGET\r\n$1\r\nb\r\n"), 1, "a 20");
    assert_peeks(slice_empty(), 8, "0");
}

/* Whatever is not plain ends it, and what came before stays. */
static void test_it_stops_at_what_is_not_plain(void **state)
{
    static const char *const rests[] = {
        "GET b\r\n",
        "*2\r\n$3\r\nGET\r\n$1\r\n",
        "*2\r\n$3\r\nGET\r\n$2\r\nb\r\n",
        "*0\r\n",
        "*-1\r\n",
        "*2\r\n$3\r\nGET\r\n:1\r\n",
        "*2\n$3\nGET\n$1\nb",
        "*9999999999\r\n",
        "*65\r\n$3\r\nGET\r\n$1\r\nb\r\n",
        "*2\r\n$-1\r\n",
        "*2\r\n$999999999\r\nb\r\n",
        "*",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rests) / sizeof(rests[0]); i++) {
        struct buf input;

        buf_init(&input, BUF_NO_CEILING);
        buf_put_text(&input, "*2\r\n$3\r\nGET\r\n$1\r\na\r\n");
        buf_put_text(&input, rests[i]);
        assert_peeks(buf_slice(&input), 8, "a 20");
        buf_release(&input);
    }
}

/* Every cut of a request: nothing beyond the end is read (the address sanitizer watches) and nothing is found. */
static void test_a_cut_request_is_none(void **state)
{
    const struct slice request = slice_of("*2\r\n$3\r\nGET\r\n$1\r\na\r\n");

    (void)state;
    for (size_t len = 0; len < request.len; len++) {
        struct buf input;

        buf_init(&input, BUF_NO_CEILING);
        buf_put(&input, slice_first(request, len));
        assert_peeks(buf_slice(&input), 8, "0");
        buf_release(&input);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_second_words_of_whole_requests_are_found),
        cmocka_unit_test(test_it_stops_at_what_is_not_plain),
        cmocka_unit_test(test_a_cut_request_is_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
