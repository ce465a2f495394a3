#include "server/net/transport.h"
#include <sys/socket.h>
#include <unistd.h>

static ssize_t read_socket(struct transport *transport, char *to, size_t len)
{
    return recv(transport->fd, to, len, 0);
}

static ssize_t write_socket(struct transport *transport, struct slice bytes)
{
    return send(transport->fd, bytes.data, bytes.len, MSG_NOSIGNAL);
}

static bool has_buffered(struct transport *transport)
{
    (void)transport;
    return false;
}

static void close_socket(struct transport *transport)
{
    (void)close(transport->fd);
    transport->fd = -1;
}

void transport_init_socket(struct transport *transport, int fd)
{
    static const struct transport_operations operations = {
        .read = read_socket,
        .write = write_socket,
        .has_buffered = has_buffered,
        .close = close_socket,
    };

    *transport = (struct transport){.operations = &operations, .fd = fd};
}
