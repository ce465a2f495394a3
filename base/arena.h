/* Memory given out in order and given back all at once. One owner, one thread. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>

struct arena_block;

struct arena {
    struct arena_block *blocks; /* Newest first. */
    size_t block_bytes;         /* Size of an ordinary block. */
    size_t used_bytes;          /* In the newest block. */
    size_t total_bytes;         /* In all blocks: what the arena costs. */
};

void arena_init(struct arena *arena, size_t block_bytes);
void arena_release(struct arena *arena);

/* `size_bytes` aligned to 8, alive until arena_release(). Never NULL. */
void *arena_allocate(struct arena *arena, size_t size_bytes);

#endif
