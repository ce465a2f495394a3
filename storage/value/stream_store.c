/* Invariants, which hearth-check verifies: the head's span of items is that of the rows, each item lies in the node
 * that begins last before it, and a node's alive_count is the items in it. */
#include "storage/value/stream_store.h"
#include "storage/keyspace/packed.h"
#include "storage/value/collection.h"
#include "storage/value/stream_node.h"

void stream_begin(struct keyspace *keyspace, uint32_t db, struct slice key, uint64_t expire_at_ms,
                  struct stream *stream)
{
    *stream = (struct stream){.keyspace = keyspace, .db = db, .key = key};
    stream->entry = (struct entry){
        .type = ENTRY_STREAM, .encoding = COLLECTION_ROWS, .expire_at_ms = expire_at_ms, .body = slice_empty()};
}

void stream_look(struct keyspace *keyspace, uint32_t db, struct slice key, const struct entry *entry,
                 struct stream *stream)
{
    *stream = (struct stream){.keyspace = keyspace, .db = db, .key = key, .entry = *entry, .was_there = true};
    ASSERT(stream_head_decode(entry->body, &stream->head)); /* K4 */
}

enum status stream_open(struct keyspace *keyspace, uint32_t db, struct slice key, struct stream *stream)
{
    struct entry entry;

    if (!keyspace_find(keyspace, db, key, &entry)) {
        stream_begin(keyspace, db, key, 0, stream);
        return STATUS_NOT_FOUND;
    }
    if (entry.type != ENTRY_STREAM) {
        return STATUS_WRONG_TYPE;
    }
    stream_look(keyspace, db, key, &entry, stream);
    return STATUS_OK;
}

void stream_commit(struct stream *stream)
{
    char body[STREAM_HEAD_BYTES_MAX];

    if (stream->entry.generation == 0) {
        stream->entry.generation = keyspace_new_generation(stream->keyspace);
    }
    stream->entry.body = stream_head_encode(&stream->head, body);
    stream->entry.count = stream->head.items.count;
    keyspace_put_foreign(stream->keyspace, stream->db, stream->key, &stream->entry);
    stream->entry.body = slice_empty();
}

void stream_prefix(const struct stream *stream, enum keycode_stream_part part, struct keycode *prefix)
{
    keycode_stream(prefix, stream->entry.generation, part);
}

static struct keycode item_key(const struct stream *stream, struct stream_id id)
{
    struct keycode code;

    stream_prefix(stream, KEYCODE_STREAM_ITEM, &code);
    keycode_add_stream_id(&code, id.ms, id.sequence);
    return code;
}

static void put_item(struct stream *stream, struct stream_id id, const struct slice *words, size_t word_count)
{
    struct keycode code = item_key(stream, id);
    size_t len;
    char number[KEYCODE_NUMBER_BYTES_MAX];
    char *to;

    len = keycode_put_number(number, word_count / 2);
    for (size_t i = 0; i < word_count; i++) {
        len += packed_bytes(words[i].len);
    }
    to = view_put_space(keyspace_view(stream->keyspace), TABLE_FIELDS, keycode_slice(&code), len);
    to += keycode_put_number(to, word_count / 2);
    for (size_t i = 0; i < word_count; i++) {
        to += keycode_put_number(to, words[i].len);
        if (words[i].len > 0) {
            memcpy(to, words[i].data, words[i].len);
            to += words[i].len;
        }
    }
}

void stream_append(struct stream *stream, struct stream_id id, const struct slice *words, size_t word_count,
                   const struct stream_node_limits *limits)
{
    ASSERT(stream_id_compare(id, stream->head.last_id) > 0 || stream->head.added_count == 0);
    if (stream->entry.generation == 0) {
        stream->entry.generation = keyspace_new_generation(stream->keyspace);
    }
    stream_node_add(stream, id, words, word_count, limits);
    put_item(stream, id, words, word_count);
    stream_span_add(&stream->head.items, id);
    stream->head.last_id = id;
    stream->head.added_count++;
}

bool stream_find(const struct stream *stream, struct stream_id id, struct slice *value)
{
    struct keycode code;

    if (!stream_span_may_hold(&stream->head.items, id)) {
        return false;
    }
    code = item_key(stream, id);
    return view_get(keyspace_view(stream->keyspace), TABLE_FIELDS, keycode_slice(&code), value);
}

bool stream_delete(struct stream *stream, struct stream_id id)
{
    struct view *view = keyspace_view(stream->keyspace);
    struct keycode code;
    struct keycode prefix;

    if (!stream_contains(stream, id)) {
        return false;
    }
    code = item_key(stream, id);
    view_delete(view, TABLE_FIELDS, keycode_slice(&code));
    stream_prefix(stream, KEYCODE_STREAM_ITEM, &prefix);
    stream_span_remove(&stream->head.items, view, &prefix, id);
    stream_node_remove(stream, id);
    return true;
}

/* Delete the oldest items, `count` of them, or those before `until` (NULL: any) if they are fewer; how many they were.
 * The nodes are the caller's to bring up to date. */
static uint64_t drop_oldest(struct stream *stream, uint64_t count, const struct stream_id *until)
{
    struct view *view = keyspace_view(stream->keyspace);
    struct stream_span *items = &stream->head.items;
    struct stream_walk walk;
    struct stream_id id = STREAM_ID_MIN;
    struct slice value;
    uint64_t dropped = 0;
    bool more;

    stream_items_begin(stream, &STREAM_RANGE_ALL, &walk);
    more = stream_walk_next(&walk, &id, &value);
    while (more && dropped < count && (until == NULL || stream_id_compare(id, *until) < 0)) {
        struct keycode code = item_key(stream, id);

        view_delete(view, TABLE_FIELDS, keycode_slice(&code));
        dropped++;
        more = stream_walk_next(&walk, &id, &value);
    }
    stream_walk_end(&walk);
    ASSERT(more == (dropped < items->count));
    items->count -= dropped;
    items->first = id;
    if (!more) {
        *items = (struct stream_span){.count = 0};
    }
    return dropped;
}

/* Whether all of the oldest node may go, as Redis decides. */
static bool may_go(const struct stream *stream, const struct stream_node *node, const struct stream_trim *trim)
{
    return trim->by_id ? stream_id_compare(node->last_id, trim->id) < 0
                       : stream_count(stream) - node->alive_count >= trim->count;
}

uint64_t stream_trim(struct stream *stream, const struct stream_trim *trim)
{
    uint64_t total = 0;

    while (stream_count(stream) > 0 && (trim->by_id || stream_count(stream) > trim->count)) {
        struct stream_node node;
        uint64_t dropped;

        stream_node_oldest(stream, &node);
        if (trim->deletions_max != 0 && total + node.alive_count > trim->deletions_max) {
            break;
        }
        if (may_go(stream, &node, trim)) {
            dropped = drop_oldest(stream, node.alive_count, NULL);
        } else if (trim->is_approximate) {
            break;
        } else if (trim->by_id) {
            dropped = drop_oldest(stream, node.alive_count, &trim->id);
        } else {
            dropped = drop_oldest(stream, stream_count(stream) - trim->count, NULL);
        }
        total += dropped;
        if (dropped == 0) {
            break;
        }
        stream_node_shrink_oldest(stream, &node, dropped);
    }
    return total;
}

void stream_items_begin(const struct stream *stream, const struct stream_range *range, struct stream_walk *walk)
{
    struct keycode prefix;

    stream_prefix(stream, KEYCODE_STREAM_ITEM, &prefix);
    stream_walk_begin(walk, keyspace_view(stream->keyspace), &prefix, &stream->head.items, range);
}

int64_t stream_estimate_reads(const struct stream *stream, struct stream_id id)
{
    const struct stream_head *head = &stream->head;
    int order = stream_id_compare(id, head->last_id);

    if (head->added_count == 0) {
        return 0;
    }
    if (order == 0 || (head->items.count == 0 && order < 0)) {
        return (int64_t)head->added_count;
    }
    if (order > 0) {
        return STREAM_READ_COUNT_UNKNOWN;
    }
    if (stream_id_is_zero(head->greatest_deleted_id) ||
        stream_id_compare(head->greatest_deleted_id, head->items.first) < 0) {
        order = stream_id_compare(id, head->items.first);
        if (order <= 0) {
            return (int64_t)(head->added_count - head->items.count) + (order == 0);
        }
    }
    return STREAM_READ_COUNT_UNKNOWN;
}

bool stream_has_gaps(const struct stream *stream, struct stream_id start)
{
    const struct stream_head *head = &stream->head;

    return head->items.count > 0 && !stream_id_is_zero(head->greatest_deleted_id) &&
           stream_id_compare(head->items.first, head->greatest_deleted_id) <= 0 &&
           stream_id_compare(start, head->greatest_deleted_id) <= 0;
}
