#include "server/net/transport_tls.h"
#include "base/tls/tls_stream.h"
#include <unistd.h>

/* Remember what an operation that returned `len` waits for, if it is not what anyone would expect. */
static void note_need(struct transport *transport, ssize_t len, enum tls_need unexpected, uint32_t need)
{
    transport->needs &= ~need;
    if (len < 0 && tls_stream_needs(transport->state) == unexpected) {
        transport->needs |= need;
    }
}

static ssize_t read_tls(struct transport *transport, char *to, size_t len)
{
    ssize_t got = tls_stream_read(transport->state, to, len);

    note_need(transport, got, TLS_NEEDS_WRITABLE, TRANSPORT_READ_NEEDS_WRITABLE);
    return got;
}

static ssize_t write_tls(struct transport *transport, struct slice bytes)
{
    ssize_t put = tls_stream_write(transport->state, bytes);

    note_need(transport, put, TLS_NEEDS_READABLE, TRANSPORT_WRITE_NEEDS_READABLE);
    return put;
}

static bool has_buffered_tls(struct transport *transport)
{
    return tls_stream_has_buffered(transport->state);
}

static void close_tls(struct transport *transport)
{
    tls_stream_close(transport->state);
    (void)close(transport->fd);
    transport->state = NULL;
    transport->fd = -1;
}

void transport_init_tls(struct transport *transport, int fd, struct tls_stream *stream)
{
    static const struct transport_operations operations = {
        .read = read_tls,
        .write = write_tls,
        .has_buffered = has_buffered_tls,
        .close = close_tls,
    };

    *transport = (struct transport){.operations = &operations, .fd = fd, .state = stream};
}
