#include "storage/value/stream_span.h"

void stream_span_add(struct stream_span *span, struct stream_id id)
{
    if (span->count == 0 || stream_id_compare(id, span->first) < 0) {
        span->first = id;
    }
    if (span->count == 0 || stream_id_compare(id, span->last) > 0) {
        span->last = id;
    }
    span->count++;
}

bool stream_span_may_hold(const struct stream_span *span, struct stream_id id)
{
    return span->count > 0 && stream_id_compare(id, span->first) >= 0 && stream_id_compare(id, span->last) <= 0;
}

/* The nearest row there is on one side of a removed one. */
static struct stream_id find_edge(const struct stream_span *span, struct view *view, const struct keycode *prefix,
                                  bool is_reverse)
{
    struct stream_range range = {.start = span->first, .end = span->last, .is_reverse = is_reverse};
    struct stream_walk walk;
    struct stream_id id;
    struct slice value;
    bool found;

    stream_walk_begin(&walk, view, prefix, span, &range);
    found = stream_walk_next(&walk, &id, &value);
    ASSERT(found); /* The span's count says so. */
    stream_walk_end(&walk);
    return id;
}

void stream_span_remove(struct stream_span *span, struct view *view, const struct keycode *prefix, struct stream_id id)
{
    ASSERT(stream_span_may_hold(span, id));
    if (--span->count == 0) {
        *span = (struct stream_span){.count = 0};
    } else if (stream_id_equal(id, span->first)) {
        span->first = find_edge(span, view, prefix, false);
    } else if (stream_id_equal(id, span->last)) {
        span->last = find_edge(span, view, prefix, true);
    }
}

void stream_walk_begin(struct stream_walk *walk, struct view *view, const struct keycode *prefix,
                       const struct stream_span *span, const struct stream_range *range)
{
    struct stream_id from;

    *walk = (struct stream_walk){.range = *range};
    if (stream_id_compare(range->start, span->first) < 0) {
        walk->range.start = span->first;
    }
    if (stream_id_compare(range->end, span->last) > 0) {
        walk->range.end = span->last;
    }
    if (span->count == 0 || stream_id_compare(walk->range.start, walk->range.end) > 0) {
        return;
    }
    from = range->is_reverse ? walk->range.end : walk->range.start;
    keycode_start(&walk->from);
    keycode_add_coded(&walk->from, keycode_slice(prefix));
    keycode_add_stream_id(&walk->from, from.ms, from.sequence);
    walk->cursor = view_cursor_create(view, TABLE_FIELDS, keycode_slice(prefix));
}

static bool step(struct stream_walk *walk)
{
    if (!walk->has_begun) {
        walk->has_begun = true;
        return walk->range.is_reverse ? view_cursor_seek_last(walk->cursor, keycode_slice(&walk->from))
                                      : view_cursor_seek(walk->cursor, keycode_slice(&walk->from));
    }
    return walk->range.is_reverse ? view_cursor_prev(walk->cursor) : view_cursor_next(walk->cursor);
}

bool stream_walk_next(struct stream_walk *walk, struct stream_id *id, struct slice *value)
{
    struct slice key;

    if (walk->cursor == NULL || !step(walk)) {
        return false;
    }
    key = view_cursor_key(walk->cursor);
    ASSERT(key.len == walk->from.len); /* K4 */
    *id = stream_id_get(key.data + key.len - STREAM_ID_BYTES);
    *value = view_cursor_value(walk->cursor);
    return walk->range.is_reverse ? stream_id_compare(*id, walk->range.start) >= 0
                                  : stream_id_compare(*id, walk->range.end) <= 0;
}

void stream_walk_end(struct stream_walk *walk)
{
    view_cursor_free(walk->cursor);
}
