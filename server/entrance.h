/* Where clients come in: all sockets that the configuration has the server listen on. Event loop only. */
#ifndef SERVER_ENTRANCE_H
#define SERVER_ENTRANCE_H

#include "base/status.h"
#include <stdbool.h>
#include <stddef.h>

struct entrance; /* Opaque; owned by server. */
struct event_base;
struct services;

struct entrance_options {
    struct event_base *base;
    struct services *services;
};

/* Load what TLS needs and listen as the configuration says; whoever connects waits until entrance_start().
 *   STATUS_INVALID  A file is no good, or an address cannot be had: diag has said which and why. */
MUST_CHECK enum status entrance_open(const struct entrance_options *options, struct entrance **entrance);
void entrance_start(struct entrance *entrance);
/* Let nobody in any more; who is in stays. */
void entrance_stop(struct entrance *entrance);
/* Let in who waits now, whatever the event loop does. */
void entrance_accept_waiting(struct entrance *entrance);
/* NULL is fine. */
void entrance_close(struct entrance *entrance);

/* The configuration has changed: listen anew for clients, for those with TLS, or for HTTP. The old sockets go first,
 * since the new ones may want the same addresses; on false, with a reason, none is open, and it is called again with
 * the old values. */
bool entrance_reopen(struct entrance *entrance, char *error, size_t error_bytes);
bool entrance_reopen_tls(struct entrance *entrance, char *error, size_t error_bytes);
bool entrance_reopen_http(struct entrance *entrance, char *error, size_t error_bytes);
/* tcp-keepalive of those who come from now on. */
void entrance_set_keepalive(struct entrance *entrance, int keepalive_s);

#endif
