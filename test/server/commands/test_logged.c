/* What commands leave in the log where that is not their own words: that it makes the same data again. */
#include "base/memory.h"
#include "server/commands/cmd_connection.h"
#include "server/commands/cmd_geo.h"
#include "server/commands/cmd_key.h"
#include "server/commands/cmd_list.h"
#include "server/commands/cmd_server.h"
#include "server/commands/cmd_set.h"
#include "server/commands/cmd_sort.h"
#include "server/commands/cmd_string.h"
#include "server/commands/cmd_transaction.h"
#include "server/commands/cmd_zset.h"
#include "server/request/dispatch.h"
#include "server/request/families.h"
#include "server/support/small_server.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* Stands in place of server/request/families.c's. */
const struct command *const families[] = {
    string_commands,     string_part_commands, string_number_commands, key_commands,
    key_expire_commands, server_commands,      connection_commands,    set_commands,
    list_commands,       sort_commands,        zset_commands,          zset_range_commands,
    geo_commands,        geo_search_commands,  transaction_commands,   NULL,
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, small_server_setup, small_server_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_set_keeps_its_expiry_in_the_log_however_often_it_says_a_word),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
