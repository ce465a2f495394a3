#include "storage/log/log_chain.h"

#include "base/assert.h"
#include "base/memory.h"

/* Where a record begins. */
struct mark {
    uint64_t offset;
    uint64_t position;
};

struct log_chain_segment {
    uint64_t serial;
    struct history_position start;
    uint32_t seed;
    uint64_t file_bytes;
    struct mark *marks; /* Owned, ascending; the first is the segment's start. */
    size_t mark_count;
    size_t mark_capacity;
};

struct log_chain *log_chain_create(struct file_system *files, const char *directory)
{
    struct log_chain *chain = memory_allocate_zeroed(sizeof(*chain));

    chain->files = files;
    chain->directory = memory_copy_text(directory);
    ASSERT(pthread_mutex_init(&chain->lock, NULL) == 0);
    chain->next_serial = 1;
    return chain;
}

void log_chain_free(struct log_chain *chain)
{
    for (size_t i = 0; i < chain->count; i++) {
        memory_free(chain->segments[i].marks);
    }
    memory_free(chain->segments);
    memory_free(chain->directory);
    (void)pthread_mutex_destroy(&chain->lock);
    memory_free(chain);
}

static void insert_mark(struct log_chain_segment *segment, size_t at, struct mark mark)
{
    if (segment->mark_count == segment->mark_capacity) {
        segment->mark_capacity = segment->mark_capacity == 0 ? 8 : segment->mark_capacity * 2;
        segment->marks = memory_resize(segment->marks, segment->mark_capacity * sizeof(*segment->marks));
    }
    memmove(&segment->marks[at + 1], &segment->marks[at], (segment->mark_count - at) * sizeof(*segment->marks));
    segment->marks[at] = mark;
    segment->mark_count++;
}

void log_chain_add(struct log_chain *chain, const struct log_segment_header *header, uint64_t file_bytes)
{
    struct log_chain_segment segment = {
        .start = header->start,
        .seed = header->crc,
        .file_bytes = file_bytes,
    };

    insert_mark(&segment, 0, (struct mark){.offset = header->start.offset, .position = LOG_SEGMENT_HEADER_BYTES});
    (void)pthread_mutex_lock(&chain->lock);
    segment.serial = chain->next_serial++;
    if (chain->count > 0) {
        struct log_chain_segment *newest = &chain->segments[chain->count - 1];

        ASSERT(newest->start.offset <= header->start.offset);
        if (newest->start.offset == header->start.offset) {
            memory_free(newest->marks);
            chain->count--;
        }
    }
    if (chain->count == chain->capacity) {
        chain->capacity = chain->capacity == 0 ? 8 : chain->capacity * 2;
        chain->segments = memory_resize(chain->segments, chain->capacity * sizeof(*chain->segments));
    }
    chain->segments[chain->count++] = segment;
    (void)pthread_mutex_unlock(&chain->lock);
}

static struct log_chain_segment *find_serial(struct log_chain *chain, uint64_t serial)
{
    for (size_t i = chain->count; i > 0; i--) { /* Nearly always the newest. */
        if (chain->segments[i - 1].serial == serial) {
            return &chain->segments[i - 1];
        }
    }
    return NULL;
}

/* Index of the last mark at or before `offset`; the first one is, for every offset in the segment. */
static size_t last_mark_before(const struct log_chain_segment *segment, uint64_t offset)
{
    size_t low = 0;
    size_t high = segment->mark_count;

    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;

        if (segment->marks[middle].offset <= offset) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}

void log_chain_mark(struct log_chain *chain, uint64_t serial, uint64_t offset, uint64_t position)
{
    struct log_chain_segment *segment;

    (void)pthread_mutex_lock(&chain->lock);
    segment = find_serial(chain, serial);
    if (segment != NULL && offset >= segment->start.offset) {
        size_t before = last_mark_before(segment, offset);
        bool is_far = position >= segment->marks[before].position + LOG_CHAIN_MARK_BYTES;

        if (is_far && before + 1 < segment->mark_count) {
            is_far = segment->marks[before + 1].position >= position + LOG_CHAIN_MARK_BYTES;
        }
        if (is_far) {
            insert_mark(segment, before + 1, (struct mark){.offset = offset, .position = position});
        }
    }
    (void)pthread_mutex_unlock(&chain->lock);
}

uint64_t log_chain_newest(struct log_chain *chain)
{
    uint64_t serial;

    (void)pthread_mutex_lock(&chain->lock);
    ASSERT(chain->count > 0);
    serial = chain->segments[chain->count - 1].serial;
    (void)pthread_mutex_unlock(&chain->lock);
    return serial;
}

bool log_chain_find(struct log_chain *chain, uint64_t offset, struct log_place *place)
{
    const struct log_chain_segment *segment = NULL;

    (void)pthread_mutex_lock(&chain->lock);
    for (size_t i = chain->count; i > 0 && segment == NULL; i--) {
        if (chain->segments[i - 1].start.offset <= offset) {
            segment = &chain->segments[i - 1];
        }
    }
    if (segment != NULL) {
        const struct mark *mark = &segment->marks[last_mark_before(segment, offset)];

        *place = (struct log_place){
            .serial = segment->serial,
            .start = segment->start.offset,
            .start_hash = segment->start.hash,
            .seed = segment->seed,
            .offset = mark->offset,
            .position = mark->position,
        };
    }
    (void)pthread_mutex_unlock(&chain->lock);
    return segment != NULL;
}

uint64_t log_chain_first_offset(struct log_chain *chain)
{
    uint64_t offset;

    (void)pthread_mutex_lock(&chain->lock);
    ASSERT(chain->count > 0);
    offset = chain->segments[0].start.offset;
    (void)pthread_mutex_unlock(&chain->lock);
    return offset;
}

uint64_t log_chain_disk_bytes(struct log_chain *chain)
{
    uint64_t bytes = 0;

    (void)pthread_mutex_lock(&chain->lock);
    for (size_t i = 0; i < chain->count; i++) {
        bytes += chain->segments[i].file_bytes;
    }
    (void)pthread_mutex_unlock(&chain->lock);
    return bytes;
}

void log_chain_set_file_bytes(struct log_chain *chain, uint64_t serial, uint64_t file_bytes)
{
    struct log_chain_segment *segment;

    (void)pthread_mutex_lock(&chain->lock);
    segment = find_serial(chain, serial);
    if (segment != NULL) {
        segment->file_bytes = file_bytes;
    }
    (void)pthread_mutex_unlock(&chain->lock);
}

bool log_chain_pop_before(struct log_chain *chain, uint64_t offset, uint64_t *start)
{
    bool popped = false;

    (void)pthread_mutex_lock(&chain->lock);
    if (chain->count > 1 && chain->segments[1].start.offset <= offset) {
        *start = chain->segments[0].start.offset;
        memory_free(chain->segments[0].marks);
        chain->count--;
        memmove(&chain->segments[0], &chain->segments[1], chain->count * sizeof(*chain->segments));
        popped = true;
    }
    (void)pthread_mutex_unlock(&chain->lock);
    return popped;
}
