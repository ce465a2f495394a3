#include "storage/memtable/view_cache.h"
#include "base/assert.h"
#include "base/memory.h"

#define CACHE_LINE    64
#define SLOTS_A_KEY   2 /* With places for twice the keys, few sets run over. */
#define SET_COUNT_MIN ((uint64_t)64)
#define ADDRESS_BITS  48
#define EPOCH_SHIFT   24
#define TABLE_SHIFT   21
#define KEY_LEN_SHIFT 12
#define VALUE_LEN_MAX ((1u << KEY_LEN_SHIFT) - 1) /* LMDB keeps longer values on pages of their own anyhow. */
#define KEY_LEN_MASK  ((1u << (TABLE_SHIFT - KEY_LEN_SHIFT)) - 1)

_Static_assert(sizeof(struct view_cache_set) == CACHE_LINE, "a set is one line");
_Static_assert(TABLE_COUNT <= 1 << (EPOCH_SHIFT - TABLE_SHIFT), "a table fits");
_Static_assert(TABLE_KEY_BYTES_MAX <= KEY_LEN_MASK, "the length of a key fits");

static void take_memory(struct view_cache *cache, uint64_t set_count)
{
    warm_table_allocate(&cache->memory, (size_t)set_count * sizeof(struct view_cache_set));
    cache->set_mask = set_count - 1;
}

void view_cache_init(struct view_cache *cache, size_t bytes_max)
{
    cache->bytes_max = bytes_max;
    cache->epoch = 1;
    cache->key_count = UINT64_MAX; /* Before the first renewal it is not known, and there is no room for all. */
    take_memory(cache, SET_COUNT_MIN);
}

void view_cache_release(struct view_cache *cache)
{
    warm_table_release(&cache->memory);
}

static uint64_t fitting_set_count(const struct view_cache *cache, uint64_t key_count)
{
    uint64_t count = SET_COUNT_MIN;

    while (count * VIEW_CACHE_SET_SLOTS < key_count * SLOTS_A_KEY &&
           2 * count * sizeof(struct view_cache_set) <= cache->bytes_max) {
        count *= 2;
    }
    return count;
}

void view_cache_renew(struct view_cache *cache, uint64_t key_count)
{
    uint64_t fitting = fitting_set_count(cache, key_count);
    uint64_t count = cache->set_mask + 1;

    cache->epoch++;
    cache->key_count = key_count;
    /* Shrinking waits until it is worth it, so that a number of keys at the edge does not make the size swing. */
    if (fitting > count || fitting < count / 4) {
        warm_table_release(&cache->memory);
        take_memory(cache, fitting);
    }
}

static uint64_t tag_of(const struct memtable_key *key)
{
    return key->hash >> ADDRESS_BITS << ADDRESS_BITS;
}

static const char *address_of(const struct view_cache_slot *slot)
{
    return (const char *)(uintptr_t)(slot->address & (((uint64_t)1 << ADDRESS_BITS) - 1));
}

/* What a slot's facts must be for `key`, but for the value's length. */
static uint64_t facts_of(const struct view_cache *cache, const struct memtable_key *key)
{
    return cache->epoch << EPOCH_SHIFT | (uint64_t)key->table << TABLE_SHIFT |
           (uint64_t)key->bytes.len << KEY_LEN_SHIFT;
}

/* The slot that is likely the key's, but for a collision of hashes; NULL if there is none. */
static const struct view_cache_slot *find(const struct view_cache *cache, const struct memtable_key *key)
{
    const struct view_cache_set *set = view_cache_set_of(cache, key);
    uint64_t facts = facts_of(cache, key);
    uint64_t tag = tag_of(key);

    if (!warm_table_is_warm(&cache->memory)) {
        return NULL;
    }
    for (int i = 0; i < VIEW_CACHE_SET_SLOTS; i++) {
        const struct view_cache_slot *slot = &set->slots[i];

        if ((slot->facts & ~(uint64_t)VALUE_LEN_MAX) == facts && (slot->address ^ tag) >> ADDRESS_BITS == 0) {
            return slot;
        }
    }
    return NULL;
}

bool view_cache_get(const struct view_cache *cache, const struct memtable_key *key, struct slice *value)
{
    const struct view_cache_slot *slot = find(cache, key);
    const char *place;

    if (slot == NULL) {
        return false;
    }
    place = address_of(slot);
    if (memcmp(place, key->bytes.data, key->bytes.len) != 0) {
        return false;
    }
    *value = slice_make(place + key->bytes.len, slot->facts & VALUE_LEN_MAX);
    return true;
}

void view_cache_put(struct view_cache *cache, const struct memtable_key *key, struct slice found_key,
                    struct slice found_value)
{
    struct view_cache_set *set = view_cache_set_of(cache, key);
    struct view_cache_slot added = {
        .address = tag_of(key) | (uintptr_t)found_key.data,
        .facts = facts_of(cache, key) | found_value.len,
    };

    if (found_value.len > VALUE_LEN_MAX || found_value.data != found_key.data + found_key.len ||
        !warm_table_is_warm(&cache->memory)) {
        return;
    }
    ASSERT((uintptr_t)found_key.data >> ADDRESS_BITS == 0);
    /* The oldest of the set goes. */
    memmove(&set->slots[1], &set->slots[0], sizeof(set->slots) - sizeof(set->slots[0]));
    set->slots[0] = added;
}

void view_cache_put_new(struct view_cache *cache, const struct view_cache_found *found)
{
    if (find(cache, &found->key) == NULL) {
        view_cache_put(cache, &found->key, found->key.bytes, found->value);
    }
}

bool view_cache_is_roomy(const struct view_cache *cache)
{
    return (cache->set_mask + 1) * VIEW_CACHE_SET_SLOTS >= cache->key_count;
}

void view_cache_prefetch_place(const struct view_cache *cache, const struct memtable_key *key)
{
    const struct view_cache_slot *slot = find(cache, key);

    if (slot != NULL) {
        const char *place = address_of(slot);

        __builtin_prefetch(place);
        __builtin_prefetch(place + CACHE_LINE);
        __builtin_prefetch(place + 2 * CACHE_LINE);
    }
}
