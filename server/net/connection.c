/* Reading. All connections share one block to read into: a whole request is parsed there and leaves no trace in its
 * connection's memory; only the beginning of an unfinished one is copied to the connection's own buffer. Ten thousand
 * idle clients cost no read buffers, and a busy one always reads into warm cache.
 *
 * Writing. connections_flush() runs once per loop turn and writes each connection's output in one call. A socket that
 * is full gets a write event; one that never is, never costs an epoll_ctl. */
#include "base/assert.h"
#include "base/diag.h"
#include "base/memory.h"
#include "server/net/connection_parts.h"
#include <errno.h>

#define READ_BYTES_MIN    (16u * 1024)   /* Room to read into for an unfinished request, at least, */
#define READ_BYTES_MAX    (1024u * 1024) /* and at most. */
#define KEEP_INPUT_BYTES  (16u * 1024)   /* Memory that an emptied buffer keeps while its connection is busy. */
#define OUTPUT_BYTES_FREE (16u * 1024)   /* Limits count no less, as in Redis: it is each client's own. */
#define KEEP_OUTPUT_BYTES (256u * 1024)
#define PUSHED_BYTES_MAX  (64u * 1024 * 1024) /* In memory, where there can be no file. */
#define PRODUCE_BYTES     (256u * 1024)       /* Asked from a source at a time. */

bool connection_is_closing(const struct connection *connection)
{
    return list_node_is_linked(&connection->closing_node);
}

void connection_close(struct connection *connection)
{
    if (connection_is_closing(connection)) {
        return;
    }
    event_del(&connection->read_event);
    event_del(&connection->write_event);
    list_append(&connection->connections->closing, &connection->closing_node);
}

void connection_close_after_output(struct connection *connection)
{
    connection->is_last_output = true;
    event_del(&connection->read_event);
    connection_touch(connection);
}

/* --- Reading --- */

static void set_writing(struct connection *connection, bool is_writing)
{
    if (connection->is_writing == is_writing) {
        return;
    }
    connection->is_writing = is_writing;
    (void)(is_writing ? event_add(&connection->write_event, NULL) : event_del(&connection->write_event));
}

/* Give the handler what there is. Afterwards what it did not take is in the connection's own buffer. */
void connection_show_input(struct connection *connection, struct slice input, bool is_own)
{
    size_t consumed = connection->handler.input(connection->handler.context, input);

    if (is_own) {
        buf_consume(&connection->input, consumed);
    } else if (consumed < input.len && buf_append(&connection->input, slice_after(input, consumed)) != STATUS_OK) {
        diag(DIAG_WARNING, "closing a client: no memory for %zu bytes of its request", input.len - consumed);
        connection_close(connection);
    }
    if (connection->input.len == 0 && connection->input.capacity > KEEP_INPUT_BYTES) {
        buf_release(&connection->input);
    }
    if (connection->input.len > connection->connections->query_limit) {
        diag(DIAG_WARNING, "closing a client that reached max query buffer length: %zu bytes wait",
             connection->input.len);
        connection->connections->statistics.query_limit_closes++;
        connection_close(connection);
    }
}

/* Where the next read goes: the shared block, or behind an unfinished request. 0 if memory is short. */
static size_t choose_room(struct connection *connection, char **to)
{
    size_t wanted;

    if (connection->input.len == 0) {
        *to = connection->connections->read_block;
        return CONNECTION_READ_BYTES;
    }
    wanted = connection->handler.missing(connection->handler.context, connection->input.len);
    if (wanted < READ_BYTES_MIN) {
        wanted = READ_BYTES_MIN;
    } else if (wanted > READ_BYTES_MAX) {
        wanted = READ_BYTES_MAX;
    }
    return buf_reserve(&connection->input, wanted, to) == STATUS_OK ? wanted : 0;
}

static void read_once(struct connection *connection)
{
    struct connections *connections = connection->connections;
    bool is_own = connection->input.len != 0;
    char *to;
    size_t room = choose_room(connection, &to);
    ssize_t len;

    if (room == 0) {
        diag(DIAG_WARNING, "closing a client: no memory to read its request");
        connection_close(connection);
        return;
    }
    len = connection->transport.operations->read(&connection->transport, to, room);
    if (len <= 0) {
        if (len == 0 || (errno != EAGAIN && errno != EINTR)) {
            connection_close(connection);
        }
        return;
    }
    connections->statistics.reads++;
    connections->statistics.input_bytes += (uint64_t)len;
    connection->is_active = true;
    if (is_own) {
        buf_commit(&connection->input, (size_t)len);
    }
    connection_show_input(connection, is_own ? buf_slice(&connection->input) : slice_make(to, (size_t)len), is_own);
}

bool connection_may_read(const struct connection *connection)
{
    return !connection->is_paused && !connection->is_last_output && !connection_is_closing(connection);
}

/* connections_process() reads what the transport has read ahead: once in each turn, so that nobody keeps the loop. */
static void note_ahead(struct connection *connection)
{
    if (connection_may_read(connection) && !list_node_is_linked(&connection->ahead_node) &&
        connection->transport.operations->has_buffered(&connection->transport)) {
        list_append(&connection->connections->ahead, &connection->ahead_node);
    }
}

void connection_read(struct connection *connection)
{
    if (connection->transport.needs & TRANSPORT_WRITE_NEEDS_READABLE) {
        connection_touch(connection);
    }
    read_once(connection);
    if (!connection_is_closing(connection) && connection->transport.needs & TRANSPORT_READ_NEEDS_WRITABLE) {
        set_writing(connection, true);
    }
    note_ahead(connection);
}

static void on_readable(evutil_socket_t fd, short what, void *context)
{
    struct connection *connection = context;

    (void)fd;
    (void)what;
    if (connection_may_read(connection)) {
        connection_read(connection);
    } else { /* It was for the sake of a write. */
        event_del(&connection->read_event);
        connection_touch(connection);
    }
}

void connection_pause(struct connection *connection)
{
    connection->is_paused = true;
    event_del(&connection->read_event);
}

void connection_resume(struct connection *connection)
{
    connection->is_paused = false;
    if (!connection_is_closing(connection) && !connection->is_last_output) {
        event_add(&connection->read_event, NULL);
        note_ahead(connection);
    }
}

void connection_wait_for_reader(struct connection *connection, size_t len)
{
    connection->awaited_len = len;
    connection_pause(connection);
}

static void end_wait_for_reader(struct connection *connection)
{
    if (connection->output.len <= connection->awaited_len && connection->awaited_len != SIZE_MAX) {
        connection->awaited_len = SIZE_MAX;
        connection_resume(connection);
        connection_process_again(connection);
    }
}

void connection_process_again(struct connection *connection)
{
    if (!list_node_is_linked(&connection->again_node)) {
        list_append(&connection->connections->again, &connection->again_node);
    }
}

/* --- Writing --- */

struct buf *connection_output(struct connection *connection)
{
    return &connection->output;
}

void connection_touch(struct connection *connection)
{
    if (!list_node_is_linked(&connection->dirty_node)) {
        list_append(&connection->connections->dirty, &connection->dirty_node);
    }
}

void connection_hold(struct connection *connection, uint64_t offset)
{
    if (offset > connection->hold_offset) {
        connection->hold_offset = offset;
    }
}

void connection_set_source(struct connection *connection, const struct connection_source *source)
{
    connection->source = *source;
    connection_touch(connection);
}

void connection_wake(struct connection *connection)
{
    if (!connection->is_writing) {
        connection_touch(connection);
    }
}

void connection_set_output_limit(struct connection *connection, const struct connection_limit *limit)
{
    connection->limit = *limit;
}

/* Ask the source for more when the output has run low. */
static void produce(struct connection *connection)
{
    if (connection->source.produce != NULL && connection->output.len < PRODUCE_BYTES) {
        connection->source.produce(connection->source.context, PRODUCE_BYTES, &connection->output);
        holds_put(&connection->connections->holds, &connection->holds, 0, connection->sent + connection->output.len, 0);
    }
}

/* Write once; returns whether the socket took everything that may leave. */
static bool write_once(struct connection *connection)
{
    struct connections *connections = connection->connections;
    size_t free_len = (size_t)(connection->holds.free_position - connection->sent);
    ssize_t len;

    if (free_len == 0) {
        return true;
    }
    len = connection->transport.operations->write(&connection->transport,
                                                  slice_first(buf_slice(&connection->output), free_len));
    if (len < 0) {
        if (errno != EAGAIN && errno != EINTR) {
            connection_close(connection);
        }
        return false;
    }
    connections->statistics.writes++;
    connections->statistics.output_bytes += (uint64_t)len;
    connection->is_active = true;
    connection->sent += (uint64_t)len;
    buf_consume(&connection->output, (size_t)len);
    return (size_t)len == free_len;
}

void connection_check_output_limit(struct connection *connection, uint64_t now_us)
{
    const struct connection_limit *limit = &connection->limit;
    size_t len = connection->output.len > OUTPUT_BYTES_FREE ? connection->output.len : 0;
    bool is_above_soft = limit->soft_bytes != 0 && len > limit->soft_bytes;

    if (!is_above_soft) {
        connection->soft_since_us = 0;
    } else if (connection->soft_since_us == 0) {
        connection->soft_since_us = now_us;
    }
    if ((limit->hard_bytes != 0 && len > limit->hard_bytes) ||
        (is_above_soft && now_us - connection->soft_since_us > (uint64_t)limit->soft_seconds * 1000000)) {
        diag(DIAG_WARNING,
             "closing a client that does not read: %zu bytes of output wait, more than "
             "client-output-buffer-limit allows",
             len);
        connection->connections->statistics.output_limit_closes++;
        connection_close(connection);
    }
}

/* Write what may leave, refilled by the source while the socket takes it all: at most a few rounds, so that one fast
 * replica does not keep the loop. */
static void write_out(struct connection *connection)
{
    enum { ROUNDS = 4 };
    bool took_all = true;
    bool is_waiting;
    int round;

    for (round = 0; round < ROUNDS && took_all && !connection_is_closing(connection); round++) {
        produce(connection);
        if (connection->holds.free_position == connection->sent) {
            break;
        }
        took_all = write_once(connection);
    }
    if (connection_is_closing(connection)) {
        return;
    }
    end_wait_for_reader(connection);
    if (connection->output.len == 0) {
        buf_shrink(&connection->output, KEEP_OUTPUT_BYTES);
        if (connection->is_last_output) {
            connection_close(connection);
            return;
        }
    }
    if (connection->transport.needs & TRANSPORT_WRITE_NEEDS_READABLE) {
        event_add(&connection->read_event, NULL);
        is_waiting = false; /* The event would come again and again. */
    } else {
        /* The event also brings a source that has more its next rounds. */
        is_waiting = connection->holds.free_position != connection->sent ||
                     (round == ROUNDS && connection->source.produce != NULL);
    }
    set_writing(connection, is_waiting || connection->transport.needs & TRANSPORT_READ_NEEDS_WRITABLE);
}

static void on_writable(evutil_socket_t fd, short what, void *context)
{
    struct connection *connection = context;

    (void)fd;
    (void)what;
    if (connection->transport.needs & TRANSPORT_READ_NEEDS_WRITABLE && connection_may_read(connection)) {
        connection_read(connection);
    }
    connection_touch(connection);
}

/* Output that has no file to wait in must not take all memory instead. What a client's own requests make of it ends by
 * not reading more of them; what others send it would not. */
static void check_output_place(struct connection *connection)
{
    bool is_pushed = !connection->is_paused && connection->output.len > PUSHED_BYTES_MAX;

    if (buf_is_lost(&connection->output) || (buf_lacks_file(&connection->output) && is_pushed)) {
        diag(DIAG_WARNING, "closing a client that does not read: no room on disk for the %zu bytes of output that wait",
             connection->output.len);
        connection->connections->statistics.output_limit_closes++;
        connection_close(connection);
    }
}

/* The turn's output is complete. What it reveals is in the turn's batch at the latest, and batches are released whole:
 * to wait for the batch's end costs nothing, and keeps the holds of a turn in order whatever order connections come in.
 */
void connection_flush(struct connection *connection, const struct connections_turn *turn)
{
    uint64_t offset = connection->hold_offset > turn->released ? turn->end : 0;

    holds_put(&connection->connections->holds, &connection->holds, offset, connection->sent + connection->output.len,
              turn->released);
    connection->hold_offset = 0;
    if (connection->output.len > connection->output_peak) {
        connection->output_peak = connection->output.len;
    }
    if (connection->limit.hard_bytes != 0 || connection->limit.soft_bytes != 0) {
        connection_check_output_limit(connection,
                                      turn->now_us); /* Before it is written: one reply may be too long by itself. */
    }
    if (connection->output.len > BUF_MEMORY_BYTES_MAX) {
        check_output_place(connection);
    }
    if (!connection_is_closing(connection)) {
        uint64_t sent = connection->sent;

        write_out(connection);
        connection->sent_us = connection->sent == sent ? connection->sent_us : turn->now_us;
    }
}

bool connection_is_held(const struct connection *connection)
{
    return connection->holds.first != NULL || connection->hold_offset != 0;
}

/* --- Life --- */

struct connection *connection_open(struct connections *connections, const struct transport *transport,
                                   const struct connection_handler *handler)
{
    struct connection *connection = memory_allocate_zeroed(sizeof(*connection));

    connection->connections = connections;
    connection->transport = *transport;
    connection->handler = *handler;
    connection->awaited_len = SIZE_MAX;
    buf_init(&connection->input, BUF_NO_CEILING);
    buf_init(&connection->output, BUF_NO_CEILING);
    buf_allow_spill(&connection->output, connections->spill_folder);
    list_node_init(&connection->dirty_node);
    list_node_init(&connection->again_node);
    list_node_init(&connection->ahead_node);
    list_node_init(&connection->closing_node);
    list_append(&connections->all, &connection->all_node);
    event_assign(&connection->read_event, connections->base, transport->fd, EV_READ | EV_PERSIST, on_readable,
                 connection);
    event_assign(&connection->write_event, connections->base, transport->fd, EV_WRITE | EV_PERSIST, on_writable,
                 connection);
    event_add(&connection->read_event, NULL);
    note_ahead(connection);
    return connection;
}

void connection_measure(const struct connection *connection, struct connection_usage *usage)
{
    bool has_grown = connection->output_peak > connection->last_output_peak;

    usage->input_len = connection->input.len;
    usage->input_bytes = connection->input.capacity;
    usage->output_len = connection->output.len;
    usage->output_bytes = buf_memory_bytes(&connection->output);
    usage->output_peak = has_grown ? connection->output_peak : connection->last_output_peak;
    usage->memory_bytes = sizeof(*connection) + usage->input_bytes + usage->output_bytes;
}

uint64_t connection_sent_us(const struct connection *connection)
{
    return connection->sent_us;
}

int connection_fd(const struct connection *connection)
{
    return connection->transport.fd;
}
