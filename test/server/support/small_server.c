#include "server/support/small_server.h"
#include "base/assert.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/resp_read.h"
#include "server/acl/acl.h"
#include "server/config/config.h"
#include "server/net/connection.h"
#include "server/net/transport.h"
#include "server/request/auth.h"
#include "server/request/blocking.h"
#include "server/request/dispatch.h"
#include "server/request/notify.h"
#include "server/request/pubsub.h"
#include "server/request/registry.h"
#include "server/request/tracking.h"
#include "server/request/transaction.h"
#include "server/script/script.h"
#include "server/watch/latency.h"
#include "server/watch/metrics.h"
#include "server/watch/monitor.h"
#include "server/watch/slowlog.h"
#include "storage/log/log_cursor.h"
#include "storage/store.h"
#include "support/scratch.h"
#include <errno.h>
#include <event2/event.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static enum session_outcome on_request(void *context, struct session *session, const struct request *request,
                                       uint64_t *now_us)
{
    struct small_server *server = context;

    if (server->execute != NULL) {
        return server->execute(server->context, session, request);
    }
    return dispatch_request(server->services.dispatch, session, request, now_us);
}

/* As server.c's. */
static void on_session_closed(void *context, struct session *session)
{
    struct small_server *server = context;

    blocking_forget(server->services.blocking, session);
    transaction_reset(session);
    monitors_remove(server->services.monitors, session);
    pubsub_forget(server->services.pubsub, session);
    tracking_forget(server->services.tracking, session);
    for (size_t i = 0; i < server->client_count; i++) {
        if (server->sessions[i] == session) {
            server->sessions[i] = NULL;
        }
    }
}

static void on_log_failed(void *context, enum status status)
{
    (void)context;
    (void)status;
    ASSERT_NEVER("the log failed");
}

static void on_wake(void *context)
{
    (void)context; /* Each turn looks. */
}

static void on_slow_script(void *context, struct session *caller)
{
    struct small_server *server = context;
    struct connections_turn turn = {.released = server->released,
                                    .end = log_end_offset(store_log(server->services.store)),
                                    .now_us = clock_monotonic_us()};

    if (server->interrupted != NULL) {
        server->interrupted(server);
    }
    connections_serve_others(server->services.connections, caller->connection, &turn);
}

static void make_parts(struct small_server *server)
{
    struct services *services = &server->services;
    struct dispatch_options dispatch = {.services = services, .log_failed = on_log_failed, .context = server};
    struct blocking_options blocking = {.base = server->base, .services = services};
    struct script_options script = {.services = services, .serve = on_slow_script, .context = server};
    struct sessions_options sessions = {.services = services,
                                        .execute = on_request,
                                        .closed = on_session_closed,
                                        .context = server,
                                        .bulk_bytes_max = 1u << 20};

    services->config = config_create();
    services->connections = connections_create(server->base, NULL);
    sessions.connections = services->connections;
    services->commands = commands_create();
    services->acl = acl_create(services->commands);
    services->metrics = metrics_create(clock_monotonic_us());
    services->slowlog = slowlog_create();
    services->latency = latency_create();
    services->monitors = monitors_create();
    services->notify = notify_create();
    services->transactions = transactions_create(services);
    services->tracking = tracking_create(services); /* Before pub/sub: a change is told before its event. */
    services->pubsub = pubsub_create(services);
    services->blocking = blocking_create(&blocking);
    services->dispatch = dispatch_create(&dispatch);
    services->sessions = sessions_create(&sessions);
    services->script = script_create(&script);
}

int small_server_setup(void **state)
{
    struct small_server *server = memory_allocate_zeroed(sizeof(*server));
    struct store_options options = {.files = file_system_posix(),
                                    .database_count = 4,
                                    .policy = LOG_SYNC_NO,
                                    .segment_bytes = 1u << 20,
                                    .checkpoint_memory_bytes = 1u << 20,
                                    .wake = on_wake};
    long holder_pid;

    server->base = event_base_new();
    server->scratch = scratch_create();
    options.directory = server->scratch;
    make_parts(server);
    assert_int_equal(store_open(&options, &server->services.store, &holder_pid), STATUS_OK);
    dispatch_observe_keyspace(server->services.dispatch);
    server->logged = log_end_offset(store_log(server->services.store));
    *state = server;
    return 0;
}

int small_server_teardown(void **state)
{
    struct small_server *server = *state;
    struct services *services = &server->services;

    connections_free(services->connections);
    sessions_free(services->sessions);
    store_close(services->store, false);
    script_free(services->script);
    dispatch_free(services->dispatch);
    blocking_free(services->blocking);
    transactions_free(services->transactions);
    pubsub_free(services->pubsub);
    tracking_free(services->tracking);
    notify_free(services->notify);
    monitors_free(services->monitors);
    slowlog_free(services->slowlog);
    latency_free(services->latency);
    metrics_free(services->metrics);
    acl_free(services->acl);
    commands_free(services->commands);
    config_free(services->config);
    event_base_free(server->base);
    for (size_t i = 0; i < server->client_count; i++) {
        small_server_hang_up(server, i);
    }
    scratch_remove(server->scratch);
    memory_free(server);
    return 0;
}

size_t small_server_connect(struct small_server *server)
{
    size_t client = server->client_count++;
    struct transport transport;
    int pair[2];

    ASSERT(client < SMALL_SERVER_CLIENTS_MAX);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    server->sockets[client] = pair[0];
    transport_init_socket(&transport, pair[1]);
    server->sessions[client] = sessions_accept(server->services.sessions, &transport, "127.0.0.1:5000", "local:1");
    auth_begin(server->services.acl, server->sessions[client]);
    return client;
}

void small_server_hang_up(struct small_server *server, size_t client)
{
    if (server->sockets[client] >= 0) {
        close(server->sockets[client]);
        server->sockets[client] = -1;
    }
}

void small_server_turn(struct small_server *server)
{
    struct services *services = &server->services;
    struct log *log = store_log(services->store);
    struct connections_turn turn = {.now_us = clock_monotonic_us()};

    assert_true(event_base_loop(server->base, EVLOOP_ONCE | EVLOOP_NONBLOCK) >= 0);
    connections_process(services->connections);
    if (blocking_has_ready(services->blocking)) {
        blocking_serve(services->blocking);
        connections_process(services->connections); /* What stood behind a request that waited. */
    }
    store_turn(services->store, clock_wall_ms(), clock_monotonic_us() / 1000);
    (void)store_poll(services->store);
    turn.end = log_end_offset(log);
    if (!server->is_log_held) {
        assert_int_equal(log_wait_durable(log, turn.end), STATUS_OK);
        server->released = turn.end;
    }
    turn.released = server->released;
    tracking_turn(services->tracking);
    connections_flush(services->connections, &turn);
}

void small_server_freeze(struct small_server *server)
{
    struct store *store = server->services.store;

    assert_int_equal(store_begin_checkpoint(store, false), STATUS_OK);
    while (!store_get_statistics(store)->checkpoint_running) {
        (void)store_poll(store); /* What has run before may have to end first. */
        store_turn(store, clock_wall_ms(), clock_monotonic_us() / 1000);
    }
}

void small_server_post(struct small_server *server, size_t client, const char *text)
{
    assert_int_equal(send(server->sockets[client], text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

void small_server_send(struct small_server *server, size_t client, const char *text)
{
    small_server_post(server, client, text);
    small_server_turn(server);
}

void small_server_say(struct small_server *server, size_t client, const char *request)
{
    struct buf line;

    buf_init(&line, BUF_NO_CEILING);
    buf_put_format(&line, "%s\r\n", request);
    buf_put_byte(&line, '\0');
    small_server_send(server, client, buf_slice(&line).data);
    buf_release(&line);
}

const char *small_server_hears(struct small_server *server, size_t client)
{
    size_t len = 0;
    ssize_t got;
    char *to = server->text;

    while ((got = recv(server->sockets[client], server->text + len, sizeof(server->text) - 16 - len, 0)) > 0) {
        len += (size_t)got;
    }
    for (size_t i = 0; i < len; i++) {
        if (server->text[i] != '\r') {
            *to++ = server->text[i] == '\n' ? ' ' : server->text[i];
        }
    }
    (void)snprintf(to, 16, "%s", got == 0 ? "(closed)" : ""); /* The room that recv() left. */
    return server->text;
}

void small_server_ask(struct small_server *server, size_t client, const char *request, const char *expected)
{
    small_server_say(server, client, request);
    assert_string_equal(small_server_hears(server, client), expected);
}

const char *small_server_logged(struct small_server *server)
{
    const struct resp_limits limits = {.bulk_bytes_max = 1u << 20};
    struct log *log = store_log(server->services.store);
    struct log_cursor *cursor;
    struct resp_reader reader;
    struct slice rest;
    struct buf bytes;
    struct buf text;
    size_t len;

    buf_init(&bytes, BUF_NO_CEILING);
    buf_init(&text, BUF_NO_CEILING);
    resp_reader_init(&reader);
    assert_int_equal(log_cursor_open(log, server->logged, &cursor), STATUS_OK);
    do {
        assert_int_equal(log_cursor_read(cursor, log_released_offset(log), SIZE_MAX, &bytes, &len), STATUS_OK);
    } while (len != 0);
    log_cursor_close(cursor);
    server->logged += bytes.len;
    rest = buf_slice(&bytes);
    while (rest.len != 0) {
        assert_int_equal(resp_read(&reader, rest, &limits, &len), RESP_COMMAND);
        for (size_t i = 0; i < reader.argc; i++) {
            buf_put_format(&text, "%s%.*s", i == 0 ? "" : " ", (int)reader.argv[i].len, reader.argv[i].data);
        }
        rest = slice_after(rest, len);
        buf_put_text(&text, rest.len != 0 ? " ; " : "");
    }
    buf_put_byte(&text, '\0');
    ASSERT(text.len <= sizeof(server->text));
    memcpy(server->text, buf_slice(&text).data, text.len);
    resp_reader_release(&reader);
    buf_release(&bytes);
    buf_release(&text);
    return server->text;
}

uint64_t small_server_number(struct slice word)
{
    uint64_t number = 0;

    ASSERT(number_parse_uint64(word, &number));
    return number;
}

const char *small_server_waits(struct small_server *server, size_t client, uint64_t limit_ms)
{
    uint64_t end_us = clock_monotonic_us() + limit_ms * 1000;
    const char *heard = "";

    while (heard[0] == '\0' && clock_monotonic_us() < end_us) {
        usleep(1000);
        small_server_turn(server);
        heard = small_server_hears(server, client);
    }
    return heard;
}
