/* A connection to a server, as a tool has one: requests out, lines and runs of bytes in, each with a time-out, and
 * given up at once on an interrupt. */
#ifndef TOOLS_REMOTE_H
#define TOOLS_REMOTE_H

#include "base/buf.h"
#include "tools/interrupt.h"

#define REMOTE_LINE_BYTES_MAX 4096
#define REMOTE_TIMEOUT_MS     60000 /* Without a byte; servers send a keepalive each ten seconds. */

struct tls_stream;

/* How to speak TLS. Texts are borrowed until remote_open() returns. */
struct remote_tls {
    const char *ca_cert_file; /* Whom to trust; neither: what the system trusts. */
    const char *ca_cert_dir;
    const char *cert_file; /* What to show, if the server asks; both or none. */
    const char *key_file;
    const char *name; /* Told to the server (SNI); NULL: nothing. */
    const char *ciphers;
    const char *ciphersuites;
    bool trusts_anyone;
};

struct remote {
    int fd;
    struct tls_stream *tls;      /* NULL: the socket as it is. Owned. */
    struct interrupt *interrupt; /* Borrowed. */
    struct buf input;
    size_t given_len; /* Of input's start: borrowed out by remote_read(). */
    char error[256];  /* After a failure: what and why. */
};

/* Connect to `host` (name or address) and `port` (text), with TLS if `tls` is not NULL.
 *   STATUS_NOT_FOUND  No such host.  STATUS_CLOSED  Refused, cut, or timed out.
 *   STATUS_INVALID    What `tls` names is no good.  `error` says more. */
MUST_CHECK enum status remote_open(struct remote *remote, const char *host, const char *port,
                                   const struct remote_tls *tls, struct interrupt *interrupt);
void remote_close(struct remote *remote);

/* Send one request. */
MUST_CHECK enum status remote_send(struct remote *remote, const struct slice *argv, size_t argc);
/* Read a line, without its end, into `line` with a NUL. Empty lines are keepalives and are skipped.
 *   STATUS_CLOSED, STATUS_PROTOCOL (too long), STATUS_BUSY (interrupted). */
MUST_CHECK enum status remote_read_line(struct remote *remote, char line[REMOTE_LINE_BYTES_MAX]);
/* At least one byte of what comes, at most `limit`: borrowed until the next call. Lines may not
 * follow. */
MUST_CHECK enum status remote_read(struct remote *remote, size_t limit, struct slice *bytes);

#endif
