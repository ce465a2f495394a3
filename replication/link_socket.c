#include "replication/link_socket.h"

#include "base/assert.h"
#include "base/diag.h"
#include "base/tls/tls_stream.h"
#include <errno.h>
#include <event2/dns.h>
#include <event2/event.h>
#include <event2/util.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

/* Keepalive probes find a master whose machine is gone even when nobody speaks. */
#define KEEPALIVE_S 60

#define REASON_BYTES 256

static void on_ahead(evutil_socket_t fd, short what, void *context);

void link_socket_init(struct link_socket *socket, struct event_base *base, const struct link_socket_handler *handler)
{
    *socket = (struct link_socket){.base = base, .handler = *handler, .fd = -1};
    buf_init(&socket->output, BUF_NO_CEILING);
    socket->ahead = event_new(base, -1, 0, on_ahead, socket);
    ASSERT(socket->ahead != NULL);
}

void link_socket_release(struct link_socket *socket)
{
    link_socket_close(socket);
    event_free(socket->ahead);
    if (socket->dns != NULL) {
        evdns_base_free(socket->dns, 0);
        socket->dns = NULL;
    }
    buf_release(&socket->output);
}

void link_socket_close(struct link_socket *socket)
{
    if (socket->lookup != NULL) {
        evdns_getaddrinfo_cancel(socket->lookup);
        socket->lookup = NULL;
    }
    if (socket->readable != NULL) {
        event_free(socket->readable);
        socket->readable = NULL;
    }
    if (socket->writable != NULL) {
        event_free(socket->writable);
        socket->writable = NULL;
    }
    event_del(socket->ahead);
    tls_stream_close(socket->tls);
    socket->tls = NULL;
    if (socket->fd >= 0) {
        close(socket->fd);
        socket->fd = -1;
    }
    socket->is_connected = false;
    socket->is_paused = false;
    buf_clear(&socket->output);
}

static void end(struct link_socket *socket, const char *reason)
{
    char kept[REASON_BYTES]; /* It may be the stream's. */

    snprintf(kept, sizeof(kept), "%s%s", socket->tls != NULL && !socket->is_connected ? "TLS: " : "", reason);
    link_socket_close(socket);
    socket->handler.closed(socket->handler.context, kept);
}

/* ---- Bytes ---- */

static ssize_t receive(struct link_socket *socket, char *to, size_t len)
{
    return socket->tls != NULL ? tls_stream_read(socket->tls, to, len) : recv(socket->fd, to, len, 0);
}

static ssize_t put(struct link_socket *socket, struct slice bytes)
{
    return socket->tls != NULL ? tls_stream_write(socket->tls, bytes)
                               : send(socket->fd, bytes.data, bytes.len, MSG_NOSIGNAL);
}

/* TLS may have to write before it can read on, and the other way round. */
static void wait_for(struct link_socket *socket, short otherwise)
{
    enum tls_need need = socket->tls == NULL ? TLS_NEEDS_NOTHING : tls_stream_needs(socket->tls);

    if (need == TLS_NEEDS_WRITABLE || (need == TLS_NEEDS_NOTHING && otherwise == EV_WRITE)) {
        event_add(socket->writable, NULL);
    } else if (need == TLS_NEEDS_READABLE) {
        event_add(socket->readable, NULL); /* Even when paused: on_readable() reads nothing then. */
    }
}

/* What TLS has read ahead is no event of the socket: the next turn reads it. */
static void note_ahead(struct link_socket *socket)
{
    static const struct timeval at_once = {.tv_sec = 0};

    if (socket->tls != NULL && tls_stream_has_buffered(socket->tls)) {
        event_add(socket->ahead, &at_once);
    }
}

/* Read once. */
static void read_some(struct link_socket *socket)
{
    ssize_t len;
    char *to;

    if (buf_reserve(socket->target, LINK_SOCKET_READ_BYTES, &to) != STATUS_OK) {
        end(socket, "no memory for what the master sends");
        return;
    }
    len = receive(socket, to, LINK_SOCKET_READ_BYTES);
    if (len > 0) {
        buf_commit(socket->target, (size_t)len);
        socket->input_bytes += (uint64_t)len;
        note_ahead(socket);
        socket->handler.received(socket->handler.context);
    } else if (len == 0) {
        end(socket, "the master closed the connection");
    } else if (errno == EAGAIN || errno == EINTR) {
        wait_for(socket, EV_READ);
    } else {
        end(socket, socket->tls != NULL ? tls_stream_problem(socket->tls) : strerror(errno));
    }
}

static void write_some(struct link_socket *socket)
{
    struct slice bytes = buf_slice(&socket->output);
    ssize_t len;

    if (bytes.len == 0) {
        return;
    }
    len = put(socket, bytes);
    if (len >= 0) {
        buf_consume(&socket->output, (size_t)len);
        if (socket->output.len > 0) {
            event_add(socket->writable, NULL);
        }
    } else if (errno == EAGAIN || errno == EINTR) {
        wait_for(socket, EV_WRITE);
    } else {
        buf_clear(&socket->output); /* The read side tells the owner; nothing more can be said on this connection. */
    }
}

/* ---- Connecting ---- */

static void begin_talking(struct link_socket *socket)
{
    socket->is_connected = true;
    event_add(socket->readable, NULL);
    note_ahead(socket);
    socket->handler.connected(socket->handler.context);
}

static void shake_hands(struct link_socket *socket)
{
    switch (tls_stream_shake_hands(socket->tls)) {
    case STATUS_OK:
        event_del(socket->readable);
        begin_talking(socket);
        break;
    case STATUS_BUSY:
        event_del(socket->readable);
        wait_for(socket, EV_READ);
        break;
    default:
        end(socket, tls_stream_problem(socket->tls));
        break;
    }
}

static void finish_connecting(struct link_socket *socket)
{
    int error = 0;
    int on = 1;
    int idle_s = KEEPALIVE_S;
    socklen_t len = sizeof(error);

    if (getsockopt(socket->fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0) {
        error = errno;
    }
    if (error != 0) {
        end(socket, strerror(error));
        return;
    }
    (void)setsockopt(socket->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    (void)setsockopt(socket->fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
    (void)setsockopt(socket->fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof(idle_s));
    if (*socket->goal.tls == NULL) {
        begin_talking(socket);
        return;
    }
    socket->tls = tls_stream_connect(*socket->goal.tls, socket->fd, socket->goal.host);
    shake_hands(socket);
}

/* ---- Events ---- */

static void on_readable(evutil_socket_t fd, short what, void *context)
{
    struct link_socket *socket = context;

    (void)fd;
    (void)what;
    if (!socket->is_connected) {
        shake_hands(socket);
        return;
    }
    if (socket->is_paused) {
        event_del(socket->readable);
    } else {
        read_some(socket);
    }
    if (socket->is_connected && socket->tls != NULL) {
        write_some(socket); /* It may have waited for this. */
    }
}

static void on_ahead(evutil_socket_t fd, short what, void *context)
{
    struct link_socket *socket = context;

    (void)fd;
    (void)what;
    if (socket->is_connected && !socket->is_paused) {
        read_some(socket);
    }
}

static void on_writable(evutil_socket_t fd, short what, void *context)
{
    struct link_socket *socket = context;

    (void)fd;
    (void)what;
    if (!socket->is_connected) {
        if (socket->tls != NULL) {
            shake_hands(socket);
        } else {
            finish_connecting(socket);
        }
        return;
    }
    write_some(socket);
    if (socket->tls != NULL && !socket->is_paused) {
        read_some(socket); /* It may have waited for this. */
    }
}

void link_socket_set_source(struct link_socket *socket, const char *address)
{
    snprintf(socket->source_address, sizeof(socket->source_address), "%s", address == NULL ? "" : address);
}

/* Let the connection leave from the source address. Where it cannot, it leaves from any, as in Redis. */
static void bind_source(const struct link_socket *link, int family)
{
    struct addrinfo hints = {.ai_family = family, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST | AI_PASSIVE};
    struct addrinfo *list = NULL;
    int on = 1;
    int error;

    if (link->source_address[0] == '\0') {
        return;
    }
    error = getaddrinfo(link->source_address, NULL, &hints, &list);
    (void)setsockopt(link->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (error != 0 || bind(link->fd, list->ai_addr, list->ai_addrlen) != 0) {
        diag(DIAG_WARNING, "replication: cannot connect from bind-source-addr %s: %s; connecting from any address",
             link->source_address, error != 0 ? gai_strerror(error) : strerror(errno));
    }
    if (list != NULL) {
        freeaddrinfo(list);
    }
}

static void connect_to(struct link_socket *link, const struct addrinfo *address)
{
    link->fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (link->fd < 0) {
        end(link, strerror(errno));
        return;
    }
    bind_source(link, address->ai_family);
    link->readable = event_new(link->base, link->fd, EV_READ | EV_PERSIST, on_readable, link);
    link->writable = event_new(link->base, link->fd, EV_WRITE, on_writable, link);
    ASSERT(link->readable != NULL && link->writable != NULL);
    if (connect(link->fd, address->ai_addr, address->ai_addrlen) != 0 && errno != EINPROGRESS) {
        end(link, strerror(errno));
        return;
    }
    event_add(link->writable, NULL);
}

/* One of the addresses in the list, another one for each attempt. */
static const struct addrinfo *choose(const struct addrinfo *list, uint32_t attempt)
{
    uint32_t count = 0;

    for (const struct addrinfo *at = list; at != NULL; at = at->ai_next) {
        count++;
    }
    attempt %= count;
    while (attempt-- > 0) {
        list = list->ai_next;
    }
    return list;
}

static void on_looked_up(int error, struct evutil_addrinfo *list, void *context)
{
    struct link_socket *socket = context;

    if (error == EVUTIL_EAI_CANCEL) {
        return;
    }
    socket->lookup = NULL;
    if (error != 0 || list == NULL) {
        end(socket, evutil_gai_strerror(error));
        return;
    }
    connect_to(socket, choose(list, socket->goal.attempt));
    evutil_freeaddrinfo(list);
}

static void look_up(struct link_socket *socket, const char *host, const char *service)
{
    struct evutil_addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_protocol = IPPROTO_TCP};

    if (socket->dns == NULL) {
        socket->dns =
            evdns_base_new(socket->base, EVDNS_BASE_INITIALIZE_NAMESERVERS | EVDNS_BASE_DISABLE_WHEN_INACTIVE);
    }
    if (socket->dns == NULL) {
        end(socket, "names cannot be resolved: no resolver");
        return;
    }
    /* NULL means that the answer has been given already. */
    socket->lookup = evdns_getaddrinfo(socket->dns, host, service, &hints, on_looked_up, socket);
}

void link_socket_connect(struct link_socket *socket, const struct link_socket_goal *goal)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST};
    struct addrinfo *list = NULL;
    char service[8];

    link_socket_close(socket);
    socket->goal = *goal;
    snprintf(service, sizeof(service), "%u", goal->port);
    if (getaddrinfo(goal->host, service, &hints, &list) != 0) {
        look_up(socket, goal->host, service);
        return;
    }
    connect_to(socket, choose(list, goal->attempt));
    freeaddrinfo(list);
}

void link_socket_set_target(struct link_socket *socket, struct buf *target)
{
    socket->target = target;
}

void link_socket_pause(struct link_socket *socket, bool is_paused)
{
    if (socket->is_paused == is_paused || !socket->is_connected) {
        return;
    }
    socket->is_paused = is_paused;
    if (is_paused) {
        event_del(socket->readable);
        return;
    }
    event_add(socket->readable, NULL);
    note_ahead(socket);
}

void link_socket_send(struct link_socket *socket, struct slice bytes)
{
    bool was_empty = socket->output.len == 0;

    if (!socket->is_connected || bytes.len == 0) {
        return;
    }
    buf_put(&socket->output, bytes);
    if (was_empty) {
        write_some(socket);
    }
}
