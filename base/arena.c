#include "base/arena.h"
#include "base/assert.h"
#include "base/memory.h"
#include <stdint.h>

#define ALIGNMENT ((size_t)8)

struct arena_block {
    struct arena_block *next; /* The one before it in age. */
    size_t size_bytes;        /* Of `bytes`. */
    char bytes[];
};

void arena_init(struct arena *arena, size_t block_bytes)
{
    ASSERT(block_bytes > sizeof(struct arena_block));
    *arena = (struct arena){.block_bytes = block_bytes};
}

void arena_release(struct arena *arena)
{
    struct arena_block *block = arena->blocks;

    while (block != NULL) {
        struct arena_block *next = block->next;

        memory_free(block);
        block = next;
    }
    *arena = (struct arena){.block_bytes = arena->block_bytes};
}

static struct arena_block *create_block(struct arena *arena, size_t size_bytes)
{
    struct arena_block *block = memory_allocate(sizeof(*block) + size_bytes);

    block->size_bytes = size_bytes;
    arena->total_bytes += sizeof(*block) + size_bytes;
    return block;
}

/* What is large against a block gets one of its own, linked behind the newest, whose free end stays in use. */
static void *allocate_alone(struct arena *arena, size_t size_bytes)
{
    struct arena_block *block = create_block(arena, size_bytes);

    if (arena->blocks == NULL) {
        block->next = NULL;
        arena->blocks = block;
        arena->used_bytes = size_bytes;
    } else {
        block->next = arena->blocks->next;
        arena->blocks->next = block;
    }
    return block->bytes;
}

static void *allocate_in_new_block(struct arena *arena, size_t size_bytes)
{
    struct arena_block *block = create_block(arena, arena->block_bytes - sizeof(struct arena_block));

    block->next = arena->blocks;
    arena->blocks = block;
    arena->used_bytes = size_bytes;
    return block->bytes;
}

void *arena_allocate(struct arena *arena, size_t size_bytes)
{
    void *at;

    ASSERT(size_bytes <= SIZE_MAX / 2);
    size_bytes = (size_bytes + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
    if (arena->blocks != NULL && arena->blocks->size_bytes - arena->used_bytes >= size_bytes) {
        at = arena->blocks->bytes + arena->used_bytes;
        arena->used_bytes += size_bytes;
        return at;
    }
    if (size_bytes > arena->block_bytes / 8) {
        return allocate_alone(arena, size_bytes);
    }
    return allocate_in_new_block(arena, size_bytes);
}
