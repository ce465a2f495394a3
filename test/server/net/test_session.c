/* The request loop of a session, over a small server whose requests this test executes. */
#include "server/net/connection.h"
#include "server/net/session.h"
#include "server/request/families.h"
#include "server/support/small_server.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define LARGE_BYTES ((size_t)2 * 1024 * 1024) /* Of a reply to LARGE. */

/* Stands in place of server/request/families.c's: nothing is looked up here. */
const struct command *const families[] = {NULL};

static bool parks;         /* Whether PARK parks. */
static size_t large_count; /* Requests of LARGE that were executed. */

/* Answers with the request's words, or does what the first one says. `(raw)` marks a request whose bytes are its words
 * in canonical form. */
static enum session_outcome on_request(void *context, struct session *session, const struct request *request)
{
    struct slice name = request->argv[0];

    (void)context;
    if (slice_equal(name, slice_of("PARK")) && parks) {
        return SESSION_PARKS;
    }
    if (slice_equal(name, slice_of("BLOCK"))) {
        session->flags |= SESSION_BLOCKED;
        return SESSION_DONE;
    }
    if (slice_equal(name, slice_of("LARGE"))) {
        char *to;

        assert_int_equal(buf_reserve(session->output, LARGE_BYTES, &to), STATUS_OK);
        memset(to, 'x', LARGE_BYTES);
        buf_commit(session->output, LARGE_BYTES);
        large_count++;
    }
    if (slice_equal(name, slice_of("QUIT"))) {
        session_close_after_reply(session);
    }
    if (slice_equal(name, slice_of("KILL"))) {
        session_close(session);
    }
    for (size_t i = 0; i < request->argc; i++) {
        buf_put_format(session->output, "%s%.*s", i == 0 ? "" : ",", (int)request->argv[i].len, request->argv[i].data);
    }
    buf_put_text(session->output, request->raw.len != 0 ? "(raw) " : " ");
    return SESSION_DONE;
}

static int setup(void **state)
{
    struct small_server *s;

    (void)small_server_setup(state);
    s = *state;
    s->execute = on_request;
    parks = false;
    large_count = 0;
    (void)small_server_connect(s);
    return 0;
}

static void assert_hears_of(struct small_server *s, size_t client, const char *text, const char *expected)
{
    small_server_send(s, client, text);
    assert_string_equal(small_server_hears(s, client), expected);
}

static void assert_hears(struct small_server *s, const char *text, const char *expected)
{
    assert_hears_of(s, 0, text, expected);
}

static void test_requests_run_in_order_and_an_unfinished_one_waits(void **state)
{
    struct small_server *s = *state;

    assert_hears(s, "one a\r\ntwo\r\nthr", "one,a two ");
    assert_hears(s, "ee b c\r\n", "three,b,c ");
    assert_hears(s, "*2\r\n$3\r\nGET\r\n$1\r\n", "");
    assert_hears(s, "k", "");
    assert_hears(s, "\r\n", "GET,k(raw) ");
    assert_hears(s, "\r\n\r\n*0\r\n*-1\r\nend\r\n", "end "); /* Empty requests are none. */
}

static void test_raw_is_given_for_canonical_bytes_alone(void **state)
{
    struct small_server *s = *state;

    assert_hears(s, "*1\r\n$4\r\nPING\r\n", "PING(raw) ");
    assert_hears(s, "PING\r\n", "PING ");
    assert_hears(s, "*2\r\n$1\r\na\r\n$0\r\n\r\n", "a,(raw) ");
    assert_hears(s, "*1\r\n$4\r\nPINGxx", "PING "); /* Any two bytes end an argument, as in Redis. */
}

static void test_protocol_error_is_told_and_ends_the_connection(void **state)
{
    struct small_server *s = *state;

    assert_hears(s, "first\r\n*1\r\n:4\r\nPING\r\nnever\r\n",
                 "first -ERR Protocol error: expected '$', got ':' (closed)");
    small_server_turn(s);
    assert_int_equal(sessions_count(s->services.sessions), 0);
}

static void test_parked_request_is_shown_again_before_those_behind_it(void **state)
{
    struct small_server *s = *state;

    parks = true;
    assert_hears(s, "one\r\nPARK it\r\nlast\r\n", "one ");
    assert_int_equal(sessions_count_parked(s->services.sessions), 1);
    sessions_resume_parked(s->services.sessions);
    small_server_turn(s);
    assert_string_equal(small_server_hears(s, 0), "");
    assert_int_equal(sessions_count_parked(s->services.sessions), 1);
    parks = false;
    sessions_resume_parked(s->services.sessions);
    small_server_turn(s);
    assert_string_equal(small_server_hears(s, 0), "PARK,it last ");
    assert_int_equal(sessions_count_parked(s->services.sessions), 0);
}

static void test_parked_client_that_hangs_up_is_forgotten(void **state)
{
    struct small_server *s = *state;

    parks = true;
    small_server_say(s, 0, "PARK");
    small_server_hang_up(s, 0);
    sessions_resume_parked(s->services.sessions);
    small_server_turn(s);
    small_server_turn(s);
    assert_int_equal(sessions_count(s->services.sessions), 0);
    assert_int_equal(sessions_count_parked(s->services.sessions), 0);
}

static void test_blocked_session_goes_on_when_it_is_told(void **state)
{
    struct small_server *s = *state;

    assert_hears(s, "one\r\nBLOCK\r\ntwo\r\n", "one ");
    assert_hears(s, "three\r\n", "");
    session_unblock(s->sessions[0]);
    small_server_turn(s);
    assert_string_equal(small_server_hears(s, 0), "two three ");
}

/* Two of the large replies are made in the turn that reads the requests: one by the reading, one by what was left. */
static void test_many_large_replies_are_made_in_as_many_turns(void **state)
{
    struct small_server *s = *state;
    struct connection_usage usage;

    (void)small_server_connect(s);
    small_server_post(s, 0, "LARGE\r\nLARGE\r\nLARGE\r\nLARGE\r\nLARGE\r\n");
    assert_hears_of(s, 1, "hello\r\n", "hello ");
    assert_int_equal(large_count, 2);
    small_server_post(s, 0, "LARGE\r\n"); /* Not read before the others are done. */
    small_server_turn(s);
    assert_int_equal(large_count, 3);
    connection_measure(s->sessions[0]->connection, &usage);
    assert_int_equal(usage.input_len, 2 * strlen("LARGE\r\n"));
    small_server_turn(s);
    small_server_turn(s);
    assert_int_equal(large_count, 5);
    small_server_turn(s);
    assert_int_equal(large_count, 6);
    small_server_post(s, 0, "LARGE\r\nLARGE\r\nLARGE\r\n");
    small_server_turn(s);
    small_server_hang_up(s, 0);
    small_server_turn(s);
    small_server_turn(s);
    assert_int_equal(sessions_count(s->services.sessions), 1);
}

static void test_closing_session_takes_no_further_request(void **state)
{
    struct small_server *s = *state;

    (void)small_server_connect(s);
    assert_hears(s, "QUIT\r\nnever\r\n", "QUIT (closed)");
    assert_hears_of(s, 1, "KILL\r\nnever\r\n", "(closed)");
}

static void test_sessions_are_found_by_id_in_order(void **state)
{
    struct small_server *s = *state;
    uint64_t last_id = 0;
    size_t count = 0;

    (void)small_server_connect(s);
    (void)small_server_connect(s);
    assert_ptr_equal(sessions_find(s->services.sessions, s->sessions[1]->id), s->sessions[1]);
    assert_null(sessions_find(s->services.sessions, s->sessions[2]->id + 1));
    LIST_FOR_EACH(sessions_all(s->services.sessions), node)
    {
        struct session *session = LIST_ENTRY(node, struct session, node);

        assert_true(session->id > last_id);
        last_id = session->id;
        count++;
    }
    assert_int_equal(count, 3);
    assert_int_equal(sessions_count(s->services.sessions), 3);
    s->sessions[1]->flags |= SESSION_REPLICA;
    assert_int_equal(sessions_count_replicas(s->services.sessions), 1);
}

static void test_large_bulks_are_refused_by_the_limit_of_the_time(void **state)
{
    struct small_server *s = *state;

    sessions_set_bulk_bytes_max(s->services.sessions, 3);
    assert_hears(s, "*1\r\n$3\r\nabc\r\n", "abc(raw) ");
    assert_hears(s, "*1\r\n$4\r\nabcd\r\n", "-ERR Protocol error: invalid bulk length (closed)");
}

/* CLIENT REPLY: which of five replies leave, for each way to begin. */
static void test_replies_are_cut_off_as_the_client_wishes(void **state)
{
    static const struct {
        uint32_t flags;
        const char *left;
    } cases[] = {
        {0, "01234"},
        {SESSION_REPLY_OFF, ""},
        {SESSION_REPLY_SKIP, "1234"},
        {SESSION_SKIP_NEXT, "0234"}, /* CLIENT REPLY SKIP itself has none, and is the first here. */
        {SESSION_REPLY_SKIP | SESSION_SKIP_NEXT, "234"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct session session;
        struct buf output;

        buf_init(&output, BUF_NO_CEILING);
        session_init_internal(&session, &output);
        session.flags |= cases[i].flags;
        for (int reply = '0'; reply < '5'; reply++) {
            size_t begin = output.len;

            buf_put_byte(&output, (char)reply);
            session_end_reply(&session, begin);
        }
        assert_true(slice_equal(buf_slice(&output), slice_of(cases[i].left)));
        session_release_internal(&session);
        buf_release(&output);
    }
}

static void test_texts_are_replaced_and_emptied(void **state)
{
    struct small_server *s = *state;
    char **name = &s->sessions[0]->name;

    session_set_text(name, slice_of("first"));
    session_set_text(name, slice_of("second"));
    assert_string_equal(*name, "second");
    session_set_text(name, slice_empty());
    assert_null(*name);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, small_server_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_requests_run_in_order_and_an_unfinished_one_waits),
        TEST(test_raw_is_given_for_canonical_bytes_alone),
        TEST(test_protocol_error_is_told_and_ends_the_connection),
        TEST(test_parked_request_is_shown_again_before_those_behind_it),
        TEST(test_parked_client_that_hangs_up_is_forgotten),
        TEST(test_blocked_session_goes_on_when_it_is_told),
        TEST(test_many_large_replies_are_made_in_as_many_turns),
        TEST(test_closing_session_takes_no_further_request),
        TEST(test_sessions_are_found_by_id_in_order),
        TEST(test_large_bulks_are_refused_by_the_limit_of_the_time),
        cmocka_unit_test(test_replies_are_cut_off_as_the_client_wishes),
        TEST(test_texts_are_replaced_and_emptied),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
