/* What a connection and the set of them are made of: connection.c and connections.c only. */
#ifndef SERVER_NET_CONNECTION_PARTS_H
#define SERVER_NET_CONNECTION_PARTS_H

#include "base/list.h"
#include "server/net/connection.h"
#include "server/net/event_embed.h"
#include "server/net/hold.h"

#define CONNECTION_READ_BYTES (64u * 1024) /* Of the block that all share. */

struct connections {
    struct event_base *base; /* Borrowed. */
    struct list all;
    struct list dirty; /* Have something to flush. */
    struct list again; /* Want their input shown again. */
    struct list ahead; /* Can be read although no event may come: their transport has read ahead. */
    struct list closing;
    struct holds holds;
    char *read_block;   /* READ_BYTES, shared. */
    char *spill_folder; /* NULL: output stays in memory. */
    uint64_t query_limit;
    struct connections_statistics statistics;
};

struct connection {
    struct connections *connections;
    struct transport transport;
    struct connection_handler handler;
    struct connection_source source; /* produce NULL when there is none. */
    struct event read_event;
    struct event write_event;
    struct buf input; /* Begins with the unfinished request. */
    struct buf output;
    uint64_t sent;           /* Bytes that left since the connection began, */
    uint64_t sent_us;        /* and when the last ones did. */
    uint64_t hold_offset;    /* What this turn's output reveals; 0 nothing. */
    struct hold_queue holds; /* Keeps output back until its offset is released. */
    struct connection_limit limit;
    size_t output_peak;      /* Since the last tick, */
    size_t last_output_peak; /* and between the two before. */
    size_t awaited_len;      /* connection_wait_for_reader(): go on when no more output waits; SIZE_MAX: does not. */
    uint64_t soft_since_us;  /* Above the soft limit since then; 0 when not. */
    uint64_t active_us;
    struct list_node all_node;
    struct list_node dirty_node;
    struct list_node again_node;
    struct list_node ahead_node;
    struct list_node closing_node;
    bool is_active;  /* Did something since the last tick. */
    bool is_writing; /* write_event is added. */
    bool is_paused;
    bool is_last_output; /* Close when the output is empty. */
};

/* Whether requests may be read from it now. */
bool connection_may_read(const struct connection *connection);
/* Read once, and show what there is. */
void connection_read(struct connection *connection);
/* Give the handler `input`, which is the connection's own buffer or stands in the shared block. */
void connection_show_input(struct connection *connection, struct slice input, bool is_own);
/* The turn's output is complete: hold it, and write what may leave. */
void connection_flush(struct connection *connection, const struct connections_turn *turn);
/* Close if more output waits than client-output-buffer-limit allows. */
void connection_check_output_limit(struct connection *connection, uint64_t now_us);

#endif
