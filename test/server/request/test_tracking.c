/* When clients that track are told, with respect to replies and to the log (D9). */
#include "server/commands/cmd_connection.h"
#include "server/commands/cmd_key.h"
#include "server/commands/cmd_list.h"
#include "server/commands/cmd_string.h"
#include "server/commands/cmd_transaction.h"
#include "server/config/config.h"
#include "server/request/families.h"
#include "server/request/tracking.h"
#include "server/support/small_server.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

/* Stands in place of server/request/families.c's. */
const struct command *const families[] = {string_commands, key_commands,         list_commands, list_block_commands,
                                          client_commands, transaction_commands, NULL};

enum { READER, WRITER, LISTENER, OTHER_WRITER, CLIENTS };

/* The reader and the listener speak RESP3. */
static int set_up(void **state)
{
    struct small_server *s;

    if (small_server_setup(state) != 0) {
        return 1;
    }
    s = *state;
    for (int i = 0; i < CLIENTS; i++) {
        (void)small_server_connect(s);
    }
    s->sessions[READER]->protocol = 3;
    s->sessions[LISTENER]->protocol = 3;
    return 0;
}

static struct tracking_statistics statistics_of(const struct small_server *s)
{
    struct tracking_statistics statistics;

    tracking_get_statistics(s->services.tracking, &statistics);
    return statistics;
}

#define INVALIDATES(len, key) ">2 $10 invalidate *1 $" len " " key " "

/* The change can still be lost: neither its own reply nor the message that tells of it may leave. */
static void test_a_message_waits_for_the_change_that_it_tells(void **state)
{
    struct small_server *s = *state;

    small_server_ask(s, READER, "client tracking on", "+OK ");
    small_server_ask(s, READER, "get k", "_ ");
    s->is_log_held = true;
    small_server_ask(s, WRITER, "set k 1", "");
    small_server_turn(s);
    assert_string_equal(small_server_hears(s, READER), "");
    s->is_log_held = false;
    small_server_turn(s);
    assert_string_equal(small_server_hears(s, READER), INVALIDATES("1", "k"));
    assert_string_equal(small_server_hears(s, WRITER), "+OK ");
}

static void test_prefixes_wait_for_the_change_too(void **state)
{
    struct small_server *s = *state;

    small_server_ask(s, READER, "client tracking on bcast prefix k", "+OK ");
    s->is_log_held = true;
    small_server_ask(s, WRITER, "set k2 1", "");
    assert_string_equal(small_server_hears(s, READER), "");
    s->is_log_held = false;
    small_server_turn(s);
    assert_string_equal(small_server_hears(s, READER), INVALIDATES("2", "k2"));
}

/* The reader's reply waits for the first change. The message of the second one goes another way, and there it must not
 * come first: the reader would keep what is stale, and nobody would tell it again. */
static void test_a_redirected_message_overtakes_no_reply_that_it_makes_stale(void **state)
{
    struct small_server *s = *state;

    small_server_ask(s, READER, "client tracking on redirect 3", "+OK ");
    s->is_log_held = true;
    small_server_turn(s);                        /* Who spoke last is looked at first, but for a turn in between. */
    small_server_post(s, WRITER, "set k 1\r\n"); /* One turn: nothing of it is on disk before its end. */
    small_server_post(s, READER, "get k\r\n");
    small_server_post(s, OTHER_WRITER, "set k 2\r\n");
    small_server_turn(s);
    assert_string_equal(small_server_hears(s, READER), "");
    assert_string_equal(small_server_hears(s, LISTENER), "");
    s->is_log_held = false;
    small_server_turn(s);
    assert_string_equal(small_server_hears(s, READER), "$1 1 ");
    assert_string_equal(small_server_hears(s, LISTENER), INVALIDATES("1", "k"));
}

/* An eviction reveals no change, and yet its message makes a reply stale that waits. */
static void test_an_eviction_overtakes_no_reply(void **state)
{
    struct small_server *s = *state;

    s->services.config->tracking_table_max_keys = 1;
    small_server_ask(s, READER, "client tracking on redirect 3", "+OK ");
    s->is_log_held = true;
    small_server_turn(s);
    small_server_post(s, WRITER, "set k 1\r\n");
    small_server_post(s, READER, "get k\r\nget l\r\n");
    small_server_turn(s);
    assert_string_equal(small_server_hears(s, READER), "");
    assert_int_equal(statistics_of(s).keys, 1);
    assert_string_equal(small_server_hears(s, LISTENER), "");
    s->is_log_held = false;
    small_server_turn(s);
    assert_string_equal(small_server_hears(s, READER), "$1 1 _ ");
    assert_string_equal(small_server_hears(s, LISTENER), INVALIDATES("1", "k"));
}

/* Between the change and its message the reader asks again: what it gets is new, and stands behind the message. */
static void test_a_read_behind_the_change_is_tracked_anew(void **state)
{
    struct small_server *s = *state;

    small_server_ask(s, READER, "client tracking on", "+OK ");
    small_server_ask(s, READER, "get k", "_ ");
    s->is_log_held = true;
    small_server_ask(s, WRITER, "set k 1", "");
    small_server_ask(s, READER, "get k", "");
    s->is_log_held = false;
    small_server_turn(s);
    assert_string_equal(small_server_hears(s, READER), INVALIDATES("1", "k") "$1 1 ");
    (void)small_server_hears(s, WRITER);
    small_server_ask(s, WRITER, "set k 2", "+OK ");
    assert_string_equal(small_server_hears(s, READER), INVALIDATES("1", "k"));
}

static void test_no_message_stands_amid_a_reply(void **state)
{
    struct small_server *s = *state;

    small_server_ask(s, READER, "client tracking on", "+OK ");
    small_server_ask(s, READER, "get k", "_ ");
    small_server_ask(s, READER, "multi", "+OK ");
    small_server_ask(s, READER, "set k 1", "+QUEUED ");
    small_server_ask(s, READER, "get k", "+QUEUED ");
    small_server_ask(s, READER, "exec", "*2 +OK $1 1 " INVALIDATES("1", "k"));
    /* Nor when it is another client's: the listener changes what the reader has read. */
    small_server_ask(s, READER, "client tracking on redirect 3", "+OK ");
    small_server_ask(s, READER, "get k", "$1 1 ");
    small_server_ask(s, LISTENER, "multi", "+OK ");
    small_server_ask(s, LISTENER, "set k 1", "+QUEUED ");
    small_server_ask(s, LISTENER, "get k", "+QUEUED ");
    small_server_ask(s, LISTENER, "exec", "*2 +OK $1 1 " INVALIDATES("1", "k"));
}

/* The reader waits, and is served by the writer's push: two clients' commands, one within the other. */
static void test_a_waiting_client_is_told_behind_its_reply(void **state)
{
    struct small_server *s = *state;

    small_server_ask(s, READER, "client tracking on", "+OK ");
    small_server_ask(s, READER, "lrange to 0 -1", "*0 ");
    small_server_ask(s, READER, "blmove from to left left 0", "");
    small_server_ask(s, WRITER, "rpush from 1", ":1 ");
    assert_string_equal(small_server_hears(s, READER), "$1 1 " INVALIDATES("2", "to"));
}

static void test_a_session_that_closes_leaves_nothing_behind(void **state)
{
    struct small_server *s = *state;

    small_server_ask(s, READER, "client tracking on", "+OK ");
    small_server_ask(s, LISTENER, "client tracking on bcast prefix x prefix y", "+OK ");
    small_server_ask(s, READER, "get k", "_ ");
    assert_int_equal(statistics_of(s).clients, 2);
    assert_int_equal(statistics_of(s).keys, 1);
    assert_int_equal(statistics_of(s).prefixes, 2);
    small_server_hang_up(s, LISTENER);
    small_server_turn(s);
    assert_int_equal(statistics_of(s).prefixes, 0);
    small_server_hang_up(s, READER);
    small_server_turn(s);
    assert_int_equal(statistics_of(s).clients, 0);
    assert_int_equal(statistics_of(s).keys, 0);
    small_server_ask(s, WRITER, "set k 1", "+OK ");
}

static void test_many_keys_beyond_the_limit_go_in_steps(void **state)
{
    struct small_server *s = *state;
    char request[32];

    small_server_ask(s, READER, "client tracking on noloop", "+OK ");
    s->sessions[READER]->protocol = 2; /* It need not be told here. */
    for (int i = 0; i < 2500; i++) {
        (void)snprintf(request, sizeof(request), "exists %d", i);
        small_server_ask(s, READER, request, ":0 ");
    }
    s->services.config->tracking_table_max_keys = 10;
    small_server_turn(s);
    assert_int_equal(statistics_of(s).keys, 1500);
    small_server_turn(s);
    small_server_turn(s);
    assert_int_equal(statistics_of(s).keys, 10);
    s->services.config->tracking_table_max_keys = 0; /* No limit. */
    small_server_turn(s);
    assert_int_equal(statistics_of(s).keys, 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_message_waits_for_the_change_that_it_tells, set_up,
                                        small_server_teardown),
        cmocka_unit_test_setup_teardown(test_prefixes_wait_for_the_change_too, set_up, small_server_teardown),
        cmocka_unit_test_setup_teardown(test_a_redirected_message_overtakes_no_reply_that_it_makes_stale, set_up,
                                        small_server_teardown),
        cmocka_unit_test_setup_teardown(test_an_eviction_overtakes_no_reply, set_up, small_server_teardown),
        cmocka_unit_test_setup_teardown(test_a_read_behind_the_change_is_tracked_anew, set_up, small_server_teardown),
        cmocka_unit_test_setup_teardown(test_no_message_stands_amid_a_reply, set_up, small_server_teardown),
        cmocka_unit_test_setup_teardown(test_a_waiting_client_is_told_behind_its_reply, set_up, small_server_teardown),
        cmocka_unit_test_setup_teardown(test_a_session_that_closes_leaves_nothing_behind, set_up,
                                        small_server_teardown),
        cmocka_unit_test_setup_teardown(test_many_keys_beyond_the_limit_go_in_steps, set_up, small_server_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
