#include "server/net/door.h"
#include "server/acl/acl.h"
#include "server/config/config.h"
#include "server/net/listener.h"
#include "server/net/session.h"
#include "server/request/auth.h"
#include "server/services.h"
#include "server/settings.h"
#include "server/watch/metrics.h"

static void refuse(const struct transport *transport, struct metrics *metrics, const char *error)
{
    struct transport refused = *transport;
    /* What does not fit in an empty socket's buffer is lost. */
    ssize_t ignored = refused.operations->write(&refused, slice_of(error));

    (void)ignored;
    refused.operations->close(&refused);
    metrics->rejected_connections++;
}

static bool is_full(const struct services *services, size_t waiting)
{
    return (int64_t)(sessions_count(services->sessions) + waiting) >= services->config->max_clients;
}

bool door_has_room(struct services *services, size_t waiting)
{
    bool has_room = !is_full(services, waiting);

    if (!has_room) {
        services->metrics->connections++;
        services->metrics->rejected_connections++;
    }
    return has_room;
}

void door_open(struct services *services, const struct listener_peer *peer, const struct transport *transport)
{
    const struct config *config = services->config;
    struct session *session;

    services->metrics->connections++;
    if (is_full(services, 0)) {
        refuse(transport, services->metrics, "-ERR max number of clients reached\r\n");
        return;
    }
    if (config->protected_mode && acl_is_open(services->acl) && !peer->is_loopback) {
        refuse(
            transport, services->metrics,
            "-DENIED Redis is running in protected mode because protected mode is enabled and no password is set for "
            "the default user. Connections are taken from the loopback interface only. To connect from elsewhere, "
            "set a password with requirepass, or, if this network is trusted, set protected-mode to no: in the "
            "configuration file, on the command line, or with CONFIG SET from a loopback client.\r\n");
        return;
    }
    session = sessions_accept(services->sessions, transport, peer->remote, peer->local);
    auth_begin(services->acl, session);
    if (peer->is_unix_socket) {
        session->flags |= SESSION_UNIX_SOCKET;
    }
    settings_limit_session(config, session);
}
