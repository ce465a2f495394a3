/* evhttp bounds neither how many connections there are nor how long one lasts, and does not tell when one ends. So the
 * socket of each is remembered with the cookie that the kernel gave it: if the descriptor has another one, or is
 * closed, the connection has ended. While there are HTTP_CONNECTIONS_MAX the listeners rest. */
#include "server/http/http.h"
#include "base/assert.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/memory.h"
#include "server/http/metrics_page.h"
#include "server/http/status_page.h"
#include "server/http/status_view.h"
#include "server/net/bind.h"
#include "server/watch/health.h"
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <event2/listener.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define BACKLOG  64
#define SWEEP_US 500000

/* A connection, or one that has ended since the last sweep. */
struct visitor {
    int fd;           /* evhttp's. */
    uint64_t cookie;  /* Of its socket. */
    uint64_t came_us; /* Monotonic. */
};

struct http {
    struct event_base *base;
    struct services *services;
    struct evhttp *evhttp;
    struct evconnlistener *listeners[BIND_SOCKETS_MAX]; /* evhttp's, once bound. */
    size_t listener_count;
    struct visitor visitors[HTTP_CONNECTIONS_MAX];
    size_t visitor_count;
    struct bufferevent *newcomer; /* Has no socket yet, and is no visitor; a reference is held. NULL for none. */
    struct event *sweep;
};

/* --- Pages --- */

static bool write_metrics(const struct http *http, struct buf *body)
{
    metrics_page_write(http->services, body);
    return true;
}

static bool write_health(const struct http *http, struct buf *body)
{
    struct health_facts facts;
    bool is_serving;

    health_gather(http->services, &facts);
    is_serving = health_write(&facts, body);
    buf_put_byte(body, '\n');
    return is_serving;
}

static bool write_status(const struct http *http, struct buf *body)
{
    struct status_view view;

    status_view_gather(http->services, &view);
    status_page_write(&view, body);
    return true;
}

static const struct page {
    const char *path;
    const char *type;
    bool (*write)(const struct http *http, struct buf *body); /* False: 503. */
} pages[] = {
    {"/", "text/html; charset=utf-8", write_status},
    {"/metrics", "text/plain; version=0.0.4; charset=utf-8", write_metrics},
    {"/healthz", "text/plain; charset=utf-8", write_health},
};

static const struct page *find_page(const char *path)
{
    for (size_t i = 0; path != NULL && i < sizeof(pages) / sizeof(pages[0]); i++) {
        if (strcmp(path, pages[i].path) == 0) {
            return &pages[i];
        }
    }
    return NULL;
}

/* --- Answering --- */

static void answer(struct evhttp_request *request, int code, const char *type, struct slice body)
{
    struct evkeyvalq *headers = evhttp_request_get_output_headers(request);
    struct evbuffer *content = evhttp_request_get_output_buffer(request);
    char len[24];

    (void)snprintf(len, sizeof(len), "%zu", body.len);
    (void)evhttp_add_header(headers, "Content-Type", type);
    (void)evhttp_add_header(headers, "Content-Length", len); /* For HEAD, too. */
    (void)evhttp_add_header(headers, "Cache-Control", "no-store");
    (void)evhttp_add_header(headers, "X-Content-Type-Options", "nosniff");
    /* Whatever a name may hold, a browser loads nothing and runs nothing. */
    (void)evhttp_add_header(headers, "Content-Security-Policy",
                            "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'");
    if (evhttp_request_get_command(request) != EVHTTP_REQ_HEAD) { /* evhttp would send it. */
        (void)evbuffer_add(content, body.data, body.len);
    }
    evhttp_send_reply(request, code, NULL, NULL);
}

static void on_request(struct evhttp_request *request, void *context)
{
    const struct http *http = context;
    const struct page *page = find_page(evhttp_uri_get_path(evhttp_request_get_evhttp_uri(request)));
    enum evhttp_cmd_type method = evhttp_request_get_command(request);
    struct buf body;
    int code;

    if (method != EVHTTP_REQ_GET && method != EVHTTP_REQ_HEAD) {
        (void)evhttp_add_header(evhttp_request_get_output_headers(request), "Allow", "GET, HEAD");
        answer(request, 405, "text/plain; charset=utf-8", slice_of("only GET and HEAD\n"));
        return;
    }
    if (page == NULL) {
        answer(request, 404, "text/plain; charset=utf-8", slice_of("there are /, /metrics and /healthz\n"));
        return;
    }
    buf_init(&body, BUF_NO_CEILING);
    code = page->write(http, &body) ? 200 : 503;
    answer(request, code, page->type, buf_slice(&body));
    buf_release(&body);
}

/* --- Connections --- */

static void admit(struct http *http, bool is_open)
{
    for (size_t i = 0; i < http->listener_count; i++) {
        (void)(is_open ? evconnlistener_enable(http->listeners[i]) : evconnlistener_disable(http->listeners[i]));
    }
}

static uint64_t cookie_of(int fd)
{
    uint64_t cookie = 0;
    socklen_t len = sizeof(cookie);

    (void)getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &len);
    return cookie; /* 0 if it is no socket any more. */
}

/* evhttp has given the newcomer its socket meanwhile. */
static void settle_newcomer(struct http *http)
{
    int fd;

    if (http->newcomer == NULL) {
        return;
    }
    fd = bufferevent_getfd(http->newcomer);
    http->visitors[http->visitor_count++] =
        (struct visitor){.fd = fd, .cookie = cookie_of(fd), .came_us = clock_monotonic_us()};
    (void)bufferevent_decref(http->newcomer);
    http->newcomer = NULL;
}

/* Forget those who have left, and show out those who have stayed too long: evhttp finds the end of their stream. */
static void sweep(struct http *http)
{
    uint64_t now_us = clock_monotonic_us();
    size_t kept = 0;

    for (size_t i = 0; i < http->visitor_count; i++) {
        const struct visitor *visitor = &http->visitors[i];

        if (cookie_of(visitor->fd) != visitor->cookie) {
            continue;
        }
        if (now_us - visitor->came_us > HTTP_LIFE_S * 1000000u) {
            (void)shutdown(visitor->fd, SHUT_RDWR);
        }
        http->visitors[kept++] = *visitor;
    }
    http->visitor_count = kept;
}

static void on_sweep(evutil_socket_t fd, short what, void *context)
{
    struct http *http = context;

    (void)fd;
    (void)what;
    settle_newcomer(http);
    sweep(http);
    admit(http, http->visitor_count < HTTP_CONNECTIONS_MAX);
}

/* evhttp asks for the bufferevent of a connection that was accepted, before it gives it the socket. */
static struct bufferevent *make_visitor(struct event_base *base, void *context)
{
    struct http *http = context;

    settle_newcomer(http);
    ASSERT(http->visitor_count < HTTP_CONNECTIONS_MAX);
    http->newcomer = bufferevent_socket_new(base, -1, 0);
    ASSERT(http->newcomer != NULL);
    bufferevent_incref(http->newcomer);
    event_active(http->sweep, 0, 0); /* Before anything else can happen to it. */
    if (http->visitor_count + 1 == HTTP_CONNECTIONS_MAX) {
        admit(http, false);
    }
    return http->newcomer;
}

/* --- Life --- */

static struct evhttp *make_evhttp(struct http *http)
{
    struct evhttp *evhttp = evhttp_new(http->base);

    ASSERT(evhttp != NULL);
    evhttp_set_max_headers_size(evhttp, HTTP_REQUEST_BYTES_MAX);
    evhttp_set_max_body_size(evhttp, HTTP_REQUEST_BYTES_MAX);
    evhttp_set_timeout(evhttp, HTTP_SILENCE_S);
    /* All, to refuse them as is proper. */
    evhttp_set_allowed_methods(evhttp, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD | EVHTTP_REQ_POST | EVHTTP_REQ_PUT |
                                           EVHTTP_REQ_DELETE | EVHTTP_REQ_OPTIONS | EVHTTP_REQ_PATCH);
    evhttp_set_bevcb(evhttp, make_visitor, http);
    evhttp_set_gencb(evhttp, on_request, http);
    return evhttp;
}

/* Give evhttp a socket, which it closes at its end. */
static void listen_on(struct http *http, int fd)
{
    struct evconnlistener *listener =
        evconnlistener_new(http->base, NULL, NULL, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);

    ASSERT(listener != NULL && evhttp_bind_listener(http->evhttp, listener) != NULL);
    http->listeners[http->listener_count++] = listener;
}

enum status http_open(const struct http_options *options, struct http **http, char *error, size_t error_bytes)
{
    static const struct timeval sweep_period = {.tv_usec = SWEEP_US};
    struct bind_request request = {.words = options->bind, .port = options->port, .backlog = BACKLOG};
    struct http *opened;
    int fds[BIND_SOCKETS_MAX];
    size_t count;
    enum status status = bind_sockets(&request, fds, &count, error, error_bytes);

    if (status != STATUS_OK) {
        return status;
    }
    opened = memory_allocate_zeroed(sizeof(*opened));
    opened->base = options->base;
    opened->services = options->services;
    opened->evhttp = make_evhttp(opened);
    for (size_t i = 0; i < count; i++) {
        listen_on(opened, fds[i]);
    }
    opened->sweep = event_new(options->base, -1, EV_PERSIST, on_sweep, opened);
    ASSERT(opened->sweep != NULL);
    (void)event_add(opened->sweep, &sweep_period);
    *http = opened;
    return STATUS_OK;
}

void http_close(struct http *http)
{
    if (http == NULL) {
        return;
    }
    settle_newcomer(http);
    event_free(http->sweep);
    evhttp_free(http->evhttp);
    memory_free(http);
}
