/* Streams: items by id, always as rows, under one head that the key's entry holds. Groups: stream_group.h.
 *
 * Adding an item costs the same in a stream of any length; deleting and trimming cost what they delete. Life:
 * stream_open, edits, stream_commit after each edit but those of groups' rows. There is nothing to close. A stream
 * without items stays. */
#ifndef STORAGE_VALUE_STREAM_STORE_H
#define STORAGE_VALUE_STREAM_STORE_H

#include "storage/keyspace/keyspace.h"
#include "storage/value/stream_span.h"

struct stream {
    struct keyspace *keyspace;
    uint32_t db;
    struct slice key;   /* Borrowed from the caller. */
    struct entry entry; /* Its body is stale; `head` has it. */
    struct stream_head head;
    bool was_there;
};

/* When Redis' form of a node is full, by its directives stream-node-max-*; 0 is no limit of that kind. Above
 * STREAM_NODE_BYTES_CEILING there is that one. */
struct stream_node_limits {
    uint64_t entries;
    uint64_t bytes;
};
#define STREAM_NODE_BYTES_CEILING (1u << 30)
#define STREAM_NODE_LIMITS        ((struct stream_node_limits){.entries = 100, .bytes = 4096})

/* Open the stream under `key`. Also with STATUS_NOT_FOUND it is open and empty, and stream_commit() creates it.
 *   STATUS_NOT_FOUND, STATUS_WRONG_TYPE. */
MUST_CHECK enum status stream_open(struct keyspace *keyspace, uint32_t db, struct slice key, struct stream *stream);
/* Begin an empty stream that will replace whatever is under `key` when it is committed. */
void stream_begin(struct keyspace *keyspace, uint32_t db, struct slice key, uint64_t expire_at_ms,
                  struct stream *stream);
/* Open the stream that `entry` is known to be, under a key whose entry it is, to be read only. */
void stream_look(struct keyspace *keyspace, uint32_t db, struct slice key, const struct entry *entry,
                 struct stream *stream);
/* Write the head back. */
void stream_commit(struct stream *stream);

static inline uint64_t stream_count(const struct stream *stream)
{
    return stream->head.items.count;
}

/* The begin of its rows of one part. */
void stream_prefix(const struct stream *stream, enum keycode_stream_part part, struct keycode *prefix);

/* Add an item behind all others; `words` are its fields and values, `word_count` of them and even. `id` is past the
 * last id. They must not point into the keyspace. */
void stream_append(struct stream *stream, struct stream_id id, const struct slice *words, size_t word_count,
                   const struct stream_node_limits *limits);
/* The value of an item (see stream_item_decode), borrowed until the next write. */
bool stream_find(const struct stream *stream, struct stream_id id, struct slice *value);
static inline bool stream_contains(const struct stream *stream, struct stream_id id)
{
    struct slice value;

    return stream_find(stream, id, &value);
}
/* False if it was not there. The greatest deleted id stays the caller's. */
bool stream_delete(struct stream *stream, struct stream_id id);

struct stream_trim {
    bool by_id;             /* Else by count. */
    uint64_t count;         /* Keep this many of the newest, */
    struct stream_id id;    /* or those from this id on. */
    bool is_approximate;    /* Only whole nodes, */
    uint64_t deletions_max; /* and at most as many items; 0 for any number. */
};
/* Delete the oldest items; how many they were. */
uint64_t stream_trim(struct stream *stream, const struct stream_trim *trim);

/* Walk over the items. */
void stream_items_begin(const struct stream *stream, const struct stream_range *range, struct stream_walk *walk);

/* How many items were ever added up to and with `id`, or STREAM_READ_COUNT_UNKNOWN if deletions leave it open. */
int64_t stream_estimate_reads(const struct stream *stream, struct stream_id id);
/* Whether something between `start` and the end may have been deleted. */
bool stream_has_gaps(const struct stream *stream, struct stream_id start);

#endif
