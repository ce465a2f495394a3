#include "server/net/handshakes.h"
#include "base/clock.h"
#include "base/diag.h"
#include "base/list.h"
#include "base/memory.h"
#include "server/net/event_embed.h"
#include "server/net/transport_tls.h"
#include <unistd.h>

#define TOLD_US 1000000u /* Between lines about failures: a flood of them is one line a second. */

struct handshakes {
    struct handshakes_options options;
    struct list all; /* Those who came first are first. */
    size_t count;
    uint64_t told_us;
    uint64_t untold; /* Failures since then. */
};

struct handshake {
    struct list_node node;
    struct handshakes *handshakes;
    struct listener_peer peer;
    struct tls_stream *stream;
    struct event event;
    uint64_t deadline_us; /* Monotonic. */
};

/* Take it out of everything; what it holds stays. */
static void leave(struct handshake *handshake)
{
    event_del(&handshake->event);
    list_remove(&handshake->node);
    handshake->handshakes->count--;
}

static void drop(struct handshake *handshake)
{
    leave(handshake);
    tls_stream_close(handshake->stream);
    (void)close(handshake->peer.fd);
    memory_free(handshake);
}

static void fail(struct handshake *handshake, const char *reason)
{
    struct handshakes *handshakes = handshake->handshakes;
    uint64_t now_us = clock_monotonic_us();

    if (handshakes->told_us != 0 && now_us - handshakes->told_us < TOLD_US) {
        handshakes->untold++;
    } else {
        diag(DIAG_NOTICE, "no TLS connection with %s: %s%s", handshake->peer.remote, reason,
             handshakes->untold == 0 ? "" : "; others failed since the last such line");
        handshakes->told_us = now_us;
        handshakes->untold = 0;
    }
    drop(handshake);
}

static void on_event(evutil_socket_t fd, short what, void *context);

/* Wait for what the stream needs, as long as there is time. */
static void wait_for(struct handshake *handshake, uint64_t now_us)
{
    short what = tls_stream_needs(handshake->stream) == TLS_NEEDS_WRITABLE ? EV_WRITE : EV_READ;
    uint64_t left_us = handshake->deadline_us - now_us;
    struct timeval limit = {.tv_sec = (time_t)(left_us / 1000000), .tv_usec = (suseconds_t)(left_us % 1000000)};

    event_assign(&handshake->event, handshake->handshakes->options.base, handshake->peer.fd, what, on_event, handshake);
    event_add(&handshake->event, &limit);
}

static void finish(struct handshake *handshake)
{
    struct handshakes *handshakes = handshake->handshakes;
    struct transport transport;

    leave(handshake);
    transport_init_tls(&transport, handshake->peer.fd, handshake->stream);
    handshakes->options.done(handshakes->options.context, &handshake->peer, &transport);
    memory_free(handshake);
}

static void go_on(struct handshake *handshake)
{
    uint64_t now_us = clock_monotonic_us();
    enum status status;

    event_del(&handshake->event);
    if (now_us >= handshake->deadline_us) {
        fail(handshake, "the handshake took too long");
        return;
    }
    status = tls_stream_shake_hands(handshake->stream);
    if (status == STATUS_OK) {
        finish(handshake);
    } else if (status == STATUS_BUSY) {
        wait_for(handshake, now_us);
    } else {
        fail(handshake, tls_stream_problem(handshake->stream));
    }
}

static void on_event(evutil_socket_t fd, short what, void *context)
{
    (void)fd;
    (void)what;
    go_on(context);
}

void handshakes_begin(struct handshakes *handshakes, const struct tls_context *tls, enum tls_client_auth auth,
                      const struct listener_peer *peer)
{
    struct handshake *handshake = memory_allocate_zeroed(sizeof(*handshake));

    if (handshakes->count == HANDSHAKES_MAX) {
        fail(LIST_ENTRY(handshakes->all.head.next, struct handshake, node), "too many are under way");
    }
    handshake->handshakes = handshakes;
    handshake->peer = *peer;
    handshake->stream = tls_stream_accept(tls, peer->fd, auth);
    handshake->deadline_us = clock_monotonic_us() + HANDSHAKE_MS * 1000u;
    list_append(&handshakes->all, &handshake->node);
    handshakes->count++;
    wait_for(handshake, clock_monotonic_us()); /* The client speaks first. */
}

void handshakes_go_on(struct handshakes *handshakes)
{
    LIST_FOR_EACH(&handshakes->all, node)
    {
        go_on(LIST_ENTRY(node, struct handshake, node));
    }
}

size_t handshakes_count(const struct handshakes *handshakes)
{
    return handshakes->count;
}

struct handshakes *handshakes_create(const struct handshakes_options *options)
{
    struct handshakes *handshakes = memory_allocate_zeroed(sizeof(*handshakes));

    handshakes->options = *options;
    list_init(&handshakes->all);
    return handshakes;
}

void handshakes_free(struct handshakes *handshakes)
{
    if (handshakes == NULL) {
        return;
    }
    while (!list_is_empty(&handshakes->all)) {
        drop(LIST_ENTRY(handshakes->all.head.next, struct handshake, node));
    }
    memory_free(handshakes);
}
