#include "server/commands/migrate_target.h"

#include "base/clock.h"
#include "base/memory.h"
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define SEND_BYTES  (64u * 1024) /* A step of sending. */
#define INPUT_BYTES 4096u
#define HOST_BYTES  256

/* Wait until the socket is ready for `events`, or the deadline. */
static bool wait_for(const struct migrate_target *target, short events, uint64_t deadline_us)
{
    struct pollfd poll_fd = {.fd = target->fd, .events = events};

    for (;;) {
        uint64_t now_us = clock_monotonic_us();
        uint64_t left_ms = now_us < deadline_us ? (deadline_us - now_us + 999) / 1000 : 0;
        int ready = poll(&poll_fd, 1, left_ms > INT32_MAX ? INT32_MAX : (int)left_ms);

        if (ready != 0 && !(ready < 0 && errno == EINTR)) {
            return ready > 0;
        }
        if (ready == 0 && left_ms == 0) {
            return false;
        }
    }
}

static bool is_connected(const struct migrate_target *target)
{
    int error = 0;
    socklen_t len = sizeof(error);

    return getsockopt(target->fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0 && error == 0;
}

static bool try_address(struct migrate_target *target, const struct addrinfo *address, uint64_t deadline_us)
{
    int yes = 1;

    target->fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (target->fd < 0) {
        return false;
    }
    (void)setsockopt(target->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    if (connect(target->fd, address->ai_addr, address->ai_addrlen) == 0 ||
        (errno == EINPROGRESS && wait_for(target, POLLOUT, deadline_us) && is_connected(target))) {
        return true;
    }
    (void)close(target->fd);
    return false;
}

enum status migrate_target_open(struct migrate_target *target, struct slice host, struct slice port,
                                uint64_t timeout_ms)
{
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *addresses;
    char host_text[HOST_BYTES];
    char port_text[16];
    uint64_t deadline_us;
    bool is_open = false;

    if (host.len >= sizeof(host_text) || port.len >= sizeof(port_text)) {
        return STATUS_CLOSED;
    }
    snprintf(host_text, sizeof(host_text), "%.*s", (int)host.len, host.data);
    snprintf(port_text, sizeof(port_text), "%.*s", (int)port.len, port.data);
    *target = (struct migrate_target){.fd = -1, .timeout_us = timeout_ms * 1000};
    deadline_us = clock_monotonic_us() + target->timeout_us;
    if (getaddrinfo(host_text, port_text, &hints, &addresses) != 0) {
        return STATUS_CLOSED;
    }
    for (const struct addrinfo *address = addresses; address != NULL && !is_open; address = address->ai_next) {
        is_open = try_address(target, address, deadline_us);
    }
    freeaddrinfo(addresses);
    if (!is_open) {
        return STATUS_CLOSED;
    }
    target->input = memory_allocate(INPUT_BYTES);
    return STATUS_OK;
}

void migrate_target_close(struct migrate_target *target)
{
    memory_free(target->input);
    (void)close(target->fd);
}

/* Send what fits into one step's time. */
static enum status send_piece(struct migrate_target *target, struct slice piece)
{
    uint64_t deadline_us = clock_monotonic_us() + target->timeout_us;

    while (piece.len > 0) {
        ssize_t sent = send(target->fd, piece.data, piece.len, MSG_NOSIGNAL);

        if (sent >= 0) {
            piece = slice_after(piece, (size_t)sent);
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            if (!wait_for(target, POLLOUT, deadline_us)) {
                return STATUS_CLOSED;
            }
        } else if (errno != EINTR) {
            return STATUS_CLOSED;
        }
    }
    return STATUS_OK;
}

enum status migrate_target_send(struct migrate_target *target, struct slice bytes)
{
    enum status status = STATUS_OK;

    while (status == STATUS_OK && bytes.len > 0) {
        size_t len = bytes.len < SEND_BYTES ? bytes.len : SEND_BYTES;

        status = send_piece(target, slice_first(bytes, len));
        bytes = slice_after(bytes, len);
    }
    return status;
}

/* Read something; false at the end, on failure and after the time. */
static bool read_some(struct migrate_target *target, uint64_t deadline_us)
{
    for (;;) {
        ssize_t len = recv(target->fd, target->input, INPUT_BYTES, 0);

        if (len > 0) {
            target->input_len = (size_t)len;
            target->input_at = 0;
            return true;
        }
        if (len == 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)) {
            return false;
        }
        if (errno != EINTR && !wait_for(target, POLLIN, deadline_us)) {
            return false;
        }
    }
}

enum status migrate_target_read_line(struct migrate_target *target, char line[MIGRATE_LINE_BYTES])
{
    uint64_t deadline_us = clock_monotonic_us() + target->timeout_us;
    size_t len = 0;

    for (;;) {
        char byte;

        if (target->input_at == target->input_len && !read_some(target, deadline_us)) {
            return STATUS_CLOSED;
        }
        byte = target->input[target->input_at++];
        if (byte == '\n') {
            break;
        }
        if (len < MIGRATE_LINE_BYTES - 1) {
            line[len++] = byte;
        }
    }
    if (len > 0 && line[len - 1] == '\r') {
        len--;
    }
    line[len] = '\0';
    return STATUS_OK;
}
