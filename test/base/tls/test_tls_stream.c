/* Two streams over a socket pair with small buffers, so that everything has to wait. */
#include "base/tls/tls_context.h"
#include "base/tls/tls_stream.h"
#include "support/certificates.h"
#include "support/scratch.h"
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define LONG_BYTES (1024u * 1024)

struct fixture {
    char *folder;
    struct tls_context *node;     /* With a certificate. */
    struct tls_context *stranger; /* With one that nobody knows. */
    struct tls_context *nobody;   /* Without. */
    int fds[2];
    struct tls_stream *server;
    struct tls_stream *client;
};

static struct fixture fixture;

static struct tls_context *make_context(const char *cert, const char *key)
{
    struct tls_settings settings = {.cert_file = cert, .key_file = key, .caches_sessions = true};
    char error[TLS_ERROR_BYTES] = "";
    struct tls_context *context;

    settings.ca_cert_file = certificates_path(fixture.folder, "ca.crt");
    assert_int_equal(tls_context_create(&settings, &context, error), STATUS_OK);
    return context;
}

static int setup_all(void **state)
{
    char *folder = certificates_create();

    (void)signal(SIGPIPE, SIG_IGN);
    fixture.folder = folder;
    fixture.node = make_context(certificates_path(folder, "node.crt"), certificates_path(folder, "node.key"));
    fixture.stranger = make_context(certificates_path(folder, "other.crt"), certificates_path(folder, "other.key"));
    fixture.nobody = make_context(NULL, NULL);
    *state = &fixture;
    return 0;
}

static int teardown_all(void **state)
{
    (void)state;
    tls_context_free(fixture.node);
    tls_context_free(fixture.stranger);
    tls_context_free(fixture.nobody);
    scratch_remove(fixture.folder);
    return 0;
}

static int setup(void **state)
{
    int small = 4096;

    *state = &fixture;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fixture.fds), 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(setsockopt(fixture.fds[i], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)), 0);
    }
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    tls_stream_close(f->client);
    tls_stream_close(f->server);
    f->client = NULL;
    f->server = NULL;
    close(f->fds[0]);
    close(f->fds[1]);
    return 0;
}

static void begin(struct fixture *f, const struct tls_context *client, enum tls_client_auth auth)
{
    f->server = tls_stream_accept(f->node, f->fds[0], auth);
    f->client = tls_stream_connect(client, f->fds[1], "node");
}

/* Both go on until neither can: the server's outcome. */
static enum status shake_hands(struct fixture *f)
{
    enum status server = STATUS_BUSY;
    enum status client = STATUS_BUSY;

    for (int i = 0; i < 100 && (server == STATUS_BUSY || client == STATUS_BUSY); i++) {
        client = client == STATUS_BUSY ? tls_stream_shake_hands(f->client) : client;
        server = server == STATUS_BUSY ? tls_stream_shake_hands(f->server) : server;
    }
    return server;
}

static void connect_both(struct fixture *f)
{
    begin(f, f->node, TLS_CLIENT_AUTH_YES);
    assert_int_equal(tls_stream_needs(f->server), TLS_NEEDS_NOTHING);
    assert_int_equal(shake_hands(f), STATUS_OK);
}

static void assert_reads(struct tls_stream *stream, const char *expected)
{
    char text[64] = "";

    assert_int_equal(tls_stream_read(stream, text, sizeof(text)), strlen(expected));
    assert_string_equal(text, expected);
}

static void assert_waits(struct tls_stream *stream)
{
    char byte;

    assert_int_equal(tls_stream_read(stream, &byte, 1), -1);
    assert_int_equal(errno, EAGAIN);
    assert_int_equal(tls_stream_needs(stream), TLS_NEEDS_READABLE);
    assert_false(tls_stream_has_buffered(stream));
}

static void test_bytes_go_both_ways(void **state)
{
    struct fixture *f = *state;

    connect_both(f);
    assert_waits(f->server);
    assert_int_equal(tls_stream_write(f->client, slice_of("ping")), 4);
    assert_reads(f->server, "ping");
    assert_int_equal(tls_stream_write(f->server, slice_of("pong")), 4);
    assert_reads(f->client, "pong");
    assert_waits(f->client);
}

/* Much at once in both directions, through buffers that hold little: each write is cut somewhere. */
static void test_much_goes_through_little(void **state)
{
    struct fixture *f = *state;
    struct tls_stream *streams[2];
    static char block[LONG_BYTES];
    static char got[2][LONG_BYTES];
    size_t sent[2] = {0, 0};
    size_t received[2] = {0, 0};

    for (size_t i = 0; i < LONG_BYTES; i++) {
        block[i] = (char)(i * 31 + i / 251);
    }
    connect_both(f);
    streams[0] = f->server;
    streams[1] = f->client;
    for (int round = 0; received[0] < LONG_BYTES || received[1] < LONG_BYTES; round++) {
        assert_true(round < 100000);
        for (int i = 0; i < 2; i++) {
            ssize_t put = sent[i] == LONG_BYTES
                              ? 0
                              : tls_stream_write(streams[i], slice_make(block + sent[i], LONG_BYTES - sent[i]));
            ssize_t len = received[i] == LONG_BYTES
                              ? 0
                              : tls_stream_read(streams[i], got[i] + received[i], LONG_BYTES - received[i]);

            sent[i] += put > 0 ? (size_t)put : 0;
            received[i] += len > 0 ? (size_t)len : 0;
            assert_string_equal(tls_stream_problem(streams[i]), "");
        }
    }
    assert_memory_equal(got[0], block, LONG_BYTES);
    assert_memory_equal(got[1], block, LONG_BYTES);
}

static void test_what_was_read_ahead_is_told(void **state)
{
    struct fixture *f = *state;
    char byte;

    connect_both(f);
    assert_int_equal(tls_stream_write(f->client, slice_of("ab")), 2);
    assert_int_equal(tls_stream_read(f->server, &byte, 1), 1);
    assert_true(tls_stream_has_buffered(f->server));
    assert_int_equal(tls_stream_read(f->server, &byte, 1), 1);
    assert_int_equal(byte, 'b');
    assert_waits(f->server);
}

/* The socket takes a part of a record, so the other side has read ahead something that it can make nothing of: to read
 * again before the socket says so would be reading without end. */
static void test_a_part_of_a_record_is_no_reason_to_read_on(void **state)
{
    struct fixture *f = *state;
    static char block[16000];
    char got[sizeof(block)];

    connect_both(f);
    assert_int_equal(tls_stream_write(f->client, slice_make(block, sizeof(block))), -1);
    assert_int_equal(tls_stream_needs(f->client), TLS_NEEDS_WRITABLE);
    assert_waits(f->server);
    for (ssize_t len = -1; len < 0; len = tls_stream_read(f->server, got, sizeof(got))) {
        (void)tls_stream_write(f->client, slice_make(block, sizeof(block)));
    }
    assert_memory_equal(got, block, sizeof(block));
}

static void test_a_farewell_is_an_end(void **state)
{
    struct fixture *f = *state;
    char byte;

    connect_both(f);
    assert_int_equal(tls_stream_write(f->client, slice_of("last")), 4);
    tls_stream_close(f->client);
    f->client = NULL;
    assert_reads(f->server, "last");
    assert_true(tls_stream_has_buffered(f->server)); /* The end. */
    assert_int_equal(tls_stream_read(f->server, &byte, 1), 0);
}

/* Somebody in between may cut a stream where he likes: that is not the end that the peer meant. */
static void test_a_cut_without_a_word_is_an_error(void **state)
{
    struct fixture *f = *state;
    char byte;

    connect_both(f);
    assert_int_equal(shutdown(f->fds[1], SHUT_RDWR), 0);
    assert_int_equal(tls_stream_read(f->server, &byte, 1), -1);
    assert_int_equal(errno, ECONNRESET);
    assert_string_not_equal(tls_stream_problem(f->server), "");
    assert_int_equal(tls_stream_write(f->server, slice_of("x")), -1);
    assert_int_equal(errno, ECONNRESET);
}

static void test_damage_is_an_error(void **state)
{
    struct fixture *f = *state;
    char byte;

    connect_both(f);
    assert_int_equal(send(f->fds[1], "this is no record", 17, MSG_NOSIGNAL), 17);
    assert_int_equal(tls_stream_read(f->server, &byte, 1), -1);
    assert_int_equal(errno, ECONNRESET);
    assert_string_not_equal(tls_stream_problem(f->server), "");
}

static void test_a_plain_client_is_told_apart(void **state)
{
    struct fixture *f = *state;

    f->server = tls_stream_accept(f->node, f->fds[0], TLS_CLIENT_AUTH_YES);
    assert_int_equal(tls_stream_shake_hands(f->server), STATUS_BUSY);
    assert_int_equal(tls_stream_needs(f->server), TLS_NEEDS_READABLE);
    assert_int_equal(send(f->fds[1], "*1\r\n$4\r\nPING\r\n", 14, MSG_NOSIGNAL), 14);
    assert_int_equal(tls_stream_shake_hands(f->server), STATUS_CLOSED);
    assert_string_not_equal(tls_stream_problem(f->server), "");
    assert_int_equal(tls_stream_shake_hands(f->server), STATUS_CLOSED);
}

static void test_who_must_show_a_certificate(void **state)
{
    static const struct {
        enum tls_client_auth auth;
        bool has_certificate;
        bool is_known;
        enum status expected;
    } cases[] = {
        {TLS_CLIENT_AUTH_YES, true, true, STATUS_OK},        {TLS_CLIENT_AUTH_YES, true, false, STATUS_CLOSED},
        {TLS_CLIENT_AUTH_YES, false, false, STATUS_CLOSED},  {TLS_CLIENT_AUTH_OPTIONAL, true, true, STATUS_OK},
        {TLS_CLIENT_AUTH_OPTIONAL, false, false, STATUS_OK}, {TLS_CLIENT_AUTH_OPTIONAL, true, false, STATUS_CLOSED},
        {TLS_CLIENT_AUTH_NO, false, false, STATUS_OK},       {TLS_CLIENT_AUTH_NO, true, false, STATUS_OK},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        begin(f, !cases[i].has_certificate ? f->nobody : cases[i].is_known ? f->node : f->stranger, cases[i].auth);
        assert_int_equal(shake_hands(f), cases[i].expected);
        (void)teardown(state);
        (void)setup(state);
    }
}

static void test_a_server_that_nobody_knows_is_refused_unless_anyone_is_trusted(void **state)
{
    struct fixture *f = *state;

    for (int trusts = 0; trusts < 2; trusts++) {
        f->server = tls_stream_accept(f->stranger, f->fds[0], TLS_CLIENT_AUTH_NO);
        f->client = tls_stream_connect(f->nobody, f->fds[1], NULL);
        if (trusts) {
            tls_stream_trust_anyone(f->client);
        }
        (void)shake_hands(f);
        assert_int_equal(tls_stream_shake_hands(f->client), trusts ? STATUS_OK : STATUS_CLOSED);
        assert_true(trusts || strstr(tls_stream_problem(f->client), "certificate verify failed") != NULL);
        (void)teardown(state);
        (void)setup(state);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_bytes_go_both_ways, setup, teardown),
        cmocka_unit_test_setup_teardown(test_much_goes_through_little, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_was_read_ahead_is_told, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_part_of_a_record_is_no_reason_to_read_on, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_farewell_is_an_end, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_cut_without_a_word_is_an_error, setup, teardown),
        cmocka_unit_test_setup_teardown(test_damage_is_an_error, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_plain_client_is_told_apart, setup, teardown),
        cmocka_unit_test_setup_teardown(test_who_must_show_a_certificate, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_server_that_nobody_knows_is_refused_unless_anyone_is_trusted, setup,
                                        teardown),
    };

    return cmocka_run_group_tests(tests, setup_all, teardown_all);
}
