/* Listening sockets on the loopback, with clients that do no more than connect. */
#include "server/net/listener.h"
#include "support/scratch.h"
#include <arpa/inet.h>
#include <event2/event.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
    struct event_base *base;
    struct listener *listener;
    struct listener_options options;
    struct listener_peer peer; /* Who came last; its socket is closed. */
    int accepted;
    char error[256];
    char *scratch;
    char path[100]; /* Of a Unix socket. */
};

static void on_accept(void *context, const struct listener_peer *peer)
{
    struct fixture *f = context;

    f->peer = *peer;
    f->accepted++;
    close(peer->fd);
}

/* A port that nobody listened on a moment ago. */
static uint16_t free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    close(fd);
    return ntohs(address.sin_port);
}

static int setup(void **state)
{
    static struct fixture fixture;
    struct fixture *f = &fixture;

    *f = (struct fixture){.base = event_base_new(), .scratch = scratch_create()};
    (void)snprintf(f->path, sizeof(f->path), "%s/socket", f->scratch);
    f->options = (struct listener_options){.base = f->base,
                                           .bind = "127.0.0.1",
                                           .port = free_port(),
                                           .backlog = 16,
                                           .unix_socket = "",
                                           .keepalive_s = 300,
                                           .accept = on_accept,
                                           .context = f};
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    listener_close(f->listener);
    event_base_free(f->base);
    scratch_remove(f->scratch);
    return 0;
}

static enum status open_listener(struct fixture *f)
{
    return listener_open(&f->options, &f->listener, f->error, sizeof(f->error));
}

static void turn(struct fixture *f)
{
    assert_true(event_base_loop(f->base, EVLOOP_ONCE | EVLOOP_NONBLOCK) >= 0);
}

/* Connect and hang up; false if nobody listens. */
static bool connect_to(const struct sockaddr *address, socklen_t len)
{
    int fd = socket(address->sa_family, SOCK_STREAM, 0);
    bool is_connected = connect(fd, address, len) == 0;

    close(fd);
    return is_connected;
}

static bool connect_tcp(const struct fixture *f)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

    address.sin_port = htons(f->options.port);
    return connect_to((struct sockaddr *)&address, sizeof(address));
}

static struct sockaddr_un unix_address(const struct fixture *f)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", f->path);
    return address;
}

static bool connect_unix(const struct fixture *f)
{
    struct sockaddr_un address = unix_address(f);

    return connect_to((struct sockaddr *)&address, sizeof(address));
}

static void test_clients_are_accepted_between_start_and_stop(void **state)
{
    struct fixture *f = *state;
    char expected[64];

    assert_int_equal(open_listener(f), STATUS_OK);
    assert_true(connect_tcp(f)); /* Waits in the backlog. */
    turn(f);
    assert_int_equal(f->accepted, 0);
    listener_start(f->listener);
    turn(f);
    assert_int_equal(f->accepted, 1);
    assert_true(f->peer.is_loopback);
    assert_false(f->peer.is_unix_socket);
    (void)snprintf(expected, sizeof(expected), "127.0.0.1:%u", f->options.port);
    assert_string_equal(f->peer.local, expected);
    assert_memory_equal(f->peer.remote, "127.0.0.1:", 10);
    listener_stop(f->listener);
    assert_true(connect_tcp(f));
    turn(f);
    assert_int_equal(f->accepted, 1);
}

static void test_one_turn_accepts_all_who_wait(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(open_listener(f), STATUS_OK);
    for (int i = 0; i < 5; i++) {
        assert_true(connect_tcp(f));
    }
    listener_start(f->listener);
    turn(f);
    assert_int_equal(f->accepted, 5);
}

static void test_closed_listener_frees_its_port(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(open_listener(f), STATUS_OK);
    listener_close(f->listener);
    f->listener = NULL;
    assert_false(connect_tcp(f));
    assert_int_equal(open_listener(f), STATUS_OK);
}

static void test_taken_port_is_named(void **state)
{
    struct fixture *f = *state;
    struct listener *second = NULL;
    char expected[128];

    assert_int_equal(open_listener(f), STATUS_OK);
    f->options.bind = "-127.0.0.1"; /* Optional means that it may be missing, not that it may be taken. */
    assert_int_equal(listener_open(&f->options, &second, f->error, sizeof(f->error)), STATUS_INVALID);
    assert_null(second);
    (void)snprintf(expected, sizeof(expected), "cannot listen on 127.0.0.1 port %u: Address already in use",
                   f->options.port);
    assert_string_equal(f->error, expected);
}

/* 192.0.2.1 is for documentation: no machine has it. */
static void test_missing_address_is_an_error_unless_it_is_optional(void **state)
{
    struct fixture *f = *state;
    char expected[128];

    f->options.bind = "127.0.0.1 192.0.2.1";
    assert_int_equal(open_listener(f), STATUS_INVALID);
    (void)snprintf(expected, sizeof(expected), "cannot listen on 192.0.2.1 port %u: Cannot assign requested address",
                   f->options.port);
    assert_string_equal(f->error, expected);
    assert_false(connect_tcp(f)); /* The first one is not left open. */
    f->options.bind = "-192.0.2.1";
    assert_int_equal(open_listener(f), STATUS_INVALID);
    assert_string_equal(f->error, "no address of \"-192.0.2.1\" can be listened on");
    f->options.bind = "-192.0.2.1 \t 127.0.0.1";
    assert_int_equal(open_listener(f), STATUS_OK);
    assert_true(connect_tcp(f));
}

static void test_unix_socket_has_its_mode_and_goes_with_the_listener(void **state)
{
    struct fixture *f = *state;
    char expected[160];
    struct stat facts;

    f->options.port = 0;
    f->options.unix_socket = f->path;
    f->options.unix_socket_mode = 0700;
    assert_int_equal(open_listener(f), STATUS_OK);
    assert_int_equal(stat(f->path, &facts), 0);
    assert_int_equal(facts.st_mode & 0777, 0700);
    listener_start(f->listener);
    assert_true(connect_unix(f));
    turn(f);
    assert_int_equal(f->accepted, 1);
    assert_true(f->peer.is_unix_socket);
    assert_true(f->peer.is_loopback);
    (void)snprintf(expected, sizeof(expected), "%.60s:0", f->path);
    assert_string_equal(f->peer.remote, expected);
    listener_close(f->listener);
    f->listener = NULL;
    assert_int_equal(access(f->path, F_OK), -1);
}

static void test_socket_that_a_killed_server_left_is_replaced(void **state)
{
    struct fixture *f = *state;
    struct sockaddr_un address = unix_address(f);
    int left = socket(AF_UNIX, SOCK_STREAM, 0);

    assert_int_equal(bind(left, (struct sockaddr *)&address, sizeof(address)), 0);
    close(left);
    f->options.unix_socket = f->path;
    assert_int_equal(open_listener(f), STATUS_OK);
    assert_true(connect_unix(f));
    assert_true(connect_tcp(f));
}

static void test_bad_unix_socket_is_named(void **state)
{
    struct fixture *f = *state;
    char path[150];

    memset(path, 'x', sizeof(path) - 1);
    path[sizeof(path) - 1] = '\0';
    f->options.unix_socket = path;
    assert_int_equal(open_listener(f), STATUS_INVALID);
    assert_non_null(strstr(f->error, "is longer than 107 bytes"));
    f->options.unix_socket = "/proc/no/such/folder";
    assert_int_equal(open_listener(f), STATUS_INVALID);
    assert_string_equal(f->error, "cannot listen on unix socket /proc/no/such/folder: No such file or directory");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_clients_are_accepted_between_start_and_stop),
        TEST(test_one_turn_accepts_all_who_wait),
        TEST(test_closed_listener_frees_its_port),
        TEST(test_taken_port_is_named),
        TEST(test_missing_address_is_an_error_unless_it_is_optional),
        TEST(test_unix_socket_has_its_mode_and_goes_with_the_listener),
        TEST(test_socket_that_a_killed_server_left_is_replaced),
        TEST(test_bad_unix_socket_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
