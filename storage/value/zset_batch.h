/* Members with scores, copied out of a sorted set: what is needed while the set itself changes or is sorted anew. */
#ifndef STORAGE_VALUE_ZSET_BATCH_H
#define STORAGE_VALUE_ZSET_BATCH_H

#include "base/buf.h"
#include "base/slice.h"
#include <stdint.h>

struct zset_batch_item {
    size_t start; /* In the batch's bytes. */
    size_t len;
    double score;
};

struct zset_batch {
    struct buf bytes;              /* Owned. */
    struct zset_batch_item *items; /* Owned. */
    size_t count;
    size_t room;
};

void zset_batch_init(struct zset_batch *batch);
void zset_batch_release(struct zset_batch *batch);
/* Empty it and keep its memory. */
void zset_batch_clear(struct zset_batch *batch);

void zset_batch_add(struct zset_batch *batch, struct slice member, double score);
/* Borrowed until the batch changes. `index` is below its count. */
struct slice zset_batch_member(const struct zset_batch *batch, size_t index);
double zset_batch_score(const struct zset_batch *batch, size_t index);

/* Sort by score, then by the members' bytes. */
void zset_batch_sort(struct zset_batch *batch);

/* Negative, 0 or positive: the order of a sorted set. */
int zset_order(double a_score, struct slice a, double b_score, struct slice b);

#endif
