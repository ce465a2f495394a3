/* Whole keyspaces told key by key, element by element: the one shape that what reads them (RDB files, environments) and
 * what makes something of them (RDB files, JSON, commands, environments) agree on.
 *
 * A key of any size is told in the memory of its longest element. */
#ifndef STORAGE_KEYSPACE_KEY_VISITOR_H
#define STORAGE_KEYSPACE_KEY_VISITOR_H

#include "base/status.h"
#include "storage/keyspace/entry.h"
#include "storage/value/stream_id.h"

#define KEY_VISIT_COUNT_UNKNOWN UINT64_MAX

struct key_visit {
    uint32_t db;
    struct slice name;
    enum entry_type type;
    uint64_t expire_at_ms; /* 0: none. Past times are given as they are. */
    uint64_t count;        /* Elements to come; of a stream, items. KEY_VISIT_COUNT_UNKNOWN. */
};

struct key_visit_stream {
    uint64_t item_count;
    struct stream_id last_id;
    /* Of files of Redis 7 and later; else has_counters is false and these are 0. */
    bool has_counters;
    struct stream_id first_id;
    struct stream_id greatest_deleted_id;
    uint64_t added_count;
};

/* What is told. Slices are borrowed for the call. A status other than STATUS_OK ends the walk with it.
 *
 * Of a key: key_begin, then its elements in order by the one function of its type, then key_end. A list, set, hash or
 * sorted set without elements is not told at all. Elements that are there twice are told twice. */
struct key_visitor {
    void *context;
    enum status (*aux)(void *context, struct slice name, struct slice value); /* May be NULL. */
    /* A function library's source; NULL: what has one is refused. */
    enum status (*function)(void *context, struct slice code);
    enum status (*key_begin)(void *context, const struct key_visit *key);
    enum status (*string)(void *context, struct slice value);
    enum status (*list_item)(void *context, struct slice value); /* From the left. */
    enum status (*set_member)(void *context, struct slice member);
    enum status (*hash_field)(void *context, struct slice field, struct slice value);
    enum status (*zset_member)(void *context, struct slice member, double score);
    /* Items in order; `words` are field, value, field, ... Then the stream itself, its groups, and after each group its
     * consumers, after each consumer what it has pending. */
    enum status (*stream_item)(void *context, struct stream_id id, const struct slice *words, size_t count);
    /* All items once before, for who must know what comes. May be NULL, and not every teller can. */
    enum status (*stream_plan)(void *context, struct stream_id id, const struct slice *words, size_t count);
    enum status (*stream_facts)(void *context, const struct key_visit_stream *stream);
    enum status (*stream_group)(void *context, struct slice name, struct stream_id last_id,
                                int64_t read_count); /* read_count -1: not known. */
    enum status (*stream_consumer)(void *context, struct slice name, uint64_t seen_ms, uint64_t active_ms);
    enum status (*stream_pending)(void *context, struct stream_id id, uint64_t delivered_ms, uint64_t delivery_count);
    enum status (*key_end)(void *context);
};

/* One that lets all pass, libraries too: to read everything and look at little. Take a copy and set what counts. */
extern const struct key_visitor key_visitor_passing;

#endif
