/* Unions and differences of many operands, in both ways that a difference is computed. */
#include "server/support/small_server.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static struct small_server *connect(void **state)
{
    struct small_server *s = *state;

    (void)small_server_connect(s);
    small_server_ask(s, 0, "sadd a 1 2 3 4 5 6 7 8", ":8 ");
    small_server_ask(s, 0, "sadd b 3 9", ":2 ");
    small_server_ask(s, 0, "sadd c 5 1", ":2 ");
    small_server_ask(s, 0, "zadd z 0.5 1 1.5 2 2.5 3 3.5 4 4.5 5 5.5 6", ":6 ");
    small_server_ask(s, 0, "zadd y 10 3 20 9", ":2 ");
    return s;
}

static void test_differences_leave_what_no_other_has(void **state)
{
    struct small_server *s = connect(state);

    /* The first is the larger part of all: the others are walked, */
    small_server_ask(s, 0, "sdiff a b c nothing", "*5 $1 2 $1 4 $1 6 $1 7 $1 8 ");
    small_server_ask(s, 0, "zdiff 4 z y c nothing withscores", "*6 $1 2 $3 1.5 $1 4 $3 3.5 $1 6 $3 5.5 ");
    small_server_ask(s, 0, "sdiffstore d a b c nothing", ":5 ");
    small_server_ask(s, 0, "zdiffstore e 4 z y c nothing", ":3 ");
    /* or it is the smaller, and its members are looked up. */
    small_server_ask(s, 0, "sdiff b a", "*1 $1 9 ");
    small_server_ask(s, 0, "zdiff 2 y z withscores", "*2 $1 9 $2 20 ");
    small_server_ask(s, 0, "sdiff a a b c", "*0 ");
}

static void test_unions_tell_each_member_once(void **state)
{
    struct small_server *s = connect(state);

    small_server_ask(s, 0, "sunion b c b nothing a", "*9 $1 3 $1 9 $1 5 $1 1 $1 2 $1 4 $1 6 $1 7 $1 8 ");
    small_server_ask(s, 0, "sunion b", "*2 $1 3 $1 9 ");
    small_server_ask(s, 0, "sunionstore d b c b a", ":9 ");
    small_server_ask(s, 0, "zunion 3 y b z weights 1 100 -1 withscores",
                     "*14 $1 6 $4 -5.5 $1 5 $4 -4.5 $1 4 $4 -3.5 $1 2 $4 -1.5 $1 1 $4 -0.5 $1 3 $5 107.5 $1 9 $3 120 ");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, small_server_setup, small_server_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_differences_leave_what_no_other_has),
        TEST(test_unions_tell_each_member_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
