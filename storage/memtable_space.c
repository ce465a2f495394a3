#include "storage/memtable_space.h"
#include "base/assert.h"
#include "base/memory.h"

/* Blocks double from this up to a full one, so that a small table stays small. */
#define FIRST_BLOCK_BYTES ((size_t)16 * 1024)

void memtable_space_init(struct memtable_space *space)
{
    *space = (struct memtable_space){0};
}

void memtable_space_release(struct memtable_space *space)
{
    for (uint32_t i = 0; i < space->block_count; i++) {
        memory_free(space->block_memory[i]);
    }
    memory_free(space->blocks);
    memory_free(space->block_memory);
}

static void grow_block_table(struct memtable_space *space)
{
    uint32_t capacity = space->block_capacity == 0 ? 16 : space->block_capacity * 2;

    space->blocks = memory_resize(space->blocks, capacity * sizeof(space->blocks[0]));
    space->block_memory = memory_resize(space->block_memory, capacity * sizeof(space->block_memory[0]));
    space->block_capacity = capacity;
}

static void add_block(struct memtable_space *space, size_t needed_bytes)
{
    size_t size = space->newest_bytes == 0 ? FIRST_BLOCK_BYTES : space->newest_bytes * 2;
    char *memory;
    uintptr_t misalignment;

    while (size < needed_bytes) {
        size *= 2;
    }
    if (size > MEMTABLE_SPACE_BLOCK_BYTES) {
        size = MEMTABLE_SPACE_BLOCK_BYTES;
    }
    /* The store freezes a memtable at a command's end, long before: only one command of 32 GB gets here. */
    ASSERT(space->block_count < MEMTABLE_SPACE_BLOCKS_MAX);
    if (space->block_count == space->block_capacity) {
        grow_block_table(space);
    }
    memory = memory_allocate(size + MEMTABLE_SPACE_ALIGN_BYTES);
    misalignment = (uintptr_t)memory % MEMTABLE_SPACE_ALIGN_BYTES;
    space->block_memory[space->block_count] = memory;
    space->blocks[space->block_count] = memory + (MEMTABLE_SPACE_ALIGN_BYTES - misalignment);
    space->block_count++;
    space->older_bytes += space->newest_bytes;
    space->newest_bytes = size;
    /* Reference 0 means nothing, so the first unit of all is left out. */
    space->used_bytes = space->block_count == 1 ? MEMTABLE_SPACE_UNIT_BYTES : 0;
}

static size_t round_up(size_t bytes, size_t multiple)
{
    return (bytes + multiple - 1) & ~(multiple - 1);
}

void *memtable_space_allocate(struct memtable_space *space, size_t size_bytes, size_t align_bytes, uint32_t *reference)
{
    size_t start = round_up(space->used_bytes, align_bytes);

    ASSERT(size_bytes <= MEMTABLE_SPACE_BLOCK_BYTES / 2);
    if (start + size_bytes > space->newest_bytes) {
        add_block(space, align_bytes + size_bytes);
        start = round_up(space->used_bytes, align_bytes);
    }
    space->used_bytes = round_up(start + size_bytes, MEMTABLE_SPACE_UNIT_BYTES);
    *reference =
        ((space->block_count - 1) << MEMTABLE_SPACE_BLOCK_BITS) + (uint32_t)(start / MEMTABLE_SPACE_UNIT_BYTES);
    return space->blocks[space->block_count - 1] + start;
}
