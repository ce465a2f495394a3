/* What MULTI queues, and what touches a WATCH. */
#include "base/clock.h"
#include "server/commands/cmd_pubsub.h"
#include "server/commands/cmd_transaction.h"
#include "server/request/families.h"
#include "server/request/notify.h"
#include "server/request/registry.h"
#include "server/request/reply.h"
#include "server/request/transaction.h"
#include "server/support/small_server.h"
#include "storage/store.h"
#include "storage/value/string_store.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

/* PUT key value [milliseconds]. */
static enum status run_put(struct call *call, struct reply *reply)
{
    uint64_t expire_at_ms = call->argc > 3 ? call->now_ms + small_server_number(call->argv[3]) : 0;

    string_set(call->keyspace, call->db, call->argv[1], call->argv[2], expire_at_ms);
    call->changes++;
    notify_key(call, NOTIFY_STRING, "set", call->db, call->argv[1]);
    reply_ok(reply);
    return STATUS_OK;
}

static enum status run_flush(struct call *call, struct reply *reply)
{
    keyspace_flush_database(call->keyspace, call->db);
    call->changes++;
    notify_database(call, call->db);
    reply_ok(reply);
    return STATUS_OK;
}

static enum status run_swap(struct call *call, struct reply *reply)
{
    keyspace_swap(call->keyspace, 0, 1);
    call->changes++;
    notify_database(call, 0);
    notify_database(call, 1);
    reply_ok(reply);
    return STATUS_OK;
}

static enum status run_read(struct call *call, struct reply *reply)
{
    struct entry entry;

    reply_integer(reply, keyspace_find(call->keyspace, call->db, call->argv[1], &entry));
    return STATUS_OK;
}

static enum status run_select(struct call *call, struct reply *reply)
{
    call->session->db = (uint32_t)(call->argv[1].data[0] - '0');
    reply_ok(reply);
    return STATUS_OK;
}

static enum status run_fail(struct call *call, struct reply *reply)
{
    (void)call;
    return reply_error(reply, "ERR failed");
}

static const struct command test_commands[] = {
    {.name = "put", .arity = -3, .flags = COMMAND_WRITE, .keys = {KEY_RANGE(KEY_OW, 1, 0, 1)}, .run = run_put},
    {.name = "flush", .arity = 1, .flags = COMMAND_WRITE, .run = run_flush},
    {.name = "swap", .arity = 1, .flags = COMMAND_WRITE, .run = run_swap},
    {.name = "read", .arity = 2, .flags = COMMAND_READONLY, .keys = {KEY_RANGE(KEY_RO, 1, 0, 1)}, .run = run_read},
    {.name = "select", .arity = 2, .run = run_select},
    {.name = "fail", .arity = 1, .run = run_fail},
    {.name = NULL},
};

/* Stands in place of server/request/families.c's. */
const struct command *const families[] = {test_commands, transaction_commands, pubsub_commands, NULL};

/* Two clients: one for the transaction, one who meddles. */
static struct small_server *connect(void **state)
{
    struct small_server *s = *state;

    (void)small_server_connect(s);
    (void)small_server_connect(s);
    return s;
}

static void exec_answers(struct small_server *s, const char *expected)
{
    small_server_ask(s, 0, "multi", "+OK ");
    small_server_ask(s, 0, "read k", "+QUEUED ");
    small_server_ask(s, 0, "exec", expected);
}

#define RUNS   "*1 :1 "
#define RUNS_0 "*1 :0 "
#define ABORTS "*-1 "

static void test_queued_commands_run_at_exec_as_one_change(void **state)
{
    struct small_server *s = connect(state);

    small_server_ask(s, 0, "multi", "+OK ");
    small_server_ask(s, 0, "put a 1", "+QUEUED ");
    small_server_ask(s, 0, "fail", "+QUEUED ");
    small_server_ask(s, 0, "put b 2", "+QUEUED ");
    assert_int_equal(transaction_len(s->sessions[0]), 3);
    assert_int_equal(transaction_effects(s->sessions[0]), COMMAND_WRITE);
    assert_true(transaction_bytes(s->sessions[0]) > strlen("put a 1 fail put b 2"));
    small_server_ask(s, 1, "read a", ":0 ");
    assert_string_equal(small_server_logged(s), "");
    small_server_ask(s, 0, "exec", "*3 +OK -ERR failed +OK ");
    assert_string_equal(small_server_logged(s), "SELECT 0 ; MULTI ; put a 1 ; put b 2 ; EXEC");
    assert_int_equal(transaction_len(s->sessions[0]), 0);
}

#define MESSAGE "*3 $7 message $2 ch $4 told "

/* What is published may tell of what its client has written, so it is not heard before that is on disk. */
static void test_message_waits_for_the_writes_before_it(void **state)
{
    static const char *const ways[] = {"put k v\r\npublish ch told\r\n",
                                       "multi\r\nput k v\r\npublish ch told\r\nexec\r\n"};
    struct small_server *s = connect(state);

    small_server_ask(s, 1, "subscribe ch", "*3 $9 subscribe $2 ch :1 ");
    for (size_t i = 0; i < 2; i++) {
        s->is_log_held = true;
        small_server_send(s, 0, ways[i]);
        assert_string_equal(small_server_hears(s, 1), "");
        s->is_log_held = false;
        small_server_turn(s);
        assert_string_equal(small_server_hears(s, 1), MESSAGE);
    }
    s->is_log_held = true;
    small_server_send(s, 0, "publish ch told\r\n"); /* All that it wrote is on disk. */
    assert_string_equal(small_server_hears(s, 1), MESSAGE);
}

/* What was queued was let in; that the session subscribes meanwhile shuts out what comes after EXEC. */
static void test_subscription_does_not_shut_out_what_is_queued(void **state)
{
    struct small_server *s = connect(state);

    small_server_ask(s, 0, "multi", "+OK ");
    small_server_ask(s, 0, "subscribe ch", "+QUEUED ");
    small_server_ask(s, 0, "read k", "+QUEUED ");
    small_server_ask(s, 0, "exec", "*2 *3 $9 subscribe $2 ch :1 :0 ");
    small_server_ask(s, 0, "read k",
                     "-ERR Can't execute 'read': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are "
                     "allowed in this context ");
}

static void test_watches_cost_what_their_keys_are_long(void **state)
{
    struct small_server *s = connect(state);

    assert_int_equal(transaction_watch_bytes(s->sessions[0]), 0);
    small_server_ask(s, 0, "watch k longer", "+OK ");
    assert_true(transaction_watch_bytes(s->sessions[0]) > strlen("klonger"));
    small_server_ask(s, 0, "unwatch", "+OK ");
    assert_int_equal(transaction_watch_bytes(s->sessions[0]), 0);
}

static void test_discard_forgets_commands_and_watches(void **state)
{
    struct small_server *s = connect(state);

    small_server_ask(s, 0, "watch k", "+OK ");
    small_server_ask(s, 0, "multi", "+OK ");
    small_server_ask(s, 0, "put k 1", "+QUEUED ");
    small_server_ask(s, 0, "discard", "+OK ");
    assert_int_equal(transaction_len(s->sessions[0]), 0);
    assert_int_equal(transaction_effects(s->sessions[0]), 0);
    small_server_ask(s, 1, "put k 2", "+OK ");
    exec_answers(s, RUNS);
}

static void test_command_that_is_refused_ends_the_transaction(void **state)
{
    struct small_server *s = connect(state);

    small_server_ask(s, 0, "multi", "+OK ");
    small_server_ask(s, 0, "put k 1", "+QUEUED ");
    small_server_ask(s, 0, "read", "-ERR wrong number of arguments for 'read' command ");
    small_server_ask(s, 0, "exec", "-EXECABORT Transaction discarded because of previous errors. ");
    small_server_ask(s, 0, "read k", ":0 ");
}

static void test_words_out_of_place_are_errors(void **state)
{
    struct small_server *s = connect(state);

    small_server_ask(s, 0, "exec", "-ERR EXEC without MULTI ");
    small_server_ask(s, 0, "discard", "-ERR DISCARD without MULTI ");
    small_server_ask(s, 0, "multi", "+OK ");
    small_server_ask(s, 0, "multi", "-ERR MULTI calls can not be nested ");
    small_server_ask(s, 0, "watch k", "-ERR WATCH inside MULTI is not allowed ");
    small_server_ask(s, 0, "exec", "*0 ");
}

static void test_change_of_a_watched_key_aborts(void **state)
{
    struct small_server *s = connect(state);

    small_server_ask(s, 0, "watch k other", "+OK ");
    small_server_ask(s, 1, "put k 1", "+OK ");
    exec_answers(s, ABORTS);
    exec_answers(s, RUNS);
}

static void test_own_change_before_multi_aborts_too(void **state)
{
    struct small_server *s = connect(state);

    small_server_ask(s, 0, "watch k", "+OK ");
    small_server_ask(s, 0, "put k 1", "+OK ");
    exec_answers(s, ABORTS);
}

static void test_other_keys_and_other_databases_abort_nothing(void **state)
{
    struct small_server *s = connect(state);

    small_server_ask(s, 0, "watch k", "+OK ");
    small_server_ask(s, 1, "put kk 1", "+OK ");
    small_server_ask(s, 1, "read k", ":0 "); /* Missing it is no change. */
    small_server_ask(s, 1, "select 1", "+OK ");
    small_server_ask(s, 1, "put k 1", "+OK ");
    exec_answers(s, RUNS_0);
}

static void test_unwatched_keys_abort_nothing(void **state)
{
    struct small_server *s = connect(state);

    small_server_ask(s, 0, "watch k", "+OK ");
    small_server_ask(s, 1, "put k 1", "+OK ");
    small_server_ask(s, 0, "unwatch", "+OK ");
    small_server_ask(s, 1, "put k 2", "+OK ");
    exec_answers(s, RUNS);
}

static void test_watching_twice_ends_at_once(void **state)
{
    struct small_server *s = connect(state);

    small_server_ask(s, 0, "watch k k", "+OK ");
    small_server_ask(s, 0, "watch k", "+OK ");
    small_server_ask(s, 0, "unwatch", "+OK ");
    small_server_ask(s, 1, "put k 1", "+OK ");
    exec_answers(s, RUNS);
}

static void test_emptied_database_aborts_where_the_key_was(void **state)
{
    struct small_server *s = connect(state);

    small_server_ask(s, 0, "watch k", "+OK ");
    small_server_ask(s, 1, "flush", "+OK "); /* There neither before nor after. */
    exec_answers(s, RUNS_0);
    small_server_ask(s, 1, "put k 1", "+OK ");
    small_server_ask(s, 0, "watch k", "+OK ");
    small_server_ask(s, 1, "flush", "+OK ");
    exec_answers(s, ABORTS);
}

static void test_key_that_falls_due_aborts(void **state)
{
    struct small_server *s = connect(state);
    uint64_t due_ms;

    small_server_ask(s, 1, "put k 1 30", "+OK ");
    due_ms = clock_wall_ms() + 30;
    small_server_ask(s, 0, "watch k", "+OK ");
    while (clock_wall_ms() <= due_ms + 5) {
        small_server_turn(s);
    }
    exec_answers(s, ABORTS);
}

static void test_key_that_was_due_before_aborts_nothing(void **state)
{
    struct small_server *s = connect(state);

    small_server_ask(s, 1, "put k 1 0", "+OK ");
    for (uint64_t begin_ms = clock_wall_ms(); clock_wall_ms() < begin_ms + 5;) {
        small_server_turn(s);
    }
    small_server_ask(s, 0, "watch k", "+OK ");
    exec_answers(s, RUNS_0);
}

static void test_exchange_for_a_key_that_is_due_aborts_nothing(void **state)
{
    struct small_server *s = connect(state);

    small_server_ask(s, 1, "select 1", "+OK ");
    small_server_ask(s, 1, "put k 1 0", "+OK ");
    for (uint64_t begin_ms = clock_wall_ms(); clock_wall_ms() < begin_ms + 5;) {
        small_server_turn(s);
    }
    small_server_ask(s, 0, "watch k", "+OK ");
    small_server_ask(s, 1, "swap", "+OK ");
    exec_answers(s, RUNS_0);
    small_server_ask(s, 1, "put k 1", "+OK ");
    small_server_ask(s, 0, "watch k", "+OK ");
    small_server_ask(s, 1, "swap", "+OK ");
    exec_answers(s, ABORTS);
}

static void test_replaced_data_touches_every_watch(void **state)
{
    struct small_server *s = connect(state);

    small_server_ask(s, 0, "watch k", "+OK ");
    transactions_touch_all(s->services.transactions);
    exec_answers(s, ABORTS);
}

static void test_closed_session_leaves_no_watch_behind(void **state)
{
    struct small_server *s = connect(state);

    small_server_ask(s, 0, "watch k", "+OK ");
    small_server_ask(s, 0, "multi", "+OK ");
    small_server_ask(s, 0, "put k 1", "+QUEUED ");
    small_server_hang_up(s, 0);
    small_server_turn(s);
    assert_null(s->sessions[0]);
    small_server_ask(s, 1, "put k 2", "+OK "); /* Would touch what is freed. */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, small_server_setup, small_server_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_queued_commands_run_at_exec_as_one_change),
        TEST(test_message_waits_for_the_writes_before_it),
        TEST(test_subscription_does_not_shut_out_what_is_queued),
        TEST(test_watches_cost_what_their_keys_are_long),
        TEST(test_discard_forgets_commands_and_watches),
        TEST(test_command_that_is_refused_ends_the_transaction),
        TEST(test_words_out_of_place_are_errors),
        TEST(test_change_of_a_watched_key_aborts),
        TEST(test_own_change_before_multi_aborts_too),
        TEST(test_other_keys_and_other_databases_abort_nothing),
        TEST(test_unwatched_keys_abort_nothing),
        TEST(test_watching_twice_ends_at_once),
        TEST(test_emptied_database_aborts_where_the_key_was),
        TEST(test_key_that_falls_due_aborts),
        TEST(test_key_that_was_due_before_aborts_nothing),
        TEST(test_exchange_for_a_key_that_is_due_aborts_nothing),
        TEST(test_replaced_data_touches_every_watch),
        TEST(test_closed_session_leaves_no_watch_behind),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
