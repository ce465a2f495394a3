#include "server/net/listener.h"
#include "base/diag.h"
#include "base/memory.h"
#include "server/net/bind.h"
#include "server/net/event_embed.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define SOCKETS_MAX     (BIND_SOCKETS_MAX + 1) /* And the Unix socket. */
#define ACCEPTS_AT_ONCE 1000 /* In one loop turn, so that a flood of clients does not stop those who are in. */

struct listener_socket {
    struct listener *listener;
    struct event event;
    int fd;
    bool is_unix_socket;
};

struct listener {
    struct listener_options options;
    char *unix_socket; /* Owned; "" for none. */
    struct listener_socket sockets[SOCKETS_MAX];
    size_t socket_count;
};

static void set_keepalive(int fd, int keepalive_s)
{
    int on = 1;
    int interval_s = keepalive_s / 3 > 0 ? keepalive_s / 3 : 1;
    int probes = 3;

    if (keepalive_s == 0) {
        return;
    }
    (void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &keepalive_s, sizeof(keepalive_s));
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval_s, sizeof(interval_s));
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof(probes));
}

static void format_address(const struct sockaddr_storage *address, char *text, size_t text_bytes, bool *is_loopback)
{
    char host[INET6_ADDRSTRLEN] = "?";

    if (address->ss_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)address;

        (void)inet_ntop(AF_INET, &in->sin_addr, host, sizeof(host));
        (void)snprintf(text, text_bytes, "%s:%u", host, ntohs(in->sin_port));
        *is_loopback = (ntohl(in->sin_addr.s_addr) >> 24) == 127;
    } else {
        const struct sockaddr_in6 *in = (const struct sockaddr_in6 *)address;

        (void)inet_ntop(AF_INET6, &in->sin6_addr, host, sizeof(host));
        (void)snprintf(text, text_bytes, "[%s]:%u", host, ntohs(in->sin6_port));
        *is_loopback = IN6_IS_ADDR_LOOPBACK(&in->sin6_addr) || strncmp(host, "::ffff:127.", 11) == 0;
    }
}

static void describe(struct listener_socket *socket, const struct sockaddr_storage *remote, struct listener_peer *peer)
{
    struct sockaddr_storage local;
    socklen_t len = sizeof(local);
    bool ignored;
    int on = 1;

    peer->is_unix_socket = socket->is_unix_socket;
    if (socket->is_unix_socket) {
        peer->is_loopback = true;
        (void)snprintf(peer->remote, sizeof(peer->remote), "%.60s:0", socket->listener->unix_socket);
        (void)snprintf(peer->local, sizeof(peer->local), "%.60s:0", socket->listener->unix_socket);
        return;
    }
    format_address(remote, peer->remote, sizeof(peer->remote), &peer->is_loopback);
    if (getsockname(peer->fd, (struct sockaddr *)&local, &len) == 0) {
        format_address(&local, peer->local, sizeof(peer->local), &ignored);
    }
    (void)setsockopt(peer->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    set_keepalive(peer->fd, socket->listener->options.keepalive_s);
}

static void on_acceptable(evutil_socket_t fd, short what, void *context)
{
    struct listener_socket *socket = context;

    (void)what;
    for (int i = 0; i < ACCEPTS_AT_ONCE; i++) {
        struct listener_peer peer = {.fd = -1};
        struct sockaddr_storage remote;
        socklen_t len = sizeof(remote);

        peer.fd = accept4(fd, (struct sockaddr *)&remote, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (peer.fd < 0) {
            if (errno == EINTR || errno == ECONNABORTED) {
                continue;
            }
            if (errno != EAGAIN) {
                diag(DIAG_WARNING, "cannot accept a client: %s", strerror(errno));
            }
            return;
        }
        describe(socket, &remote, &peer);
        socket->listener->options.accept(socket->listener->options.context, &peer);
    }
}

static void add_socket(struct listener *listener, int fd, bool is_unix_socket)
{
    struct listener_socket *socket = &listener->sockets[listener->socket_count];

    *socket = (struct listener_socket){.listener = listener, .fd = fd, .is_unix_socket = is_unix_socket};
    event_assign(&socket->event, listener->options.base, fd, EV_READ | EV_PERSIST, on_acceptable, socket);
    listener->socket_count++;
}

static enum status open_tcp(struct listener *listener, char *error, size_t error_bytes)
{
    struct bind_request request = {
        .words = listener->options.bind, .port = listener->options.port, .backlog = listener->options.backlog};
    int fds[BIND_SOCKETS_MAX];
    size_t count;
    enum status status = bind_sockets(&request, fds, &count, error, error_bytes);

    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        add_socket(listener, fds[i], false);
    }
    return status;
}

static enum status open_unix_socket(struct listener *listener, char *error, size_t error_bytes)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const char *path = listener->unix_socket;
    int fd;

    if (strlen(path) >= sizeof(address.sun_path)) {
        (void)snprintf(error, error_bytes, "unixsocket %s is longer than %zu bytes", path,
                       sizeof(address.sun_path) - 1);
        return STATUS_INVALID;
    }
    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    (void)unlink(path); /* What a killed server left. */
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
        (listener->options.unix_socket_mode != 0 && chmod(path, (mode_t)listener->options.unix_socket_mode) != 0) ||
        listen(fd, listener->options.backlog) != 0) {
        (void)snprintf(error, error_bytes, "cannot listen on unix socket %s: %s", path, strerror(errno));
        if (fd >= 0) {
            (void)close(fd);
        }
        return STATUS_INVALID;
    }
    add_socket(listener, fd, true);
    return STATUS_OK;
}

enum status listener_open(const struct listener_options *options, struct listener **listener, char *error,
                          size_t error_bytes)
{
    struct listener *opened = memory_allocate_zeroed(sizeof(*opened));
    enum status status = STATUS_OK;

    opened->options = *options;
    opened->unix_socket = memory_copy_text(options->unix_socket);
    if (options->port != 0) {
        status = open_tcp(opened, error, error_bytes);
    }
    if (status == STATUS_OK && opened->unix_socket[0] != '\0') {
        status = open_unix_socket(opened, error, error_bytes);
    }
    if (status != STATUS_OK) {
        listener_close(opened);
        return status;
    }
    opened->options.bind = NULL; /* Borrowed, and not needed any more. */
    opened->options.unix_socket = NULL;
    *listener = opened;
    return STATUS_OK;
}

void listener_start(struct listener *listener)
{
    for (size_t i = 0; i < listener->socket_count; i++) {
        event_add(&listener->sockets[i].event, NULL);
    }
}

void listener_accept_waiting(struct listener *listener)
{
    for (size_t i = 0; i < listener->socket_count; i++) {
        on_acceptable(listener->sockets[i].fd, 0, &listener->sockets[i]);
    }
}

void listener_stop(struct listener *listener)
{
    for (size_t i = 0; i < listener->socket_count; i++) {
        event_del(&listener->sockets[i].event);
    }
}

void listener_set_keepalive(struct listener *listener, int keepalive_s)
{
    listener->options.keepalive_s = keepalive_s;
}

void listener_close(struct listener *listener)
{
    if (listener == NULL) {
        return;
    }
    listener_stop(listener);
    for (size_t i = 0; i < listener->socket_count; i++) {
        (void)close(listener->sockets[i].fd);
        if (listener->sockets[i].is_unix_socket) {
            (void)unlink(listener->unix_socket);
        }
    }
    memory_free(listener->unix_socket);
    memory_free(listener);
}
