/* HTTP for those who watch: /metrics (Prometheus), /healthz, and / (a status page). Event loop only.
 *
 * Only GET and HEAD; nothing that a client stored, and no password, can be had here. Requests are small, connections
 * few and short, so that whoever reaches the port can take neither memory nor descriptors from clients. */
#ifndef SERVER_HTTP_HTTP_H
#define SERVER_HTTP_HTTP_H

#include "base/status.h"
#include <stddef.h>
#include <stdint.h>

#define HTTP_CONNECTIONS_MAX   32 /* At a time; more wait to be accepted. */
#define HTTP_REQUEST_BYTES_MAX 8192
#define HTTP_SILENCE_S         10 /* Without a byte either way, the connection ends. */
#define HTTP_LIFE_S            60 /* And after this whatever it does. */

struct event_base;
struct http; /* Opaque; owned by entrance. */
struct services;

struct http_options {
    struct event_base *base;
    struct services *services;
    const char *bind; /* As struct bind_request has it. Borrowed until http_open() returns. */
    uint16_t port;
};

/* STATUS_INVALID  An address cannot be had; `error` says which and why. */
MUST_CHECK enum status http_open(const struct http_options *options, struct http **http, char *error,
                                 size_t error_bytes);
/* NULL is fine. */
void http_close(struct http *http);

#endif
