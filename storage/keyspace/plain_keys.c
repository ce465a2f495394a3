#include "storage/keyspace/plain_keys.h"
#include "base/memory.h"

#define CACHE_LINE      64
#define SET_SLOTS       4
#define FIRST_SET_COUNT ((uint64_t)64)
#define GROWTH          4

/* Keys of one cache line: a key may be in any slot. Zeros are an empty one. */
struct plain_keys_set {
    struct checksum_hash128 slots[SET_SLOTS];
};

_Static_assert(sizeof(struct plain_keys_set) == CACHE_LINE, "a set is one line");

static void take_memory(struct plain_keys *keys, uint64_t set_count)
{
    warm_table_allocate(&keys->memory, (size_t)set_count * sizeof(struct plain_keys_set));
    keys->set_mask = set_count - 1;
    keys->lost_count = 0;
}

/* With places for twice the keys, few have to go for others. */
static uint64_t fitting_set_count(uint64_t key_count)
{
    uint64_t count = FIRST_SET_COUNT;

    while (count * SET_SLOTS < 2 * key_count && 2 * count * sizeof(struct plain_keys_set) <= PLAIN_KEYS_BYTES_MAX) {
        count *= 2;
    }
    return count;
}

void plain_keys_init(struct plain_keys *keys, uint64_t seed)
{
    *keys = (struct plain_keys){.memory = WARM_TABLE_NONE, .seed = seed};
}

void plain_keys_release(struct plain_keys *keys)
{
    warm_table_release(&keys->memory);
}

void plain_keys_start(struct plain_keys *keys, uint64_t key_count)
{
    plain_keys_release(keys);
    take_memory(keys, fitting_set_count(key_count));
}

struct checksum_hash128 plain_keys_hash(const struct plain_keys *keys, struct slice coded_key)
{
    struct checksum_hash128 hash = checksum_hash128(coded_key, keys->seed);

    hash.low |= 1; /* Never zeros. */
    return hash;
}

static struct plain_keys_set *set_of(const struct plain_keys *keys, struct checksum_hash128 hash)
{
    return (struct plain_keys_set *)keys->memory.start + (hash.high & keys->set_mask);
}

static struct checksum_hash128 *find(const struct plain_keys *keys, struct checksum_hash128 hash)
{
    struct plain_keys_set *set;

    if (!warm_table_is_warm(&keys->memory)) {
        return NULL;
    }
    set = set_of(keys, hash);
    for (int i = 0; i < SET_SLOTS; i++) {
        if (set->slots[i].low == hash.low && set->slots[i].high == hash.high) {
            return &set->slots[i];
        }
    }
    return NULL;
}

bool plain_keys_know(const struct plain_keys *keys, struct checksum_hash128 hash)
{
    return find(keys, hash) != NULL;
}

void plain_keys_add(struct plain_keys *keys, struct checksum_hash128 hash)
{
    struct plain_keys_set *set;

    if (find(keys, hash) != NULL) {
        return;
    }
    /* Begin anew with more memory: what is forgotten comes again, which costs less than moving it here and now. */
    if (keys->lost_count > keys->set_mask && (keys->set_mask + 1) * sizeof(*set) < PLAIN_KEYS_BYTES_MAX) {
        plain_keys_start(keys, (keys->set_mask + 1) * SET_SLOTS * GROWTH / 2);
    }
    if (!warm_table_is_warm(&keys->memory)) {
        return; /* What is there before it is warm could not be removed, and would be wrong by then (K5). */
    }
    set = set_of(keys, hash);
    keys->lost_count += set->slots[SET_SLOTS - 1].low != 0;
    memmove(&set->slots[1], &set->slots[0], sizeof(set->slots) - sizeof(set->slots[0]));
    set->slots[0] = hash;
}

void plain_keys_remove(struct plain_keys *keys, struct checksum_hash128 hash)
{
    struct checksum_hash128 *slot = find(keys, hash);

    if (slot != NULL) {
        *slot = (struct checksum_hash128){0};
    }
}

void plain_keys_prefetch(const struct plain_keys *keys, struct checksum_hash128 hash)
{
    if (warm_table_is_warm(&keys->memory)) {
        __builtin_prefetch(set_of(keys, hash));
    }
}
