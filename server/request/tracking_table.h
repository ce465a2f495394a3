/* Which clients have read which keys: whom to tell when a key changes.
 *
 * A key is told once: who is to hear of the next change has to read it again. Clients are known by id; one that is gone
 * stays in the table until its key changes, is evicted, or grows another time. Event loop only. */
#ifndef SERVER_REQUEST_TRACKING_TABLE_H
#define SERVER_REQUEST_TRACKING_TABLE_H

#include "base/hash_table.h"
#include "base/list.h"
#include "base/slice.h"
#include <stdbool.h>
#include <stdint.h>

/* A key and the clients that read it, in order of id; owned by the table until it is taken. */
struct tracked_key {
    struct hash_node hash_node; /* In table->keys. */
    struct list_node age_node;  /* In table->by_age, or among what was dropped. */
    uint64_t *ids;              /* Owned. */
    size_t id_count;
    size_t id_capacity;
    size_t key_len;
    char key[];
};

struct tracking_table {
    struct hash_table keys;
    struct list by_age;  /* Oldest first. */
    struct list dropped; /* What tracking_table_clear() has left to tracking_table_drain(). */
    uint64_t item_count; /* Pairs of a key and a client. */
};

void tracking_table_init(struct tracking_table *table);
void tracking_table_release(struct tracking_table *table);

/* Client `id` has read `key`. When a key's clients need more room, those are forgotten first that `is_alive` denies. */
void tracking_table_add(struct tracking_table *table, struct slice key, uint64_t id,
                        bool (*is_alive)(void *context, uint64_t id), void *context);

/* Take the key out of the table: the caller's, to be freed with tracked_key_free(). NULL if nobody has read it. */
struct tracked_key *tracking_table_take(struct tracking_table *table, struct slice key);
/* The same for the key that stands there longest; NULL if there is none. */
struct tracked_key *tracking_table_take_oldest(struct tracking_table *table);
struct slice tracked_key_slice(const struct tracked_key *key);
void tracked_key_free(struct tracked_key *key);

/* Forget all, at once; the memory comes back as tracking_table_drain() is called. */
void tracking_table_clear(struct tracking_table *table);
void tracking_table_drain(struct tracking_table *table, size_t key_count);

#endif
