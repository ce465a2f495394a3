/* Where the segments of a memtable's index live: pieces of one size, given singly and taken back all at once.
 * Private to storage/memtable*.c; one owner, one thread. */
#ifndef STORAGE_MEMTABLE_MEMTABLE_SEGMENTS_H
#define STORAGE_MEMTABLE_MEMTABLE_SEGMENTS_H

#include <stddef.h>
#include <stdint.h>

#define MEMTABLE_SEGMENT_BYTES ((size_t)32 * 1024)

/* The first chunk holds one segment and the next ones twice as many each, up to a huge page's worth: a small index
 * stays small. */
struct memtable_segments {
    void **chunks; /* Owned. */
    uint32_t chunk_count;
    uint32_t chunk_capacity; /* Of the array. */
    uint32_t taken_count;    /* Segments of the chunks that were ever given since the last clearing: the first ones. */
    void *spare;             /* Of these, those that came back: a list through their first word. */
};

void memtable_segments_init(struct memtable_segments *segments);
void memtable_segments_release(struct memtable_segments *segments);

/* MEMTABLE_SEGMENT_BYTES of any content, aligned as the allocator does: jemalloc to a page. Never NULL. */
void *memtable_segments_take(struct memtable_segments *segments);
void memtable_segments_give(struct memtable_segments *segments, void *segment);

/* Take back all, and keep the memory to be given again. */
void memtable_segments_clear(struct memtable_segments *segments);
/* Free chunks of which nothing is given, up to `bytes_max` in sum; returns what was freed. */
size_t memtable_segments_trim(struct memtable_segments *segments, size_t bytes_max);

#endif
