/* The memtable: what is newer than LMDB, ordered, in memory.
 *
 * One table holds all of storage/keyspace/table.h: order is by table, then key bytes. A deletion is kept as a
 * tombstone, since it hides what LMDB has. Point lookups go through a hash index and cost next to nothing on a miss;
 * the order serves cursors and the checkpoint. Structure and figures: docs/adr/0002-memtable.md.
 *
 * Threads: the loop writes and reads while it is active. Frozen, it changes no more and any thread may read it. */
#ifndef STORAGE_MEMTABLE_MEMTABLE_H
#define STORAGE_MEMTABLE_MEMTABLE_H

#include "base/slice.h"
#include "storage/keyspace/table.h"
#include <stdint.h>

struct memtable; /* Opaque; owned by view. */

enum memtable_found {
    MEMTABLE_ABSENT,  /* Look further down. */
    MEMTABLE_DELETED, /* It is gone; do not look further. */
    MEMTABLE_PRESENT,
};

/* `hash_seed` keeps a peer from choosing keys that collide. */
struct memtable *memtable_create(uint64_t hash_seed);
/* Costs 2 to 4 ms for 64 MB, which memtable_clear() does not. NULL is fine. */
void memtable_free(struct memtable *memtable);
/* Empty it and keep its memory for what comes: costs microseconds, and filling it again costs no page faults. */
void memtable_clear(struct memtable *memtable);
/* Free up to `bytes_max` of memory that an emptied memtable keeps but does not use; a megabyte costs about 40 us. False
 * if there is none of at least that size. */
bool memtable_trim(struct memtable *memtable, size_t bytes_max);

/* Keep a copy of `value` under `key`, replacing what was there. */
void memtable_put(struct memtable *memtable, enum table table, struct slice key, struct slice value);
/* As memtable_put, but the value's `len` bytes are the caller's to fill at the returned place before the next call. The
 * former value may have been at the same place: what is to be kept of it must have been copied away. */
char *memtable_put_space(struct memtable *memtable, enum table table, struct slice key, size_t len);
/* Write `bytes` over a part of the value under `key`, from `start` on, where it lies. False, and nothing done, if no
 * value is kept there that reaches so far. Slices of the value see the change. */
bool memtable_overwrite(struct memtable *memtable, enum table table, struct slice key, size_t start,
                        struct slice bytes);
/* Keep a tombstone under `key`. */
void memtable_delete(struct memtable *memtable, enum table table, struct slice key);
/* `*value` is borrowed until the next change of the same key, or memtable_free(). */
enum memtable_found memtable_get(const struct memtable *memtable, enum table table, struct slice key,
                                 struct slice *value);

/* A key with its hash, for whoever asks several memtables of one seed. */
struct memtable_key {
    enum table table;
    struct slice bytes;
    uint64_t hash;
};
struct memtable_key memtable_key(uint64_t hash_seed, enum table table, struct slice key);
enum memtable_found memtable_get_hashed(const struct memtable *memtable, const struct memtable_key *key,
                                        struct slice *value);
/* Ask for the memory that a lookup of `key` will read first, to look there a little later. */
void memtable_prefetch(const struct memtable *memtable, const struct memtable_key *key);
/* Then, when that has come, for the record. False if there is none. */
bool memtable_prefetch_record(const struct memtable *memtable, const struct memtable_key *key);
void memtable_put_hashed(struct memtable *memtable, const struct memtable_key *key, struct slice value);
char *memtable_put_space_hashed(struct memtable *memtable, const struct memtable_key *key, size_t len);
void memtable_delete_hashed(struct memtable *memtable, const struct memtable_key *key);

/* Memory held, in bytes, for the checkpoint-memory limit: keys, values, index and order, with what is unused in them.
 */
size_t memtable_bytes(const struct memtable *memtable);
/* Whether any value is so long that it has an allocation of its own. */
bool memtable_has_large_values(const struct memtable *memtable);
/* Keys held, tombstones included. */
size_t memtable_count(const struct memtable *memtable);
/* Grows with each insertion of a new key: a cursor that remembers it knows when to seek again. */
uint64_t memtable_version(const struct memtable *memtable);

/* Give all records their place in the order, which insertions put off by a few. Once, before any other thread reads. */
void memtable_settle(struct memtable *memtable);

/* A place in the order. Invalid after an insertion (memtable_version), unless the memtable is frozen. */
struct memtable_cursor {
    const struct memtable *memtable;
    void *node;     /* Implementation's; NULL when it stands nowhere. */
    uint32_t index; /* Implementation's. */
};

/* Stand on the first key >= (table, key), of any table. False if there is none. */
bool memtable_seek(struct memtable_cursor *cursor, const struct memtable *memtable, enum table table, struct slice key);
/* Stand on the last key < (table, key) if `before`, else <= (table, key). False if there is none. */
bool memtable_seek_last(struct memtable_cursor *cursor, const struct memtable *memtable, enum table table,
                        struct slice key, bool before);
bool memtable_next(struct memtable_cursor *cursor);
bool memtable_prev(struct memtable_cursor *cursor);
/* What it stands on; slices borrowed as in memtable_get(). MEMTABLE_DELETED or MEMTABLE_PRESENT. */
enum memtable_found memtable_at(const struct memtable_cursor *cursor, enum table *table, struct slice *key,
                                struct slice *value);

#endif
