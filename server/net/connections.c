/* All connections as one: what a turn of the loop does with those that have something to do, which are in lists, so
 * that those that have not cost nothing. */
#include "base/clock.h"
#include "base/memory.h"
#include "server/net/connection_parts.h"

#define PROCESS_US 2000u    /* Of a turn, for input that is shown again. */
#define IDLE_US    2000000u /* After which a connection's empty buffers are freed. */

/* holds.released: the connection has something to send. */
static void on_released(struct holds *holds, struct hold_queue *queue)
{
    (void)holds;
    connection_touch(LIST_ENTRY(queue, struct connection, holds));
}

struct connections *connections_create(struct event_base *base, const char *spill_folder)
{
    struct connections *connections = memory_allocate_zeroed(sizeof(*connections));

    connections->base = base;
    connections->spill_folder = spill_folder == NULL ? NULL : memory_copy_text(spill_folder);
    list_init(&connections->all);
    list_init(&connections->dirty);
    list_init(&connections->again);
    list_init(&connections->ahead);
    list_init(&connections->closing);
    holds_init(&connections->holds, on_released);
    connections->read_block = memory_allocate(CONNECTION_READ_BYTES);
    connections->query_limit = UINT64_MAX;
    return connections;
}

static void destroy(struct connection *connection)
{
    struct connections *connections = connection->connections;

    connection->handler.closed(connection->handler.context);
    event_del(&connection->read_event);
    event_del(&connection->write_event);
    holds_drop(&connections->holds, &connection->holds);
    connection->transport.operations->close(&connection->transport);
    list_remove(&connection->all_node);
    list_remove(&connection->dirty_node);
    list_remove(&connection->again_node);
    list_remove(&connection->ahead_node);
    list_remove(&connection->closing_node);
    buf_release(&connection->input);
    buf_release(&connection->output);
    memory_free(connection);
}

void connections_free(struct connections *connections)
{
    if (connections == NULL) {
        return;
    }
    while (!list_is_empty(&connections->all)) {
        destroy(LIST_ENTRY(connections->all.head.next, struct connection, all_node));
    }
    holds_release_memory(&connections->holds);
    memory_free(connections->read_block);
    memory_free(connections->spill_folder);
    memory_free(connections);
}

const struct connections_statistics *connections_get_statistics(const struct connections *connections)
{
    return &connections->statistics;
}

void connections_reset_statistics(struct connections *connections)
{
    connections->statistics = (struct connections_statistics){0};
}

void connections_set_query_limit(struct connections *connections, uint64_t bytes)
{
    connections->query_limit = bytes;
}

/* --- The turn --- */

/* Once each of those who are there now. */
static void process_ahead(struct list *ahead)
{
    const struct list_node *last = ahead->head.prev;

    for (struct list_node *node = &ahead->head; node != last && !list_is_empty(ahead);) {
        struct connection *connection = LIST_ENTRY(node = ahead->head.next, struct connection, ahead_node);

        list_remove(node);
        if (connection_may_read(connection)) {
            connection_read(connection);
        }
    }
}

/* The same for those whose input is to be shown again; those for whom there is no time are there the next time. */
static void process_again(struct list *again, uint64_t begin_us)
{
    const struct list_node *last = again->head.prev;

    for (struct list_node *node = &again->head;
         node != last && !list_is_empty(again) && clock_monotonic_us() - begin_us <= PROCESS_US;) {
        struct connection *connection = LIST_ENTRY(node = again->head.next, struct connection, again_node);

        list_remove(node);
        if (!connection_is_closing(connection) && !connection->is_last_output) {
            connection_show_input(connection, buf_slice(&connection->input), true);
        }
    }
}

void connections_process(struct connections *connections)
{
    uint64_t begin_us = clock_monotonic_us();

    process_ahead(&connections->ahead);
    process_again(&connections->again, begin_us); /* What was read ahead may ask for this. */
}

static void destroy_closing(struct connections *connections)
{
    while (!list_is_empty(&connections->closing)) {
        destroy(LIST_ENTRY(connections->closing.head.next, struct connection, closing_node));
    }
}

void connections_flush(struct connections *connections, const struct connections_turn *turn)
{
    holds_release(&connections->holds, turn->released);
    while (!list_is_empty(&connections->dirty)) {
        struct connection *connection = LIST_ENTRY(connections->dirty.head.next, struct connection, dirty_node);

        list_remove(&connection->dirty_node);
        if (!connection_is_closing(connection)) {
            connection_flush(connection, turn);
        }
    }
    destroy_closing(connections);
}

/* --- Amid a turn --- */

/* Read once from each that has something. None is freed meanwhile. */
static void read_others(struct connections *connections, const struct connection *busy)
{
    LIST_FOR_EACH(&connections->all, node)
    {
        struct connection *connection = LIST_ENTRY(node, struct connection, all_node);

        if (connection != busy && connection_may_read(connection)) {
            connection_read(connection);
        }
    }
}

static void flush_others(struct connections *connections, const struct connection *busy,
                         const struct connections_turn *turn)
{
    holds_release(&connections->holds, turn->released);
    LIST_FOR_EACH(&connections->dirty, node)
    {
        struct connection *connection = LIST_ENTRY(node, struct connection, dirty_node);

        if (connection != busy && connection->hold_offset <= turn->end) {
            list_remove(&connection->dirty_node);
            if (!connection_is_closing(connection)) {
                connection_flush(connection, turn);
            }
        }
    }
    destroy_closing(connections);
}

void connections_serve_others(struct connections *connections, const struct connection *busy,
                              const struct connections_turn *turn)
{
    char *block = connections->read_block; /* Holds the request of `busy`, and what follows it. */

    connections->read_block = memory_allocate(CONNECTION_READ_BYTES);
    read_others(connections, busy);
    flush_others(connections, busy, turn);
    memory_free(connections->read_block);
    connections->read_block = block;
}

void connections_let_go(struct connections *connections)
{
    holds_release(&connections->holds, UINT64_MAX);
}

bool connections_have_work(const struct connections *connections)
{
    return !list_is_empty(&connections->again) || !list_is_empty(&connections->ahead) ||
           !list_is_empty(&connections->dirty) || !list_is_empty(&connections->closing);
}

/* --- Time --- */

/* Memory of buffers that stand empty is given back once their connection has been idle for a while. */
static void tick(struct connection *connection, uint64_t now_us)
{
    connection->last_output_peak = connection->output_peak;
    connection->output_peak = connection->output.len;
    if (connection->is_active) {
        connection->is_active = false;
        connection->active_us = now_us;
    } else if (now_us - connection->active_us > IDLE_US) {
        if (connection->output.len == 0) {
            buf_release(&connection->output);
        }
        if (connection->input.len == 0) {
            buf_release(&connection->input);
        }
    }
    if (connection->limit.soft_bytes != 0) {
        connection_check_output_limit(connection, now_us);
    }
}

void connections_tick(struct connections *connections, uint64_t now_us)
{
    LIST_FOR_EACH(&connections->all, node)
    {
        struct connection *connection = LIST_ENTRY(node, struct connection, all_node);

        if (!connection_is_closing(connection)) {
            tick(connection, now_us);
        }
    }
}
