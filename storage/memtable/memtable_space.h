/* Where a memtable's records and nodes live: memory handed out in order, all given back at once.
 *
 * Unlike base/arena.h it names a place by a 32-bit reference, which halves the index and a third of the order.
 * Private to storage/memtable*.c; one owner, one writing thread. */
#ifndef STORAGE_MEMTABLE_MEMTABLE_SPACE_H
#define STORAGE_MEMTABLE_MEMTABLE_SPACE_H

#include <stddef.h>
#include <stdint.h>

#define MEMTABLE_SPACE_UNIT_BYTES  8  /* References count units. */
#define MEMTABLE_SPACE_BLOCK_BITS  18 /* A block has at most 2^18 units: 2 MB, a huge page. */
#define MEMTABLE_SPACE_ALIGN_BYTES 64 /* Of a block: a cache line. */
#define MEMTABLE_SPACE_BLOCK_BYTES ((size_t)MEMTABLE_SPACE_UNIT_BYTES << MEMTABLE_SPACE_BLOCK_BITS)
#define MEMTABLE_SPACE_BLOCKS_MAX  (1u << (32 - MEMTABLE_SPACE_BLOCK_BITS)) /* 32 GB. */

struct memtable_space {
    char **blocks;            /* Owned; each begins on a cache line. */
    void **block_memory;      /* Owned: what to free for each block. */
    uint32_t block_count;     /* In use. */
    uint32_t allocated_count; /* Those in use and the spare ones after them, which are of full size. */
    uint32_t small_count;     /* Of those in use: the first ones, of less than full size. */
    uint32_t block_capacity;  /* Of the two arrays. */
    size_t used_bytes;        /* Of the newest block. */
    size_t newest_bytes;      /* Size of the newest block. */
    size_t older_bytes;       /* Sizes of all other blocks. */
};

void memtable_space_init(struct memtable_space *space);
void memtable_space_release(struct memtable_space *space);

/* Take back all that was handed out, and keep the blocks of full size to be handed out again: fresh memory costs a page
 * fault for each 4 KB, which is a fifth of what filling a memtable costs. */
void memtable_space_clear(struct memtable_space *space);
/* Free spare blocks of up to `bytes_max` in sum; returns what was freed. */
size_t memtable_space_trim(struct memtable_space *space, size_t bytes_max);

/* `size_bytes` (at most MEMTABLE_SPACE_BLOCK_BYTES / 2) aligned to `align_bytes`, a power of two from 8 to 64. Its
 * reference, never 0, is stored in `*reference`. Never NULL. */
void *memtable_space_allocate(struct memtable_space *space, size_t size_bytes, size_t align_bytes, uint32_t *reference);

/* `multiple` is a power of two. */
static inline size_t memtable_space_round(size_t bytes, size_t multiple)
{
    return (bytes + multiple - 1) & ~(multiple - 1);
}

/* What was handed out so far, in bytes, block ends left over included. */
static inline size_t memtable_space_bytes(const struct memtable_space *space)
{
    return space->older_bytes + space->used_bytes;
}

static inline void *memtable_space_at(const struct memtable_space *space, uint32_t reference)
{
    uint32_t unit = reference & ((1u << MEMTABLE_SPACE_BLOCK_BITS) - 1);

    return space->blocks[reference >> MEMTABLE_SPACE_BLOCK_BITS] + (size_t)unit * MEMTABLE_SPACE_UNIT_BYTES;
}

#endif
