/* Writing an RDB file, or one value as DUMP has it, out of what a key_visitor is told.
 *
 * The types are few: 0, 1, 2, 4, 5, and of streams 15 with version 9 (Redis 5), or 19, with their counters, with
 * version 10 (Redis 7.0); a reader makes its own compact encodings of them. Memory: the longest element, and what a
 * stream's group has pending. */
#ifndef STORAGE_RDB_RDB_WRITE_H
#define STORAGE_RDB_RDB_WRITE_H

#include "storage/keyspace/key_visitor.h"
#include "storage/rdb/rdb_format.h"
#include "storage/rdb/rdb_output.h"

/* Items of a stream in one node, and what they may come to beside one alone. The count of nodes stands before the
 * first, so items are told twice (stream_plan); where they are not, nodes are cut by the count of items alone. Redis
 * makes them of up to 4 KB or 100. */
#define RDB_STREAM_NODE_ITEMS     32
#define RDB_STREAM_NODE_BYTES     (16u * 1024 * 1024)
#define RDB_STREAM_NODE_BYTES_MAX (1024u * 1024 * 1024)

/* Where the bytes go, in order. */
struct rdb_sink {
    enum status (*write)(void *context, const struct slice *pieces, size_t count);
    void *context;
};

/* How far a node has come: both passes over a stream's items cut at the same places. */
struct rdb_stream_cut {
    uint64_t item_count;
    uint64_t bytes;
};

/* A stream under way: rdb_write_stream.c. */
struct rdb_stream_writer {
    struct rdb_stream_cut plan; /* Of the first pass, */
    uint64_t planned_nodes;     /* and how many nodes it has come to; 0 if there was none. */
    struct rdb_stream_cut cut;  /* Of the second one. */
    uint64_t node_items;        /* In the node under way. */
    struct stream_id node_id;   /* Of its first item. */
    struct rdb_listpack items;  /* All after the node's own entry. */
    struct rdb_listpack master; /* The node's fields. */
    struct rdb_listpack node;   /* Scratch: the two as one. */
    struct rdb_listpack fields; /* Scratch: the fields of an item, to compare. */
    uint64_t group_count;
    uint64_t pending_count; /* Of the group under way. */
    uint64_t consumer_count;
    uint64_t owned_count;  /* Of the consumer under way. */
    struct buf groups;     /* Finished groups. */
    struct buf group_head; /* Name and counters of the group under way. */
    struct buf pending;
    struct buf consumers; /* Finished consumers. */
    struct buf consumer_head;
    struct buf owned;
};

struct rdb_writer {
    struct rdb_sink sink;    /* write is NULL: everything stays in `out`. */
    struct buf out;          /* Not yet given to the sink. */
    uint64_t crc;            /* Of what was given to the sink. */
    uint64_t written_bytes;  /* Given to the sink. */
    uint32_t version;        /* 9 or 10. */
    bool is_value;           /* A value alone: no db, expiry or name. */
    int64_t db;              /* Selected; -1 none yet. */
    uint64_t promised_count; /* Elements of the key under way, as it was begun with. */
    uint64_t told_count;
    uint64_t key_count;
    enum entry_type type;
    struct rdb_stream_writer stream;
};

/* A file: `sink` is copied, `version` is 9 or 10. */
void rdb_writer_init_file(struct rdb_writer *writer, const struct rdb_sink *sink, uint32_t version);
/* One value, that gathers in writer->out: DUMP. */
void rdb_writer_init_value(struct rdb_writer *writer, uint32_t version);
void rdb_writer_release(struct rdb_writer *writer);

/* Magic and version; before everything else. */
void rdb_write_header(struct rdb_writer *writer);
void rdb_write_aux(struct rdb_writer *writer, const char *name, struct slice value);
/* The visitor that writes. Keys must come with their counts, in order of their dbs; an error ends it.
 *   STATUS_CORRUPT  A key had another count of elements than it was begun with.
 *   STATUS_TOO_BIG  An item of a stream, or the items of a node without a plan, are too long. And what the sink gave.
 */
struct key_visitor rdb_writer_visitor(struct rdb_writer *writer);
/* The file's end and checksum; all has been given to the sink. */
MUST_CHECK enum status rdb_write_end(struct rdb_writer *writer);

/* Append DUMP's footer to the value that stands in `out` from byte `begin` on: RDB_VERSION_WRITTEN and the checksum. */
void rdb_put_value_footer(struct buf *out, size_t begin);
/* Check DUMP's footer and store what stands before it in `*body`: type byte and value.
 *   STATUS_CORRUPT  Checksum or length are wrong, or it is of a version later than is known. */
MUST_CHECK enum status rdb_check_value_footer(struct slice payload, struct slice *body);

/* For rdb_write_stream.c and rdb_write.c alone. */
void rdb_stream_writer_init(struct rdb_stream_writer *stream);
void rdb_stream_writer_release(struct rdb_stream_writer *stream);
void rdb_stream_writer_begin(struct rdb_stream_writer *stream);
void rdb_stream_writer_visit(struct key_visitor *visitor);
MUST_CHECK enum status rdb_stream_writer_end(struct rdb_writer *writer);
/* Give `out` to the sink if it has grown long. */
MUST_CHECK enum status rdb_writer_flush_if_long(struct rdb_writer *writer);

#endif
