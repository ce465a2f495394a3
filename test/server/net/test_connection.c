/* Connections over socket pairs. The owner is an echo: it takes whole lines and appends them to the output. */
#include "server/net/connection.h"
#include <errno.h>
#include <event2/event.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
    struct event_base *base;
    struct connections *connections;
    struct connection *connection;
    int peer;        /* Our end of the pair. */
    uint64_t hold;   /* What each echo reveals. */
    bool is_blocked; /* The owner takes nothing. */
    size_t largest;  /* Longest input that was shown. */
    int closed_count;
    size_t to_produce;  /* Bytes that the source still has. */
    size_t again_after; /* The owner asks once, when it was shown input so many times, to be shown it again; 0 never. */
    struct odd *odd;    /* The transport's state, where it is one of those. */
};

static struct fixture fixture;

static size_t on_input(void *context, struct slice input)
{
    struct fixture *f = context;
    const char *end = memrchr(input.data, '\n', input.len);
    size_t len = end == NULL || f->is_blocked ? 0 : (size_t)(end - input.data) + 1;

    if (f->again_after != 0 && --f->again_after == 0) {
        connection_process_again(f->connection);
        return 0;
    }
    if (input.len > f->largest) {
        f->largest = input.len;
    }
    if (len != 0) {
        buf_put(connection_output(f->connection), slice_first(input, len));
        connection_hold(f->connection, f->hold);
        connection_touch(f->connection);
    }
    return len;
}

static size_t on_missing(void *context, size_t input_len)
{
    (void)context;
    (void)input_len;
    return 0;
}

static void on_closed(void *context)
{
    struct fixture *f = context;

    f->closed_count++;
}

/* One connection; the descriptor of `transport` is still to be given to it. */
static void open_fixture(struct transport *transport, struct odd *odd)
{
    struct connection_handler handler = {
        .input = on_input, .missing = on_missing, .closed = on_closed, .context = &fixture};
    int pair[2];

    fixture = (struct fixture){.odd = odd};
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    fixture.peer = pair[0];
    fixture.base = event_base_new();
    fixture.connections = connections_create(fixture.base, NULL);
    transport->fd = pair[1];
    fixture.connection = connection_open(fixture.connections, transport, &handler);
}

static int setup(void **state)
{
    struct transport transport;

    transport_init_socket(&transport, -1);
    open_fixture(&transport, NULL);
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    connections_free(f->connections);
    assert_int_equal(f->closed_count, 1);
    event_base_free(f->base);
    if (f->peer >= 0) {
        close(f->peer);
    }
    return 0;
}

/* A turn of the loop with the log at `released` of `end`. */
static void turn(struct fixture *f, uint64_t released, uint64_t end)
{
    struct connections_turn state = {.released = released, .end = end, .now_us = 1};

    assert_true(event_base_loop(f->base, EVLOOP_ONCE | EVLOOP_NONBLOCK) >= 0);
    connections_process(f->connections);
    connections_flush(f->connections, &state);
}

static void say(struct fixture *f, const char *text)
{
    assert_int_equal(send(f->peer, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

static void assert_hears(struct fixture *f, const char *expected)
{
    char text[256] = "";
    ssize_t len = recv(f->peer, text, sizeof(text) - 1, 0);

    if (expected[0] == '\0') {
        assert_int_equal(len, -1);
        assert_int_equal(errno, EAGAIN);
    } else {
        assert_string_equal(text, expected);
    }
}

static struct connection_usage usage_of(const struct fixture *f)
{
    struct connection_usage usage;

    connection_measure(f->connection, &usage);
    return usage;
}

static void test_whole_requests_are_answered_and_the_rest_waits(void **state)
{
    struct fixture *f = *state;

    say(f, "one\ntwo\nthr");
    turn(f, 0, 0);
    assert_hears(f, "one\ntwo\n");
    assert_int_equal(usage_of(f).input_len, 3);
    say(f, "ee\n");
    turn(f, 0, 0);
    assert_hears(f, "three\n");
    assert_int_equal(usage_of(f).input_len, 0);
}

static void test_reply_leaves_only_when_its_offset_is_released(void **state)
{
    struct fixture *f = *state;

    f->hold = 100;
    say(f, "held\n");
    turn(f, 50, 100);
    assert_hears(f, "");
    f->hold = 0;
    say(f, "behind\n");
    turn(f, 99, 100);
    assert_hears(f, "");
    turn(f, 100, 100);
    assert_hears(f, "held\nbehind\n");
}

/* Connections are flushed in the order in which they were touched, which is not that of what they reveal. */
static void test_what_a_turn_reveals_is_released_with_its_end(void **state)
{
    struct fixture *f = *state;

    f->hold = 60;
    say(f, "early in the turn\n");
    turn(f, 50, 100);
    turn(f, 60, 100);
    assert_hears(f, "");
    turn(f, 100, 100);
    assert_hears(f, "early in the turn\n");
}

static void test_blocked_input_is_shown_again_when_asked(void **state)
{
    struct fixture *f = *state;

    f->is_blocked = true;
    say(f, "wait\n");
    turn(f, 0, 0);
    assert_hears(f, "");
    f->is_blocked = false;
    connection_process_again(f->connection);
    turn(f, 0, 0);
    assert_hears(f, "wait\n");
}

static void test_paused_connection_leaves_bytes_in_the_socket(void **state)
{
    struct fixture *f = *state;

    connection_pause(f->connection);
    say(f, "later\n");
    turn(f, 0, 0);
    assert_int_equal(f->largest, 0);
    connection_resume(f->connection);
    turn(f, 0, 0);
    assert_hears(f, "later\n");
}

static void test_peer_that_goes_away_is_noticed(void **state)
{
    struct fixture *f = *state;

    close(f->peer);
    f->peer = -1;
    turn(f, 0, 0);
    assert_int_equal(f->closed_count, 1);
}

static void test_last_output_leaves_before_the_close(void **state)
{
    struct fixture *f = *state;

    f->hold = 100;
    say(f, "bye\n");
    turn(f, 0, 100);
    connection_close_after_output(f->connection);
    turn(f, 0, 100);
    assert_int_equal(f->closed_count, 0);
    turn(f, 100, 100);
    assert_hears(f, "bye\n");
    assert_int_equal(f->closed_count, 1);
}

static void test_query_limit_closes(void **state)
{
    struct fixture *f = *state;

    connections_set_query_limit(f->connections, 8);
    say(f, "no end of it");
    turn(f, 0, 0);
    assert_int_equal(f->closed_count, 1);
    assert_int_equal(connections_get_statistics(f->connections)->query_limit_closes, 1);
}

/* A peer that does not read: output piles up until the hard limit. */
static void test_hard_output_limit_closes(void **state)
{
    struct fixture *f = *state;
    struct connection_limit limit = {.hard_bytes = 1024 * 1024};
    char *block = calloc(1, 65536);

    connection_set_output_limit(f->connection, &limit);
    for (int i = 0; i < 64 && f->closed_count == 0; i++) {
        buf_put(connection_output(f->connection), slice_make(block, 65536));
        connection_touch(f->connection);
        turn(f, 0, 0);
    }
    free(block);
    assert_int_equal(f->closed_count, 1);
    assert_int_equal(connections_get_statistics(f->connections)->output_limit_closes, 1);
}

/* Output that waits for an offset: nothing of it leaves. */
static void hold_output(struct fixture *f, size_t len)
{
    char *block = calloc(1, len);

    buf_put(connection_output(f->connection), slice_make(block, len));
    connection_hold(f->connection, 100);
    connection_touch(f->connection);
    free(block);
    turn(f, 0, 100);
}

static void test_soft_output_limit_closes_after_its_time(void **state)
{
    struct fixture *f = *state;
    struct connection_limit limit = {.soft_bytes = 4, .soft_seconds = 2};

    connection_set_output_limit(f->connection, &limit);
    hold_output(f, 20000);
    connections_tick(f->connections, 2000001);
    turn(f, 0, 100);
    assert_int_equal(f->closed_count, 0);
    connections_tick(f->connections, 2000002);
    turn(f, 0, 100);
    assert_int_equal(f->closed_count, 1);
}

static void test_no_limit_counts_the_first_16_kb(void **state)
{
    struct fixture *f = *state;
    struct connection_limit limit = {.hard_bytes = 1};

    connection_set_output_limit(f->connection, &limit);
    hold_output(f, 16 * 1024);
    assert_int_equal(f->closed_count, 0);
    hold_output(f, 1);
    assert_int_equal(f->closed_count, 1);
}

static void produce(void *context, size_t limit, struct buf *out)
{
    struct fixture *f = context;
    size_t len = f->to_produce < limit ? f->to_produce : limit;

    for (size_t i = 0; i < len; i++) {
        buf_put_byte(out, (char)('a' + (f->to_produce - i) % 26));
    }
    f->to_produce -= len;
}

/* A source gives as fast as the peer reads, and never more than a little ahead. */
static void test_source_fills_the_socket_as_it_drains(void **state)
{
    enum { TOTAL = 3000000 };
    struct fixture *f = *state;
    struct connection_source source = {.produce = produce, .context = f};
    char *block = malloc(TOTAL);
    size_t heard = 0;

    f->to_produce = TOTAL;
    connection_set_source(f->connection, &source);
    for (int i = 0; i < 10000 && heard < TOTAL; i++) {
        ssize_t len;

        turn(f, 0, 0);
        assert_true(usage_of(f).output_len <= 1024 * 1024);
        len = recv(f->peer, block + heard, TOTAL - heard, 0);
        heard += len > 0 ? (size_t)len : 0;
    }
    assert_int_equal(heard, TOTAL);
    for (size_t i = 0; i < TOTAL; i++) {
        assert_int_equal(block[i], 'a' + (TOTAL - i) % 26);
    }
    free(block);
}

static void test_source_goes_on_after_a_wake(void **state)
{
    struct fixture *f = *state;
    struct connection_source source = {.produce = produce, .context = f};

    connection_set_source(f->connection, &source);
    turn(f, 0, 0);
    assert_hears(f, "");
    f->to_produce = 3;
    connection_wake(f->connection);
    turn(f, 0, 0);
    assert_hears(f, "dcb");
}

/* --- A transport that reads ahead, and may wait for the opposite of what it was asked for --- */

#define PIECE_BYTES 4 /* Given of what was read ahead, at a time. */

struct odd {
    char ahead[256]; /* Taken from the socket, and not given yet. */
    size_t ahead_len;
    bool is_read_stuck;  /* Until the socket was found writable. */
    bool is_write_stuck; /* Until the socket was found readable. */
    int write_count;
};

static ssize_t read_odd(struct transport *transport, char *to, size_t len)
{
    struct odd *odd = transport->state;
    ssize_t came = recv(transport->fd, odd->ahead + odd->ahead_len, sizeof(odd->ahead) - odd->ahead_len, 0);

    odd->ahead_len += came > 0 ? (size_t)came : 0;
    transport->needs &= ~(uint32_t)TRANSPORT_READ_NEEDS_WRITABLE;
    if (odd->is_read_stuck || odd->ahead_len == 0) {
        transport->needs |= odd->is_read_stuck ? TRANSPORT_READ_NEEDS_WRITABLE : 0;
        odd->is_read_stuck = false;
        errno = EAGAIN;
        return -1;
    }
    len = odd->ahead_len < PIECE_BYTES ? odd->ahead_len : PIECE_BYTES;
    memcpy(to, odd->ahead, len);
    odd->ahead_len -= len;
    memmove(odd->ahead, odd->ahead + len, odd->ahead_len);
    return (ssize_t)len;
}

static ssize_t write_odd(struct transport *transport, struct slice bytes)
{
    struct odd *odd = transport->state;

    odd->write_count++;
    transport->needs &= ~(uint32_t)TRANSPORT_WRITE_NEEDS_READABLE;
    if (odd->is_write_stuck) {
        transport->needs |= TRANSPORT_WRITE_NEEDS_READABLE;
        errno = EAGAIN;
        return -1;
    }
    return send(transport->fd, bytes.data, bytes.len, MSG_NOSIGNAL);
}

static bool has_buffered_odd(struct transport *transport)
{
    const struct odd *odd = transport->state;

    return odd->ahead_len > 0 && !(transport->needs & TRANSPORT_READ_NEEDS_WRITABLE);
}

static void close_odd(struct transport *transport)
{
    close(transport->fd);
}

static int setup_odd(void **state)
{
    static const struct transport_operations operations = {
        .read = read_odd, .write = write_odd, .has_buffered = has_buffered_odd, .close = close_odd};
    static struct odd odd;
    struct transport transport = {.operations = &operations, .state = &odd};

    odd = (struct odd){.write_count = 0};
    open_fixture(&transport, &odd);
    *state = &fixture;
    return 0;
}

/* The socket says nothing of what was taken from it, so the turns must go on by themselves. */
static void test_what_was_read_ahead_is_read_by_the_next_turns(void **state)
{
    struct fixture *f = *state;
    int turns = 0;

    say(f, "one\ntwo\nsix\n");
    do {
        turn(f, 0, 0);
        turns++;
    } while (connections_have_work(f->connections) && turns < 10);
    assert_hears(f, "one\ntwo\nsix\n");
    assert_int_equal(turns, 2); /* The first takes two: for the event, and for what was left. */
}

/* As a long pipeline does, of which each turn takes a part. */
static void test_what_was_read_ahead_may_ask_to_be_shown_again(void **state)
{
    struct fixture *f = *state;

    f->again_after = 2;
    say(f, "one\ntwo\n");
    turn(f, 0, 0);
    assert_hears(f, "one\ntwo\n");
    assert_false(connections_have_work(f->connections));
}

static void test_what_was_read_ahead_waits_while_paused(void **state)
{
    struct fixture *f = *state;

    say(f, "one\ntwo\nsix\n");
    turn(f, 0, 0);
    connection_pause(f->connection);
    turn(f, 0, 0);
    assert_hears(f, "one\ntwo\n");
    assert_false(connections_have_work(f->connections));
    connection_resume(f->connection);
    assert_true(connections_have_work(f->connections));
    turn(f, 0, 0);
    assert_hears(f, "six\n");
}

/* All bytes are out of the socket, so it is not readable any more: only that it is writable can bring them. */
static void test_a_read_may_wait_until_the_socket_is_writable(void **state)
{
    struct fixture *f = *state;

    f->odd->is_read_stuck = true;
    say(f, "one\n");
    turn(f, 0, 0);
    assert_hears(f, "");
    turn(f, 0, 0);
    assert_hears(f, "one\n");
}

/* The socket is writable all the time: waiting for that would be trying without end. */
static void test_a_write_may_wait_until_the_socket_is_readable(void **state)
{
    struct fixture *f = *state;

    f->odd->is_write_stuck = true;
    say(f, "one\n");
    for (int i = 0; i < 5; i++) {
        turn(f, 0, 0);
    }
    assert_int_equal(f->odd->write_count, 1);
    f->odd->is_write_stuck = false;
    say(f, "two\n");
    turn(f, 0, 0);
    assert_hears(f, "one\ntwo\n");
}

/* Pausing stops requests and not the transport: what the peer says is what the write waits for. */
static void test_a_write_waits_for_the_peer_while_reading_is_paused(void **state)
{
    struct fixture *f = *state;

    f->odd->is_write_stuck = true;
    say(f, "one\n");
    turn(f, 0, 0);
    connection_pause(f->connection);
    connection_touch(f->connection);
    turn(f, 0, 0);
    f->odd->is_write_stuck = false;
    say(f, "two\n");
    turn(f, 0, 0);
    assert_hears(f, "one\n");
    connection_resume(f->connection);
    turn(f, 0, 0);
    assert_hears(f, "two\n");
}

static void test_idle_connection_gives_back_its_memory(void **state)
{
    struct fixture *f = *state;
    size_t bare = usage_of(f).memory_bytes;

    say(f, "one\ntwo");
    turn(f, 0, 0);
    say(f, "\n");
    turn(f, 0, 0);
    assert_hears(f, "one\ntwo\n");
    assert_true(usage_of(f).memory_bytes > bare);
    connections_tick(f->connections, 10000000);
    connections_tick(f->connections, 13000000);
    assert_int_equal(usage_of(f).memory_bytes, bare);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_whole_requests_are_answered_and_the_rest_waits, setup, teardown),
        cmocka_unit_test_setup_teardown(test_reply_leaves_only_when_its_offset_is_released, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_a_turn_reveals_is_released_with_its_end, setup, teardown),
        cmocka_unit_test_setup_teardown(test_blocked_input_is_shown_again_when_asked, setup, teardown),
        cmocka_unit_test_setup_teardown(test_paused_connection_leaves_bytes_in_the_socket, setup, teardown),
        cmocka_unit_test_setup_teardown(test_peer_that_goes_away_is_noticed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_last_output_leaves_before_the_close, setup, teardown),
        cmocka_unit_test_setup_teardown(test_query_limit_closes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_hard_output_limit_closes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_soft_output_limit_closes_after_its_time, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_limit_counts_the_first_16_kb, setup, teardown),
        cmocka_unit_test_setup_teardown(test_source_fills_the_socket_as_it_drains, setup, teardown),
        cmocka_unit_test_setup_teardown(test_source_goes_on_after_a_wake, setup, teardown),
        cmocka_unit_test_setup_teardown(test_idle_connection_gives_back_its_memory, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_was_read_ahead_is_read_by_the_next_turns, setup_odd, teardown),
        cmocka_unit_test_setup_teardown(test_what_was_read_ahead_may_ask_to_be_shown_again, setup_odd, teardown),
        cmocka_unit_test_setup_teardown(test_what_was_read_ahead_waits_while_paused, setup_odd, teardown),
        cmocka_unit_test_setup_teardown(test_a_read_may_wait_until_the_socket_is_writable, setup_odd, teardown),
        cmocka_unit_test_setup_teardown(test_a_write_may_wait_until_the_socket_is_readable, setup_odd, teardown),
        cmocka_unit_test_setup_teardown(test_a_write_waits_for_the_peer_while_reading_is_paused, setup_odd, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
