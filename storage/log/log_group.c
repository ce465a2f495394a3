#include "storage/log/log_group.h"

#include "base/assert.h"
#include "base/memory.h"
#include "storage/log/log_record.h"

#define KEEP_BYTES (1024u * 1024) /* Memory that an empty group keeps. */

struct log_group_cut {
    size_t end;
    uint64_t wall_ms; /* Of the newest change in the record. */
};

void log_group_init(struct log_group *group)
{
    memset(group, 0, sizeof(*group));
    buf_init(&group->payload, BUF_NO_CEILING);
}

void log_group_release(struct log_group *group)
{
    buf_release(&group->payload);
    memory_free(group->cuts);
}

void log_group_clear(struct log_group *group)
{
    buf_clear(&group->payload);
    buf_shrink(&group->payload, KEEP_BYTES);
    group->count = 0;
    group->charge = 0;
}

/* Where record `i` begins. */
static size_t get_start(const struct log_group *group, size_t i)
{
    return i == 0 ? 0 : group->cuts[i - 1].end;
}

/* Let the last record, if it is short enough with them, or else a new one, have the bytes at the payload's end. */
static void cut(struct log_group *group, uint64_t wall_ms)
{
    size_t end = group->payload.len;

    if (group->count == 0 || end - get_start(group, group->count - 1) > LOG_GROUP_RECORD_BYTES) {
        if (group->count == group->capacity) {
            group->capacity = group->capacity == 0 ? 16 : group->capacity * 2;
            group->cuts = memory_resize(group->cuts, group->capacity * sizeof(*group->cuts));
        }
        group->count++;
    }
    group->cuts[group->count - 1] = (struct log_group_cut){.end = end, .wall_ms = wall_ms};
}

void log_group_take(struct log_group *group, struct buf *batch, uint64_t wall_ms)
{
    size_t len = batch->len;

    ASSERT(len > 0);
    if (group->count == 0) {
        struct buf empty = group->payload;

        group->payload = *batch;
        *batch = empty;
    } else {
        buf_put(&group->payload, buf_slice(batch));
        buf_clear(batch);
        buf_shrink(batch, KEEP_BYTES);
    }
    cut(group, wall_ms);
    group->charge += LOG_RECORD_HEADER_BYTES + len;
}

struct slice log_group_record(const struct log_group *group, size_t i, uint64_t *wall_ms)
{
    size_t start = get_start(group, i);

    ASSERT(i < group->count);
    *wall_ms = group->cuts[i].wall_ms;
    return slice_make(buf_slice(&group->payload).data + start, group->cuts[i].end - start);
}
