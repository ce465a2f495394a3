#include "base/resp_write.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

/* Each case writes to an empty buffer and must leave the text. */
#define ASSERT_WRITES(expected, call)                                                                                  \
    do {                                                                                                               \
        buf_clear(buf);                                                                                                \
        call;                                                                                                          \
        buf_put_byte(buf, '\0');                                                                                       \
        assert_string_equal(buf_slice(buf).data, expected);                                                            \
    } while (0)

static int set_up(void **state)
{
    static struct buf buf;

    buf_init(&buf, BUF_NO_CEILING);
    *state = &buf;
    return 0;
}

static int tear_down(void **state)
{
    buf_release(*state);
    return 0;
}

static void test_types_of_both_protocols(void **state)
{
    struct buf *buf = *state;

    ASSERT_WRITES("+OK\r\n", resp_write_simple(buf, "OK"));
    ASSERT_WRITES(":0\r\n", resp_write_integer(buf, 0));
    ASSERT_WRITES(":-1\r\n", resp_write_integer(buf, -1));
    ASSERT_WRITES(":9\r\n", resp_write_integer(buf, 9));
    ASSERT_WRITES(":10\r\n", resp_write_integer(buf, 10));
    ASSERT_WRITES(":-9223372036854775808\r\n", resp_write_integer(buf, INT64_MIN));
    ASSERT_WRITES("$0\r\n\r\n", resp_write_bulk(buf, slice_empty()));
    ASSERT_WRITES("$3\r\na\r\n\r\n", resp_write_bulk(buf, slice_of("a\r\n")));
    ASSERT_WRITES("$12345\r\n", resp_write_bulk_header(buf, 12345));
    ASSERT_WRITES("*3\r\n", resp_write_array(buf, 3));
    ASSERT_WRITES("*2\r\n$4\r\nECHO\r\n$0\r\n\r\n",
                  resp_write_request(buf, (struct slice[]){slice_of("ECHO"), slice_empty()}, 2));
}

static void test_what_resp3_says_otherwise(void **state)
{
    struct buf *buf = *state;

    ASSERT_WRITES("$-1\r\n", resp_write_null(buf, 2));
    ASSERT_WRITES("_\r\n", resp_write_null(buf, 3));
    ASSERT_WRITES("*-1\r\n", resp_write_null_array(buf, 2));
    ASSERT_WRITES("_\r\n", resp_write_null_array(buf, 3));
    ASSERT_WRITES("*4\r\n", resp_write_map(buf, 2, 2));
    ASSERT_WRITES("%2\r\n", resp_write_map(buf, 2, 3));
    ASSERT_WRITES("*2\r\n", resp_write_set(buf, 2, 2));
    ASSERT_WRITES("~2\r\n", resp_write_set(buf, 2, 3));
    ASSERT_WRITES("*2\r\n", resp_write_push(buf, 2, 2));
    ASSERT_WRITES(">2\r\n", resp_write_push(buf, 2, 3));
    ASSERT_WRITES(":1\r\n", resp_write_boolean(buf, true, 2));
    ASSERT_WRITES("#t\r\n", resp_write_boolean(buf, true, 3));
    ASSERT_WRITES("#f\r\n", resp_write_boolean(buf, false, 3));
    ASSERT_WRITES("$3\r\n1.5\r\n", resp_write_double(buf, 1.5, 2));
    ASSERT_WRITES(",1.5\r\n", resp_write_double(buf, 1.5, 3));
    ASSERT_WRITES(",-inf\r\n", resp_write_double(buf, -(double)INFINITY, 3));
    ASSERT_WRITES("$19\r\n0.10000000000000001\r\n", resp_write_double(buf, 0.1, 2));
    ASSERT_WRITES("$20\r\n13.36138933897018433\r\n", resp_write_human_double(buf, 13.361389338970184, 2));
    ASSERT_WRITES(",-1.5\r\n", resp_write_human_double(buf, -1.5, 3));
    ASSERT_WRITES("$2\r\nhi\r\n", resp_write_verbatim(buf, "txt", slice_of("hi"), 2));
    ASSERT_WRITES("=6\r\ntxt:hi\r\n", resp_write_verbatim(buf, "txt", slice_of("hi"), 3));
    ASSERT_WRITES("$3\r\n123\r\n", resp_write_big_number(buf, slice_of("123"), 2));
    ASSERT_WRITES("(123\r\n", resp_write_big_number(buf, slice_of("123"), 3));
}

/* A line end out of a peer's mouth must not end the reply. */
static void test_error_stays_on_one_line(void **state)
{
    struct buf *buf = *state;

    ASSERT_WRITES("-ERR unknown command 'a  b'\r\n", resp_write_error(buf, slice_of("ERR unknown command 'a\r\nb'")));
    ASSERT_WRITES("-\r\n", resp_write_error(buf, slice_empty()));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_types_of_both_protocols),
        cmocka_unit_test(test_what_resp3_says_otherwise),
        cmocka_unit_test(test_error_stays_on_one_line),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
