/* OpenSSL reads ahead, so that many small records cost one call of the kernel. What it has read is no event of the
 * socket any more: tls_stream_has_buffered() tells. A part of a record is no reason to read again, though: `is_drained`
 * says that OpenSSL has given all that it could make of what it has.
 *
 * OpenSSL's queue of errors belongs to the thread and not to the stream: it is emptied before each call, or an old
 * failure would be taken for this one's. */
#include "base/tls/tls_stream.h"
#include "base/assert.h"
#include "base/memory.h"
#include "base/tls/tls_private.h"
#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>

#define PROBLEM_BYTES 160
#define MORE_BYTES    4096 /* After a record of so many more of them are likely. */

struct tls_stream {
    SSL *ssl;
    enum tls_need needs;
    bool is_drained;
    bool has_ended;  /* The peer said so. */
    bool has_failed; /* Nothing more can be read or written. */
    char problem[PROBLEM_BYTES];
};

static struct tls_stream *make(SSL_CTX *side, int fd)
{
    struct tls_stream *stream = memory_allocate_zeroed(sizeof(*stream));

    ASSERT(side != NULL);
    stream->ssl = SSL_new(side);
    ASSERT(stream->ssl != NULL && SSL_set_fd(stream->ssl, fd) == 1);
    SSL_set_read_ahead(stream->ssl, 1);
    return stream;
}

struct tls_stream *tls_stream_accept(const struct tls_context *context, int fd, enum tls_client_auth auth)
{
    struct tls_stream *stream = make(context->server, fd);

    if (auth == TLS_CLIENT_AUTH_NO) {
        SSL_set_verify(stream->ssl, SSL_VERIFY_NONE, NULL);
    } else if (auth == TLS_CLIENT_AUTH_OPTIONAL) {
        SSL_set_verify(stream->ssl, SSL_VERIFY_PEER, NULL);
    }
    SSL_set_accept_state(stream->ssl);
    return stream;
}

static bool is_address(const char *name)
{
    unsigned char address[16];

    return inet_pton(AF_INET, name, address) == 1 || inet_pton(AF_INET6, name, address) == 1;
}

struct tls_stream *tls_stream_connect(const struct tls_context *context, int fd, const char *name)
{
    struct tls_stream *stream = make(context->client, fd);

    if (name != NULL && !is_address(name)) {
        (void)SSL_set_tlsext_host_name(stream->ssl, name);
    }
    SSL_set_connect_state(stream->ssl);
    return stream;
}

void tls_stream_trust_anyone(struct tls_stream *stream)
{
    SSL_set_verify(stream->ssl, SSL_VERIFY_NONE, NULL);
}

void tls_stream_close(struct tls_stream *stream)
{
    if (stream == NULL) {
        return;
    }
    ERR_clear_error();
    if (!stream->has_failed && SSL_is_init_finished(stream->ssl)) {
        (void)SSL_shutdown(stream->ssl); /* Once: the peer's own word is not waited for. */
    }
    ERR_clear_error();
    SSL_free(stream->ssl);
    memory_free(stream);
}

/* What the peer did wrong, where it was the certificate, says more than that verification failed. */
static void note_problem(struct tls_stream *stream, int failure)
{
    long verdict = SSL_get_verify_result(stream->ssl);
    const char *reason;

    if (failure == SSL_ERROR_SYSCALL && ERR_peek_last_error() == 0) {
        reason = errno == 0 ? "the peer closed the connection" : strerror(errno);
    } else {
        reason = tls_reason("the TLS connection failed");
    }
    if (verdict != X509_V_OK) {
        (void)snprintf(stream->problem, sizeof(stream->problem), "%s: %s", reason,
                       X509_verify_cert_error_string(verdict));
    } else {
        (void)snprintf(stream->problem, sizeof(stream->problem), "%s", reason);
    }
}

/* Sort out why a call did not go through. */
static void judge(struct tls_stream *stream, int outcome)
{
    int call_errno = errno;
    int failure = SSL_get_error(stream->ssl, outcome);

    stream->needs = TLS_NEEDS_NOTHING;
    switch (failure) {
    case SSL_ERROR_WANT_READ:
        stream->needs = TLS_NEEDS_READABLE;
        break;
    case SSL_ERROR_WANT_WRITE:
        stream->needs = TLS_NEEDS_WRITABLE;
        break;
    case SSL_ERROR_ZERO_RETURN:
        stream->has_ended = true;
        break;
    default:
        errno = call_errno;
        stream->has_failed = true; /* OpenSSL must not be asked again, not even to say good-bye. */
        note_problem(stream, failure);
        break;
    }
    ERR_clear_error();
}

enum status tls_stream_shake_hands(struct tls_stream *stream)
{
    int outcome;

    if (stream->has_failed) {
        return STATUS_CLOSED;
    }
    ERR_clear_error();
    errno = 0;
    outcome = SSL_do_handshake(stream->ssl);
    if (outcome == 1) {
        stream->needs = TLS_NEEDS_NOTHING;
        return STATUS_OK;
    }
    judge(stream, outcome);
    return stream->needs == TLS_NEEDS_NOTHING ? STATUS_CLOSED : STATUS_BUSY;
}

ssize_t tls_stream_read(struct tls_stream *stream, char *to, size_t len)
{
    size_t total = 0;

    /* A record holds 16 KB at most: take what there is. */
    while (total < len && !stream->has_failed && !stream->has_ended) {
        size_t got = 0;

        ERR_clear_error();
        errno = 0;
        if (SSL_read_ex(stream->ssl, to + total, len - total, &got) != 1) {
            judge(stream, 0);
            stream->is_drained = true;
            break;
        }
        stream->is_drained = false;
        total += got;
        if (got < MORE_BYTES && SSL_has_pending(stream->ssl) == 0) {
            break; /* A request that came alone: asking the socket again would be in vain, and it announces what comes.
                    */
        }
    }
    if (total > 0) {
        return (ssize_t)total; /* How it ended is told by the next call. */
    }
    if (stream->has_failed) {
        errno = ECONNRESET;
        return -1;
    }
    if (stream->has_ended) {
        return 0;
    }
    errno = EAGAIN;
    return -1;
}

ssize_t tls_stream_write(struct tls_stream *stream, struct slice bytes)
{
    size_t total = 0;

    while (total < bytes.len && !stream->has_failed) {
        size_t put = 0;

        ERR_clear_error();
        errno = 0;
        if (SSL_write_ex(stream->ssl, bytes.data + total, bytes.len - total, &put) != 1) {
            judge(stream, 0);
            break;
        }
        total += put;
    }
    if (total > 0) {
        return (ssize_t)total;
    }
    errno = stream->has_failed ? ECONNRESET : EAGAIN;
    return -1;
}

enum tls_need tls_stream_needs(const struct tls_stream *stream)
{
    return stream->needs;
}

bool tls_stream_has_buffered(const struct tls_stream *stream)
{
    if (stream->has_failed || stream->has_ended) {
        return true;
    }
    return !stream->is_drained && SSL_has_pending(stream->ssl) == 1;
}

const char *tls_stream_problem(const struct tls_stream *stream)
{
    return stream->problem;
}
