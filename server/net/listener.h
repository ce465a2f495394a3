/* Listening sockets: TCP on a list of addresses, and a Unix socket. Event loop only. */
#ifndef SERVER_NET_LISTENER_H
#define SERVER_NET_LISTENER_H

#include "base/status.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct event_base;
struct listener; /* Opaque; owned by server. */

/* A client that connected; the addresses are as CLIENT LIST shows them. */
struct listener_peer {
    int fd; /* Does not block; the receiver's. */
    bool is_unix_socket;
    bool is_loopback;
    char remote[64];
    char local[64];
};

struct listener_options {
    struct event_base *base;
    const char *bind; /* Addresses separated by blanks; "*" and "::*" are all of a family; a leading "-": optional. */
    uint16_t port;    /* 0: no TCP. */
    int backlog;
    const char *unix_socket; /* "" for none. */
    int unix_socket_mode;    /* 0: leave to umask. */
    int keepalive_s;         /* 0: no keep-alive. */
    void (*accept)(void *context, const struct listener_peer *peer);
    void *context;
};

/* Bind and listen; clients are accepted after listener_start().
 *   STATUS_INVALID  An address cannot be bound; `error` says which and why. */
MUST_CHECK enum status listener_open(const struct listener_options *options, struct listener **listener, char *error,
                                     size_t error_bytes);
/* Accept until listener_stop(). */
void listener_start(struct listener *listener);
void listener_stop(struct listener *listener);
/* Accept who waits now, whatever the event loop does. */
void listener_accept_waiting(struct listener *listener);
void listener_set_keepalive(struct listener *listener, int keepalive_s);
/* Close, and remove the Unix socket's file. NULL is fine. */
void listener_close(struct listener *listener);

#endif
