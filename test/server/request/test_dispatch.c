/* From a request to its effect: who is let in, what is logged, what is counted. Commands of this test's own. */
#include "base/clock.h"
#include "server/acl/acl.h"
#include "server/commands/cmd_transaction.h"
#include "server/config/config.h"
#include "server/request/change.h"
#include "server/request/dispatch.h"
#include "server/request/families.h"
#include "server/request/notify.h"
#include "server/request/registry.h"
#include "server/request/reply.h"
#include "server/support/small_server.h"
#include "server/watch/metrics.h"
#include "server/watch/slowlog.h"
#include "storage/log/log.h"
#include "storage/store.h"
#include "storage/value/string_store.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define LARGE_BYTES ((size_t)2 * 1024 * 1024) /* More than the memtable may hold. */

/* PUT key value [milliseconds to live]. */
static enum status run_put(struct call *call, struct reply *reply)
{
    uint64_t expire_at_ms = call->argc > 3 ? call->now_ms + small_server_number(call->argv[3]) : 0;

    string_set(call->keyspace, call->db, call->argv[1], call->argv[2], expire_at_ms);
    call->changes++;
    notify_key(call, NOTIFY_STRING, "set", call->db, call->argv[1]);
    reply_ok(reply);
    return STATUS_OK;
}

/* READ key [key ...]: how many are there. */
static enum status run_read(struct call *call, struct reply *reply)
{
    struct entry entry;
    int64_t count = 0;

    for (size_t i = 1; i < call->argc; i++) {
        count += keyspace_find(call->keyspace, call->db, call->argv[i], &entry);
    }
    reply_integer(reply, count);
    return STATUS_OK;
}

/* CHANCE key: logs something else than itself. */
static enum status run_chance(struct call *call, struct reply *reply)
{
    struct slice words[] = {slice_of("PUT"), call->argv[1], slice_of("drawn")};

    change_replace(call->change, words, 3);
    return run_put(call, reply);
}

static enum status run_none(struct call *call, struct reply *reply)
{
    (void)call;
    reply_ok(reply);
    return STATUS_OK;
}

static enum status run_wrong(struct call *call, struct reply *reply)
{
    (void)call;
    (void)reply;
    return STATUS_WRONG_TYPE;
}

/* TIME: the command's one time, in ms. */
static enum status run_time(struct call *call, struct reply *reply)
{
    reply_integer(reply, (int64_t)call->now_ms);
    return STATUS_OK;
}

/* FILL key: more than the memtable may hold. */
static enum status run_fill(struct call *call, struct reply *reply)
{
    static char large[LARGE_BYTES];

    string_set(call->keyspace, call->db, call->argv[1], slice_make(large, sizeof(large)), 0);
    call->changes++;
    reply_ok(reply);
    return STATUS_OK;
}

/* PARTS key value [value ...]: each is a change of its own. */
static enum status run_parts(struct call *call, struct reply *reply)
{
    for (size_t i = 2; i < call->argc; i++) {
        struct slice words[] = {slice_of("PUT"), call->argv[1], call->argv[i]};

        string_set(call->keyspace, call->db, call->argv[1], call->argv[i], 0);
        change_add(call->change, words, 3);
        call->changes++;
        dispatch_log_part(call->services->dispatch, call);
    }
    reply_ok(reply);
    return STATUS_OK;
}

/* BOUND bytes: how much effects may be. */
static enum status run_bound(struct call *call, struct reply *reply)
{
    change_limit(call->change, small_server_number(call->argv[1]));
    reply_ok(reply);
    return STATUS_OK;
}

static enum status run_select(struct call *call, struct reply *reply)
{
    call->session->db = (uint32_t)(call->argv[1].data[0] - '0');
    reply_ok(reply);
    return STATUS_OK;
}

#define SCRIPT         (COMMAND_MAY_REPLICATE | COMMAND_RUNS_SCRIPT) /* As EVAL has them. */
#define ONE_KEY(flags) KEY_RANGE(flags, 1, 0, 1)

static const struct command test_commands[] = {
    {.name = "put", .arity = -3, .flags = COMMAND_WRITE, .keys = {ONE_KEY(KEY_OW)}, .run = run_put},
    {.name = "read", .arity = -2, .flags = COMMAND_READONLY, .keys = {KEY_RANGE(KEY_RO, 1, -1, 1)}, .run = run_read},
    {.name = "look", .arity = -2, .flags = COMMAND_WRITE, .keys = {KEY_RANGE(KEY_RO, 1, -1, 1)}, .run = run_read},
    {.name = "chance", .arity = 3, .flags = COMMAND_WRITE, .keys = {ONE_KEY(KEY_OW)}, .run = run_chance},
    {.name = "none", .arity = 1, .flags = COMMAND_WRITE, .run = run_none},
    {.name = "parts", .arity = -3, .flags = COMMAND_WRITE, .keys = {ONE_KEY(KEY_OW)}, .run = run_parts},
    {.name = "bound", .arity = 2, .run = run_bound},
    {.name = "script", .arity = 1, .flags = SCRIPT, .run = run_none},
    {.name = "tell", .arity = 1, .flags = COMMAND_MAY_REPLICATE, .run = run_none},
    {.name = "fill", .arity = 2, .flags = COMMAND_WRITE, .keys = {ONE_KEY(KEY_OW)}, .run = run_fill},
    {.name = "wrong", .arity = 1, .flags = COMMAND_WRITE, .run = run_wrong},
    {.name = "time", .arity = 1, .run = run_time},
    {.name = "always", .arity = 1, .flags = COMMAND_LOADING | COMMAND_STALE | COMMAND_NO_AUTH, .run = run_none},
    {.name = "local", .arity = 1, .flags = COMMAND_PROTECTED, .run = run_none},
    {.name = "lonely", .arity = 1, .flags = COMMAND_NO_MULTI, .run = run_none},
    {.name = "select", .arity = 2, .run = run_select},
    {.name = NULL},
};

/* Stands in place of server/request/families.c's. */
const struct command *const families[] = {test_commands, transaction_commands, NULL};

static struct small_server *connect(void **state)
{
    struct small_server *s = *state;

    (void)small_server_connect(s);
    return s;
}

static struct dispatch_gate *gate(struct small_server *s)
{
    return dispatch_gate(s->services.dispatch);
}

static const struct command_statistics *statistics(struct small_server *s, const char *name)
{
    return &commands_find(s->services.commands, slice_of(name))->statistics;
}

static void test_unknown_commands_and_wrong_numbers_of_words_are_refused(void **state)
{
    struct small_server *s = connect(state);

    small_server_ask(s, 0, "foo bar", "-ERR unknown command 'foo', with args beginning with: 'bar'  ");
    small_server_ask(s, 0, "put k", "-ERR wrong number of arguments for 'put' command ");
    small_server_ask(s, 0, "PUT k v", "+OK ");
    assert_int_equal(statistics(s, "put")->calls, 1);
    assert_int_equal(statistics(s, "put")->rejected_calls, 1);
    assert_int_equal(s->services.metrics->error_replies, 2);
    assert_int_equal(s->services.metrics->commands, 1);
}

static void test_only_what_changed_something_is_logged(void **state)
{
    struct small_server *s = connect(state);

    small_server_ask(s, 0, "put k v", "+OK ");
    small_server_ask(s, 0, "read k", ":1 ");
    small_server_ask(s, 0, "none", "+OK ");
    small_server_ask(s, 0, "wrong", "-WRONGTYPE Operation against a key holding the wrong kind of value ");
    assert_string_equal(small_server_logged(s), "SELECT 0 ; put k v");
    assert_int_equal(statistics(s, "wrong")->failed_calls, 1);
}

static void test_handler_says_what_is_logged_instead(void **state)
{
    struct small_server *s = connect(state);

    small_server_ask(s, 0, "chance k x", "+OK ");
    assert_string_equal(small_server_logged(s), "SELECT 0 ; PUT k drawn");
}

static void test_database_is_selected_in_the_log_where_it_changes(void **state)
{
    struct small_server *s = connect(state);

    small_server_ask(s, 0, "put a 1", "+OK ");
    small_server_ask(s, 0, "select 2", "+OK ");
    small_server_ask(s, 0, "put b 2", "+OK ");
    small_server_ask(s, 0, "put c 3", "+OK ");
    small_server_ask(s, 0, "select 0", "+OK ");
    small_server_ask(s, 0, "read a", ":1 ");
    small_server_ask(s, 0, "put d 4", "+OK ");
    assert_string_equal(small_server_logged(s),
                        "SELECT 0 ; put a 1 ; SELECT 2 ; put b 2 ; put c 3 ; SELECT 0 ; put d 4");
}

static void test_renamed_command_is_logged_by_its_own_name(void **state)
{
    struct small_server *s = connect(state);

    assert_int_equal(commands_rename(s->services.commands, slice_of("put"), slice_of("hidden")), STATUS_OK);
    small_server_ask(s, 0, "hidden k v", "+OK ");
    small_server_ask(s, 0, "put k v", "-ERR unknown command 'put', with args beginning with: 'k' 'v'  ");
    assert_string_equal(small_server_logged(s), "SELECT 0 ; put k v");
}

static void wait_ms(struct small_server *s, uint64_t milliseconds)
{
    for (uint64_t begin = clock_wall_ms(); clock_wall_ms() <= begin + milliseconds;) {
        small_server_turn(s);
    }
}

static void test_key_that_fell_due_is_logged_as_deleted_before_what_found_it(void **state)
{
    struct small_server *s = connect(state);

    small_server_ask(s, 0, "put k v 0", "+OK ");
    small_server_ask(s, 0, "put l v 0", "+OK ");
    wait_ms(s, 5);
    (void)small_server_logged(s);
    small_server_ask(s, 0, "read k", ":0 ");
    assert_string_equal(small_server_logged(s), "DEL k");
    small_server_ask(s, 0, "multi", "+OK ");
    small_server_ask(s, 0, "read l", "+QUEUED ");
    small_server_ask(s, 0, "put m v", "+QUEUED ");
    small_server_ask(s, 0, "exec", "*2 :0 +OK ");
    assert_string_equal(small_server_logged(s), "MULTI ; DEL l ; put m v ; EXEC");
    assert_int_equal(s->services.metrics->expired_keys, 2);
}

/* A reader's change would be as long as the reader likes; what is not deleted is not seen either. */
static void test_reader_deletes_no_more_due_keys_than_a_change_holds(void **state)
{
    struct small_server *s = connect(state);

    for (const char *name = "abcde"; *name != '\0'; name++) {
        char request[] = "put . v 0";

        request[4] = *name;
        small_server_ask(s, 0, request, "+OK ");
    }
    wait_ms(s, 5);
    (void)small_server_logged(s);
    small_server_ask(s, 0, "bound 30", "+OK ");
    small_server_ask(s, 0, "read a b c d e", ":0 ");
    assert_string_equal(small_server_logged(s), "MULTI ; DEL a ; DEL b ; EXEC");
    small_server_ask(s, 0, "read c", ":0 ");
    assert_string_equal(small_server_logged(s), "DEL c");
}

static void test_parts_are_changes_of_their_own(void **state)
{
    struct small_server *s = connect(state);

    (void)small_server_connect(s);
    s->is_log_held = true;
    small_server_post(s, 0, "parts k 1 2 3\r\n"); /* The log cannot have them before this turn ends. */
    small_server_post(s, 1, "read k\r\n");
    small_server_turn(s);
    assert_string_equal(small_server_hears(s, 0), "");
    assert_string_equal(small_server_hears(s, 1), ""); /* The last one is known to have changed the key. */
    s->is_log_held = false;
    small_server_turn(s);
    assert_string_equal(small_server_hears(s, 0), "+OK ");
    assert_string_equal(small_server_hears(s, 1), ":1 ");
    assert_string_equal(small_server_logged(s), "SELECT 0 ; PUT k 1 ; PUT k 2 ; PUT k 3");
}

static void test_due_keys_are_deleted_by_themselves_one_change_each(void **state)
{
    struct small_server *s = connect(state);

    small_server_ask(s, 0, "put k v 0", "+OK ");
    small_server_ask(s, 0, "put l v 0", "+OK ");
    small_server_ask(s, 0, "put m v", "+OK ");
    (void)small_server_logged(s);
    assert_int_equal(dispatch_expire_due(s->services.dispatch, 10, clock_wall_ms() + 1000), 2);
    small_server_turn(s);
    assert_int_equal(strlen(small_server_logged(s)), strlen("DEL k ; DEL l"));
    assert_int_equal(keyspace_key_count(store_keyspace(s->services.store), 0), 1);
}

static void test_replica_neither_writes_nor_expires(void **state)
{
    struct small_server *s = connect(state);

    small_server_ask(s, 0, "put k v 0", "+OK ");
    wait_ms(s, 5);
    (void)small_server_logged(s);
    gate(s)->is_replica = true;
    small_server_ask(s, 0, "put l v", "-READONLY You can't write against a read only replica. ");
    small_server_ask(s, 0, "read k", ":0 "); /* Hidden, and still there. */
    assert_int_equal(keyspace_key_count(store_keyspace(s->services.store), 0), 1);
    assert_string_equal(small_server_logged(s), "");
}

static void test_nothing_expires_while_writes_are_paused(void **state)
{
    struct small_server *s = connect(state);

    small_server_ask(s, 0, "put k v 0", "+OK ");
    wait_ms(s, 5);
    (void)small_server_logged(s);
    gate(s)->pause = DISPATCH_PAUSE_WRITE;
    small_server_ask(s, 0, "read k", ":0 ");
    assert_int_equal(dispatch_expire_due(s->services.dispatch, 10, clock_wall_ms() + 1000), 0);
    assert_int_equal(keyspace_key_count(store_keyspace(s->services.store), 0), 1);
    assert_string_equal(small_server_logged(s), "");
    gate(s)->pause = DISPATCH_PAUSE_NONE;
    small_server_ask(s, 0, "read k", ":0 ");
    assert_string_equal(small_server_logged(s), "DEL k");
}

static void test_exec_is_not_for_a_state_that_one_of_its_commands_is_not_for(void **state)
{
    struct small_server *s = connect(state);

    small_server_ask(s, 0, "multi", "+OK ");
    small_server_ask(s, 0, "always", "+QUEUED ");
    small_server_ask(s, 0, "read k", "+QUEUED ");
    gate(s)->is_master_down = true;
    small_server_ask(s, 0, "exec",
                     "-EXECABORT Transaction discarded because of: MASTERDOWN Link with MASTER is down and "
                     "replica-serve-stale-data is set to 'no'. ");
    small_server_ask(s, 0, "multi", "+OK ");
    small_server_ask(s, 0, "always", "+QUEUED ");
    small_server_ask(s, 0, "exec", "*1 +OK ");
}

static void test_state_of_the_server_shuts_out_what_is_not_meant_for_it(void **state)
{
    struct small_server *s = connect(state);

    gate(s)->is_loading = true;
    small_server_ask(s, 0, "read k", "-LOADING Redis is loading the dataset in memory ");
    small_server_ask(s, 0, "always", "+OK ");
    gate(s)->is_loading = false;
    gate(s)->is_master_down = true;
    small_server_ask(s, 0, "read k",
                     "-MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'. ");
    small_server_ask(s, 0, "always", "+OK ");
    gate(s)->is_master_down = false;
    small_server_ask(s, 0, "read k", ":0 ");
}

static void test_caller_is_asked_for_a_password_and_for_rights(void **state)
{
    struct small_server *s = connect(state);

    s->sessions[0]->flags &= ~(uint32_t)SESSION_AUTHENTICATED;
    small_server_ask(s, 0, "read k", ":0 "); /* None is needed, */
    acl_set_default_password(s->services.acl, slice_of("secret"));
    small_server_ask(s, 0, "read k", "-NOAUTH Authentication required. ");
    small_server_ask(s, 0, "always", "+OK ");
    s->sessions[0]->flags |= SESSION_AUTHENTICATED;
    small_server_say(s, 0, "local");
    assert_memory_equal(small_server_hears(s, 0), "-ERR DEBUG command not allowed.", 31);
    gate(s)->allows_debug_local = true; /* The fixture's clients come from 127.0.0.1. */
    small_server_ask(s, 0, "local", "+OK ");
    gate(s)->allows_debug_local = false;
    gate(s)->allows_debug = true;
    small_server_ask(s, 0, "local", "+OK ");
}

static void test_durations_are_kept_as_long_as_they_are_wanted(void **state)
{
    struct small_server *s = connect(state);

    s->services.config->latency_tracking = 0;
    small_server_say(s, 0, "time");
    assert_int_equal(statistics(s, "time")->calls, 1);
    assert_null(statistics(s, "time")->latency);
    s->services.config->latency_tracking = 1;
    small_server_say(s, 0, "time");
    assert_int_equal(statistics(s, "time")->latency->count, 1);
}

static void test_refusal_inside_a_transaction_aborts_it(void **state)
{
    struct small_server *s = connect(state);

    small_server_ask(s, 0, "multi", "+OK ");
    small_server_ask(s, 0, "lonely", "-ERR Command not allowed inside a transaction ");
    small_server_ask(s, 0, "exec", "-EXECABORT Transaction discarded because of previous errors. ");
    small_server_ask(s, 0, "multi", "+OK ");
    small_server_ask(s, 0, "put k v", "+QUEUED ");
    gate(s)->is_replica = true;
    small_server_ask(s, 0, "exec",
                     "-EXECABORT Transaction discarded because of: READONLY You can't write against a read only "
                     "replica. ");
    gate(s)->is_replica = false;
    small_server_ask(s, 0, "read k", ":0 ");
}

static void test_pause_parks_writes_or_everything(void **state)
{
    struct small_server *s = connect(state);

    (void)small_server_connect(s);
    gate(s)->pause = DISPATCH_PAUSE_WRITE;
    small_server_ask(s, 0, "put k v", "");
    small_server_ask(s, 1, "read k", ":0 ");
    gate(s)->pause = DISPATCH_PAUSE_ALL;
    small_server_ask(s, 1, "read k", "");
    gate(s)->pause = DISPATCH_PAUSE_NONE;
    sessions_resume_parked(s->services.sessions);
    small_server_turn(s);
    assert_string_equal(small_server_hears(s, 0), "+OK ");
    assert_string_equal(small_server_hears(s, 1), ":1 ");
    gate(s)->pause = DISPATCH_PAUSE_WRITE;
    small_server_ask(s, 1, "multi", "+OK ");
    small_server_ask(s, 1, "read k", "+QUEUED ");
    small_server_ask(s, 1, "exec", "*1 :1 "); /* Queued nothing that writes. */
}

static void queue_one(struct small_server *s, size_t client, const char *request)
{
    small_server_ask(s, client, "multi", "+OK ");
    small_server_ask(s, client, request, "+QUEUED ");
}

/* What is replicated though it is no write, such as a script or a message, is not let through by EXEC either. */
static void test_pause_parks_exec_of_what_may_write(void **state)
{
    struct small_server *s = connect(state);

    (void)small_server_connect(s);
    queue_one(s, 0, "script");
    queue_one(s, 1, "tell");
    gate(s)->pause = DISPATCH_PAUSE_WRITE;
    small_server_ask(s, 0, "exec", "");
    small_server_ask(s, 1, "exec", "");
    gate(s)->pause = DISPATCH_PAUSE_NONE;
    sessions_resume_parked(s->services.sessions);
    small_server_turn(s);
    assert_string_equal(small_server_hears(s, 0), "*1 +OK ");
    assert_string_equal(small_server_hears(s, 1), "*1 +OK ");
}

static void test_full_memtable_parks_exec_of_what_may_write(void **state)
{
    struct small_server *s = connect(state);
    const char *heard;

    (void)small_server_connect(s);
    (void)small_server_connect(s);
    queue_one(s, 0, "script");
    queue_one(s, 1, "tell"); /* Puts nothing into it. */
    small_server_ask(s, 2, "put k v", "+OK ");
    small_server_freeze(s);
    small_server_post(s, 2, "fill l\r\n");
    small_server_post(s, 0, "exec\r\n");
    small_server_post(s, 1, "exec\r\n");
    small_server_turn(s);
    assert_string_equal(small_server_hears(s, 2), "+OK ");
    assert_string_equal(small_server_hears(s, 0), "");
    assert_string_equal(small_server_hears(s, 1), "*1 +OK ");
    do {
        sessions_resume_parked(s->services.sessions); /* As the ticker does. */
        small_server_turn(s);
        heard = small_server_hears(s, 0);
    } while (heard[0] == '\0');
    assert_string_equal(heard, "*1 +OK ");
}

static void test_reads_are_counted_and_lookups_of_writers_are_not(void **state)
{
    struct small_server *s = connect(state);

    small_server_ask(s, 0, "put k v", "+OK ");
    small_server_ask(s, 0, "read k gone k", ":2 ");
    small_server_ask(s, 0, "look k gone", ":1 ");
    small_server_ask(s, 0, "multi", "+OK ");
    small_server_ask(s, 0, "read k", "+QUEUED ");
    small_server_ask(s, 0, "look k", "+QUEUED ");
    small_server_ask(s, 0, "exec", "*2 :1 :1 ");
    assert_int_equal(s->services.metrics->keyspace_hits, 3);
    assert_int_equal(s->services.metrics->keyspace_misses, 1);
}

static void test_transaction_sees_one_time(void **state)
{
    struct small_server *s = connect(state);
    const char *heard;
    char *end;

    small_server_ask(s, 0, "multi", "+OK ");
    small_server_ask(s, 0, "time", "+QUEUED ");
    wait_ms(s, 3);
    small_server_ask(s, 0, "time", "+QUEUED ");
    small_server_say(s, 0, "exec");
    heard = small_server_hears(s, 0);
    assert_memory_equal(heard, "*2 :", 4);
    assert_true(strtoull(heard + 4, &end, 10) > 0);
    assert_int_equal(strtoull(heard + 4, NULL, 10), strtoull(end + 2, NULL, 10)); /* D4 */
}

static void test_slow_commands_are_kept_unless_they_come_from_the_log(void **state)
{
    struct small_server *s = connect(state);
    struct slice words[] = {slice_of("put"), slice_of("k"), slice_of("v")};
    struct request request = {.argv = words, .argc = 3};
    struct session replayer;
    struct buf output;
    const char *error;

    slowlog_configure(s->services.slowlog, 0, 10);
    buf_init(&output, BUF_NO_CEILING);
    session_init_internal(&replayer, &output);
    assert_true(dispatch_replay(s->services.dispatch, &replayer, &request, &error));
    session_release_internal(&replayer);
    assert_int_equal(slowlog_len(s->services.slowlog), 0);
    small_server_turn(s);
    assert_string_equal(small_server_logged(s), ""); /* D7: it is in the log already. */
    assert_int_equal(output.len, 0);
    buf_release(&output);
    small_server_ask(s, 0, "read k", ":1 ");
    assert_int_equal(slowlog_len(s->services.slowlog), 1);
}

static void test_replay_says_what_it_cannot_execute(void **state)
{
    struct small_server *s = connect(state);
    struct slice words[] = {slice_of("wrong")};
    struct request request = {.argv = words, .argc = 1};
    struct session replayer;
    struct buf output;
    const char *error;

    buf_init(&output, BUF_NO_CEILING);
    session_init_internal(&replayer, &output);
    assert_false(dispatch_replay(s->services.dispatch, &replayer, &request, &error));
    assert_memory_equal(error, "WRONGTYPE", 9);
    words[0] = slice_of("unknown");
    assert_false(dispatch_replay(s->services.dispatch, &replayer, &request, &error));
    assert_memory_equal(error, "ERR unknown command 'unknown'", 29);
    session_release_internal(&replayer);
    buf_release(&output);
}

static void test_reply_waits_for_the_changes_of_its_keys_alone(void **state)
{
    struct small_server *s = connect(state);

    (void)small_server_connect(s);
    (void)small_server_connect(s);
    small_server_ask(s, 0, "put k v", "+OK ");
    s->is_log_held = true;
    small_server_post(s, 0, "put l v\r\n"); /* The log cannot have it before this turn ends. */
    small_server_post(s, 1, "read k\r\n");
    small_server_post(s, 2, "read k l\r\n");
    small_server_turn(s);
    assert_string_equal(small_server_hears(s, 0), "");
    assert_string_equal(small_server_hears(s, 1), ":1 "); /* D1: reveals nothing new. */
    assert_string_equal(small_server_hears(s, 2), "");
    s->is_log_held = false;
    small_server_turn(s);
    assert_string_equal(small_server_hears(s, 0), "+OK ");
    assert_string_equal(small_server_hears(s, 2), ":2 ");
}

static void test_browser_is_hung_up_on(void **state)
{
    struct small_server *s = connect(state);

    small_server_ask(s, 0, "POST / HTTP/1.1", "(closed)");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, small_server_setup, small_server_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_unknown_commands_and_wrong_numbers_of_words_are_refused),
        TEST(test_only_what_changed_something_is_logged),
        TEST(test_handler_says_what_is_logged_instead),
        TEST(test_database_is_selected_in_the_log_where_it_changes),
        TEST(test_renamed_command_is_logged_by_its_own_name),
        TEST(test_key_that_fell_due_is_logged_as_deleted_before_what_found_it),
        TEST(test_reader_deletes_no_more_due_keys_than_a_change_holds),
        TEST(test_parts_are_changes_of_their_own),
        TEST(test_due_keys_are_deleted_by_themselves_one_change_each),
        TEST(test_replica_neither_writes_nor_expires),
        TEST(test_nothing_expires_while_writes_are_paused),
        TEST(test_exec_is_not_for_a_state_that_one_of_its_commands_is_not_for),
        TEST(test_state_of_the_server_shuts_out_what_is_not_meant_for_it),
        TEST(test_caller_is_asked_for_a_password_and_for_rights),
        TEST(test_durations_are_kept_as_long_as_they_are_wanted),
        TEST(test_refusal_inside_a_transaction_aborts_it),
        TEST(test_pause_parks_writes_or_everything),
        TEST(test_pause_parks_exec_of_what_may_write),
        TEST(test_full_memtable_parks_exec_of_what_may_write),
        TEST(test_reads_are_counted_and_lookups_of_writers_are_not),
        TEST(test_transaction_sees_one_time),
        TEST(test_slow_commands_are_kept_unless_they_come_from_the_log),
        TEST(test_replay_says_what_it_cannot_execute),
        TEST(test_reply_waits_for_the_changes_of_its_keys_alone),
        TEST(test_browser_is_hung_up_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
