/* TLS in the place of the bare socket (transport.h). */
#ifndef SERVER_NET_TRANSPORT_TLS_H
#define SERVER_NET_TRANSPORT_TLS_H

#include "server/net/transport.h"

struct tls_stream; /* base/tls/tls_stream.h */

/* A stream whose handshake is done; takes `fd` and the stream. */
void transport_init_tls(struct transport *transport, int fd, struct tls_stream *stream);

#endif
