#include "storage/memtable/memtable_space.h"
#include "base/assert.h"
#include "base/memory.h"
#include "base/prefault.h"
#include <string.h>

/* Blocks double from this up to a full one, so that a small table stays small. */
#define FIRST_BLOCK_BYTES ((size_t)16 * 1024)
#define BLOCKS_AHEAD      2

void memtable_space_init(struct memtable_space *space)
{
    *space = (struct memtable_space){0};
}

void memtable_space_release(struct memtable_space *space)
{
    for (uint32_t i = 0; i < space->allocated_count; i++) {
        memory_free(space->block_memory[i]);
    }
    memory_free(space->blocks);
    memory_free(space->block_memory);
}

void memtable_space_clear(struct memtable_space *space)
{
    uint32_t small_count = space->small_count;

    for (uint32_t i = 0; i < small_count; i++) {
        memory_free(space->block_memory[i]);
    }
    space->allocated_count -= small_count;
    if (space->allocated_count > 0) {
        memmove(space->blocks, space->blocks + small_count, space->allocated_count * sizeof(space->blocks[0]));
        memmove(space->block_memory, space->block_memory + small_count,
                space->allocated_count * sizeof(space->block_memory[0]));
    }
    space->block_count = 0;
    space->small_count = 0;
    space->used_bytes = 0;
    space->newest_bytes = 0;
    space->older_bytes = 0;
}

size_t memtable_space_trim(struct memtable_space *space, size_t bytes_max)
{
    size_t freed = 0;

    while (space->allocated_count > space->block_count && freed + MEMTABLE_SPACE_BLOCK_BYTES <= bytes_max) {
        space->allocated_count--;
        memory_free(space->block_memory[space->allocated_count]);
        freed += MEMTABLE_SPACE_BLOCK_BYTES;
    }
    return freed;
}

static void grow_block_table(struct memtable_space *space)
{
    uint32_t capacity = space->block_capacity == 0 ? 16 : space->block_capacity * 2;

    space->blocks = memory_resize(space->blocks, capacity * sizeof(space->blocks[0]));
    space->block_memory = memory_resize(space->block_memory, capacity * sizeof(space->block_memory[0]));
    space->block_capacity = capacity;
}

_Static_assert(MEMTABLE_SPACE_BLOCK_BYTES == MEMORY_HUGE_PAGE_BYTES, "a full block is a huge page");

static void allocate_block(struct memtable_space *space, size_t bytes)
{
    char *memory = bytes == MEMTABLE_SPACE_BLOCK_BYTES ? memory_allocate_huge(bytes)
                                                       : memory_allocate(bytes + MEMTABLE_SPACE_ALIGN_BYTES);
    uintptr_t misalignment = (uintptr_t)memory % MEMTABLE_SPACE_ALIGN_BYTES;

    if (space->allocated_count == space->block_capacity) {
        grow_block_table(space);
    }
    space->block_memory[space->allocated_count] = memory;
    space->blocks[space->allocated_count] =
        misalignment == 0 ? memory : memory + (MEMTABLE_SPACE_ALIGN_BYTES - misalignment);
    space->allocated_count++;
}

/* The size of the next block: they double up to a full one. */
static size_t next_block_bytes(const struct memtable_space *space, size_t needed_bytes)
{
    size_t bytes = space->newest_bytes == 0 ? FIRST_BLOCK_BYTES : space->newest_bytes * 2;

    if (space->allocated_count > space->block_count) {
        return MEMTABLE_SPACE_BLOCK_BYTES; /* A spare one is there. */
    }
    while (bytes < needed_bytes) {
        bytes *= 2;
    }
    return bytes < MEMTABLE_SPACE_BLOCK_BYTES ? bytes : MEMTABLE_SPACE_BLOCK_BYTES;
}

/* Keep blocks ahead, so that whoever fills one finds its page present. */
static void provide_ahead(struct memtable_space *space)
{
    while (space->allocated_count < space->block_count + BLOCKS_AHEAD) {
        allocate_block(space, MEMTABLE_SPACE_BLOCK_BYTES);
        prefault(space->blocks[space->allocated_count - 1], MEMTABLE_SPACE_BLOCK_BYTES);
    }
}

static void add_block(struct memtable_space *space, size_t needed_bytes)
{
    size_t bytes = next_block_bytes(space, needed_bytes);

    /* The store freezes a memtable at a command's end, long before: only one command of 32 GB gets here. */
    ASSERT(space->block_count < MEMTABLE_SPACE_BLOCKS_MAX);
    if (space->block_count == space->allocated_count) {
        allocate_block(space, bytes);
    }
    if (bytes < MEMTABLE_SPACE_BLOCK_BYTES) {
        space->small_count++; /* Always the first ones: a full one is never followed by a small one. */
    }
    space->block_count++;
    if (bytes == MEMTABLE_SPACE_BLOCK_BYTES) {
        provide_ahead(space);
    }
    space->older_bytes += space->newest_bytes;
    space->newest_bytes = bytes;
    /* Reference 0 means nothing, so the first unit of all is left out. */
    space->used_bytes = space->block_count == 1 ? MEMTABLE_SPACE_UNIT_BYTES : 0;
}

void *memtable_space_allocate(struct memtable_space *space, size_t size_bytes, size_t align_bytes, uint32_t *reference)
{
    size_t start = memtable_space_round(space->used_bytes, align_bytes);

    ASSERT(size_bytes <= MEMTABLE_SPACE_BLOCK_BYTES / 2);
    if (start + size_bytes > space->newest_bytes) {
        add_block(space, align_bytes + size_bytes);
        start = memtable_space_round(space->used_bytes, align_bytes);
    }
    space->used_bytes = memtable_space_round(start + size_bytes, MEMTABLE_SPACE_UNIT_BYTES);
    *reference =
        ((space->block_count - 1) << MEMTABLE_SPACE_BLOCK_BITS) + (uint32_t)(start / MEMTABLE_SPACE_UNIT_BYTES);
    return space->blocks[space->block_count - 1] + start;
}
