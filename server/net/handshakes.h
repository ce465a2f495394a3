/* TLS handshakes of clients that are not in yet: bounded in time and in number. Event loop only.
 *
 * Whoever connects to tls-port stays here until the handshake is done, and is then let in like anybody else. A peer
 * that stalls costs a descriptor and a few kilobytes for HANDSHAKE_MS; when there are too many, the one that came first
 * goes, since an honest one would be done. */
#ifndef SERVER_NET_HANDSHAKES_H
#define SERVER_NET_HANDSHAKES_H

#include "base/tls/tls_stream.h"
#include "server/net/listener.h"
#include <stdint.h>

#define HANDSHAKES_MAX 512
#define HANDSHAKE_MS   10000

struct handshakes; /* Opaque; owned by entrance. */
struct transport;

struct handshakes_options {
    struct event_base *base;
    /* The handshake is done: takes the transport. */
    void (*done)(void *context, const struct listener_peer *peer, const struct transport *transport);
    void *context;
};

struct handshakes *handshakes_create(const struct handshakes_options *options);
/* Close all. NULL is fine. */
void handshakes_free(struct handshakes *handshakes);
/* Begin one with a peer that connected; its socket is taken. */
void handshakes_begin(struct handshakes *handshakes, const struct tls_context *tls, enum tls_client_auth auth,
                      const struct listener_peer *peer);
/* Let all go as far as they can, amid a turn. */
void handshakes_go_on(struct handshakes *handshakes);
size_t handshakes_count(const struct handshakes *handshakes);

#endif
