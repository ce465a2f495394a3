#include "server/entrance.h"
#include "base/memory.h"
#include "server/config/config.h"
#include "server/http/http.h"
#include "server/net/listener.h"
#include "server/services.h"

struct entrance {
    struct entrance_options options;
    struct listener *listener; /* NULL only while it cannot be opened. */
    struct http *http;         /* NULL when http-port is 0. */
};

static enum status open_listener(struct entrance *entrance, char *error, size_t error_bytes)
{
    const struct config *config = entrance->options.services->config;
    struct listener_options options = {
        .base = entrance->options.base,
        .bind = config->bind,
        .port = (uint16_t)config->port,
        .backlog = (int)config->tcp_backlog,
        .unix_socket = config->unix_socket,
        .unix_socket_mode = (int)config->unix_socket_mode,
        .keepalive_s = (int)config->tcp_keepalive_s,
        .accept = entrance->options.accept,
        .context = entrance->options.context,
    };

    return listener_open(&options, &entrance->listener, error, error_bytes);
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

enum status entrance_open(const struct entrance_options *options, struct entrance **entrance, char *error,
                          size_t error_bytes)
{
    struct entrance *opened = memory_allocate_zeroed(sizeof(*opened));
    enum status status;

    opened->options = *options;
    status = open_listener(opened, error, error_bytes);
    if (status == STATUS_OK) {
        status = open_http(opened, error, error_bytes);
    }
    if (status != STATUS_OK) {
        entrance_close(opened);
        return status;
    }
    *entrance = opened;
    return STATUS_OK;
}

void entrance_start(struct entrance *entrance)
{
    listener_start(entrance->listener);
}

void entrance_stop(struct entrance *entrance)
{
    if (entrance->listener != NULL) {
        listener_stop(entrance->listener);
    }
}

void entrance_accept_waiting(struct entrance *entrance)
{
    if (entrance->listener != NULL) {
        listener_accept_waiting(entrance->listener);
    }
}

void entrance_close(struct entrance *entrance)
{
    if (entrance == NULL) {
        return;
    }
    http_close(entrance->http);
    listener_close(entrance->listener);
    memory_free(entrance);
}

bool entrance_reopen(struct entrance *entrance, char *error, size_t error_bytes)
{
    listener_close(entrance->listener);
    entrance->listener = NULL;
    if (open_listener(entrance, error, error_bytes) != STATUS_OK) {
        return false;
    }
    listener_start(entrance->listener);
    return true;
}

bool entrance_reopen_http(struct entrance *entrance, char *error, size_t error_bytes)
{
    http_close(entrance->http);
    entrance->http = NULL;
    return open_http(entrance, error, error_bytes) == STATUS_OK;
}

void entrance_set_keepalive(struct entrance *entrance, int keepalive_s)
{
    if (entrance->listener != NULL) {
        listener_set_keepalive(entrance->listener, keepalive_s);
    }
}
