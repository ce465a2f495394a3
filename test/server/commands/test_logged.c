/* What commands leave in the log where that is not their own words: that it makes the same data again, and that it fits
 * one change. */
#include "server/commands/cmd_connection.h"
#include "server/commands/cmd_geo.h"
#include "server/commands/cmd_key.h"
#include "server/commands/cmd_list.h"
#include "server/commands/cmd_server.h"
#include "server/commands/cmd_set.h"
#include "server/commands/cmd_sort.h"
#include "server/commands/cmd_stream.h"
#include "server/commands/cmd_string.h"
#include "server/commands/cmd_transaction.h"
#include "server/commands/cmd_zset.h"
#include "server/request/change.h"
#include "server/request/dispatch.h"
#include "server/request/families.h"
#include "server/request/reply.h"
#include "server/support/small_server.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define REFUSED "-ERR the command changes more than one change may hold "

/* LIMIT bytes: changes hold no longer effects from now on. */
static enum status run_limit(struct call *call, struct reply *reply)
{
    change_limit(call->change, small_server_number(call->argv[1]));
    reply_ok(reply);
    return STATUS_OK;
}

static const struct command test_commands[] = {
    {.name = "limit", .arity = 2, .run = run_limit},
    {.name = NULL},
};

/* Stands in place of server/request/families.c's. */
const struct command *const families[] = {
    test_commands,
    string_commands,
    string_part_commands,
    string_number_commands,
    key_commands,
    key_expire_commands,
    server_commands,
    connection_commands,
    set_commands,
    list_commands,
    sort_commands,
    zset_commands,
    zset_range_commands,
    geo_commands,
    geo_search_commands,
    transaction_commands,
    stream_commands,
    stream_group_commands,
    stream_claim_commands,
    stream_readgroup_commands,
    NULL,
};

static struct small_server *connect(void **state)
{
    struct small_server *s = *state;

    (void)small_server_connect(s);
    small_server_ask(s, 0, "set selects 0", "+OK "); /* So that no later change begins with SELECT. */
    (void)small_server_logged(s);
    return s;
}

static void replay_words(struct small_server *s, struct session *replayer, const struct slice *words, size_t count)
{
    struct request request = {.argv = words, .argc = count};
    const char *error = "";

    if (count > 0 && !dispatch_replay(s->services.dispatch, replayer, &request, &error)) {
        fail_msg("%s", error);
    }
}

/* Drop all data, and execute what was logged since small_server_logged() was last called, which is told. */
static char *relive(struct small_server *s)
{
    char *logged = strdup(small_server_logged(s));
    char *text = strdup(logged);
    struct session replayer;
    struct slice words[64];
    struct buf output;
    size_t count = 0;
    char *rest = NULL;

    small_server_ask(s, 0, "flushall", "+OK ");
    (void)small_server_logged(s);
    buf_init(&output, BUF_NO_CEILING);
    session_init_internal(&replayer, &output);
    for (char *word = strtok_r(text, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest)) {
        if (strcmp(word, ";") == 0) {
            replay_words(s, &replayer, words, count);
            count = 0;
        } else if (strcmp(word, "MULTI") != 0 && strcmp(word, "EXEC") != 0) {
            assert_true(count < sizeof(words) / sizeof(words[0]));
            words[count++] = slice_of(word);
        }
    }
    replay_words(s, &replayer, words, count);
    session_release_internal(&replayer);
    buf_release(&output);
    free(text);
    return logged;
}

static void assert_relives(struct small_server *s, const char *expected)
{
    char *logged = relive(s);

    assert_string_equal(logged, expected);
    free(logged);
}

static void test_set_keeps_its_expiry_in_the_log_however_often_it_says_a_word(void **state)
{
    struct small_server *s = connect(state);

    small_server_ask(s, 0, "set k v pxat 4102444800000", "+OK ");
    small_server_ask(s, 0, "set k w XX XX XX XX XX XX KEEPTTL GET", "$1 v ");
    small_server_ask(s, 0, "set k x NX GET", "$1 w ");
    small_server_ask(s, 0, "set l y NX NX GET", "$-1 ");
    assert_relives(s, "SET k v PXAT 4102444800000 ; SET k w KEEPTTL ; SET l y");
    small_server_ask(s, 0, "pexpiretime k", ":4102444800000 ");
    small_server_ask(s, 0, "get k", "$1 w ");
    small_server_ask(s, 0, "get l", "$1 y ");
}

/* A foreign master's times may lie before 1970: the key is due, and gone when its DEL comes. */
static void test_time_in_the_past_stands_in_replay(void **state)
{
    static const char *const times[] = {"0", "-1", "-9223372036854775808"};
    struct small_server *s = connect(state);

    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        const struct slice set[] = {slice_of("SET"), slice_of("k"), slice_of("v")};
        const struct slice expire[] = {slice_of("PEXPIREAT"), slice_of("k"), slice_of(times[i])};
        struct session replayer;
        struct buf output;

        buf_init(&output, BUF_NO_CEILING);
        session_init_internal(&replayer, &output);
        replay_words(s, &replayer, set, 3);
        replay_words(s, &replayer, expire, 3);
        session_release_internal(&replayer);
        buf_release(&output);
        small_server_ask(s, 0, "get k", "$-1 ");
    }
}

/* Add 40 members of 21 bytes to the set s. */
static void add_members(struct small_server *s)
{
    char request[1000] = "sadd s";

    for (size_t i = 0; i < 40; i++) {
        size_t len = strlen(request);

        (void)snprintf(request + len, sizeof(request) - len, " member-of-the-set-%03zu", i);
    }
    small_server_ask(s, 0, request, ":40 ");
    (void)small_server_logged(s);
}

static void test_spop_logs_what_goes_or_what_stays(void **state)
{
    struct small_server *s = connect(state);
    char *logged;

    add_members(s);
    small_server_ask(s, 0, "pexpireat s 4102444800000", ":1 ");
    (void)small_server_logged(s);
    small_server_say(s, 0, "spop s 3");
    (void)small_server_hears(s, 0);
    assert_memory_equal(small_server_logged(s), "SREM s member-of-the-set-", 24);
    small_server_ask(s, 0, "scard s", ":37 ");
    small_server_say(s, 0, "spop s 35");
    (void)small_server_hears(s, 0);
    small_server_ask(s, 0, "pexpiretime s", ":4102444800000 ");
    logged = relive(s);
    assert_memory_equal(logged, "MULTI ; DEL s ; SADD s member-of-the-set-", 40);
    assert_string_equal(logged + strlen(logged) - 34, "; PEXPIREAT s 4102444800000 ; EXEC");
    free(logged);
    small_server_ask(s, 0, "scard s", ":2 ");
    small_server_ask(s, 0, "pexpiretime s", ":4102444800000 ");
    small_server_say(s, 0, "spop s 2");
    assert_memory_equal(small_server_hears(s, 0), "*2 ", 3);
    assert_string_equal(small_server_logged(s), "DEL s");
}

static void test_spop_that_no_change_could_hold_is_refused(void **state)
{
    struct small_server *s = connect(state);

    add_members(s);
    small_server_ask(s, 0, "limit 500", "+OK ");
    small_server_ask(s, 0, "spop s 20", REFUSED);
    small_server_ask(s, 0, "scard s", ":40 ");
    assert_string_equal(small_server_logged(s), "");
    small_server_say(s, 0, "spop s 36"); /* What stays is short. */
    assert_memory_equal(small_server_hears(s, 0), "*36 ", 4);
    small_server_ask(s, 0, "scard s", ":4 ");
}

static void test_sort_that_no_change_could_hold_leaves_what_was_there(void **state)
{
    struct small_server *s = connect(state);
    char items[2100] = "";
    char text[2200];

    for (size_t len = 0, i = 0; i < 150; i++) {
        len += (size_t)snprintf(items + len, sizeof(items) - len, " item-of-list");
    }
    (void)snprintf(text, sizeof(text), "rpush l%s", items);
    small_server_ask(s, 0, text, ":150 ");
    small_server_ask(s, 0, "set d old", "+OK ");
    (void)small_server_logged(s);
    small_server_ask(s, 0, "limit 1500", "+OK ");
    small_server_ask(s, 0, "sort l by nosort store d", REFUSED);
    assert_string_equal(small_server_logged(s), "");
    small_server_ask(s, 0, "get d", "$3 old ");
    small_server_ask(s, 0, "limit 100000", "+OK ");
    small_server_ask(s, 0, "sort l by nosort store d", ":150 ");
    (void)snprintf(text, sizeof(text), "MULTI ; DEL d ; RPUSH d%s ; EXEC", items);
    assert_string_equal(small_server_logged(s), text);
}

static void test_places_that_no_change_could_hold_are_not_stored(void **state)
{
    struct small_server *s = connect(state);

    small_server_ask(s, 0, "geoadd g 1 1 here 1.0001 1.0001 there", ":2 ");
    (void)small_server_logged(s);
    small_server_ask(s, 0, "limit 50", "+OK ");
    small_server_ask(s, 0, "geosearchstore d g fromlonlat 1 1 byradius 1 km", REFUSED);
    small_server_ask(s, 0, "exists d", ":0 ");
    small_server_ask(s, 0, "limit 1000", "+OK ");
    small_server_ask(s, 0, "geosearchstore d g fromlonlat 1 1 byradius 1 km asc", ":2 ");
    assert_relives(s, "ZADD d 3377822707026402 here 3377822707036160 there");
    small_server_ask(s, 0, "zcard d", ":2 ");
}

/* Each entry that changes hands may need a command of its own: one that does not fit is for the next call. */
static void test_stream_entries_change_hands_as_far_as_the_change_holds(void **state)
{
    struct small_server *s = connect(state);

    for (const char *id = "12345"; *id != '\0'; id++) {
        char command[] = "xadd s 0-? f v";

        command[9] = *id;
        small_server_say(s, 0, command);
        (void)small_server_hears(s, 0);
    }
    small_server_ask(s, 0, "xgroup create s g 0", "+OK ");
    small_server_ask(s, 0, "limit 2500", "+OK ");
    small_server_ask(s, 0, "xreadgroup group g a count 2 streams s >",
                     "*1 *2 $1 s *2 *2 $3 0-1 *2 $1 f $1 v *2 $3 0-2 *2 $1 f $1 v ");
    small_server_ask(s, 0, "xclaim s g a 0 0-1 retrycount 7 justid", "*1 $3 0-1 ");
    small_server_ask(s, 0, "xreadgroup group g a streams s >",
                     "*1 *2 $1 s *3 *2 $3 0-3 *2 $1 f $1 v *2 $3 0-4 *2 $1 f $1 v *2 $3 0-5 *2 $1 f $1 v ");
    /* The first has been delivered seven times, so what follows is no part of its command. */
    small_server_ask(s, 0, "limit 2300", "+OK ");
    small_server_ask(s, 0, "xautoclaim s g b 0 0 justid", "*3 $3 0-3 *2 $3 0-1 $3 0-2 *0 ");
    small_server_ask(s, 0, "limit 1000", "+OK ");
    small_server_ask(s, 0, "xautoclaim s g b 0 0-3 justid", "*3 $3 0-3 *0 *0 ");
    small_server_ask(s, 0, "xclaim s g b 0 0-3 0-4 justid", "*0 ");
    small_server_ask(s, 0, "xreadgroup group g a streams s 0", "*1 *2 $1 s *0 ");
    small_server_ask(s, 0, "limit 100000", "+OK ");
    small_server_ask(s, 0, "xautoclaim s g b 0 0-3 justid", "*3 $3 0-0 *3 $3 0-3 $3 0-4 $3 0-5 *0 ");
}

/* Each of these is logged with a number of thousands of digits. */
static void test_transaction_stops_writing_when_its_change_is_full(void **state)
{
    struct small_server *s = connect(state);

    small_server_ask(s, 0, "set k 1e300", "+OK ");
    small_server_ask(s, 0, "limit 500", "+OK ");
    small_server_ask(s, 0, "multi", "+OK ");
    for (size_t i = 0; i < 3; i++) {
        small_server_ask(s, 0, "incrbyfloat k 1", "+QUEUED ");
    }
    small_server_ask(s, 0, "strlen k", "+QUEUED ");
    small_server_say(s, 0, "exec");
    assert_non_null(
        strstr(small_server_hears(s, 0), "-ERR the transaction changes more than one change may hold :301 "));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, small_server_setup, small_server_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_set_keeps_its_expiry_in_the_log_however_often_it_says_a_word),
        TEST(test_time_in_the_past_stands_in_replay),
        TEST(test_spop_logs_what_goes_or_what_stays),
        TEST(test_spop_that_no_change_could_hold_is_refused),
        TEST(test_sort_that_no_change_could_hold_leaves_what_was_there),
        TEST(test_places_that_no_change_could_hold_are_not_stored),
        TEST(test_stream_entries_change_hands_as_far_as_the_change_holds),
        TEST(test_transaction_stops_writing_when_its_change_is_full),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
