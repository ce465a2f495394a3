/* Texts and figures as the status page shows them. */
#include "server/http/html.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

/* What `put` writes of `value`. Static storage. */
static const char *shown(void (*put)(struct buf *out, uint64_t value), uint64_t value)
{
    static char text[64];
    struct buf out;

    buf_init(&out, BUF_NO_CEILING);
    put(&out, value);
    (void)snprintf(text, sizeof(text), "%.*s", (int)out.len, buf_slice(&out).data);
    buf_release(&out);
    return text;
}

static void test_text_cannot_leave_its_place(void **state)
{
    struct buf out;

    (void)state;
    buf_init(&out, BUF_NO_CEILING);
    html_put_text(&out, "<b onload='x'>\"&amp;");
    buf_put_byte(&out, '\0');
    assert_string_equal(buf_slice(&out).data, "&lt;b onload=&#39;x&#39;&gt;&quot;&amp;amp;");
    buf_release(&out);
}

static void test_bytes_have_the_unit_that_fits(void **state)
{
    (void)state;
    assert_string_equal(shown(html_put_bytes, 0), "0 B");
    assert_string_equal(shown(html_put_bytes, 1023), "1023 B");
    assert_string_equal(shown(html_put_bytes, 1024), "1.0 KB");
    assert_string_equal(shown(html_put_bytes, 1048575), "1.0 MB"); /* And not 1024.0 KB. */
    assert_string_equal(shown(html_put_bytes, UINT64_MAX), "16.0 EB");
}

static void test_times_have_the_unit_that_fits(void **state)
{
    (void)state;
    assert_string_equal(shown(html_put_seconds, 0), "0 s");
    assert_string_equal(shown(html_put_seconds, 119), "119 s");
    assert_string_equal(shown(html_put_seconds, 120), "2 min");
    assert_string_equal(shown(html_put_seconds, 7200), "2 h");
    assert_string_equal(shown(html_put_seconds, 200000), "2 d");
    assert_string_equal(shown(html_put_microseconds, 999), "999 us");
    assert_string_equal(shown(html_put_microseconds, 1500), "1.5 ms");
    assert_string_equal(shown(html_put_microseconds, 1500000), "1.50 s");
}

static void test_long_numbers_are_grouped(void **state)
{
    (void)state;
    assert_string_equal(shown(html_put_count, 999), "999");
    assert_string_equal(shown(html_put_count, 1000), "1&#8239;000");
    assert_string_equal(shown(html_put_count, 12345678), "12&#8239;345&#8239;678");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_cannot_leave_its_place),
        cmocka_unit_test(test_bytes_have_the_unit_that_fits),
        cmocka_unit_test(test_times_have_the_unit_that_fits),
        cmocka_unit_test(test_long_numbers_are_grouped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
