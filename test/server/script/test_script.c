/* Scripts as commands: what they log, what holds their replies, what they may, and how a slow one ends. */
#include "base/buf.h"
#include "base/resp_write.h"
#include "server/config/config.h"
#include "server/request/dispatch.h"
#include "server/request/registry.h"
#include "server/script/script.h"
#include "server/script/script_internal.h"
#include "server/support/small_server.h"
#include "server/watch/metrics.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { A, B };

/* Post EVAL, or EVAL_RO, with no keys. */
static void post_script(struct small_server *s, size_t client, const char *command, const char *script)
{
    const struct slice words[] = {slice_of(command), slice_of(script), slice_of("0")};
    struct buf request;

    buf_init(&request, BUF_NO_CEILING);
    resp_write_request(&request, words, 3);
    buf_put_byte(&request, '\0');
    small_server_post(s, client, buf_slice(&request).data);
    buf_release(&request);
}

static void send_script(struct small_server *s, size_t client, const char *command, const char *script)
{
    post_script(s, client, command, script);
    small_server_turn(s);
}

static void assert_eval(struct small_server *s, const char *script, const char *expected)
{
    send_script(s, A, "EVAL", script);
    assert_string_equal(small_server_hears(s, A), expected);
}

static int setup(void **state)
{
    small_server_setup(state);
    small_server_connect(*state);
    small_server_connect(*state);
    return 0;
}

/* Lua's stack holds 8000 values: a call's arguments may take them all, and still there is room for its reply. */
static void test_a_call_may_have_as_many_arguments_as_lua_can_hold(void **state)
{
    assert_eval(*state,
                "local a = {} for i = 1, 7999 do a[i] = i end "
                "redis.call('rpush', 'l', unpack(a)) "
                "return {redis.call('rpush', 'l', unpack(a)), #redis.call('lrange', 'l', 0, -1)}",
                "*2 :15998 :15998 ");
}

static void test_what_a_script_does_is_one_change(void **state)
{
    struct small_server *s = *state;

    assert_eval(s, "redis.call('set','a',1) redis.call('incr','a') return redis.call('get','a')", "$1 2 ");
    assert_string_equal(small_server_logged(s), "SELECT 0 ; MULTI ; set a 1 ; incr a ; EXEC");
    assert_eval(s, "return redis.call('set','b',1)", "+OK ");
    assert_string_equal(small_server_logged(s), "set b 1");
    assert_eval(s, "return redis.call('get','b')", "$1 1 ");
    assert_string_equal(small_server_logged(s), "");
}

static void test_what_was_done_before_an_error_stays(void **state)
{
    struct small_server *s = *state;

    assert_eval(s, "redis.call('set','a',1) redis.call('set','b',2) redis.call('nosuch')",
                "-ERR Unknown Redis command called from script script: daadfdbbd7ec11d5759c61bd9b9c28bc6b58c627, on "
                "@user_script:1. ");
    assert_string_equal(small_server_logged(s), "SELECT 0 ; MULTI ; set a 1 ; set b 2 ; EXEC");
    small_server_ask(s, B, "MGET a b", "*2 $1 1 $1 2 ");
}

static void test_a_database_is_selected_for_the_script_alone(void **state)
{
    struct small_server *s = *state;

    assert_eval(s, "redis.call('select',2) redis.call('set','a',1) redis.call('select',1) redis.call('set','a',2)",
                "$-1 ");
    assert_string_equal(small_server_logged(s), "SELECT 2 ; MULTI ; set a 1 ; SELECT 1 ; set a 2 ; EXEC");
    small_server_ask(s, A, "EXISTS a", ":0 ");
    assert_eval(s, "return redis.call('set','a',3)", "+OK ");
    assert_string_equal(small_server_logged(s), "SELECT 0 ; set a 3");
}

static void test_a_script_within_a_transaction_is_part_of_it(void **state)
{
    struct small_server *s = *state;

    small_server_ask(s, A, "MULTI", "+OK ");
    small_server_ask(s, A, "SET a 1", "+QUEUED ");
    assert_eval(s, "redis.call('incr','a') return redis.call('incr','a')", "+QUEUED ");
    small_server_ask(s, A, "EXEC", "*2 +OK :3 ");
    assert_string_equal(small_server_logged(s), "SELECT 0 ; MULTI ; SET a 1 ; incr a ; incr a ; EXEC");
}

/* D1: nobody told the keys that a script reads, so its reply waits for whatever was changed before. */
static void test_a_reply_waits_for_what_an_untold_key_reveals(void **state)
{
    struct small_server *s = *state;

    s->is_log_held = true;
    small_server_post(s, A, "SET a 1\r\n"); /* The log cannot have it before this turn ends. */
    post_script(s, B, "EVAL", "return redis.call('get','a')");
    small_server_turn(s);
    assert_string_equal(small_server_hears(s, B), "");
    s->is_log_held = false;
    small_server_turn(s);
    assert_string_equal(small_server_hears(s, A), "+OK ");
    assert_string_equal(small_server_hears(s, B), "$1 1 ");
}

static void test_readers_wait_for_what_a_script_wrote(void **state)
{
    struct small_server *s = *state;

    s->is_log_held = true;
    post_script(s, A, "EVAL", "return redis.call('set','a',1)");
    small_server_post(s, B, "GET unrelated\r\n"); /* For all that is known. */
    small_server_turn(s);
    assert_string_equal(small_server_hears(s, B), "");
    s->is_log_held = false;
    small_server_turn(s);
    assert_string_equal(small_server_hears(s, A), "+OK ");
    assert_string_equal(small_server_hears(s, B), "$-1 ");
}

static void test_read_only_scripts_do_not_write(void **state)
{
    struct small_server *s = *state;

    send_script(s, A, "EVAL_RO", "return redis.pcall('set','a',1)");
    assert_string_equal(small_server_hears(s, A), "-ERR Write commands are not allowed from read-only scripts. ");
    assert_eval(s, "#!lua flags=no-writes\nreturn redis.pcall('set','a',1)",
                "-ERR Write commands are not allowed from read-only scripts. ");
    send_script(s, A, "EVAL_RO", "#!lua\nreturn 1");
    assert_string_equal(small_server_hears(s, A), "-ERR Can not execute a script with write flag using *_ro command. ");
    assert_string_equal(small_server_logged(s), "");
}

/* A script that tells nothing of itself may run on a replica until it writes; one that tells that it writes, not. */
static void test_replicas_refuse_writes(void **state)
{
    struct small_server *s = *state;

    dispatch_gate(s->services.dispatch)->is_replica = true;
    assert_eval(s, "return redis.call('exists','a')", ":0 ");
    assert_eval(s, "return redis.pcall('set','a',1)", "-READONLY You can't write against a read only replica. ");
    assert_eval(s, "#!lua\nreturn 1", "-READONLY You can't write against a read only replica. ");
    assert_eval(s, "#!lua flags=no-writes\nreturn redis.call('exists','a')", ":0 ");
    dispatch_gate(s->services.dispatch)->is_replica = false;
}

static void test_stale_replicas_run_what_says_that_it_may(void **state)
{
    struct small_server *s = *state;

    dispatch_gate(s->services.dispatch)->is_replica = true;
    dispatch_gate(s->services.dispatch)->is_master_down = true;
    assert_eval(s, "return 1", "-MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'. ");
    assert_eval(s, "#!lua flags=no-writes,allow-stale\nreturn #redis.pcall('time')", ":2 ");
    assert_eval(s, "#!lua flags=no-writes,allow-stale\nreturn redis.pcall('get','a')",
                "-ERR Can not execute the command on a stale replica ");
    dispatch_gate(s->services.dispatch)->is_master_down = false;
    dispatch_gate(s->services.dispatch)->is_replica = false;
}

static void test_scripts_cannot_change_what_others_see(void **state)
{
    static const char *const attempts[] = {
        "redis.x = 1",
        "string.upper = 1",
        "x = 1",
        "rawset(_G, 'x', 1)",
        "rawset(string, 'x', 1)",
        "table.insert(table, 1)",
        "setmetatable(_G, {})",
        "getmetatable('').__index = 1",
        "getmetatable('').__index.x = 1",
        "getmetatable(_G).__index = 1",
    };
    struct small_server *s = *state;

    for (size_t i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++) {
        send_script(s, A, "EVAL", attempts[i]);
        assert_non_null(strstr(small_server_hears(s, A), "Attempt to modify a readonly table"));
    }
    assert_eval(
        s, "local n = 0 for k in pairs(string) do n = n + (string[k] and rawget(string, k) and 1 or 0) end return n",
        ":15 ");
    assert_eval(s, "return {type(getmetatable(redis)), ('a'):upper()}", "*2 $3 nil $1 A ");
}

static void test_bytecode_is_no_script(void **state)
{
    struct small_server *s = *state;

    assert_eval(s, "local f, e = loadstring(string.dump(function() return 1 end), '=x') return {type(f), e}",
                "*2 $3 nil $38 x:1: unexpected symbol near 'char(27)' ");
    assert_eval(
        s,
        "local c = string.dump(function() end) local f, e = load(function() local p = c c = nil return p end, '=x') "
        "return {type(f), e}",
        "*2 $3 nil $38 x:1: unexpected symbol near 'char(27)' ");
}

/* An error may be any object, whose metatable does what it likes when the object is read, and raises errors, too. */
static void test_errors_are_any_object(void **state)
{
    static const char *const objects[] = {
        "setmetatable({}, {__index = function() error(setmetatable({}, {__index = b})) end})",
        "setmetatable({}, {__index = b, __newindex = b, __tostring = b})",
        "setmetatable({}, {__newindex = function() error({}) end})",
        "setmetatable({err = {}, line = {}}, {__index = function(t) return t end})",
        "coroutine.create(b)",
    };
    struct small_server *s = *state;
    char script[256];

    for (size_t i = 0; i < sizeof(objects) / sizeof(objects[0]); i++) {
        const char *heard;

        (void)snprintf(script, sizeof(script), "local function b() error('x') end error(%s)", objects[i]);
        send_script(s, A, "EVAL", script);
        heard = small_server_hears(s, A);
        assert_memory_equal(heard, "-ERR ", 5);
        assert_non_null(strstr(heard, ", on @user_script:1."));
    }
    assert_eval(s, "error(setmetatable({}, {__index = {err = 'MY own'}}))",
                "-MY own script: 76aa28a6731895775ebd90de1474b5f931e61785, on @user_script:1. ");
}

/* What a script could not have any more is there for the next one. */
static void test_a_script_finds_memory_short(void **state)
{
    static const char *const hogs[] = {
        "local t = {} for i = 1, 1e9 do t[i] = {} end",
        "local t = {} pcall(function() for i = 1, 1e9 do t[i] = {} end end) error(setmetatable({}, {__index = t}))",
        "local s = 'x' while true do s = s .. s end",
        "local t = {} for i = 1, 1e9 do t[i] = 'x' .. i pcall(error, {}) end",
    };
    struct small_server *s = *state;

    s->services.script->eval_vm->memory_bytes_max = (size_t)8 << 20;
    for (size_t i = 0; i < sizeof(hogs) / sizeof(hogs[0]); i++) {
        send_script(s, A, "EVAL", hogs[i]);
        assert_non_null(strstr(small_server_hears(s, A), ", not enough memory"));
        assert_eval(s, "return #('x'):rep(1000000)", ":1000000 ");
    }
}

static void test_kept_scripts_are_run_by_name(void **state)
{
    struct small_server *s = *state;
    struct script_statistics statistics;

    small_server_ask(s, A, "EVALSHA e0e1f9fabfc9d4800c877a703b823ac0578ff8db 0",
                     "-NOSCRIPT No matching script. Please use EVAL. ");
    assert_eval(s, "return 1", ":1 ");
    small_server_ask(s, A, "EVALSHA E0E1F9FABFC9D4800C877A703B823AC0578FF8DB 0", ":1 ");
    small_server_ask(s, A, "SCRIPT EXISTS e0e1f9fabfc9d4800c877a703b823ac0578ff8db x", "*2 :1 :0 ");
    script_get_statistics(s->services.script, &statistics);
    assert_int_equal(statistics.script_count, 1);
    assert_true(statistics.eval_vm_bytes > 0);
    small_server_ask(s, A, "SCRIPT FLUSH", "+OK ");
    small_server_ask(s, A, "SCRIPT EXISTS e0e1f9fabfc9d4800c877a703b823ac0578ff8db", "*1 :0 ");
}

/* An error of a command inside is counted once, where it happens. */
static void test_commands_inside_are_counted(void **state)
{
    struct small_server *s = *state;
    struct commands *commands = s->services.commands;

    assert_eval(s, "redis.call('set','a','x') redis.pcall('incr','a') redis.pcall('get')", "$-1 ");
    assert_int_equal(commands_find(commands, slice_of("set"))->statistics.calls, 1);
    assert_int_equal(commands_find(commands, slice_of("incr"))->statistics.failed_calls, 1);
    assert_int_equal(commands_find(commands, slice_of("get"))->statistics.rejected_calls, 1);
    assert_int_equal(s->services.metrics->error_replies, 2);
    send_script(s, A, "EVAL", "redis.call('incr','a')");
    assert_int_equal(s->services.metrics->error_replies, 3);
    send_script(s, A, "EVAL", "error('x')");
    assert_int_equal(s->services.metrics->error_replies, 4);
}

/* --- Slow scripts --- */

static void kill_script(struct small_server *s)
{
    small_server_post(s, B, "GET a\r\nSCRIPT KILL\r\n");
    s->interrupted = NULL;
}

static void test_a_slow_script_can_be_killed(void **state)
{
    struct small_server *s = *state;

    s->services.config->busy_reply_threshold_ms = 1;
    s->interrupted = kill_script;
    assert_eval(s, "while true do pcall(function() while true do end end) end",
                "-ERR Script killed by user with SCRIPT KILL... script: 3d7b0cfd4124d0a72b8a39e531e7c806bc453d3e, on "
                "@user_script:1. ");
    assert_string_equal(small_server_hears(s, B),
                        "-BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE. +OK ");
    small_server_ask(s, B, "PING", "+PONG ");
    small_server_ask(s, B, "SCRIPT KILL", "-NOTBUSY No scripts in execution right now. ");
}

/* An event may tell what the script has not finished: it waits for the end. */
static void test_a_slow_script_that_wrote_goes_on(void **state)
{
    struct small_server *s = *state;
    size_t c = small_server_connect(s);

    config_assign(s->services.config, "notify-keyspace-events", "K$");
    small_server_ask(s, c, "SUBSCRIBE __keyspace@0__:a", "*3 $9 subscribe $16 __keyspace@0__:a :1 ");
    s->services.config->busy_reply_threshold_ms = 1;
    s->interrupted = kill_script;
    s->is_log_held = true;
    assert_eval(s, "redis.call('set','a',1) for i = 1, 20000000 do end", "");
    assert_null(s->interrupted);
    assert_non_null(strstr(small_server_hears(s, B), "-UNKILLABLE Sorry the script already executed write commands"));
    assert_string_equal(small_server_hears(s, c), "");
    s->is_log_held = false;
    small_server_turn(s);
    assert_string_equal(small_server_hears(s, c), "*3 $7 message $16 __keyspace@0__:a $3 set ");
    assert_string_equal(small_server_logged(s), "SELECT 0 ; set a 1");
}

static void hang_up_both(struct small_server *s)
{
    small_server_hang_up(s, A);
    small_server_hang_up(s, B);
    small_server_connect(s);
    small_server_post(s, 2, "SCRIPT KILL\r\n");
    s->interrupted = NULL;
}

static void test_clients_may_go_amid_a_script(void **state)
{
    struct small_server *s = *state;

    s->services.config->busy_reply_threshold_ms = 1;
    s->interrupted = hang_up_both;
    send_script(s, A, "EVAL", "while true do end");
    small_server_turn(s);
    assert_null(s->sessions[B]);
    assert_null(s->sessions[A]);
    assert_string_equal(small_server_hears(s, 2), "+OK ");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, small_server_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_a_call_may_have_as_many_arguments_as_lua_can_hold),
        TEST(test_what_a_script_does_is_one_change),
        TEST(test_what_was_done_before_an_error_stays),
        TEST(test_a_database_is_selected_for_the_script_alone),
        TEST(test_a_script_within_a_transaction_is_part_of_it),
        TEST(test_a_reply_waits_for_what_an_untold_key_reveals),
        TEST(test_readers_wait_for_what_a_script_wrote),
        TEST(test_read_only_scripts_do_not_write),
        TEST(test_replicas_refuse_writes),
        TEST(test_stale_replicas_run_what_says_that_it_may),
        TEST(test_scripts_cannot_change_what_others_see),
        TEST(test_bytecode_is_no_script),
        TEST(test_errors_are_any_object),
        TEST(test_a_script_finds_memory_short),
        TEST(test_kept_scripts_are_run_by_name),
        TEST(test_commands_inside_are_counted),
        TEST(test_a_slow_script_can_be_killed),
        TEST(test_a_slow_script_that_wrote_goes_on),
        TEST(test_clients_may_go_amid_a_script),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
