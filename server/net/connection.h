/* Connections: bytes in, bytes out, and replies that wait until what they tell is durable.
 *
 * A connection knows nothing of commands. Its owner is told of bytes that came, appends to its output, and says up to
 * which log offset that output reveals changes; what it reveals leaves only when that offset is released (P1). All
 * output of a loop turn leaves in one write at the turn's end.
 *
 * Invariants:
 * D1  A byte leaves only if every change that it acknowledges or reveals has been released (connections_turn.released).
 * D2  Bytes leave in the order in which they were appended.
 * D3  Releasing costs what is released, however many connections there are (hold.h).
 *
 * Event loop only. */
#ifndef SERVER_NET_CONNECTION_H
#define SERVER_NET_CONNECTION_H

#include "base/buf.h"
#include "server/net/transport.h"
#include <stdint.h>

struct connection;  /* Opaque; owned by its set, which frees it at the end of the turn in which it was closed. */
struct connections; /* Opaque; owned by server. */
struct event_base;

struct connection_handler {
    /* `input` is all that came and was not consumed yet. Returns how many bytes of it are done with. */
    size_t (*input)(void *context, struct slice input);
    /* How many bytes beyond `input_len` the unfinished request needs at least, as far as is known; 0 is unknown. */
    size_t (*missing)(void *context, size_t input_len);
    /* It is going to be freed: the peer closed, an error, a limit, or connection_close(). Called once, at the end of
     * the turn or in connections_free(). */
    void (*closed)(void *context);
    void *context;
};

/* Output that makes itself as the socket takes it: a replica's feed. Appends about `limit` bytes to `out`; nothing
 * appended means: ask again after connection_wake(). */
struct connection_source {
    void (*produce)(void *context, size_t limit, struct buf *out);
    void *context;
};

/* Redis' client-output-buffer-limit: closed at once above `hard_bytes`, or after `soft_seconds` above `soft_bytes`;
 * 0 is no limit. */
struct connection_limit {
    uint64_t hard_bytes;
    uint64_t soft_bytes;
    uint32_t soft_seconds;
};

struct connections_statistics {
    uint64_t input_bytes;
    uint64_t output_bytes;
    uint64_t reads;
    uint64_t writes;
    uint64_t output_limit_closes;
    uint64_t query_limit_closes;
};

/* Output of more than BUF_MEMORY_BYTES_MAX waits in a file in `spill_folder`; NULL: in memory. */
struct connections *connections_create(struct event_base *base, const char *spill_folder);
/* Close all. */
void connections_free(struct connections *connections);
const struct connections_statistics *connections_get_statistics(const struct connections *connections);
void connections_reset_statistics(struct connections *connections);
/* client-query-buffer-limit. */
void connections_set_query_limit(struct connections *connections, uint64_t bytes);

/* Take `transport` and begin to read. `*handler` is copied. */
struct connection *connection_open(struct connections *connections, const struct transport *transport,
                                   const struct connection_handler *handler);
/* Close at the end of the turn; nothing more is read or written. Harmless when closed already. */
void connection_close(struct connection *connection);
/* Close when the output has left; nothing more is read. */
void connection_close_after_output(struct connection *connection);
bool connection_is_closing(const struct connection *connection);

/* Where replies go. Call connection_touch() in the turn in which something was appended. */
struct buf *connection_output(struct connection *connection);
void connection_touch(struct connection *connection);
/* All that is in the output now, or will be at the end of the turn, reveals changes up to log offset `offset`. */
void connection_hold(struct connection *connection, uint64_t offset);

/* Whether some of the output waits for an offset. */
bool connection_is_held(const struct connection *connection);

/* From now on output comes from `source` too. `*source` is copied. */
void connection_set_source(struct connection *connection, const struct connection_source *source);
/* The source may have more. */
void connection_wake(struct connection *connection);
void connection_set_output_limit(struct connection *connection, const struct connection_limit *limit);

/* Stop reading from the socket, so that the peer feels it, and go on. */
void connection_pause(struct connection *connection);
void connection_resume(struct connection *connection);
/* Stop until no more than `len` bytes of output wait, then go on by itself and show the input again. */
void connection_wait_for_reader(struct connection *connection, size_t len);
/* Show the input that waits to the handler again, at the end of this turn's reading (see connections_process()). */
void connection_process_again(struct connection *connection);

/* What it costs, for CLIENT LIST. */
struct connection_usage {
    size_t input_len;   /* Bytes that wait, */
    size_t input_bytes; /* and memory for them. */
    size_t output_len;  /* The same; what waits in a file has no memory. */
    size_t output_bytes;
    size_t output_peak;  /* The most that waited at the end of a turn in the last second or two. */
    size_t memory_bytes; /* Of all. */
};
void connection_measure(const struct connection *connection, struct connection_usage *usage);
/* When output last left; 0: never. */
uint64_t connection_sent_us(const struct connection *connection);
int connection_fd(const struct connection *connection);

/* The turn: what connection_process_again() asked for until now, for a few ms. The rest, and what is asked for
 * meanwhile, is for the next turn. */
void connections_process(struct connections *connections);
/* The turn's end: put holds on what was appended, write what may leave, and free what was closed. */
struct connections_turn {
    uint64_t released; /* Up to where changes may be shown: dispatch_shown_offset(), */
    uint64_t end;      /* and the log's end, when all of the turn's commands had run. */
    uint64_t now_us;   /* Monotonic. */
};
void connections_flush(struct connections *connections, const struct connections_turn *turn);
/* Amid a turn, from within the handler of `busy` (NULL for none): read from all other connections that have something,
 * show it to their handlers, and write what may leave. What reveals the turn's end waits for that. */
void connections_serve_others(struct connections *connections, const struct connection *busy,
                              const struct connections_turn *turn);
/* Let all output leave that waits for an offset: the log that it belonged to is gone. */
void connections_let_go(struct connections *connections);
/* Once a second or so: soft limits, and memory of idle connections. */
void connections_tick(struct connections *connections, uint64_t now_us);
/* Whether the next turn has work although no event may come. */
bool connections_have_work(const struct connections *connections);

#endif
