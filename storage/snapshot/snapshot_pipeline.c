/* The slots are a ring. The owner fills at `put_count`, workers make the block at `claimed_count`, the owner takes at
 * `taken_count`; each runs behind the one before it, never by more than the ring's length. Counts only grow, a slot is
 * its count modulo the ring. The mutex guards counts and `is_made`; a slot's content belongs to whoever has it. */
#include "storage/snapshot/snapshot_pipeline.h"

#include "base/assert.h"
#include "base/memory.h"
#include "storage/snapshot/snapshot_block.h"
#include <pthread.h>

struct slot {
    char *raw;
    char *stored;
    size_t raw_len;
    struct snapshot_made_block made;
    bool is_made;
};

struct snapshot_pipeline {
    struct slot *slots;
    uint64_t slot_count;
    pthread_t threads[SNAPSHOT_THREADS_MAX];
    int thread_count;
    int level;
    pthread_mutex_t mutex;
    pthread_cond_t work; /* A block was put, or the end. */
    pthread_cond_t made; /* A block is made. */
    uint64_t put_count;
    uint64_t claimed_count;
    uint64_t taken_count;
    bool is_closing;
    struct snapshot_deflater *own; /* With no workers. */
};

static struct slot *slot_at(struct snapshot_pipeline *pipeline, uint64_t count)
{
    return &pipeline->slots[count % pipeline->slot_count];
}

static void make(struct slot *slot, struct snapshot_deflater *deflater, uint64_t number)
{
    snapshot_block_make(deflater, number, slice_make(slot->raw, slot->raw_len), slot->stored, &slot->made.header,
                        &slot->made.stored);
}

static void *run_worker(void *context)
{
    struct snapshot_pipeline *pipeline = context;
    struct snapshot_deflater *deflater = snapshot_deflater_create(pipeline->level);

    pthread_mutex_lock(&pipeline->mutex);
    for (;;) {
        struct slot *slot;
        uint64_t number;

        while (pipeline->claimed_count == pipeline->put_count && !pipeline->is_closing) {
            pthread_cond_wait(&pipeline->work, &pipeline->mutex);
        }
        if (pipeline->is_closing) {
            break;
        }
        number = pipeline->claimed_count++;
        slot = slot_at(pipeline, number);
        pthread_mutex_unlock(&pipeline->mutex);
        make(slot, deflater, number);
        pthread_mutex_lock(&pipeline->mutex);
        slot->is_made = true;
        pthread_cond_signal(&pipeline->made);
    }
    pthread_mutex_unlock(&pipeline->mutex);
    snapshot_deflater_free(deflater);
    return NULL;
}

static void start_workers(struct snapshot_pipeline *pipeline, int thread_count)
{
    while (pipeline->thread_count < thread_count) {
        if (pthread_create(&pipeline->threads[pipeline->thread_count], NULL, run_worker, pipeline) != 0) {
            break; /* Fewer threads do the same work. */
        }
        pipeline->thread_count++;
    }
    if (pipeline->thread_count == 0) {
        pipeline->own = snapshot_deflater_create(pipeline->level);
    }
}

struct snapshot_pipeline *snapshot_pipeline_create(int level, int thread_count)
{
    struct snapshot_pipeline *pipeline = memory_allocate_zeroed(sizeof(*pipeline));

    ASSERT(thread_count >= 0 && thread_count <= SNAPSHOT_THREADS_MAX);
    pipeline->level = level;
    pipeline->slot_count = 2 * (uint64_t)thread_count + 2;
    pipeline->slots = memory_allocate_zeroed(pipeline->slot_count * sizeof(struct slot));
    for (uint64_t i = 0; i < pipeline->slot_count; i++) {
        pipeline->slots[i].raw = memory_allocate(SNAPSHOT_BLOCK_BYTES);
        pipeline->slots[i].stored = memory_allocate(SNAPSHOT_BLOCK_BYTES);
    }
    pthread_mutex_init(&pipeline->mutex, NULL);
    pthread_cond_init(&pipeline->work, NULL);
    pthread_cond_init(&pipeline->made, NULL);
    start_workers(pipeline, thread_count);
    return pipeline;
}

void snapshot_pipeline_free(struct snapshot_pipeline *pipeline)
{
    if (pipeline == NULL) {
        return;
    }
    pthread_mutex_lock(&pipeline->mutex);
    pipeline->is_closing = true;
    pthread_cond_broadcast(&pipeline->work);
    pthread_mutex_unlock(&pipeline->mutex);
    for (int i = 0; i < pipeline->thread_count; i++) {
        pthread_join(pipeline->threads[i], NULL);
    }
    snapshot_deflater_free(pipeline->own);
    pthread_cond_destroy(&pipeline->made);
    pthread_cond_destroy(&pipeline->work);
    pthread_mutex_destroy(&pipeline->mutex);
    for (uint64_t i = 0; i < pipeline->slot_count; i++) {
        memory_free(pipeline->slots[i].raw);
        memory_free(pipeline->slots[i].stored);
    }
    memory_free(pipeline->slots);
    memory_free(pipeline);
}

char *snapshot_pipeline_room(struct snapshot_pipeline *pipeline)
{
    /* Only the owner moves these two counts. */
    if (pipeline->put_count - pipeline->taken_count == pipeline->slot_count) {
        return NULL;
    }
    return slot_at(pipeline, pipeline->put_count)->raw;
}

void snapshot_pipeline_put(struct snapshot_pipeline *pipeline, size_t len)
{
    struct slot *slot = slot_at(pipeline, pipeline->put_count);

    ASSERT(len >= 1 && len <= SNAPSHOT_BLOCK_BYTES);
    ASSERT(pipeline->put_count - pipeline->taken_count < pipeline->slot_count);
    slot->raw_len = len;
    if (pipeline->own != NULL) {
        make(slot, pipeline->own, pipeline->put_count);
    }
    pthread_mutex_lock(&pipeline->mutex);
    slot->is_made = pipeline->own != NULL;
    pipeline->put_count++;
    pthread_cond_signal(&pipeline->work);
    pthread_mutex_unlock(&pipeline->mutex);
}

bool snapshot_pipeline_take(struct snapshot_pipeline *pipeline, struct snapshot_made_block *made)
{
    struct slot *slot = slot_at(pipeline, pipeline->taken_count);

    if (pipeline->taken_count == pipeline->put_count) {
        return false;
    }
    pthread_mutex_lock(&pipeline->mutex);
    while (!slot->is_made) {
        pthread_cond_wait(&pipeline->made, &pipeline->mutex);
    }
    pthread_mutex_unlock(&pipeline->mutex);
    *made = slot->made;
    return true;
}

void snapshot_pipeline_give_back(struct snapshot_pipeline *pipeline)
{
    ASSERT(pipeline->taken_count < pipeline->put_count);
    pipeline->taken_count++;
}
