/* The socket under a link: resolving, connecting, a TLS handshake if there is to be one, reading into a buffer that its
 * owner names, writing what gathers.
 *
 * It says what happened and decides nothing. Event loop only. */
#ifndef REPLICATION_LINK_SOCKET_H
#define REPLICATION_LINK_SOCKET_H

#include "base/buf.h"
#include "base/status.h"
#include <stdint.h>

struct event;
struct event_base;
struct evdns_base;
struct evdns_getaddrinfo_request;
struct tls_context;
struct tls_stream;

#define LINK_SOCKET_READ_BYTES (256u * 1024) /* The most that is read before the owner is told. */

#define LINK_SOCKET_ADDRESS_BYTES 64

struct link_socket_handler {
    void (*connected)(void *context);
    /* Bytes were added to the target. */
    void (*received)(void *context);
    /* It ended, for this reason; the socket is closed. Not called by link_socket_close(). */
    void (*closed)(void *context, const char *reason);
    void *context;
};

/* Where to go. Borrowed until the socket is closed. */
struct link_socket_goal {
    const char *host;
    uint16_t port;
    uint32_t attempt; /* Chooses among several addresses of a name. */
    /* Where the context stands that is to be used; NULL there: no TLS. Looked at when the peer has been reached, and
     * not before: resolving and connecting take their time, in which certificates may be loaded anew. */
    const struct tls_context *const *tls;
};

struct link_socket {
    struct event_base *base;
    struct link_socket_handler handler;
    int fd; /* -1 when closed. */
    struct event *readable;
    struct event *writable;
    struct event *ahead;                            /* Without a descriptor; for the whole life. */
    struct evdns_base *dns;                         /* Made when the first name must be resolved. */
    struct evdns_getaddrinfo_request *lookup;       /* Under way; NULL otherwise. */
    char source_address[LINK_SOCKET_ADDRESS_BYTES]; /* "": any. */
    struct link_socket_goal goal;
    struct tls_stream *tls; /* NULL: the socket as it is. */
    bool is_connected;      /* And the handshake done. */
    bool is_paused;
    struct buf *target;   /* Where received bytes go; borrowed. */
    struct buf output;    /* To be written. */
    uint64_t input_bytes; /* Ever received. */
};

void link_socket_init(struct link_socket *socket, struct event_base *base, const struct link_socket_handler *handler);
void link_socket_release(struct link_socket *socket);

/* Close what is open, and begin to connect. What fails is told by closed(), perhaps before this returns. */
void link_socket_connect(struct link_socket *socket, const struct link_socket_goal *goal);
/* Connect from this numeric address from the next time on; NULL: from any. Where it cannot be had, that is said, and
 * the connection is made from any, as Redis does. */
void link_socket_set_source(struct link_socket *socket, const char *address);
/* Close without a word to the handler; harmless when closed. */
void link_socket_close(struct link_socket *socket);

/* Received bytes go to `target` from now on. */
void link_socket_set_target(struct link_socket *socket, struct buf *target);
/* Stop reading, so that the peer feels it; go on. */
void link_socket_pause(struct link_socket *socket, bool is_paused);
/* Write `bytes`, now or when the socket has room. What fails is told by closed(), later. */
void link_socket_send(struct link_socket *socket, struct slice bytes);

#endif
