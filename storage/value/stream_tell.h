/* Telling a visitor a stream with its groups (key_tell.h), and making one of what a visitor is told (key_load.h). */
#ifndef STORAGE_VALUE_STREAM_TELL_H
#define STORAGE_VALUE_STREAM_TELL_H

#include "storage/keyspace/key_visitor.h"
#include "storage/value/stream_group.h"

/* What lies in an item's value as slices of it, for a visitor. */
struct stream_words {
    struct slice *words; /* Owned. */
    size_t room;
};
/* False for damage. */
MUST_CHECK bool stream_words_read(struct stream_words *words, struct slice value, size_t *count);
void stream_words_release(struct stream_words *words);

/* What is told of a stream itself. */
struct key_visit_stream stream_tell_facts(const struct stream_head *head);

/* Tell all but the key's begin and end. The keyspace must not change meanwhile. */
MUST_CHECK enum status stream_tell(const struct stream *stream, const struct key_visitor *visitor);

/* A stream that is being made. */
struct stream_load {
    struct stream stream; /* Its key is the user's, and must outlive it. */
    bool has_counters;
    /* Groups and consumers are put when the next one begins. */
    struct stream_group group;
    struct stream_consumer consumer;
    bool has_group;
    bool has_consumer;
    struct buf group_name; /* Owned. */
    struct buf consumer_name;
};

/* Begin with an empty one, that will replace what is under the key when it is settled. */
void stream_load_begin(struct stream_load *load, struct keyspace *keyspace, const struct key_visit *key,
                       struct slice name);
/* Write all that is held back: from then on the key is seen. More may follow. */
void stream_load_settle(struct stream_load *load);
/* Free it. */
void stream_load_end(struct stream_load *load);
void stream_load_item(struct stream_load *load, struct stream_id id, const struct slice *words, size_t count);
void stream_load_facts(struct stream_load *load, const struct key_visit_stream *facts);
/* False if it is there twice. */
bool stream_load_group(struct stream_load *load, struct slice name, struct stream_id last_id, int64_t read_count);
bool stream_load_consumer(struct stream_load *load, struct slice name, uint64_t seen_ms);
void stream_load_pending(struct stream_load *load, struct stream_id id, uint64_t delivered_ms, uint64_t delivery_count);

#endif
