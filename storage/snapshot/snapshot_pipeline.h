/* Blocks through several compressing threads, out in the order in which they came in.
 *
 * One thread (the owner) puts raw blocks in and takes made ones out; the workers are inside. Memory is bounded: the
 * slots, two a worker and two more, each with a raw and a stored block. */
#ifndef STORAGE_SNAPSHOT_SNAPSHOT_PIPELINE_H
#define STORAGE_SNAPSHOT_SNAPSHOT_PIPELINE_H

#include "storage/snapshot/snapshot_format.h"

#define SNAPSHOT_THREADS_MAX 64

struct snapshot_pipeline; /* Opaque; one owner thread. */

/* A made block; borrowed until snapshot_pipeline_give_back(). */
struct snapshot_made_block {
    struct snapshot_block_header header;
    struct slice stored;
};

/* `level` is zlib's, 0 stores; `thread_count` is 1 to SNAPSHOT_THREADS_MAX, or 0: the owner's thread does the work. */
struct snapshot_pipeline *snapshot_pipeline_create(int level, int thread_count);
/* Waits for the workers; blocks that were not taken are dropped. */
void snapshot_pipeline_free(struct snapshot_pipeline *pipeline);

/* Where the next raw block goes (SNAPSHOT_BLOCK_BYTES of room), or NULL when every slot is in use: take one first. */
char *snapshot_pipeline_room(struct snapshot_pipeline *pipeline);
/* The room holds `len` raw bytes, at least 1. */
void snapshot_pipeline_put(struct snapshot_pipeline *pipeline, size_t len);
/* Wait for the oldest block; false if there is none. */
bool snapshot_pipeline_take(struct snapshot_pipeline *pipeline, struct snapshot_made_block *made);
/* The block taken last is done with. */
void snapshot_pipeline_give_back(struct snapshot_pipeline *pipeline);

#endif
