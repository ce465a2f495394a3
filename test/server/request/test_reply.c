/* Replies as bytes, in both protocols. */
#include "server/request/reply.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct fixture {
    struct buf out;
    struct reply reply;
};

static int setup(void **state)
{
    static struct fixture fixture;

    buf_init(&fixture.out, BUF_NO_CEILING);
    reply_init(&fixture.reply, &fixture.out, 2);
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    buf_release(&f->out);
    return 0;
}

static void assert_output(struct fixture *f, const char *expected)
{
    struct slice got = buf_slice(&f->out);

    assert_int_equal(got.len, strlen(expected));
    assert_memory_equal(got.data, expected, got.len);
    buf_clear(&f->out);
}

static void test_every_client_status_has_a_text(void **state)
{
    struct fixture *f = *state;

    for (int status = STATUS_IO; status < STATUS_COUNT; status++) {
        if (status != STATUS_REPLIED) {
            f->reply.is_error = false;
            reply_status(&f->reply, (enum status)status);
            assert_true(f->reply.is_error);
            assert_int_equal(buf_slice(&f->out).data[0], '-');
            buf_clear(&f->out);
        }
    }
    reply_status(&f->reply, STATUS_WRONG_TYPE);
    assert_output(f, "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n");
}

static void test_ok_and_replied_write_nothing(void **state)
{
    struct fixture *f = *state;

    reply_status(&f->reply, STATUS_OK);
    reply_status(&f->reply, STATUS_REPLIED);
    assert_false(f->reply.is_error);
    assert_output(f, "");
}

static void test_error_cannot_be_forged_by_line_ends(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(reply_error(&f->reply, "ERR no '%s'", "a\r\n+OK"), STATUS_REPLIED);
    assert_output(f, "-ERR no 'a  +OK'\r\n");
}

static void test_deferred_header_goes_before_its_elements(void **state)
{
    struct fixture *f = *state;
    struct reply_deferred deferred;

    reply_ok(&f->reply);
    deferred = reply_deferred_begin(&f->reply);
    reply_integer(&f->reply, 1);
    reply_bulk_text(&f->reply, "two");
    reply_deferred_array(&f->reply, deferred, 2);
    reply_ok(&f->reply);
    assert_output(f, "+OK\r\n*2\r\n:1\r\n$3\r\ntwo\r\n+OK\r\n");
}

static void test_deferred_works_after_part_of_the_output_left(void **state)
{
    struct fixture *f = *state;
    struct reply_deferred deferred;

    reply_simple(&f->reply, "gone");
    buf_consume(&f->out, 4);
    deferred = reply_deferred_begin(&f->reply);
    reply_deferred_array(&f->reply, deferred, 0);
    assert_output(f, "e\r\n*0\r\n");
}

static void test_deferred_map_and_set_follow_the_protocol(void **state)
{
    struct fixture *f = *state;
    struct reply_deferred deferred = reply_deferred_begin(&f->reply);

    reply_integer(&f->reply, 1);
    reply_integer(&f->reply, 2);
    reply_deferred_map(&f->reply, deferred, 1);
    assert_output(f, "*2\r\n:1\r\n:2\r\n");
    f->reply.protocol = 3;
    deferred = reply_deferred_begin(&f->reply);
    reply_integer(&f->reply, 1);
    reply_integer(&f->reply, 2);
    reply_deferred_map(&f->reply, deferred, 1);
    deferred = reply_deferred_begin(&f->reply);
    reply_deferred_set(&f->reply, deferred, 0);
    assert_output(f, "%1\r\n:1\r\n:2\r\n~0\r\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_every_client_status_has_a_text, setup, teardown),
        cmocka_unit_test_setup_teardown(test_ok_and_replied_write_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_error_cannot_be_forged_by_line_ends, setup, teardown),
        cmocka_unit_test_setup_teardown(test_deferred_header_goes_before_its_elements, setup, teardown),
        cmocka_unit_test_setup_teardown(test_deferred_works_after_part_of_the_output_left, setup, teardown),
        cmocka_unit_test_setup_teardown(test_deferred_map_and_set_follow_the_protocol, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
