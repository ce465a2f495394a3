#include "replication/replica_fsm.h"

#include "base/resp_read.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define OURS   "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define FORMER "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define THEIRS "cccccccccccccccccccccccccccccccccccccccc"
#define NAME   "0123456789abcdef0123456789abcdef"
#define MARK   "MMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMM"
#define START  50000u

struct fixture {
    struct replica_fsm fsm;
    struct history history;
    struct replica_facts facts;
    uint64_t now_ms;
    char transcript[2048]; /* What was sent ("PING|"), and done ("CONNECT "), since it was last looked at. */
};

static const char *const action_names[] = {
    [REPLICA_DO_CONNECT] = "CONNECT ",
    [REPLICA_DO_DISCONNECT] = "DISCONNECT ",
    [REPLICA_DO_RECEIVE] = "RECEIVE ",
    [REPLICA_DO_INSTALL] = "INSTALL ",
    [REPLICA_DO_INSTALL_DISCONNECTED] = "INSTALL-DISCONNECTED ",
    [REPLICA_DO_STREAM] = "STREAM ",
};

static void note(struct fixture *f, const char *text, size_t len)
{
    size_t at = strlen(f->transcript);

    assert_true(at + len < sizeof(f->transcript));
    memcpy(f->transcript + at, text, len);
    f->transcript[at + len] = '\0';
}

static void note_sent(struct fixture *f, struct slice sent)
{
    static const struct resp_limits limits = {.bulk_bytes_max = 1024};
    struct resp_reader reader;
    size_t consumed;

    resp_reader_init(&reader);
    while (sent.len > 0) {
        assert_int_equal(resp_read(&reader, sent, &limits, &consumed), RESP_COMMAND);
        for (uint32_t i = 0; i < reader.argc; i++) {
            note(f, " ", i > 0);
            note(f, reader.argv[i].data, reader.argv[i].len);
        }
        note(f, reader.argc == 0 ? "keepalive|" : "|", reader.argc == 0 ? 10 : 1);
        sent = slice_after(sent, consumed);
    }
    resp_reader_release(&reader);
}

/* Run one event and note what came of it. */
#define EVENT(f, ...)                                                                                                  \
    do {                                                                                                               \
        struct buf send;                                                                                               \
        struct replica_turn turn = {.now_ms = (f)->now_ms, .facts = &(f)->facts, .send = &send};                       \
        enum replica_action action;                                                                                    \
        buf_init(&send, BUF_NO_CEILING);                                                                               \
        action = __VA_ARGS__;                                                                                          \
        note_sent((f), buf_slice(&send));                                                                              \
        if (action != REPLICA_DO_NOTHING) {                                                                            \
            note((f), action_names[action], strlen(action_names[action]));                                             \
        }                                                                                                              \
        buf_release(&send);                                                                                            \
    } while (0)

static void tick_after(struct fixture *f, uint64_t ms)
{
    f->now_ms += ms;
    EVENT(f, replica_fsm_tick(&f->fsm, &turn));
}

static void connected(struct fixture *f)
{
    EVENT(f, replica_fsm_connected(&f->fsm, &turn));
}

static void line(struct fixture *f, const char *text)
{
    EVENT(f, replica_fsm_line(&f->fsm, &turn, slice_of(text)));
}

static void received(struct fixture *f)
{
    EVENT(f, replica_fsm_received(&f->fsm, &turn));
}

static void installed(struct fixture *f, enum replica_install_result result, const char *problem)
{
    EVENT(f, replica_fsm_installed(&f->fsm, &turn, result, problem));
}

static void assert_transcript(struct fixture *f, const char *expected)
{
    assert_string_equal(f->transcript, expected);
    f->transcript[0] = '\0';
}

/* A node that follows a master and holds bytes up to 700 of OURS. */
static struct fixture start(void)
{
    struct fixture f = {.now_ms = START, .history = {.id = OURS, .previous_id = FORMER, .previous_end = 500}};

    f.facts = (struct replica_facts){.announce_port = 7001, .timeout_ms = 60000, .acknowledged = 690, .durable = 680};
    f.facts.end = (struct history_position){.offset = 700, .hash = 0xabc};
    replica_fsm_init(&f.fsm);
    replica_fsm_start(&f.fsm, f.now_ms);
    return f;
}

/* Facts borrow from the fixture, which start() has moved. */
#define START_FIXTURE(f)                                                                                               \
    struct fixture f = start();                                                                                        \
    f.facts.history = &f.history

/* Connect and get as far as PSYNC's answer. */
static void reconnect(struct fixture *f)
{
    connected(f);
    line(f, "+PONG\r");
    while (f->fsm.state == REPLICA_CONF) {
        line(f, "+OK\r");
    }
}

static void reach_psync(struct fixture *f)
{
    tick_after(f, 0);
    reconnect(f);
    f->transcript[0] = '\0';
}

static void test_handshake_to_a_partial_sync(void **state)
{
    START_FIXTURE(f);

    (void)state;
    tick_after(&f, 0);
    connected(&f);
    assert_transcript(&f, "CONNECT PING|");
    line(&f, "+PONG\r");
    assert_transcript(&f, "REPLCONF listening-port 7001|REPLCONF capa eof capa psync2 capa hearth-snapshot|"
                          "REPLCONF hearth-hash 0000000000000abc|");
    line(&f, "+OK\r");
    line(&f, "-ERR Unrecognized REPLCONF option: capa\r");
    assert_transcript(&f, "");
    line(&f, "+OK\r");
    assert_transcript(&f, "PSYNC " OURS " 701|");
    assert_string_equal(replica_fsm_role_word(&f.fsm), "handshake");
    line(&f, "");
    line(&f, "+CONTINUE " OURS "\r");
    assert_transcript(&f, "REPLCONF ACK 690 FACK 680|STREAM ");
    assert_string_equal(f.fsm.continue_id, OURS);
    assert_string_equal(replica_fsm_role_word(&f.fsm), "connected");
}

static void test_password_is_given_before_anything_else(void **state)
{
    START_FIXTURE(f);

    (void)state;
    f.facts.password = "secret";
    tick_after(&f, 0);
    connected(&f);
    line(&f, "-NOAUTH Authentication required.\r");
    assert_transcript(&f, "CONNECT PING|AUTH secret|");
    line(&f, "-WRONGPASS invalid username-password pair or user is disabled.\r");
    assert_transcript(&f, "DISCONNECT ");
    assert_string_equal(f.fsm.problem, "the master refused our password: -WRONGPASS invalid username-password pair or "
                                       "user is disabled.");
    f.facts.user = "repl";
    tick_after(&f, 1000);
    connected(&f);
    line(&f, "+PONG\r");
    line(&f, "+OK\r");
    assert_transcript(&f, "CONNECT PING|AUTH repl secret|REPLCONF listening-port 7001|"
                          "REPLCONF capa eof capa psync2 capa hearth-snapshot|REPLCONF hearth-hash 0000000000000abc|");
}

static void test_everything_there_is_to_tell_is_told(void **state)
{
    START_FIXTURE(f);

    (void)state;
    f.facts.announce_ip = "10.1.1.1";
    f.facts.end.offset = 500; /* Nothing was written since the history began. */
    f.facts.resume_name = NAME;
    f.facts.resume_from = 4096;
    tick_after(&f, 0);
    connected(&f);
    line(&f, "+PONG\r");
    assert_transcript(&f, "CONNECT PING|REPLCONF listening-port 7001|REPLCONF ip-address 10.1.1.1|"
                          "REPLCONF capa eof capa psync2 capa hearth-snapshot|REPLCONF hearth-hash 0000000000000abc|"
                          "REPLCONF hearth-also " OURS "|REPLCONF hearth-snapshot-resume " NAME " 4096|");
    for (int i = 0; i < 6; i++) {
        line(&f, "+OK\r");
    }
    assert_transcript(&f, "PSYNC " FORMER " 501|");
}

static void test_a_node_with_wrong_data_asks_for_all(void **state)
{
    START_FIXTURE(f);

    (void)state;
    f.facts.wants_full = true;
    tick_after(&f, 0);
    connected(&f);
    line(&f, "+PONG\r");
    line(&f, "+OK\r");
    line(&f, "+OK\r");
    assert_transcript(&f, "CONNECT PING|REPLCONF listening-port 7001|"
                          "REPLCONF capa eof capa psync2 capa hearth-snapshot|PSYNC ? -1|");
}

static void test_snapshot_is_installed_and_the_rest_asked_for(void **state)
{
    START_FIXTURE(f);

    (void)state;
    reach_psync(&f);
    line(&f, "+FULLRESYNC " THEIRS " 9000 history aaaaaaaa is unknown here\r");
    line(&f, "");
    line(&f, "$hearth-snapshot " NAME " 1000000 4096\r");
    assert_transcript(&f, "RECEIVE ");
    assert_int_equal(f.fsm.payload.kind, REPLICA_PAYLOAD_SNAPSHOT);
    assert_string_equal(f.fsm.payload.id, THEIRS);
    assert_int_equal(f.fsm.payload.offset, 9000);
    assert_string_equal(f.fsm.payload.reason, "history aaaaaaaa is unknown here");
    assert_string_equal(f.fsm.payload.name, NAME);
    assert_int_equal(f.fsm.payload.total_bytes, 1000000);
    assert_int_equal(f.fsm.payload.from_byte, 4096);
    assert_string_equal(replica_fsm_role_word(&f.fsm), "sync");
    received(&f);
    tick_after(&f, 300000); /* However long it takes: nobody times out. */
    assert_transcript(&f, "INSTALL-DISCONNECTED ");
    installed(&f, REPLICA_INSTALLED, "");
    assert_transcript(&f, "CONNECT ");
}

static void test_rdb_is_installed_on_the_living_link(void **state)
{
    START_FIXTURE(f);

    (void)state;
    reach_psync(&f);
    line(&f, "+FULLRESYNC " THEIRS " 9000\r");
    line(&f, "$177\r");
    assert_int_equal(f.fsm.payload.kind, REPLICA_PAYLOAD_RDB);
    assert_int_equal(f.fsm.payload.total_bytes, 177);
    assert_string_equal(f.fsm.payload.reason, "");
    received(&f);
    tick_after(&f, 999);
    assert_transcript(&f, "RECEIVE INSTALL ");
    tick_after(&f, 1);
    tick_after(&f, 300000);
    assert_transcript(&f, "keepalive|keepalive|");
    f.facts.acknowledged = 9000;
    installed(&f, REPLICA_INSTALLED, "");
    assert_transcript(&f, "REPLCONF ACK 9000 FACK 680|STREAM ");
    assert_string_equal(f.fsm.continue_id, "");
}

static void test_rdb_with_a_mark_is_understood(void **state)
{
    START_FIXTURE(f);

    (void)state;
    reach_psync(&f);
    line(&f, "+FULLRESYNC " THEIRS " 1\r");
    line(&f, "$EOF:" MARK "\r");
    assert_int_equal(f.fsm.payload.kind, REPLICA_PAYLOAD_RDB_MARK);
    assert_string_equal(f.fsm.payload.mark, MARK);
    assert_transcript(&f, "RECEIVE ");
}

static void test_streaming_acknowledges_each_second(void **state)
{
    START_FIXTURE(f);

    (void)state;
    reach_psync(&f);
    line(&f, "+CONTINUE\r");
    assert_string_equal(f.fsm.continue_id, "");
    f.transcript[0] = '\0';
    tick_after(&f, 999);
    assert_transcript(&f, "");
    f.facts.acknowledged = 800;
    tick_after(&f, 1);
    assert_transcript(&f, "REPLCONF ACK 800 FACK 680|");
    tick_after(&f, 1000);
    assert_transcript(&f, "REPLCONF ACK 800 FACK 680|");
}

/* Our own replica is asked to take over what we call by our present id, whatever else it might know us by. */
static void test_target_of_a_failover_takes_over(void **state)
{
    START_FIXTURE(f);

    (void)state;
    f.history.previous_end = 700;
    f.facts.is_failover = true;
    tick_after(&f, 0);
    connected(&f);
    line(&f, "+PONG\r");
    while (f.fsm.replies_due > 1) {
        line(&f, "+OK\r");
    }
    f.transcript[0] = '\0';
    line(&f, "+OK\r");
    assert_transcript(&f, "PSYNC " OURS " 701 FAILOVER|");
    assert_int_equal(f.fsm.verdict, REPLICA_VERDICT_NONE);
    line(&f, "+CONTINUE " THEIRS "\r");
    assert_transcript(&f, "REPLCONF ACK 690 FACK 680|STREAM ");
    assert_int_equal(f.fsm.verdict, REPLICA_VERDICT_ACCEPTED);
    assert_string_equal(f.fsm.continue_id, THEIRS);
}

static void test_target_may_answer_with_a_full_sync(void **state)
{
    START_FIXTURE(f);

    (void)state;
    f.facts.is_failover = true;
    reach_psync(&f);
    line(&f, "+FULLRESYNC " THEIRS " 650\r");
    assert_int_equal(f.fsm.verdict, REPLICA_VERDICT_ACCEPTED);
    assert_int_equal(f.fsm.state, REPLICA_PAYLOAD_LINE);
}

static void test_refused_failover_is_told(void **state)
{
    static const struct {
        const char *line;
        enum replica_verdict verdict;
    } cases[] = {
        {"-ERR PSYNC FAILOVER replid must match my replid.\r", REPLICA_VERDICT_MISMATCHED},
        {"-LOADING Redis is loading the dataset in memory\r", REPLICA_VERDICT_REFUSED},
        {"-NOMASTERLINK Can't SYNC while failing over\r", REPLICA_VERDICT_REFUSED},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        START_FIXTURE(f);

        f.facts.is_failover = true;
        reach_psync(&f);
        line(&f, cases[i].line);
        assert_transcript(&f, "DISCONNECT ");
        assert_int_equal(f.fsm.verdict, cases[i].verdict);
        assert_int_equal(f.fsm.state, REPLICA_WAITING);
    }
}

/* It took over and the answer was lost: it says so, and is followed like any master. */
static void test_target_that_is_a_master_is_followed(void **state)
{
    START_FIXTURE(f);

    (void)state;
    f.facts.is_failover = true;
    reach_psync(&f);
    line(&f, "-ERR PSYNC FAILOVER can't be sent to a master.\r");
    assert_transcript(&f, "PSYNC " OURS " 701|");
    assert_int_equal(f.fsm.verdict, REPLICA_VERDICT_NONE);
    line(&f, "-LOADING Redis is loading the dataset in memory\r");
    assert_transcript(&f, "DISCONNECT ");
    assert_int_equal(f.fsm.verdict, REPLICA_VERDICT_NONE);
    tick_after(&f, 100000);
    connected(&f);
    line(&f, "+PONG\r");
    while (f.fsm.state == REPLICA_CONF) {
        line(&f, "+OK\r");
    }
    line(&f, "-ERR PSYNC FAILOVER can't be sent to a master.\r");
    line(&f, "+CONTINUE " THEIRS "\r");
    assert_int_equal(f.fsm.verdict, REPLICA_VERDICT_ACCEPTED);
}

static void test_silent_master_is_given_up(void **state)
{
    START_FIXTURE(f);

    (void)state;
    reach_psync(&f);
    tick_after(&f, 60000);
    assert_transcript(&f, "");
    line(&f, ""); /* A keepalive counts. */
    tick_after(&f, 60000);
    assert_transcript(&f, "");
    tick_after(&f, 1);
    assert_transcript(&f, "DISCONNECT ");
    assert_string_equal(f.fsm.problem, "time-out: nothing heard from the master for 60 s");
}

static void test_tries_again_soon_and_then_each_second(void **state)
{
    static const unsigned delays_ms[] = {100, 100, 200, 400, 800, 1000, 1000};
    START_FIXTURE(f);

    (void)state;
    tick_after(&f, 0);
    f.transcript[0] = '\0';
    for (size_t i = 0; i < sizeof(delays_ms) / sizeof(delays_ms[0]); i++) {
        replica_fsm_closed(&f.fsm, f.now_ms, "Connection refused");
        tick_after(&f, delays_ms[i] - 1);
        assert_transcript(&f, "");
        tick_after(&f, 1);
        assert_transcript(&f, "CONNECT ");
    }
    assert_string_equal(f.fsm.problem, "Connection refused");
    assert_int_equal(f.fsm.down_since_ms, 0); /* It was never up. */
}

static void test_lost_link_is_down_since_then(void **state)
{
    START_FIXTURE(f);

    (void)state;
    reach_psync(&f);
    line(&f, "+CONTINUE\r");
    replica_fsm_closed(&f.fsm, START + 7, "the master closed the link");
    replica_fsm_closed(&f.fsm, START + 9, "again"); /* Told once. */
    assert_int_equal(f.fsm.down_since_ms, START + 7);
    assert_string_equal(f.fsm.problem, "the master closed the link");
    assert_int_equal(f.fsm.retry_at_ms, START + 107);
}

static void test_master_that_cannot_now_is_asked_again(void **state)
{
    static const char *const answers[] = {"-NOMASTERLINK Can't SYNC while not connected with my master\r",
                                          "-LOADING Redis is loading the dataset in memory\r"};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        START_FIXTURE(f);

        reach_psync(&f);
        line(&f, answers[i]);
        tick_after(&f, 100);
        assert_transcript(&f, "DISCONNECT CONNECT ");
    }
}

static void test_master_whose_own_link_comes_up_is_asked_again_soon(void **state)
{
    START_FIXTURE(f);

    (void)state;
    reach_psync(&f);
    for (unsigned i = 0; i < 10; i++) {
        line(&f, "-NOMASTERLINK Can't SYNC while not connected with my master\r");
        f.transcript[0] = '\0';
        tick_after(&f, 200);
        assert_transcript(&f, "CONNECT ");
        reconnect(&f);
    }
}

/* One that breaks with its first change, again and again, is no success. */
static void test_stream_that_breaks_at_once_is_tried_less_often(void **state)
{
    static const unsigned delays_ms[] = {100, 100, 200, 400, 800, 1000, 1000};
    START_FIXTURE(f);

    (void)state;
    reach_psync(&f);
    for (size_t i = 0; i < sizeof(delays_ms) / sizeof(delays_ms[0]); i++) {
        line(&f, "+CONTINUE\r");
        replica_fsm_closed(&f.fsm, f.now_ms, "the master sent EXEC without MULTI");
        f.transcript[0] = '\0';
        tick_after(&f, delays_ms[i] - 1);
        assert_transcript(&f, "");
        tick_after(&f, 1);
        assert_transcript(&f, "CONNECT ");
        reconnect(&f);
    }
    line(&f, "+CONTINUE\r");
    tick_after(&f, 1000); /* This one lives. */
    replica_fsm_closed(&f.fsm, f.now_ms, "the master closed the link");
    f.transcript[0] = '\0';
    tick_after(&f, 100);
    assert_transcript(&f, "CONNECT ");
}

static void test_full_sync_that_cannot_be_installed_is_fetched_less_often(void **state)
{
    START_FIXTURE(f);

    (void)state;
    reach_psync(&f);
    for (uint64_t delay_ms = 1000;; delay_ms *= 2) {
        uint64_t expected_ms = delay_ms < 300000 ? delay_ms : 300000;

        line(&f, "+FULLRESYNC " THEIRS " 0\r");
        line(&f, "$hearth-snapshot " NAME " 100 0\r");
        received(&f);
        installed(&f, REPLICA_INSTALL_FAILED, "no space");
        f.transcript[0] = '\0';
        tick_after(&f, expected_ms - 1);
        assert_transcript(&f, "");
        tick_after(&f, 1);
        assert_transcript(&f, "CONNECT ");
        if (delay_ms > 600000) {
            return;
        }
        reconnect(&f);
    }
}

static void test_refused_install_is_tried_rarely_and_a_failed_one_soon(void **state)
{
    START_FIXTURE(f);

    (void)state;
    reach_psync(&f);
    line(&f, "+FULLRESYNC " THEIRS " 0\r");
    line(&f, "$hearth-snapshot " NAME " 100 0\r");
    received(&f);
    installed(&f, REPLICA_INSTALL_REFUSED, "the master is empty and unrelated");
    assert_string_equal(f.fsm.problem, "the master is empty and unrelated");
    tick_after(&f, 29999);
    assert_transcript(&f, "RECEIVE INSTALL-DISCONNECTED DISCONNECT ");
    tick_after(&f, 1);
    assert_transcript(&f, "CONNECT ");
    reconnect(&f);
    line(&f, "+FULLRESYNC " THEIRS " 0\r");
    line(&f, "$hearth-snapshot " NAME " 100 0\r");
    received(&f);
    f.transcript[0] = '\0';
    installed(&f, REPLICA_INSTALL_FAILED, "block 0: checksum mismatch");
    tick_after(&f, 1000);
    assert_transcript(&f, "DISCONNECT CONNECT ");
}

static void test_nonsense_from_the_master_is_named(void **state)
{
    static const struct {
        const char *psync;
        const char *payload;
        const char *problem;
    } cases[] = {
        {"+FULLRESYNC " THEIRS "\r", NULL, "the master sent +FULLRESYNC " THEIRS},
        {"+FULLRESYNC short 1\r", NULL, "the master sent +FULLRESYNC short 1"},
        {"+FULLRESYNC " THEIRS " -1\r", NULL, "the master sent +FULLRESYNC " THEIRS " -1"},
        {"+FULLRESYNC " THEIRS " 9223372036854775808\r", NULL,
         "the master sent +FULLRESYNC " THEIRS " 9223372036854775808"},
        {"+CONTINUE xyz\r", NULL, "the master sent +CONTINUE xyz"},
        {"+CONTINUED\r", NULL, "the master answered PSYNC with +CONTINUED"},
        {"-ERR unknown command 'PSYNC'\r", NULL, "the master answered PSYNC with -ERR unknown command 'PSYNC'"},
        {"-NOAUTH Authentication required.\r", NULL, "the master wants a password: set masterauth"},
        {"+FULLRESYNC " THEIRS " 1\r", "-ERR no space\r", "the master could not make a full sync: -ERR no space"},
        {"+FULLRESYNC " THEIRS " 1\r", "$-1\r", "the master announced its data with $-1"},
        {"+FULLRESYNC " THEIRS " 1\r", "$EOF:short\r", "the master announced its data with $EOF:short"},
        {"+FULLRESYNC " THEIRS " 1\r", "$hearth-snapshot ../../etc 10 0\r",
         "the master announced its data with $hearth-snapshot ../../etc 10 0"},
        {"+FULLRESYNC " THEIRS " 1\r", "$hearth-snapshot " NAME " 10 11\r",
         "the master announced its data with $hearth-snapshot " NAME " 10 11"},
        {"+FULLRESYNC " THEIRS " 1\r", "$hearth-snapshot " NAME " 10\r",
         "the master announced its data with $hearth-snapshot " NAME " 10"},
        {"+FULLRESYNC " THEIRS " 1\r", "hello\r", "the master announced its data with hello"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        START_FIXTURE(f);

        reach_psync(&f);
        line(&f, cases[i].psync);
        if (cases[i].payload != NULL) {
            assert_transcript(&f, "");
            line(&f, cases[i].payload);
        }
        assert_transcript(&f, "DISCONNECT ");
        assert_string_equal(f.fsm.problem, cases[i].problem);
        assert_int_equal(f.fsm.state, REPLICA_WAITING);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_handshake_to_a_partial_sync),
        cmocka_unit_test(test_password_is_given_before_anything_else),
        cmocka_unit_test(test_everything_there_is_to_tell_is_told),
        cmocka_unit_test(test_a_node_with_wrong_data_asks_for_all),
        cmocka_unit_test(test_snapshot_is_installed_and_the_rest_asked_for),
        cmocka_unit_test(test_rdb_is_installed_on_the_living_link),
        cmocka_unit_test(test_rdb_with_a_mark_is_understood),
        cmocka_unit_test(test_streaming_acknowledges_each_second),
        cmocka_unit_test(test_target_of_a_failover_takes_over),
        cmocka_unit_test(test_target_may_answer_with_a_full_sync),
        cmocka_unit_test(test_refused_failover_is_told),
        cmocka_unit_test(test_target_that_is_a_master_is_followed),
        cmocka_unit_test(test_silent_master_is_given_up),
        cmocka_unit_test(test_tries_again_soon_and_then_each_second),
        cmocka_unit_test(test_lost_link_is_down_since_then),
        cmocka_unit_test(test_master_that_cannot_now_is_asked_again),
        cmocka_unit_test(test_master_whose_own_link_comes_up_is_asked_again_soon),
        cmocka_unit_test(test_stream_that_breaks_at_once_is_tried_less_often),
        cmocka_unit_test(test_full_sync_that_cannot_be_installed_is_fetched_less_often),
        cmocka_unit_test(test_refused_install_is_tried_rarely_and_a_failed_one_soon),
        cmocka_unit_test(test_nonsense_from_the_master_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
