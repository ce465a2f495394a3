#include "storage/memtable/memtable_segments.h"
#include "base/memory.h"
#include "base/prefault.h"

#define FULL_CHUNK_SEGMENTS ((uint32_t)(MEMORY_HUGE_PAGE_BYTES / MEMTABLE_SEGMENT_BYTES))
#define FULL_CHUNK_SHIFT    6                         /* Chunk number 6 is the first full one ... */
#define SMALL_SEGMENTS      (FULL_CHUNK_SEGMENTS - 1) /* ... and so many segments are in those before it. */
#define FIRST_CAPACITY      16

_Static_assert(1u << FULL_CHUNK_SHIFT == FULL_CHUNK_SEGMENTS, "the doubling ends at a full chunk");

void memtable_segments_init(struct memtable_segments *segments)
{
    *segments = (struct memtable_segments){0};
}

void memtable_segments_release(struct memtable_segments *segments)
{
    for (uint32_t i = 0; i < segments->chunk_count; i++) {
        memory_free(segments->chunks[i]);
    }
    memory_free(segments->chunks);
}

/* The chunk that the segment of this number is in. */
static uint32_t chunk_of(uint32_t segment)
{
    if (segment < SMALL_SEGMENTS) {
        return 31 - (uint32_t)__builtin_clz(segment + 1);
    }
    return FULL_CHUNK_SHIFT + (segment - SMALL_SEGMENTS) / FULL_CHUNK_SEGMENTS;
}

static uint32_t first_segment_of(uint32_t chunk)
{
    return chunk < FULL_CHUNK_SHIFT ? (1u << chunk) - 1
                                    : SMALL_SEGMENTS + (chunk - FULL_CHUNK_SHIFT) * FULL_CHUNK_SEGMENTS;
}

static size_t chunk_bytes(uint32_t chunk)
{
    return (first_segment_of(chunk + 1) - first_segment_of(chunk)) * MEMTABLE_SEGMENT_BYTES;
}

static void add_chunk(struct memtable_segments *segments)
{
    uint32_t chunk = segments->chunk_count;

    if (chunk == segments->chunk_capacity) {
        segments->chunk_capacity = chunk == 0 ? FIRST_CAPACITY : 2 * chunk;
        segments->chunks = memory_resize(segments->chunks, segments->chunk_capacity * sizeof(segments->chunks[0]));
    }
    segments->chunks[chunk] =
        chunk < FULL_CHUNK_SHIFT ? memory_allocate(chunk_bytes(chunk)) : memory_allocate_huge(chunk_bytes(chunk));
    segments->chunk_count++;
}

void *memtable_segments_take(struct memtable_segments *segments)
{
    void *spare = segments->spare;
    uint32_t chunk;

    if (spare != NULL) {
        segments->spare = *(void **)spare;
        return spare;
    }
    chunk = chunk_of(segments->taken_count);
    if (chunk == segments->chunk_count) {
        add_chunk(segments);
    }
    if (chunk + 1 >= FULL_CHUNK_SHIFT && chunk + 1 == segments->chunk_count) { /* The next is to be present by then. */
        add_chunk(segments);
        prefault(segments->chunks[chunk + 1], chunk_bytes(chunk + 1));
    }
    segments->taken_count++;
    return (char *)segments->chunks[chunk] +
           (segments->taken_count - 1 - first_segment_of(chunk)) * MEMTABLE_SEGMENT_BYTES;
}

void memtable_segments_give(struct memtable_segments *segments, void *segment)
{
    *(void **)segment = segments->spare;
    segments->spare = segment;
}

void memtable_segments_clear(struct memtable_segments *segments)
{
    segments->taken_count = 0;
    segments->spare = NULL;
}

size_t memtable_segments_trim(struct memtable_segments *segments, size_t bytes_max)
{
    uint32_t kept = segments->taken_count == 0 ? 0 : chunk_of(segments->taken_count - 1) + 1;
    size_t freed = 0;

    while (segments->chunk_count > kept && freed + chunk_bytes(segments->chunk_count - 1) <= bytes_max) {
        segments->chunk_count--;
        memory_free(segments->chunks[segments->chunk_count]);
        freed += chunk_bytes(segments->chunk_count);
    }
    return freed;
}
