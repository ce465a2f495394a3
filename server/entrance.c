#include "server/entrance.h"
#include "base/diag.h"
#include "base/memory.h"
#include "server/config/config.h"
#include "server/http/http.h"
#include "server/net/credentials.h"
#include "server/net/door.h"
#include "server/net/handshakes.h"
#include "server/net/listener.h"
#include "server/net/transport.h"
#include "server/services.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* One of the two listeners, and where it listens. */
struct side {
    struct listener *listener; /* NULL while there is none. */
    int64_t port;
    char *bind; /* Owned. */
};

struct entrance {
    struct entrance_options options;
    struct side plain; /* TCP and the Unix socket. */
    struct side tls;
    struct handshakes *handshakes;
    struct http *http;
};

/* --- Letting in --- */

static void on_plain_peer(void *context, const struct listener_peer *peer)
{
    struct entrance *entrance = context;
    struct transport transport;

    transport_init_socket(&transport, peer->fd);
    door_open(entrance->options.services, peer, &transport);
}

static void on_tls_peer(void *context, const struct listener_peer *peer)
{
    struct entrance *entrance = context;
    struct services *services = entrance->options.services;

    if (!door_has_room(services, handshakes_count(entrance->handshakes))) {
        (void)close(peer->fd); /* Without a handshake there is no way to say why. */
        return;
    }
    handshakes_begin(entrance->handshakes, credentials_context(services->credentials),
                     (enum tls_client_auth)services->config->tls_auth_clients, peer);
}

static void on_handshake(void *context, const struct listener_peer *peer, const struct transport *transport)
{
    struct entrance *entrance = context;

    door_open(entrance->options.services, peer, transport);
}

/* --- Opening --- */

static int64_t port_of(const struct entrance *entrance, const struct side *side)
{
    const struct config *config = entrance->options.services->config;

    return side == &entrance->tls ? config->tls_port : config->port;
}

static enum status open_side(struct entrance *entrance, struct side *side, char *error, size_t error_bytes)
{
    const struct config *config = entrance->options.services->config;
    bool is_tls = side == &entrance->tls;
    struct listener_options options = {
        .base = entrance->options.base,
        .bind = config->bind,
        .port = (uint16_t)port_of(entrance, side),
        .backlog = (int)config->tcp_backlog,
        .unix_socket = is_tls ? "" : config->unix_socket,
        .unix_socket_mode = (int)config->unix_socket_mode,
        .keepalive_s = (int)config->tcp_keepalive_s,
        .accept = is_tls ? on_tls_peer : on_plain_peer,
        .context = entrance,
    };

    enum status status = listener_open(&options, &side->listener, error, error_bytes);

    if (status == STATUS_OK) {
        side->port = options.port;
        side->bind = memory_copy_text(config->bind);
    }
    return status;
}

static void close_side(struct side *side)
{
    listener_close(side->listener);
    memory_free(side->bind);
    *side = (struct side){.listener = NULL};
}

static enum status open_http(struct entrance *entrance, char *error, size_t error_bytes)
{
    const struct config *config = entrance->options.services->config;
    struct http_options options = {
        .base = entrance->options.base,
        .services = entrance->options.services,
        .bind = config->http_bind,
        .port = (uint16_t)config->http_port,
    };

    return config->http_port == 0 ? STATUS_OK : http_open(&options, &entrance->http, error, error_bytes);
}

static enum status load_credentials(struct entrance *entrance, char *error, size_t error_bytes)
{
    struct services *services = entrance->options.services;
    char reason[TLS_ERROR_BYTES];

    if (!credentials_are_wanted(services->config) || credentials_load(services->credentials, reason)) {
        return STATUS_OK;
    }
    (void)snprintf(error, error_bytes, "TLS: %s", reason);
    return STATUS_INVALID;
}

enum status entrance_open(const struct entrance_options *options, struct entrance **entrance)
{
    struct entrance *opened = memory_allocate_zeroed(sizeof(*opened));
    struct handshakes_options handshakes = {.base = options->base, .done = on_handshake, .context = opened};
    char error[CONFIG_ERROR_BYTES];
    enum status status;

    opened->options = *options;
    opened->handshakes = handshakes_create(&handshakes);
    status = load_credentials(opened, error, sizeof(error));
    if (status == STATUS_OK) {
        status = open_side(opened, &opened->plain, error, sizeof(error));
    }
    if (status == STATUS_OK) {
        status = open_side(opened, &opened->tls, error, sizeof(error));
    }
    if (status == STATUS_OK) {
        status = open_http(opened, error, sizeof(error));
    }
    if (status != STATUS_OK) {
        diag(DIAG_WARNING, "%s", error);
        entrance_close(opened);
        return status;
    }
    *entrance = opened;
    return STATUS_OK;
}

void entrance_start(struct entrance *entrance)
{
    listener_start(entrance->plain.listener);
    listener_start(entrance->tls.listener);
}

void entrance_stop(struct entrance *entrance)
{
    struct listener *listeners[] = {entrance->plain.listener, entrance->tls.listener};

    for (size_t i = 0; i < 2; i++) {
        if (listeners[i] != NULL) {
            listener_stop(listeners[i]);
        }
    }
}

void entrance_accept_waiting(struct entrance *entrance)
{
    struct listener *listeners[] = {entrance->plain.listener, entrance->tls.listener};

    for (size_t i = 0; i < 2; i++) {
        if (listeners[i] != NULL) {
            listener_accept_waiting(listeners[i]);
        }
    }
    handshakes_go_on(entrance->handshakes);
}

void entrance_close(struct entrance *entrance)
{
    if (entrance == NULL) {
        return;
    }
    http_close(entrance->http);
    close_side(&entrance->tls);
    close_side(&entrance->plain);
    handshakes_free(entrance->handshakes);
    memory_free(entrance);
}

/* Whether it listens where it should: a change of port and bind at once asks for both. */
static bool is_in_place(const struct entrance *entrance, const struct side *side)
{
    return side->bind != NULL && side->port == port_of(entrance, side) &&
           strcmp(side->bind, entrance->options.services->config->bind) == 0;
}

static bool reopen(struct entrance *entrance, struct side *side, char *error, size_t error_bytes)
{
    if (is_in_place(entrance, side)) {
        return true;
    }
    close_side(side);
    if (open_side(entrance, side, error, error_bytes) != STATUS_OK) {
        return false;
    }
    listener_start(side->listener);
    return true;
}

bool entrance_reopen(struct entrance *entrance, char *error, size_t error_bytes)
{
    return reopen(entrance, &entrance->plain, error, error_bytes);
}

bool entrance_reopen_tls(struct entrance *entrance, char *error, size_t error_bytes)
{
    return reopen(entrance, &entrance->tls, error, error_bytes);
}

bool entrance_reopen_http(struct entrance *entrance, char *error, size_t error_bytes)
{
    http_close(entrance->http);
    entrance->http = NULL;
    return open_http(entrance, error, error_bytes) == STATUS_OK;
}

void entrance_set_keepalive(struct entrance *entrance, int keepalive_s)
{
    struct listener *listeners[] = {entrance->plain.listener, entrance->tls.listener};

    for (size_t i = 0; i < 2; i++) {
        if (listeners[i] != NULL) {
            listener_set_keepalive(listeners[i], keepalive_s);
        }
    }
}
