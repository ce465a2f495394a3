/* The server's TLS: what the tls-* directives name, loaded; for those who come, and for our way to our master. Event
 * loop only. */
#ifndef SERVER_NET_CREDENTIALS_H
#define SERVER_NET_CREDENTIALS_H

#include "base/tls/tls_context.h"

struct config;
struct credentials; /* Opaque; owned by server, one of services. */

/* Nothing is loaded yet. `config` is borrowed. */
struct credentials *credentials_create(const struct config *config);
/* NULL is fine. */
void credentials_free(struct credentials *credentials);

/* Whether tls-port or tls-replication ask for TLS. */
bool credentials_are_wanted(const struct config *config);
/* Load what the configuration names now. New connections use it; those that there are go on with what they have. On
 * false what was loaded before stays, and `error` says what is wrong. */
bool credentials_load(struct credentials *credentials, char error[TLS_ERROR_BYTES]);
/* Valid until the next load; NULL before the first. */
const struct tls_context *credentials_context(const struct credentials *credentials);

#endif
