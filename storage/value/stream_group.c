/* Invariants, which hearth-check verifies: a pending entry's consumer is there and owns its id, a consumer owns nothing
 * else, and spans are those of the rows. */
#include "storage/value/stream_group.h"
#include "storage/keyspace/field.h"

/* --- Keys --- */

static struct keycode part_prefix(const struct stream *stream, enum keycode_stream_part part)
{
    struct keycode prefix;

    stream_prefix(stream, part, &prefix);
    return prefix;
}

/* Rows of a group: consumers, pending entries, owned ones of all consumers, names. */
static struct keycode group_prefix(const struct stream *stream, const struct stream_group *group,
                                   enum keycode_stream_part part)
{
    struct keycode prefix = part_prefix(stream, part);

    keycode_add_number(&prefix, group->number);
    return prefix;
}

static struct keycode consumer_prefix(const struct stream *stream, const struct stream_group *group, uint64_t consumer,
                                      enum keycode_stream_part part)
{
    struct keycode prefix = group_prefix(stream, group, part);

    keycode_add_number(&prefix, consumer);
    return prefix;
}

static struct view *view_of(const struct stream *stream)
{
    return keyspace_view(stream->keyspace);
}

static void put_at(struct stream *stream, const struct keycode *prefix, struct stream_id id, struct slice value)
{
    struct keycode code = *prefix;

    keycode_add_stream_id(&code, id.ms, id.sequence);
    view_put(view_of(stream), TABLE_FIELDS, keycode_slice(&code), value);
}

/* Delete a row that `span` counts. */
static void delete_at(struct stream *stream, const struct keycode *prefix, struct stream_id id,
                      struct stream_span *span)
{
    struct keycode code = *prefix;

    keycode_add_stream_id(&code, id.ms, id.sequence);
    view_delete(view_of(stream), TABLE_FIELDS, keycode_slice(&code));
    stream_span_remove(span, view_of(stream), prefix, id);
}

static void delete_all(struct stream *stream, const struct keycode *prefix)
{
    struct view_cursor *cursor = view_cursor_create(view_of(stream), TABLE_FIELDS, keycode_slice(prefix));

    for (bool more = view_cursor_first(cursor); more; more = view_cursor_next(cursor)) {
        view_delete(view_of(stream), TABLE_FIELDS, view_cursor_key(cursor));
    }
    view_cursor_free(cursor);
}

/* --- Groups --- */

bool stream_group_find(const struct stream *stream, struct slice name, struct stream_group *group)
{
    struct keycode prefix;
    struct slice value;

    if (stream->head.group_count == 0) {
        return false;
    }
    prefix = part_prefix(stream, KEYCODE_STREAM_GROUP);
    if (!field_get_under(stream->keyspace, &prefix, name, &value)) {
        return false;
    }
    group->name = name;
    ASSERT(stream_group_decode(value, group)); /* K4 */
    return true;
}

void stream_group_put(struct stream *stream, const struct stream_group *group)
{
    struct keycode prefix = part_prefix(stream, KEYCODE_STREAM_GROUP);
    char bytes[STREAM_HEAD_BYTES_MAX];

    field_put_under(stream->keyspace, &prefix, group->name, stream_group_encode(group, bytes));
}

void stream_group_create(struct stream *stream, struct slice name, struct stream_id last_id, int64_t read_count,
                         struct stream_group *group)
{
    *group = (struct stream_group){
        .name = name, .number = ++stream->head.last_group, .last_id = last_id, .read_count = read_count};
    stream->head.group_count++;
    if (stream->entry.generation == 0) {
        stream->entry.generation = keyspace_new_generation(stream->keyspace);
    }
    stream_group_put(stream, group);
}

void stream_group_destroy(struct stream *stream, const struct stream_group *group)
{
    static const enum keycode_stream_part parts[] = {KEYCODE_STREAM_CONSUMER, KEYCODE_STREAM_PENDING,
                                                     KEYCODE_STREAM_OWNED, KEYCODE_STREAM_NAME};
    struct keycode prefix = part_prefix(stream, KEYCODE_STREAM_GROUP);

    field_delete_under(stream->keyspace, &prefix, group->name);
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        prefix = group_prefix(stream, group, parts[i]);
        delete_all(stream, &prefix);
    }
    stream->head.group_count--;
}

void stream_group_advance(const struct stream *stream, struct stream_group *group, struct stream_id id)
{
    if (stream_id_compare(id, group->last_id) <= 0) {
        return;
    }
    if (group->read_count != STREAM_READ_COUNT_UNKNOWN && !stream_has_gaps(stream, id)) {
        group->read_count++;
    } else if (stream->head.added_count > 0) {
        group->read_count = stream_estimate_reads(stream, id);
    }
    group->last_id = id;
}

bool stream_group_lag(const struct stream *stream, const struct stream_group *group, int64_t *lag)
{
    int64_t read_count = group->read_count;

    if (stream->head.added_count == 0) {
        *lag = 0;
        return true;
    }
    if (read_count == STREAM_READ_COUNT_UNKNOWN || stream_has_gaps(stream, group->last_id)) {
        read_count = stream_estimate_reads(stream, group->last_id);
    }
    *lag = (int64_t)stream->head.added_count - read_count;
    return read_count != STREAM_READ_COUNT_UNKNOWN;
}

/* --- Consumers --- */

bool stream_consumer_find(const struct stream *stream, const struct stream_group *group, struct slice name,
                          struct stream_consumer *consumer)
{
    struct keycode prefix = group_prefix(stream, group, KEYCODE_STREAM_CONSUMER);
    struct slice value;

    if (group->consumer_count == 0 || !field_get_under(stream->keyspace, &prefix, name, &value)) {
        return false;
    }
    consumer->name = name;
    ASSERT(stream_consumer_decode(value, consumer)); /* K4 */
    return true;
}

void stream_consumer_put(struct stream *stream, const struct stream_group *group,
                         const struct stream_consumer *consumer)
{
    struct keycode prefix = group_prefix(stream, group, KEYCODE_STREAM_CONSUMER);
    char bytes[STREAM_HEAD_BYTES_MAX];

    field_put_under(stream->keyspace, &prefix, consumer->name, stream_consumer_encode(consumer, bytes));
}

void stream_consumer_create(struct stream *stream, struct stream_group *group, struct slice name, uint64_t seen_ms,
                            struct stream_consumer *consumer)
{
    struct keycode code;

    *consumer = (struct stream_consumer){.name = name, .number = ++group->last_consumer, .seen_ms = seen_ms};
    group->consumer_count++;
    code = consumer_prefix(stream, group, consumer->number, KEYCODE_STREAM_NAME);
    view_put(view_of(stream), TABLE_FIELDS, keycode_slice(&code), name);
    stream_consumer_put(stream, group, consumer);
}

void stream_consumer_delete(struct stream *stream, struct stream_group *group, struct stream_consumer *consumer)
{
    struct keycode consumers = group_prefix(stream, group, KEYCODE_STREAM_CONSUMER);
    struct keycode owned = consumer_prefix(stream, group, consumer->number, KEYCODE_STREAM_OWNED);
    struct keycode pending = group_prefix(stream, group, KEYCODE_STREAM_PENDING);
    struct keycode name = consumer_prefix(stream, group, consumer->number, KEYCODE_STREAM_NAME);
    struct stream_walk walk;
    struct stream_id id;
    struct slice value;

    stream_owned_begin(stream, group, consumer, &STREAM_RANGE_ALL, &walk);
    while (stream_walk_next(&walk, &id, &value)) {
        delete_at(stream, &pending, id, &group->pending);
    }
    stream_walk_end(&walk);
    delete_all(stream, &owned);
    view_delete(view_of(stream), TABLE_FIELDS, keycode_slice(&name));
    field_delete_under(stream->keyspace, &consumers, consumer->name);
    group->consumer_count--;
}

struct slice stream_consumer_name(const struct stream *stream, const struct stream_group *group, uint64_t number)
{
    struct keycode code = consumer_prefix(stream, group, number, KEYCODE_STREAM_NAME);
    struct slice name = slice_empty();
    bool found = view_get(view_of(stream), TABLE_FIELDS, keycode_slice(&code), &name);

    ASSERT(found);
    return name;
}

/* --- Pending entries --- */

bool stream_pending_find(const struct stream *stream, const struct stream_group *group, struct stream_id id,
                         struct stream_pending *pending)
{
    struct keycode code;
    struct slice value;

    if (!stream_span_may_hold(&group->pending, id)) {
        return false;
    }
    code = group_prefix(stream, group, KEYCODE_STREAM_PENDING);
    keycode_add_stream_id(&code, id.ms, id.sequence);
    if (!view_get(view_of(stream), TABLE_FIELDS, keycode_slice(&code), &value)) {
        return false;
    }
    ASSERT(stream_pending_decode(value, pending)); /* K4 */
    return true;
}

/* Take `id` away from the consumer of that number, which is `held` or is read and put here. */
static void disown(struct stream *stream, struct stream_group *group, struct stream_consumer *held,
                   const struct stream_pending *pending, struct stream_id id)
{
    struct keycode prefix = consumer_prefix(stream, group, pending->consumer, KEYCODE_STREAM_OWNED);
    struct stream_consumer other;
    bool found;

    if (held != NULL && held->number == pending->consumer) {
        delete_at(stream, &prefix, id, &held->pending);
        return;
    }
    found = stream_consumer_find(stream, group, stream_consumer_name(stream, group, pending->consumer), &other);
    ASSERT(found);
    delete_at(stream, &prefix, id, &other.pending);
    stream_consumer_put(stream, group, &other);
}

void stream_pending_put(struct stream *stream, struct stream_group *group, struct stream_consumer *consumer,
                        struct stream_id id, const struct stream_pending *pending)
{
    struct keycode pendings = group_prefix(stream, group, KEYCODE_STREAM_PENDING);
    struct keycode owned = consumer_prefix(stream, group, consumer->number, KEYCODE_STREAM_OWNED);
    struct stream_pending row = *pending;
    struct stream_pending old = {.consumer = 0};
    char bytes[STREAM_HEAD_BYTES_MAX];

    if (!stream_pending_find(stream, group, id, &old)) {
        stream_span_add(&group->pending, id);
    } else if (old.consumer != consumer->number) {
        disown(stream, group, NULL, &old, id);
    }
    if (old.consumer != consumer->number) {
        put_at(stream, &owned, id, slice_empty());
        stream_span_add(&consumer->pending, id);
    }
    row.consumer = consumer->number;
    put_at(stream, &pendings, id, stream_pending_encode(&row, bytes));
}

void stream_pending_remove(struct stream *stream, struct stream_group *group, struct stream_consumer *held,
                           struct stream_id id, const struct stream_pending *pending)
{
    struct keycode prefix = group_prefix(stream, group, KEYCODE_STREAM_PENDING);

    delete_at(stream, &prefix, id, &group->pending);
    disown(stream, group, held, pending, id);
}

void stream_pending_begin(const struct stream *stream, const struct stream_group *group,
                          const struct stream_range *range, struct stream_walk *walk)
{
    struct keycode prefix = group_prefix(stream, group, KEYCODE_STREAM_PENDING);

    stream_walk_begin(walk, view_of(stream), &prefix, &group->pending, range);
}

void stream_owned_begin(const struct stream *stream, const struct stream_group *group,
                        const struct stream_consumer *consumer, const struct stream_range *range,
                        struct stream_walk *walk)
{
    struct keycode prefix = consumer_prefix(stream, group, consumer->number, KEYCODE_STREAM_OWNED);

    stream_walk_begin(walk, view_of(stream), &prefix, &consumer->pending, range);
}

/* --- Walks by name --- */

static void begin_names(const struct stream *stream, const struct keycode *prefix, struct stream_names *names)
{
    names->cursor = view_cursor_create(view_of(stream), TABLE_FIELDS, keycode_slice(prefix));
    names->prefix_len = prefix->len;
    names->has_begun = false;
}

static bool next_name(struct stream_names *names, struct slice *name, struct slice *value)
{
    bool found = names->has_begun ? view_cursor_next(names->cursor) : view_cursor_first(names->cursor);

    names->has_begun = true;
    if (found) {
        *value = view_cursor_value(names->cursor);
        ASSERT(keycode_take_full_name(slice_after(view_cursor_key(names->cursor), names->prefix_len), value, name));
    }
    return found;
}

void stream_groups_begin(const struct stream *stream, struct stream_names *names)
{
    struct keycode prefix = part_prefix(stream, KEYCODE_STREAM_GROUP);

    begin_names(stream, &prefix, names);
}

bool stream_groups_next(struct stream_names *names, struct stream_group *group)
{
    struct slice value;

    if (!next_name(names, &group->name, &value)) {
        return false;
    }
    ASSERT(stream_group_decode(value, group)); /* K4 */
    return true;
}

void stream_consumers_begin(const struct stream *stream, const struct stream_group *group, struct stream_names *names)
{
    struct keycode prefix = group_prefix(stream, group, KEYCODE_STREAM_CONSUMER);

    begin_names(stream, &prefix, names);
}

bool stream_consumers_next(struct stream_names *names, struct stream_consumer *consumer)
{
    struct slice value;

    if (!next_name(names, &consumer->name, &value)) {
        return false;
    }
    ASSERT(stream_consumer_decode(value, consumer)); /* K4 */
    return true;
}

void stream_names_end(struct stream_names *names)
{
    view_cursor_free(names->cursor);
}
