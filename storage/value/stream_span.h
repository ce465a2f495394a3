/* Rows of a stream that are keyed by ids under one prefix: items, nodes, pending entries of a group or of a consumer.
 *
 * Who owns them keeps their span, how many there are and the outermost ids, and every walk begins and ends within it.
 * So a walk never steps over what was deleted at either end, where queues delete all the time: such rows stand in the
 * memtable until the next checkpoint, and there may be a million of them. */
#ifndef STORAGE_VALUE_STREAM_SPAN_H
#define STORAGE_VALUE_STREAM_SPAN_H

#include "storage/memtable/view_cursor.h"
#include "storage/value/stream_code.h"

/* A row was put that was not there before. */
void stream_span_add(struct stream_span *span, struct stream_id id);
/* The row of `id` was deleted; finds the new outermost one if it was that. */
void stream_span_remove(struct stream_span *span, struct view *view, const struct keycode *prefix, struct stream_id id);
/* Whether rows of `id` can be there. */
bool stream_span_may_hold(const struct stream_span *span, struct stream_id id);

/* From which id to which, both included; start after end is empty. */
struct stream_range {
    struct stream_id start;
    struct stream_id end;
    bool is_reverse; /* From the end to the start. */
};

#define STREAM_RANGE_ALL ((struct stream_range){.end = STREAM_ID_MAX})

struct stream_walk {
    struct view_cursor *cursor; /* Owned; NULL when there is nothing in the range. */
    struct stream_range range;  /* Within the span. */
    struct keycode from;        /* Where it begins. */
    bool has_begun;
};

/* Rows may be changed and deleted on the way; those that are added need not be seen. */
void stream_walk_begin(struct stream_walk *walk, struct view *view, const struct keycode *prefix,
                       const struct stream_span *span, const struct stream_range *range);
/* False at the end; `*value` is borrowed until the next call or write. */
bool stream_walk_next(struct stream_walk *walk, struct stream_id *id, struct slice *value);
void stream_walk_end(struct stream_walk *walk);

#endif
