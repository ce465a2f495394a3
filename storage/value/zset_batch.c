#include "storage/value/zset_batch.h"
#include "base/assert.h"
#include "base/memory.h"
#include <stdlib.h>

#define FIRST_ROOM 16

void zset_batch_init(struct zset_batch *batch)
{
    *batch = (struct zset_batch){.items = NULL};
    buf_init(&batch->bytes, BUF_NO_CEILING);
}

void zset_batch_release(struct zset_batch *batch)
{
    buf_release(&batch->bytes);
    memory_free(batch->items);
}

void zset_batch_clear(struct zset_batch *batch)
{
    buf_clear(&batch->bytes);
    batch->count = 0;
}

void zset_batch_add(struct zset_batch *batch, struct slice member, double score)
{
    if (batch->count == batch->room) {
        batch->room = batch->room == 0 ? FIRST_ROOM : 2 * batch->room;
        batch->items = memory_resize(batch->items, batch->room * sizeof(*batch->items));
    }
    batch->items[batch->count++] =
        (struct zset_batch_item){.start = batch->bytes.len, .len = member.len, .score = score};
    buf_put(&batch->bytes, member);
}

static struct slice member_of(const struct zset_batch *batch, const struct zset_batch_item *item)
{
    return slice_make(buf_slice(&batch->bytes).data + item->start, item->len);
}

struct slice zset_batch_member(const struct zset_batch *batch, size_t index)
{
    ASSERT(index < batch->count);
    return member_of(batch, &batch->items[index]);
}

double zset_batch_score(const struct zset_batch *batch, size_t index)
{
    ASSERT(index < batch->count);
    return batch->items[index].score;
}

int zset_order(double a_score, struct slice a, double b_score, struct slice b)
{
    if (a_score != b_score) {
        return a_score < b_score ? -1 : 1;
    }
    return slice_compare(a, b);
}

static int compare(const void *a, const void *b, void *context)
{
    const struct zset_batch_item *first = a;
    const struct zset_batch_item *second = b;

    return zset_order(first->score, member_of(context, first), second->score, member_of(context, second));
}

void zset_batch_sort(struct zset_batch *batch)
{
    if (batch->count > 1) {
        qsort_r(batch->items, batch->count, sizeof(*batch->items), compare, batch);
    }
}
