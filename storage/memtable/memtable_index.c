#include "storage/memtable/memtable_index.h"
#include "base/assert.h"
#include "base/memory.h"
#include <string.h>

/* Three quarters: a miss then looks at nine slots at worst on average, which is two lines side by side. */
#define SEGMENT_FILL_MAX (MEMTABLE_INDEX_SLOT_COUNT / 4 * 3)
/* 2^16 segments hold 150 million records: with keys and values that is the 32 GB of memtable_space. */
#define DEPTH_MAX 16

_Static_assert(sizeof(struct memtable_index_segment) == MEMTABLE_SEGMENT_BYTES, "a segment fits its place");

static struct memtable_index_segment *create_segment(struct memtable_index *index, uint32_t depth)
{
    struct memtable_index_segment *segment = memtable_segments_take(&index->memory);

    memset(segment, 0, sizeof(*segment));
    segment->depth = depth;
    return segment;
}

/* Begin with one segment for all. */
static void begin(struct memtable_index *index)
{
    index->segments = memory_allocate(sizeof(index->segments[0]));
    index->segments[0] = create_segment(index, 0);
    index->depth = 0;
    index->segment_count = 1;
}

void memtable_index_init(struct memtable_index *index)
{
    memtable_segments_init(&index->memory);
    begin(index);
}

void memtable_index_clear(struct memtable_index *index)
{
    memory_free(index->segments);
    memtable_segments_clear(&index->memory);
    begin(index);
}

size_t memtable_index_trim(struct memtable_index *index, size_t bytes_max)
{
    return memtable_segments_trim(&index->memory, bytes_max);
}

void memtable_index_release(struct memtable_index *index)
{
    memory_free(index->segments);
    memtable_segments_release(&index->memory);
}

static void place(struct memtable_index_segment *segment, uint32_t hash, uint32_t reference)
{
    uint32_t slot = memtable_index_home(hash);

    while (segment->slots[slot].reference != 0) {
        slot = memtable_index_step(slot);
    }
    segment->slots[slot] = (struct memtable_index_slot){.hash = hash, .reference = reference};
    segment->count++;
}

static void double_directory(struct memtable_index *index)
{
    size_t count = (size_t)1 << index->depth;
    struct memtable_index_segment **segments = memory_allocate(2 * count * sizeof(segments[0]));

    for (size_t i = 0; i < count; i++) {
        segments[2 * i] = index->segments[i];
        segments[2 * i + 1] = index->segments[i];
    }
    memory_free(index->segments);
    index->segments = segments;
    index->depth++;
}

/* Replace the segment that `hash` belongs to by two, told apart by one more bit. */
static void split(struct memtable_index *index, uint32_t hash)
{
    struct memtable_index_segment *old = index->segments[((uint64_t)hash << index->depth) >> 32];
    struct memtable_index_segment *halves[2];
    uint32_t depth = old->depth + 1;
    size_t span;
    size_t first;

    if (depth > index->depth) {
        double_directory(index);
    }
    halves[0] = create_segment(index, depth);
    halves[1] = create_segment(index, depth);
    for (uint32_t i = 0; i < MEMTABLE_INDEX_SLOT_COUNT; i++) {
        struct memtable_index_slot slot = old->slots[i];

        if (slot.reference != 0) {
            place(halves[(slot.hash >> (32 - depth)) & 1], slot.hash, slot.reference);
        }
    }
    span = (size_t)1 << (index->depth - depth);
    first = (size_t)(((uint64_t)hash << index->depth) >> 32) & ~(2 * span - 1);
    for (size_t i = 0; i < 2 * span; i++) {
        index->segments[first + i] = halves[i / span];
    }
    index->segment_count++;
    memtable_segments_give(&index->memory, old);
}

void memtable_index_insert(struct memtable_index *index, uint32_t hash, uint32_t reference)
{
    struct memtable_index_segment *segment = index->segments[((uint64_t)hash << index->depth) >> 32];

    /* One split may leave all on one side; the hash sees to it that not many do. */
    while (segment->count >= SEGMENT_FILL_MAX && segment->depth < DEPTH_MAX) {
        split(index, hash);
        segment = index->segments[((uint64_t)hash << index->depth) >> 32];
    }
    ASSERT(segment->count + 1 < MEMTABLE_INDEX_SLOT_COUNT); /* A walk must meet an empty slot. */
    place(segment, hash, reference);
}

size_t memtable_index_bytes(const struct memtable_index *index)
{
    return index->segment_count * sizeof(struct memtable_index_segment) +
           ((size_t)1 << index->depth) * sizeof(index->segments[0]);
}
