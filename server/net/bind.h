/* Sockets that listen on the addresses of a directive like `bind`. */
#ifndef SERVER_NET_BIND_H
#define SERVER_NET_BIND_H

#include "base/status.h"
#include <stddef.h>
#include <stdint.h>

#define BIND_SOCKETS_MAX 16

struct bind_request {
    const char *words; /* Addresses, parted by blanks; "*" and "::*" are all of a family; a leading "-": optional. */
    uint16_t port;
    int backlog;
};

/* Listen on each address; the sockets do not block, and are the caller's.
 *   STATUS_INVALID  An address cannot be had, or none of all: `error` says which and why, and nothing is open. */
MUST_CHECK enum status bind_sockets(const struct bind_request *request, int fds[BIND_SOCKETS_MAX], size_t *count,
                                    char *error, size_t error_bytes);

#endif
