/* How a connection's bytes travel: a table, so that TLS can stand in for the bare socket, and a test for both. */
#ifndef SERVER_NET_TRANSPORT_H
#define SERVER_NET_TRANSPORT_H

#include "base/slice.h"
#include <stdint.h>
#include <sys/types.h>

struct transport;

/* read and write never wait: they return -1 with errno EAGAIN instead, and are called again when the descriptor is
 * ready. */
struct transport_operations {
    /* 0 when the peer has ended the stream. */
    ssize_t (*read)(struct transport *transport, char *to, size_t len);
    ssize_t (*write)(struct transport *transport, struct slice bytes);
    /* Whether bytes can be read that the descriptor does not announce: they were read from it ahead. */
    bool (*has_buffered)(struct transport *transport);
    /* Close the descriptor and free `state`. */
    void (*close)(struct transport *transport);
};

/* What an operation that returned EAGAIN waits for, where it is the opposite of what it does. */
enum transport_need {
    TRANSPORT_READ_NEEDS_WRITABLE = 1u << 0,
    TRANSPORT_WRITE_NEEDS_READABLE = 1u << 1,
};

/* Embedded in its connection, which closes it. */
struct transport {
    const struct transport_operations *operations;
    int fd;         /* What the event loop watches. */
    uint32_t needs; /* enum transport_need: of the last read, and of the last write. */
    void *state;    /* The implementation's own. */
};

/* A socket as it is; takes `fd`, which must not block. */
void transport_init_socket(struct transport *transport, int fd);

#endif
