#include "tools/remote.h"

#include "base/resp_write.h"
#include "base/tls/tls_context.h"
#include "base/tls/tls_stream.h"
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define READ_BYTES (256u * 1024)

__attribute__((format(printf, 3, 4))) static enum status fail(struct remote *remote, enum status status,
                                                              const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(remote->error, sizeof(remote->error), format, arguments);
    va_end(arguments);
    return status;
}

/* Connect to one address, non-blocking, so that an interrupt and the time-out count here too. */
static int connect_to(struct remote *remote, const struct addrinfo *address)
{
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct pollfd wait[2] = {{.fd = fd, .events = POLLOUT}, {.fd = remote->interrupt->fd, .events = POLLIN}};
    int failure = 0;
    socklen_t len = sizeof(failure);

    if (fd < 0) {
        return -1;
    }
    if (connect(fd, address->ai_addr, address->ai_addrlen) != 0 && errno != EINPROGRESS) {
        failure = errno;
    } else if (poll(wait, 2, REMOTE_TIMEOUT_MS) <= 0) {
        failure = ETIMEDOUT;
    } else if (interrupt_check(remote->interrupt)) {
        failure = EINTR;
    } else if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &failure, &len) != 0) {
        failure = errno;
    }
    if (failure != 0) {
        close(fd);
        errno = failure;
        return -1;
    }
    return fd;
}

/* Wait until the socket is ready for `events`, or for what TLS needs instead. */
static enum status wait_for(struct remote *remote, short events)
{
    enum tls_need need = remote->tls == NULL ? TLS_NEEDS_NOTHING : tls_stream_needs(remote->tls);
    struct pollfd wait[2] = {{.fd = remote->fd, .events = events}, {.fd = remote->interrupt->fd, .events = POLLIN}};
    int count;

    if (need != TLS_NEEDS_NOTHING) {
        wait[0].events = need == TLS_NEEDS_READABLE ? POLLIN : POLLOUT;
    }
    count = poll(wait, 2, REMOTE_TIMEOUT_MS);
    if (interrupt_check(remote->interrupt)) {
        return fail(remote, STATUS_BUSY, "interrupted");
    }
    if (count == 0) {
        return fail(remote, STATUS_CLOSED, "the server has been silent for %d s", REMOTE_TIMEOUT_MS / 1000);
    }
    if (count < 0 && errno != EINTR) {
        return fail(remote, STATUS_IO, "poll: %s", strerror(errno));
    }
    return STATUS_OK;
}

/* ---- TLS ---- */

static enum status shake_hands(struct remote *remote)
{
    enum status status;

    while ((status = tls_stream_shake_hands(remote->tls)) == STATUS_BUSY) {
        status = wait_for(remote, POLLIN);
        if (status != STATUS_OK) {
            return status;
        }
    }
    return status == STATUS_OK ? STATUS_OK : fail(remote, status, "TLS: %s", tls_stream_problem(remote->tls));
}

static enum status begin_tls(struct remote *remote, const struct remote_tls *tls)
{
    struct tls_settings settings = {
        .cert_file = tls->cert_file,
        .key_file = tls->key_file,
        .ca_cert_file = tls->ca_cert_file,
        .ca_cert_dir = tls->ca_cert_dir,
        .ciphers = tls->ciphers,
        .ciphersuites = tls->ciphersuites,
        .trusts_system = true,
    };
    char error[TLS_ERROR_BYTES];
    struct tls_context *context;

    if (tls_context_create(&settings, &context, error) != STATUS_OK) {
        return fail(remote, STATUS_INVALID, "TLS: %.200s", error);
    }
    remote->tls = tls_stream_connect(context, remote->fd, tls->name);
    tls_context_free(context); /* The stream keeps what it needs. */
    if (tls->trusts_anyone) {
        tls_stream_trust_anyone(remote->tls);
    }
    return shake_hands(remote);
}

/* ---- Life ---- */

enum status remote_open(struct remote *remote, const char *host, const char *port, const struct remote_tls *tls,
                        struct interrupt *interrupt)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *addresses;
    int outcome;

    *remote = (struct remote){.fd = -1, .interrupt = interrupt};
    outcome = getaddrinfo(host, port, &hints, &addresses);
    if (outcome != 0) {
        return fail(remote, STATUS_NOT_FOUND, "%s: %s", host, gai_strerror(outcome));
    }
    for (const struct addrinfo *address = addresses; address != NULL && remote->fd < 0; address = address->ai_next) {
        remote->fd = connect_to(remote, address);
    }
    freeaddrinfo(addresses);
    if (remote->fd < 0) {
        return fail(remote, STATUS_CLOSED, "cannot connect to %s port %s: %s", host, port, strerror(errno));
    }
    buf_init(&remote->input, 2 * READ_BYTES);
    if (tls != NULL) {
        enum status status = begin_tls(remote, tls);

        if (status != STATUS_OK) {
            remote_close(remote);
            return status;
        }
    }
    return STATUS_OK;
}

void remote_close(struct remote *remote)
{
    if (remote->fd >= 0) {
        tls_stream_close(remote->tls);
        remote->tls = NULL;
        close(remote->fd);
        buf_release(&remote->input);
        remote->fd = -1;
    }
}

/* ---- Bytes ---- */

static ssize_t put(struct remote *remote, struct slice bytes)
{
    return remote->tls != NULL ? tls_stream_write(remote->tls, bytes)
                               : send(remote->fd, bytes.data, bytes.len, MSG_NOSIGNAL);
}

static ssize_t get(struct remote *remote, char *to, size_t len)
{
    return remote->tls != NULL ? tls_stream_read(remote->tls, to, len) : recv(remote->fd, to, len, 0);
}

static enum status fail_broken(struct remote *remote)
{
    const char *problem = remote->tls == NULL ? "" : tls_stream_problem(remote->tls);

    return fail(remote, STATUS_CLOSED, "the connection broke: %s", problem[0] != '\0' ? problem : strerror(errno));
}

static enum status send_bytes(struct remote *remote, struct slice bytes)
{
    while (bytes.len > 0) {
        ssize_t sent = put(remote, bytes);

        if (sent < 0 && (errno == EAGAIN || errno == EINTR)) {
            enum status status = wait_for(remote, POLLOUT);

            if (status != STATUS_OK) {
                return status;
            }
            continue;
        }
        if (sent < 0) {
            return fail_broken(remote);
        }
        bytes = slice_after(bytes, (size_t)sent);
    }
    return STATUS_OK;
}

enum status remote_send(struct remote *remote, const struct slice *argv, size_t argc)
{
    struct buf request;
    enum status status;

    buf_init(&request, BUF_NO_CEILING);
    resp_write_request(&request, argv, argc);
    status = send_bytes(remote, buf_slice(&request));
    buf_release(&request);
    return status;
}

/* Add to the input what has come, at least one byte. */
static enum status receive(struct remote *remote)
{
    char *tail;
    ssize_t received;
    enum status status = buf_reserve(&remote->input, READ_BYTES, &tail);

    if (status != STATUS_OK) {
        return fail(remote, STATUS_PROTOCOL, "the server sent more than was asked for");
    }
    while ((received = get(remote, tail, READ_BYTES)) < 0) {
        if (errno != EAGAIN && errno != EINTR) {
            return fail_broken(remote);
        }
        status = wait_for(remote, POLLIN);
        if (status != STATUS_OK) {
            return status;
        }
    }
    if (received == 0) {
        return fail(remote, STATUS_CLOSED, "the server closed the connection");
    }
    buf_commit(&remote->input, (size_t)received);
    return STATUS_OK;
}

enum status remote_read_line(struct remote *remote, char line[REMOTE_LINE_BYTES_MAX])
{
    for (;;) {
        struct slice input = buf_slice(&remote->input);
        const char *end = input.len == 0 ? NULL : memchr(input.data, '\n', input.len);
        size_t len = end == NULL ? input.len : (size_t)(end - input.data);

        if (len >= REMOTE_LINE_BYTES_MAX) {
            return fail(remote, STATUS_PROTOCOL, "the server's answer is no line");
        }
        if (end == NULL) {
            enum status status = receive(remote);

            if (status != STATUS_OK) {
                return status;
            }
            continue;
        }
        memcpy(line, input.data, len);
        buf_consume(&remote->input, len + 1);
        len -= len > 0 && line[len - 1] == '\r';
        line[len] = '\0';
        if (len > 0) {
            return STATUS_OK;
        }
    }
}

enum status remote_read(struct remote *remote, size_t limit, struct slice *bytes)
{
    struct slice input;

    /* What was given the last time is done with only now: it was borrowed until this call. */
    if (remote->given_len > 0) {
        buf_consume(&remote->input, remote->given_len);
        remote->given_len = 0;
    }
    input = buf_slice(&remote->input);
    if (input.len == 0) {
        enum status status = receive(remote);

        if (status != STATUS_OK) {
            return status;
        }
        input = buf_slice(&remote->input);
    }
    *bytes = slice_first(input, input.len < limit ? input.len : limit);
    remote->given_len = bytes->len;
    return STATUS_OK;
}
