/* Codes of what a stream keeps: its head (the entry's body), items, nodes, groups, consumers and pending entries.
 * Layout: docs/formats/keyspace.md. All here is pure. Decoders are false, with the outputs undefined, for damage. */
#ifndef STORAGE_VALUE_STREAM_CODE_H
#define STORAGE_VALUE_STREAM_CODE_H

#include "base/buf.h"
#include "storage/keyspace/keycode.h"
#include "storage/value/stream_id.h"

/* Rows that are keyed by ids: how many, and the outermost. */
struct stream_span {
    uint64_t count;
    struct stream_id first; /* 0-0 when there are none, as `last`. */
    struct stream_id last;
};

/* A run of items that were added one after the other, as Redis packs them together: XTRIM's "~" drops whole ones. */
struct stream_node {
    struct stream_id first_id; /* Of the first item that was added to it, there or not. */
    struct stream_id last_id;  /* Likewise of the last. */
    uint64_t entry_count;      /* Added to it. */
    uint64_t alive_count;      /* Of these, not deleted; at least 1. */
    uint64_t bytes;            /* That Redis' form of it would take. */
    uint64_t fields_hash;      /* Of the first item's fields. */
};

struct stream_head {
    struct stream_id last_id;
    struct stream_id greatest_deleted_id;
    uint64_t added_count;
    uint64_t last_group; /* The greatest number that a group ever had. */
    uint64_t group_count;
    struct stream_span items;
    struct stream_span nodes; /* All but the newest; ids are their first_id. */
    struct stream_node tail;  /* The newest; alive_count 0 when there is none. */
};

struct stream_group {
    struct slice name; /* Borrowed. */
    uint64_t number;
    struct stream_id last_id;
    int64_t read_count; /* -1: not known. */
    uint64_t consumer_count;
    uint64_t last_consumer; /* The greatest number that a consumer ever had. */
    struct stream_span pending;
};

struct stream_consumer {
    struct slice name; /* Borrowed. */
    uint64_t number;
    uint64_t seen_ms;
    struct stream_span pending;
};

/* An item that was delivered and not acknowledged. */
struct stream_pending {
    uint64_t consumer; /* Number. */
    uint64_t delivered_ms;
    uint64_t delivery_count;
};

#define STREAM_READ_COUNT_UNKNOWN (-1)

/* All numbers and ids of a head, a group or a consumer take less. */
#define STREAM_HEAD_BYTES_MAX 256

struct slice stream_head_encode(const struct stream_head *head, char to[STREAM_HEAD_BYTES_MAX]);
MUST_CHECK bool stream_head_decode(struct slice body, struct stream_head *head);

struct slice stream_node_encode(const struct stream_node *node, char to[STREAM_HEAD_BYTES_MAX]);
/* All but first_id, which is in the key. */
MUST_CHECK bool stream_node_decode(struct slice value, struct stream_node *node);

/* Groups and consumers but their names, which are in the key (storage/keyspace/field.h). */
struct slice stream_group_encode(const struct stream_group *group, char to[STREAM_HEAD_BYTES_MAX]);
MUST_CHECK bool stream_group_decode(struct slice value, struct stream_group *group);
struct slice stream_consumer_encode(const struct stream_consumer *consumer, char to[STREAM_HEAD_BYTES_MAX]);
MUST_CHECK bool stream_consumer_decode(struct slice value, struct stream_consumer *consumer);
struct slice stream_pending_encode(const struct stream_pending *pending, char to[STREAM_HEAD_BYTES_MAX]);
MUST_CHECK bool stream_pending_decode(struct slice value, struct stream_pending *pending);

/* Split an item's value into its count of fields and the run of its words (storage/keyspace/packed.h). */
MUST_CHECK bool stream_item_decode(struct slice value, uint64_t *field_count, struct slice *words);

/* An id as the last 16 bytes of a key. */
void stream_id_put(char to[STREAM_ID_BYTES], struct stream_id id);
struct stream_id stream_id_get(const char from[STREAM_ID_BYTES]);

#endif
