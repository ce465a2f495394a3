#include "server/commands/member_table.h"
#include "base/assert.h"
#include "base/checksum.h"
#include "base/memory.h"

#define FIRST_CAPACITY 64
#define INDEX_BITS     40

void member_table_init(struct member_table *table, uint64_t seed)
{
    *table = (struct member_table){.seed = seed};
    zset_batch_init(&table->members);
}

void member_table_release(struct member_table *table)
{
    zset_batch_release(&table->members);
    memory_free(table->slots);
}

static uint64_t hash_of(const struct member_table *table, struct slice member)
{
    return checksum_hash64(member, table->seed);
}

static size_t index_in(uint64_t slot)
{
    return (size_t)(slot & ((UINT64_C(1) << INDEX_BITS) - 1)) - 1;
}

/* Whether the hash of who is in the slot may be this one. */
static bool may_be(uint64_t slot, uint64_t hash)
{
    return slot >> INDEX_BITS == hash >> INDEX_BITS;
}

/* The slot of the member, or the free one where it would be. Slots are tried from the hash's lower bits on. */
static uint64_t *search(const struct member_table *table, struct slice member, uint64_t hash)
{
    size_t at = hash & (table->capacity - 1);

    while (table->slots[at] != 0 &&
           !(may_be(table->slots[at], hash) &&
             slice_equal(zset_batch_member(&table->members, index_in(table->slots[at])), member))) {
        at = (at + 1) & (table->capacity - 1);
    }
    return &table->slots[at];
}

static void grow(struct member_table *table)
{
    memory_free(table->slots);
    table->capacity = table->capacity == 0 ? FIRST_CAPACITY : 2 * table->capacity;
    table->slots = memory_allocate_zeroed(table->capacity * sizeof(*table->slots));
    for (size_t i = 0; i < table->members.count; i++) {
        uint64_t hash = hash_of(table, zset_batch_member(&table->members, i));
        size_t at = hash & (table->capacity - 1);

        while (table->slots[at] != 0) {
            at = (at + 1) & (table->capacity - 1);
        }
        table->slots[at] = (hash >> INDEX_BITS << INDEX_BITS) | (i + 1);
    }
}

bool member_table_add(struct member_table *table, struct slice member, double score, size_t *index)
{
    uint64_t hash = hash_of(table, member);
    uint64_t *slot;

    if (2 * (table->members.count + 1) > table->capacity) {
        grow(table);
    }
    slot = search(table, member, hash);
    if (*slot != 0) {
        *index = index_in(*slot);
        return false;
    }
    *index = table->members.count;
    ASSERT(*index + 1 < UINT64_C(1) << INDEX_BITS);
    *slot = (hash >> INDEX_BITS << INDEX_BITS) | (*index + 1);
    zset_batch_add(&table->members, member, score);
    return true;
}

bool member_table_find(const struct member_table *table, struct slice member, size_t *index)
{
    const uint64_t *slot;

    if (table->capacity == 0) {
        return false;
    }
    slot = search(table, member, hash_of(table, member));
    if (*slot != 0) {
        *index = index_in(*slot);
    }
    return *slot != 0;
}
