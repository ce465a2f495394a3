/* Finding a memtable's record by its key: an open-addressing hash index. Private to storage/memtable*.c.
 *
 * A miss costs one cache miss, a hit one more for the record. It grows by one segment at a time (extendible hashing),
 * in tens of microseconds, so that no insertion stalls the loop. Nothing is ever removed. */
#ifndef STORAGE_MEMTABLE_MEMTABLE_INDEX_H
#define STORAGE_MEMTABLE_MEMTABLE_INDEX_H

#include "storage/memtable/memtable_segments.h"

/* 32 KB with the head. */
#define MEMTABLE_INDEX_SLOT_COUNT 4088u

struct memtable_index_slot {
    uint32_t hash;
    uint32_t reference; /* Of the record; 0 is an empty slot. */
};

struct memtable_index_segment {
    uint32_t depth; /* Its slots agree in this many top bits of the hash. */
    uint32_t count; /* Slots in use. */
    uint64_t padding[7];
    struct memtable_index_slot slots[MEMTABLE_INDEX_SLOT_COUNT];
};

struct memtable_index {
    struct memtable_index_segment **segments; /* Owned, 2^depth; those of lesser depth appear several times. */
    uint32_t depth;
    uint32_t segment_count; /* Different ones. */
    struct memtable_segments memory;
};

void memtable_index_init(struct memtable_index *index);
void memtable_index_release(struct memtable_index *index);

/* Empty it, and keep the memory to be used again. */
void memtable_index_clear(struct memtable_index *index);
/* Free memory that is not in use of up to `bytes_max` in sum; returns what was freed. */
size_t memtable_index_trim(struct memtable_index *index, size_t bytes_max);

/* Add a record that is not there. */
void memtable_index_insert(struct memtable_index *index, uint32_t hash, uint32_t reference);

size_t memtable_index_bytes(const struct memtable_index *index);

/* The walk over the slots that may hold what has `hash`: start, then step while the slot is not empty. */
static inline const struct memtable_index_segment *memtable_index_segment(const struct memtable_index *index,
                                                                          uint32_t hash)
{
    return index->segments[((uint64_t)hash << index->depth) >> 32];
}

/* The top bits choose the segment, so the low ones choose the slot: a split then leaves every slot its home. */
static inline uint32_t memtable_index_home(uint32_t hash)
{
    return ((hash & 0xffff) * MEMTABLE_INDEX_SLOT_COUNT) >> 16;
}

static inline uint32_t memtable_index_step(uint32_t slot)
{
    return slot + 1 == MEMTABLE_INDEX_SLOT_COUNT ? 0 : slot + 1;
}

#endif
