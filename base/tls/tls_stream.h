/* One TLS connection over a socket that does not block: a handshake, then bytes both ways, then a word of farewell.
 *
 * Reading may have to wait until the socket can be written, and writing until it can be read: after a call that could
 * not go on, tls_stream_needs() says what for. Writing to a socket whose peer is gone raises SIGPIPE: the process
 * ignores it. Its owner's thread only. */
#ifndef BASE_TLS_TLS_STREAM_H
#define BASE_TLS_TLS_STREAM_H

#include "base/slice.h"
#include "base/status.h"
#include <sys/types.h>

struct tls_context;
struct tls_stream; /* Opaque. */

enum tls_need {
    TLS_NEEDS_NOTHING,
    TLS_NEEDS_READABLE,
    TLS_NEEDS_WRITABLE,
};

/* Whose certificate a server asks for: tls-auth-clients. */
enum tls_client_auth { TLS_CLIENT_AUTH_NO, TLS_CLIENT_AUTH_YES, TLS_CLIENT_AUTH_OPTIONAL };

/* A stream on `fd`, which stays the caller's, for somebody who came, or whom we went to. The context must have a
 * certificate for the former. */
struct tls_stream *tls_stream_accept(const struct tls_context *context, int fd, enum tls_client_auth auth);
/* `name` is told to the server (SNI), if it is a name and no address; NULL: nothing is told. */
struct tls_stream *tls_stream_connect(const struct tls_context *context, int fd, const char *name);
/* Do not ask who the peer is: --insecure. Before the handshake. */
void tls_stream_trust_anyone(struct tls_stream *stream);
/* Say that the stream ends, as far as the socket takes it at once, and free it; the socket stays open. NULL is fine. */
void tls_stream_close(struct tls_stream *stream);

/* Go on with the handshake. STATUS_BUSY: wait for tls_stream_needs(), and call again.
 *   STATUS_CLOSED  It failed, or the peer ended it: tls_stream_problem() says why. */
MUST_CHECK enum status tls_stream_shake_hands(struct tls_stream *stream);

/* As recv() and send(): -1 with errno EAGAIN when it must wait for tls_stream_needs(), 0 when the peer has ended the
 * stream. A write that must wait is to be repeated with at least the same bytes. A stream that was cut without a word
 * is an error, ECONNRESET, as what came may not be all. */
ssize_t tls_stream_read(struct tls_stream *stream, char *to, size_t len);
ssize_t tls_stream_write(struct tls_stream *stream, struct slice bytes);
/* Of the last call that gave EAGAIN or STATUS_BUSY. */
enum tls_need tls_stream_needs(const struct tls_stream *stream);
/* Whether a read would give something, or an end, that the socket does not announce any more. */
bool tls_stream_has_buffered(const struct tls_stream *stream);
/* Why it failed; "" if it did not. Borrowed until it is closed. */
const char *tls_stream_problem(const struct tls_stream *stream);

#endif
