/* Where results go: what is asked for rights, and what waits for what was stored, knows each place. */
#include "server/support/small_server.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define DENIED "-NOPERM this user has no permissions to access one of the keys used as arguments "

static struct small_server *connect(void **state)
{
    struct small_server *s = *state;

    (void)small_server_connect(s);
    small_server_ask(s, 0, "geoadd mine 1 1 here", ":1 ");
    small_server_ask(s, 0, "acl setuser somebody on nopass ~mine ~get ~store +@all", "+OK ");
    small_server_ask(s, 0, "auth somebody x", "+OK ");
    return s;
}

static void test_last_destination_is_asked_for(void **state)
{
    struct small_server *s = connect(state);

    small_server_ask(s, 0, "georadius mine 1 1 1 km store mine store theirs", DENIED);
    small_server_ask(s, 0, "georadius mine 1 1 1 km storedist mine storedist theirs", DENIED);
    small_server_ask(s, 0, "georadius mine 1 1 1 km store mine storedist theirs", DENIED);
    small_server_ask(s, 0, "georadiusbymember mine here 1 km store mine store theirs", DENIED);
    small_server_ask(s, 0, "georadius mine 1 1 1 km store store store mine", ":1 ");
}

static void test_sort_takes_no_destination_for_an_option(void **state)
{
    struct small_server *s = connect(state);

    small_server_ask(s, 0, "sort mine by nosort store get store theirs", DENIED);
    small_server_ask(s, 0, "sort mine by nosort store get store mine", ":1 ");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, small_server_setup, small_server_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_last_destination_is_asked_for),
        TEST(test_sort_takes_no_destination_for_an_option),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
