/* Waiting commands over a small server. Commands of this test's own wait for keys that hold strings; who is served,
 * in which order, and how waits end otherwise is what is looked at. */
#include "server/commands/cmd_transaction.h"
#include "server/request/args.h"
#include "server/request/blocking.h"
#include "server/request/dispatch.h"
#include "server/request/families.h"
#include "server/request/notify.h"
#include "server/request/registry.h"
#include "server/request/reply.h"
#include "server/support/small_server.h"
#include "storage/store.h"
#include "storage/value/list_store.h"
#include "storage/value/string_store.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define LARGE_BYTES ((size_t)2 * 1024 * 1024) /* More than the memtable may hold. */

/* --- The commands --- */

/* PUT key [key ...]: strings. */
static enum status run_put(struct call *call, struct reply *reply)
{
    for (size_t i = 1; i < call->argc; i++) {
        string_set(call->keyspace, call->db, call->argv[i], slice_of("v"), 0);
        call->changes++;
        notify_key(call, NOTIFY_STRING, "set", call->db, call->argv[i]);
    }
    reply_ok(reply);
    return STATUS_OK;
}

/* LIST key: something else under it. */
static enum status run_list(struct call *call, struct reply *reply)
{
    struct collection list;

    (void)keyspace_delete(call->keyspace, call->db, call->argv[1]);
    assert_int_equal(collection_open(call->keyspace, call->db, call->argv[1], ENTRY_LIST, &list), STATUS_NOT_FOUND);
    list_push(&list, LIST_LEFT, slice_of("element"));
    collection_commit(&list);
    collection_close(&list);
    call->changes++;
    notify_key(call, NOTIFY_LIST, "lpush", call->db, call->argv[1]);
    reply_ok(reply);
    return STATUS_OK;
}

/* PAUSE key: puts it, and from then on writes are paused, as by a failover. */
static enum status run_pause(struct call *call, struct reply *reply)
{
    dispatch_gate(call->services->dispatch)->pause = DISPATCH_PAUSE_WRITE;
    return run_put(call, reply);
}

static enum status run_drop(struct call *call, struct reply *reply)
{
    call->changes += keyspace_delete(call->keyspace, call->db, call->argv[1]);
    notify_key(call, NOTIFY_GENERIC, "del", call->db, call->argv[1]);
    reply_ok(reply);
    return STATUS_OK;
}

static bool is_string(struct call *call, struct slice key)
{
    struct entry entry;

    return keyspace_find(call->keyspace, call->db, key, &entry) && entry.type == ENTRY_STRING;
}

/* TAKE milliseconds key [key ...]: the first that is there, which goes. */
static enum status run_take(struct call *call, struct reply *reply)
{
    struct blocking_wait wait = {.keys = call->argv + 2, .key_count = call->argc - 2, .type = ENTRY_STRING};
    int64_t timeout_ms;

    assert_int_equal(args_int64(call->argv[1], &timeout_ms), STATUS_OK);
    wait.timeout_ms = (uint64_t)timeout_ms;
    for (size_t i = 2; i < call->argc; i++) {
        struct slice key = call->woken_by.data != NULL ? call->woken_by : call->argv[i];

        if (is_string(call, key)) {
            (void)keyspace_delete(call->keyspace, call->db, key);
            call->changes++;
            reply_bulk(reply, key);
            return STATUS_OK;
        }
    }
    blocking_wait(call, reply, &wait);
    return STATUS_OK;
}

/* SWELL key filler: touches the key, and fills the memtable. */
static enum status run_swell(struct call *call, struct reply *reply)
{
    static char large[LARGE_BYTES];
    struct blocking_wait wait = {.keys = call->argv + 1, .key_count = 1, .type = ENTRY_STRING};

    if (is_string(call, call->argv[1])) {
        string_set(call->keyspace, call->db, call->argv[2], slice_make(large, sizeof(large)), 0);
        notify_key(call, NOTIFY_STRING, "set", call->db, call->argv[1]);
        call->changes++;
        reply_bulk_text(reply, "swollen");
    } else {
        blocking_wait(call, reply, &wait);
    }
    return STATUS_OK;
}

/* PATIENT key other: wants `key`, but only once `other` is there, too. */
static enum status run_patient(struct call *call, struct reply *reply)
{
    struct blocking_wait wait = {.keys = call->argv + 1, .key_count = 1, .type = ENTRY_STRING};

    if (is_string(call, call->argv[1]) && is_string(call, call->argv[2])) {
        (void)keyspace_delete(call->keyspace, call->db, call->argv[1]);
        call->changes++;
        reply_bulk_text(reply, "patient");
    } else {
        blocking_wait(call, reply, &wait);
    }
    return STATUS_OK;
}

/* MOURN key: waits until it is gone. */
static enum status run_mourn(struct call *call, struct reply *reply)
{
    struct blocking_wait wait = {.keys = call->argv + 1, .key_count = 1, .type = ENTRY_STRING, .wakes_when_gone = true};

    if (is_string(call, call->argv[1])) {
        blocking_wait(call, reply, &wait);
    } else {
        reply_bulk_text(reply, "gone");
    }
    return STATUS_OK;
}

static void write_late(struct call *call, struct reply *reply)
{
    reply_bulk(reply, call->argv[0]);
}

/* ACKS: runs until it was woken twice. */
static enum status run_acks(struct call *call, struct reply *reply)
{
    struct blocking_wait wait = {.is_for_replicas = true, .write_timeout = write_late};

    if (call->is_again) {
        reply_bulk_text(reply, "acknowledged");
    } else {
        blocking_wait(call, reply, &wait);
    }
    return STATUS_OK;
}

static enum status run_select(struct call *call, struct reply *reply)
{
    int64_t db;

    assert_int_equal(args_int64(call->argv[1], &db), STATUS_OK);
    call->session->db = (uint32_t)db;
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

static const struct command test_commands[] = {
    {.name = "put", .arity = -2, .flags = COMMAND_WRITE, .run = run_put},
    {.name = "pause", .arity = 2, .flags = COMMAND_WRITE, .run = run_pause},
    {.name = "list", .arity = 2, .flags = COMMAND_WRITE, .run = run_list},
    {.name = "drop", .arity = 2, .flags = COMMAND_WRITE, .run = run_drop},
    {.name = "take", .arity = -3, .flags = COMMAND_WRITE | COMMAND_BLOCKING, .run = run_take},
    {.name = "swell", .arity = 3, .flags = COMMAND_WRITE | COMMAND_BLOCKING, .run = run_swell},
    {.name = "patient", .arity = 3, .flags = COMMAND_WRITE | COMMAND_BLOCKING, .run = run_patient},
    {.name = "mourn", .arity = 2, .flags = COMMAND_READONLY | COMMAND_BLOCKING, .run = run_mourn},
    {.name = "acks", .arity = 1, .flags = COMMAND_BLOCKING, .run = run_acks},
    {.name = "select", .arity = 2, .run = run_select},
    {.name = "swap", .arity = 1, .flags = COMMAND_WRITE, .run = run_swap},
    {.name = NULL},
};

/* Stands in place of server/request/families.c's. */
const struct command *const families[] = {test_commands, transaction_commands, NULL};

/* --- Tests --- */

#define SERVED(key) "$1 " key " "

/* `count` clients, the last of which shall change keys. */
static struct small_server *connect(void **state, size_t count)
{
    struct small_server *s = *state;

    while (s->client_count < count) {
        (void)small_server_connect(s);
    }
    return s;
}

static void test_those_who_wait_are_served_in_order_of_arrival(void **state)
{
    struct small_server *s = connect(state, 4);

    small_server_ask(s, 1, "take 0 k", "");
    small_server_ask(s, 0, "take 0 k", "");
    small_server_ask(s, 2, "take 0 k", "");
    assert_int_equal(blocking_count(s->services.blocking), 3);
    small_server_ask(s, 3, "put k", "+OK ");
    assert_string_equal(small_server_hears(s, 1), SERVED("k"));
    small_server_ask(s, 3, "put k", "+OK ");
    assert_string_equal(small_server_hears(s, 0), SERVED("k"));
    assert_string_equal(small_server_hears(s, 1), "");
    assert_string_equal(small_server_hears(s, 2), "");
    assert_int_equal(blocking_count(s->services.blocking), 1);
}

static void test_value_of_another_type_wakes_nobody(void **state)
{
    struct small_server *s = connect(state, 2);

    small_server_ask(s, 0, "take 0 k", "");
    small_server_ask(s, 1, "list k", "+OK ");
    assert_false(blocking_has_ready(s->services.blocking));
    small_server_ask(s, 1, "drop k", "+OK ");
    assert_string_equal(small_server_hears(s, 0), "");
    small_server_ask(s, 1, "put k", "+OK ");
    assert_string_equal(small_server_hears(s, 0), SERVED("k"));
}

static void test_key_that_became_ready_first_is_served_first(void **state)
{
    struct small_server *s = connect(state, 2);

    small_server_ask(s, 0, "take 0 a b", "");
    small_server_ask(s, 1, "multi", "+OK ");
    small_server_ask(s, 1, "list a", "+QUEUED "); /* Changes `a`, and makes it nobody's. */
    small_server_ask(s, 1, "put b", "+QUEUED ");
    small_server_ask(s, 1, "drop a", "+QUEUED ");
    small_server_ask(s, 1, "put a", "+QUEUED ");
    assert_string_equal(small_server_hears(s, 0), "");
    small_server_ask(s, 1, "exec", "*4 +OK +OK +OK +OK ");
    assert_string_equal(small_server_hears(s, 0), SERVED("b"));
    small_server_ask(s, 1, "take 0 a", SERVED("a"));
}

static void test_who_asks_again_keeps_the_place(void **state)
{
    struct small_server *s = connect(state, 3);

    small_server_ask(s, 0, "patient k other", "");
    small_server_ask(s, 1, "take 0 other2 k", "");
    small_server_ask(s, 2, "put k", "+OK "); /* Not for the first yet, so the second gets it. */
    assert_string_equal(small_server_hears(s, 0), "");
    assert_string_equal(small_server_hears(s, 1), SERVED("k"));
    small_server_ask(s, 1, "take 0 k", "");
    small_server_ask(s, 2, "put other", "+OK ");
    small_server_ask(s, 2, "put k", "+OK ");
    assert_string_equal(small_server_hears(s, 0), "$7 patient ");
    assert_string_equal(small_server_hears(s, 1), "");
}

/* The first waiter's command makes the key ready again and fills the memtable, so that the second has to wait. */
static void test_key_that_became_ready_again_waits_for_room_at_the_front(void **state)
{
    struct small_server *s = connect(state, 4);

    small_server_ask(s, 3, "put before", "+OK ");
    small_server_ask(s, 0, "swell k filler", "");
    small_server_ask(s, 1, "take 0 k", "");
    small_server_ask(s, 2, "take 0 l", "");
    small_server_freeze(s);
    small_server_send(s, 3, "multi\r\nput k l\r\nexec\r\n");
    assert_string_equal(small_server_hears(s, 3), "+OK +QUEUED *1 +OK ");
    assert_string_equal(small_server_waits(s, 0, 5000), "$7 swollen ");
    assert_string_equal(small_server_waits(s, 1, 5000), SERVED("k"));
    assert_string_equal(small_server_waits(s, 2, 5000), SERVED("l"));
    assert_false(blocking_has_ready(s->services.blocking));
}

static void test_key_named_twice_is_one_place(void **state)
{
    struct small_server *s = connect(state, 3);

    small_server_ask(s, 0, "take 0 k k l k", "");
    small_server_ask(s, 1, "take 0 k", "");
    small_server_ask(s, 2, "put k", "+OK ");
    assert_string_equal(small_server_hears(s, 0), SERVED("k"));
    small_server_ask(s, 2, "put k", "+OK ");
    assert_string_equal(small_server_hears(s, 1), SERVED("k"));
    assert_int_equal(blocking_count(s->services.blocking), 0);
}

static void test_key_that_goes_wakes_those_who_want_to_know(void **state)
{
    struct small_server *s = connect(state, 3);

    small_server_ask(s, 2, "put k", "+OK ");
    small_server_ask(s, 0, "mourn k", "");
    small_server_ask(s, 1, "take 0 other", "");
    small_server_ask(s, 2, "put k", "+OK ");
    assert_string_equal(small_server_hears(s, 0), "");
    small_server_ask(s, 2, "drop k", "+OK ");
    assert_string_equal(small_server_hears(s, 0), "$4 gone ");
    small_server_ask(s, 2, "put k", "+OK ");
    small_server_ask(s, 0, "mourn k", "");
    small_server_ask(s, 2, "list k", "+OK ");
    assert_string_equal(small_server_hears(s, 0), "$4 gone ");
    assert_string_equal(small_server_hears(s, 1), "");
}

static void test_databases_are_apart_until_they_are_exchanged(void **state)
{
    struct small_server *s = connect(state, 2);

    small_server_ask(s, 0, "take 0 k", "");
    small_server_ask(s, 1, "select 1", "+OK ");
    small_server_ask(s, 1, "put k", "+OK ");
    assert_string_equal(small_server_hears(s, 0), "");
    small_server_ask(s, 1, "swap", "+OK ");
    assert_string_equal(small_server_hears(s, 0), SERVED("k"));
    assert_int_equal(s->sessions[0]->db, 0);
    assert_int_equal(keyspace_key_count(store_keyspace(s->services.store), 0), 0);
}

static void test_requests_behind_a_waiting_one_wait_too(void **state)
{
    struct small_server *s = connect(state, 2);

    small_server_send(s, 0, "take 0 k\r\nselect 0\r\ntake 0 k\r\nselect 0\r\n");
    assert_string_equal(small_server_hears(s, 0), "");
    small_server_ask(s, 1, "put k", "+OK ");
    assert_string_equal(small_server_hears(s, 0), SERVED("k") "+OK ");
    small_server_ask(s, 1, "put k", "+OK ");
    assert_string_equal(small_server_hears(s, 0), SERVED("k") "+OK ");
}

static void test_time_that_passes_replies_null_and_goes_on(void **state)
{
    struct small_server *s = connect(state, 2);

    small_server_send(s, 0, "take 20 k\r\n");
    assert_int_equal(blocking_count_timed(s->services.blocking), 1);
    assert_string_equal(small_server_waits(s, 0, 5000), "*-1 ");
    assert_int_equal(blocking_count(s->services.blocking), 0);
    assert_int_equal(blocking_count_timed(s->services.blocking), 0);
    small_server_ask(s, 0, "select 0", "+OK ");
    small_server_ask(s, 1, "put k", "+OK "); /* Nobody stands in line any more. */
    small_server_ask(s, 1, "take 0 k", SERVED("k"));
}

static void test_time_means_nothing_to_who_was_served(void **state)
{
    struct small_server *s = connect(state, 2);

    small_server_ask(s, 0, "take 30 k", "");
    small_server_ask(s, 1, "put k", "+OK ");
    assert_string_equal(small_server_hears(s, 0), SERVED("k"));
    small_server_ask(s, 0, "take 0 k", "");
    assert_string_equal(small_server_waits(s, 0, 60), "");
    assert_int_equal(blocking_count(s->services.blocking), 1);
}

static void test_unblocked_as_by_time_or_with_an_error(void **state)
{
    struct small_server *s = connect(state, 2);

    small_server_ask(s, 0, "take 0 k", "");
    assert_true(blocking_unblock(s->services.blocking, s->sessions[0], false));
    assert_false(blocking_unblock(s->services.blocking, s->sessions[0], false));
    small_server_ask(s, 0, "take 0 k", "*-1 ");
    assert_true(blocking_unblock(s->services.blocking, s->sessions[0], true));
    small_server_turn(s);
    assert_string_equal(small_server_hears(s, 0), "-UNBLOCKED client unblocked via CLIENT UNBLOCK ");
    assert_false(blocking_unblock(s->services.blocking, s->sessions[0], true));
}

static void test_who_hangs_up_is_not_served(void **state)
{
    struct small_server *s = connect(state, 4);

    small_server_ask(s, 0, "take 0 k", "");
    small_server_ask(s, 1, "take 0 k", "");
    small_server_ask(s, 2, "take 0 k", "");
    small_server_hang_up(s, 0);
    small_server_turn(s);
    assert_int_equal(blocking_count(s->services.blocking), 2);
    session_close(s->sessions[1]); /* Is still there until the turn ends. */
    small_server_ask(s, 3, "put k", "+OK ");
    assert_string_equal(small_server_hears(s, 2), SERVED("k"));
    assert_string_equal(small_server_hears(s, 1), "(closed)");
    assert_int_equal(blocking_count(s->services.blocking), 0);
}

/* In the same turn: its connection is closed, and it is not yet gone. */
static void test_who_has_just_hung_up_is_not_served(void **state)
{
    struct small_server *s = connect(state, 3);

    small_server_ask(s, 0, "take 0 k", "");
    small_server_ask(s, 1, "take 0 k", "");
    small_server_hang_up(s, 0);
    small_server_ask(s, 2, "put k", "+OK ");
    assert_string_equal(small_server_hears(s, 1), SERVED("k"));
}

static void test_who_waits_is_not_served_while_writes_are_paused(void **state)
{
    struct small_server *s = connect(state, 2);
    struct dispatch_gate *gate = dispatch_gate(s->services.dispatch);

    small_server_ask(s, 0, "take 0 k", "");
    small_server_ask(s, 1, "pause k", "+OK ");
    assert_string_equal(small_server_hears(s, 0), "");
    gate->pause = DISPATCH_PAUSE_NONE;
    small_server_turn(s);
    assert_string_equal(small_server_hears(s, 0), SERVED("k"));
}

static void test_change_of_role_ends_all_waits_and_connections(void **state)
{
    struct small_server *s = connect(state, 3);

    small_server_ask(s, 0, "take 0 k", "");
    small_server_ask(s, 1, "acks", "");
    blocking_disconnect_all(s->services.blocking, "UNBLOCKED for a test");
    small_server_turn(s);
    assert_string_equal(small_server_hears(s, 0), "-UNBLOCKED for a test (closed)");
    assert_string_equal(small_server_hears(s, 1), "-UNBLOCKED for a test (closed)");
    small_server_ask(s, 2, "put k", "+OK ");
    assert_int_equal(blocking_count(s->services.blocking), 0);
}

static void test_acknowledgements_wake_who_waits_for_replicas(void **state)
{
    struct small_server *s = connect(state, 3);

    blocking_serve_acknowledgements(s->services.blocking);
    assert_false(blocking_has_ready(s->services.blocking)); /* Nobody waits. */
    small_server_ask(s, 0, "take 0 k", "");
    small_server_ask(s, 1, "acks", "");
    small_server_ask(s, 2, "put other", "+OK ");
    assert_string_equal(small_server_hears(s, 1), "");
    blocking_serve_acknowledgements(s->services.blocking);
    small_server_turn(s);
    assert_string_equal(small_server_hears(s, 1), "$12 acknowledged ");
    assert_string_equal(small_server_hears(s, 0), "");
}

static void test_time_out_reply_is_the_commands_own(void **state)
{
    struct small_server *s = connect(state, 1);

    small_server_ask(s, 0, "acks", "");
    assert_true(blocking_unblock(s->services.blocking, s->sessions[0], false));
    small_server_turn(s);
    assert_string_equal(small_server_hears(s, 0), "$4 acks ");
}

static void test_nobody_waits_inside_a_transaction(void **state)
{
    struct small_server *s = connect(state, 1);

    small_server_ask(s, 0, "multi", "+OK ");
    small_server_ask(s, 0, "take 0 k", "+QUEUED ");
    small_server_ask(s, 0, "acks", "+QUEUED ");
    small_server_ask(s, 0, "exec", "*2 *-1 $4 acks ");
    assert_int_equal(blocking_count(s->services.blocking), 0);
}

static void test_skipped_reply_is_that_of_the_waiting_command(void **state)
{
    struct small_server *s = connect(state, 2);

    s->sessions[0]->flags |= SESSION_REPLY_SKIP;
    small_server_ask(s, 0, "take 0 k", "");
    small_server_ask(s, 1, "put k", "+OK ");
    assert_string_equal(small_server_hears(s, 0), "");
    assert_false(s->sessions[0]->flags & SESSION_BLOCKED);
    small_server_ask(s, 0, "select 0", "+OK ");
}

static void test_command_that_waited_is_counted_and_logged_once(void **state)
{
    struct small_server *s = connect(state, 2);
    const struct command_entry *entry = commands_find(s->services.commands, slice_of("take"));

    small_server_ask(s, 0, "take 0 k", "");
    small_server_ask(s, 1, "put k", "+OK ");
    assert_string_equal(small_server_hears(s, 0), SERVED("k"));
    assert_int_equal(entry->statistics.calls, 1);
    assert_string_equal(small_server_logged(s), "SELECT 0 ; put k ; take 0 k");
}

static void test_reply_waits_for_the_change_that_it_tells_of(void **state)
{
    struct small_server *s = connect(state, 2);

    small_server_ask(s, 0, "take 0 k", "");
    s->is_log_held = true;
    small_server_ask(s, 1, "put k", "");
    assert_string_equal(small_server_hears(s, 0), "");
    assert_int_equal(blocking_count(s->services.blocking), 0);
    s->is_log_held = false;
    small_server_turn(s);
    assert_string_equal(small_server_hears(s, 0), SERVED("k"));
    assert_string_equal(small_server_hears(s, 1), "+OK ");
}

static void test_time_outs_are_read_as_redis_reads_them(void **state)
{
    static const struct {
        const char *text;
        uint64_t timeout_ms;
        const char *error; /* NULL for none. */
    } cases[] = {
        {"0", 0, NULL},
        {"1", 1000, NULL},
        {"0.001", 1, NULL},
        {"0.0001", 1, NULL}, /* Never 0, which is for ever. */
        {"1.0001", 1001, NULL},
        {"0x1p-1", 500, NULL},
        {"-0.0001", 0, NULL},
        {"9223372036854775", 9223372036854775000u, NULL},
        {"-1", 0, "-ERR timeout is negative\r\n"},
        {"-0.0015", 0, "-ERR timeout is negative\r\n"},
        {"9223372036854776", 0, "-ERR timeout is negative\r\n"},
        {"inf", 0, "-ERR timeout is negative\r\n"},
        {"nan", 0, "-ERR timeout is not a float or out of range\r\n"},
        {"", 0, "-ERR timeout is not a float or out of range\r\n"},
        {" 1", 0, "-ERR timeout is not a float or out of range\r\n"},
        {"1s", 0, "-ERR timeout is not a float or out of range\r\n"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint64_t timeout_ms = 77;
        struct reply reply;
        struct buf out;
        enum status status;

        buf_init(&out, BUF_NO_CEILING);
        reply_init(&reply, &out, 2);
        status = blocking_parse_timeout_s(&reply, slice_of(cases[i].text), &timeout_ms);
        if (cases[i].error == NULL) {
            assert_int_equal(status, STATUS_OK);
            assert_int_equal(timeout_ms, cases[i].timeout_ms);
        } else {
            assert_int_equal(status, STATUS_REPLIED);
            assert_true(slice_equal(buf_slice(&out), slice_of(cases[i].error)));
        }
        buf_release(&out);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, small_server_setup, small_server_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_those_who_wait_are_served_in_order_of_arrival),
        TEST(test_value_of_another_type_wakes_nobody),
        TEST(test_key_that_became_ready_first_is_served_first),
        TEST(test_who_asks_again_keeps_the_place),
        TEST(test_key_that_became_ready_again_waits_for_room_at_the_front),
        TEST(test_key_named_twice_is_one_place),
        TEST(test_key_that_goes_wakes_those_who_want_to_know),
        TEST(test_databases_are_apart_until_they_are_exchanged),
        TEST(test_requests_behind_a_waiting_one_wait_too),
        TEST(test_time_that_passes_replies_null_and_goes_on),
        TEST(test_time_means_nothing_to_who_was_served),
        TEST(test_unblocked_as_by_time_or_with_an_error),
        TEST(test_who_hangs_up_is_not_served),
        TEST(test_who_has_just_hung_up_is_not_served),
        TEST(test_who_waits_is_not_served_while_writes_are_paused),
        TEST(test_change_of_role_ends_all_waits_and_connections),
        TEST(test_acknowledgements_wake_who_waits_for_replicas),
        TEST(test_time_out_reply_is_the_commands_own),
        TEST(test_nobody_waits_inside_a_transaction),
        TEST(test_skipped_reply_is_that_of_the_waiting_command),
        TEST(test_command_that_waited_is_counted_and_logged_once),
        TEST(test_reply_waits_for_the_change_that_it_tells_of),
        cmocka_unit_test(test_time_outs_are_read_as_redis_reads_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
