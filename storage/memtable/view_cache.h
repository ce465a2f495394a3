/* Where keys lie in LMDB's map: saves a lookup its way down the tree.
 *
 * A place holds as long as the read transaction that found it, whose pages nobody reuses; view_cache_renew() forgets
 * all at once. A place names its table, and what lies there is compared with the key, so a collision of hashes is a
 * miss and never a wrong answer. Private to storage/view*.c; the loop's alone. Figures: docs/adr/0002-memtable.md. */
#ifndef STORAGE_MEMTABLE_VIEW_CACHE_H
#define STORAGE_MEMTABLE_VIEW_CACHE_H

#include "base/warm_table.h"
#include "storage/memtable/memtable.h"

#define VIEW_CACHE_BYTES_DEFAULT ((size_t)32 * 1024 * 1024)
#define VIEW_CACHE_SET_SLOTS     4

/* One remembered place. */
struct view_cache_slot {
    uint64_t address; /* Of the key in the map, 48 bits; above them 16 bits of the hash. */
    uint64_t facts;   /* From the top: epoch 40 bits, table 3, length of the key 9, of the value 12. */
};

/* Slots of one cache line: a key may be in any of them. */
struct view_cache_set {
    struct view_cache_slot slots[VIEW_CACHE_SET_SLOTS];
};

struct view_cache {
    struct warm_table memory; /* The sets; nothing is known while they are not warm. */
    uint64_t set_mask;        /* Count of sets, a power of two, less one. */
    uint64_t epoch;           /* Of the places that hold now; never 0. */
    size_t bytes_max;         /* Ceiling of memory. */
    uint64_t key_count;       /* Of LMDB, as of the last renewal. */
};

/* `bytes_max` is at least a page; memory grows to it with the number of keys. */
void view_cache_init(struct view_cache *cache, size_t bytes_max);
void view_cache_release(struct view_cache *cache);

/* Forget all places, and take memory fit for `key_count` keys in LMDB. Without a change of size it is O(1). */
void view_cache_renew(struct view_cache *cache, uint64_t key_count);

/* True, and the value in the map in `*value`, if the place of `key` is known. */
bool view_cache_get(const struct view_cache *cache, const struct memtable_key *key, struct slice *value);
/* Remember where LMDB has found `key`. What has its value elsewhere than behind its key, as long ones have, is not
 * remembered. */
void view_cache_put(struct view_cache *cache, const struct memtable_key *key, struct slice found_key,
                    struct slice found_value);

/* A key in the map, and its value behind it. */
struct view_cache_found {
    struct memtable_key key;
    struct slice value;
};

/* Remember the place of what was found, unless it is known. */
void view_cache_put_new(struct view_cache *cache, const struct view_cache_found *found);
/* Whether there is a slot for each key of LMDB. */
bool view_cache_is_roomy(const struct view_cache *cache);

static inline struct view_cache_set *view_cache_set_of(const struct view_cache *cache, const struct memtable_key *key)
{
    return (struct view_cache_set *)cache->memory.start + (key->hash & cache->set_mask);
}

/* Ask for the memory that view_cache_get() will read first. */
static inline void view_cache_prefetch(const struct view_cache *cache, const struct memtable_key *key)
{
    __builtin_prefetch(view_cache_set_of(cache, key)); /* Of memory that is not present it does nothing. */
}

/* Then, when that has come, for the key and value themselves. */
void view_cache_prefetch_place(const struct view_cache *cache, const struct memtable_key *key);

#endif
