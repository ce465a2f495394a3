/* HRANDFIELD, ZRANDMEMBER and SRANDMEMBER: which counts are refused. */
#include "server/support/small_server.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static void assert_refuses(struct small_server *s, const char *command, const char *count, const char *expected)
{
    char request[100];

    (void)snprintf(request, sizeof(request), "%s key %s", command, count);
    small_server_ask(s, 0, request, expected);
}

static void test_counts_are_bounded(void **state)
{
    static const char *const commands[] = {"hrandfield", "zrandmember", "srandmember"};
    struct small_server *s = *state;

    (void)small_server_connect(s);
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        assert_refuses(s, commands[i], "-33554433", "-ERR value is out of range ");
        assert_refuses(s, commands[i], "-33554432", "*0 ");
        assert_refuses(s, commands[i], "9223372036854775807", "*0 ");
        assert_refuses(s, commands[i], "-9223372036854775808",
                       "-ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807 ");
        assert_refuses(s, commands[i], "many", "-ERR value is not an integer or out of range ");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_counts_are_bounded, small_server_setup, small_server_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
