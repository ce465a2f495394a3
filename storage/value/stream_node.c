#include "storage/value/stream_node.h"
#include "base/checksum.h"
#include "base/number.h"

/* Bytes of things in a listpack, as Redis 7.0 writes them. */
#define LISTPACK_FRAME_BYTES 7 /* Head and end. */

static size_t with_back_length(size_t len)
{
    return len + (len < 1u << 7 ? 1 : len < 1u << 14 ? 2 : len < 1u << 21 ? 3 : len < 1u << 28 ? 4 : 5);
}

static size_t integer_bytes(int64_t value)
{
    size_t len = 9;

    if (value >= 0 && value <= 127) {
        len = 1;
    } else if (value >= -4096 && value <= 4095) {
        len = 2;
    } else if (value >= INT16_MIN && value <= INT16_MAX) {
        len = 3;
    } else if (value >= -(1 << 23) && value < 1 << 23) {
        len = 4;
    } else if (value >= INT32_MIN && value <= INT32_MAX) {
        len = 5;
    }
    return with_back_length(len);
}

static size_t string_bytes(struct slice string)
{
    int64_t integer;

    if (string.len < NUMBER_INTEGER_TEXT_MAX && number_parse_int64(string, &integer)) {
        return integer_bytes(integer);
    }
    return with_back_length(string.len + (string.len < 1u << 6 ? 1 : string.len < 1u << 12 ? 2 : 5));
}

/* An item as it is added. */
struct item {
    struct stream_id id;
    size_t field_count;
    uint64_t fields_hash;
    size_t raw_bytes;    /* Of all words as they are. */
    size_t field_bytes;  /* In a listpack. */
    size_t values_bytes; /* In a listpack. */
};

static struct item measure(struct stream_id id, const struct slice *words, size_t word_count)
{
    struct item item = {.id = id, .field_count = word_count / 2};

    for (size_t i = 0; i < word_count; i++) {
        item.raw_bytes += words[i].len;
        if (i % 2 == 0) {
            uint64_t len = words[i].len;

            item.field_bytes += string_bytes(words[i]);
            item.fields_hash = checksum_crc64(item.fields_hash ^ len, words[i]);
        } else {
            item.values_bytes += string_bytes(words[i]);
        }
    }
    item.fields_hash = checksum_crc64(item.fields_hash ^ item.field_count, slice_of("fields"));
    return item;
}

static bool fits(const struct stream_node *node, const struct item *item, const struct stream_node_limits *limits)
{
    uint64_t most =
        limits->bytes == 0 || limits->bytes > STREAM_NODE_BYTES_CEILING ? STREAM_NODE_BYTES_CEILING : limits->bytes;

    return node->alive_count > 0 && node->bytes + item->raw_bytes < most &&
           (limits->entries == 0 || node->entry_count < limits->entries);
}

static struct keycode row_key(const struct stream *stream, struct stream_id first_id)
{
    struct keycode code;

    stream_prefix(stream, KEYCODE_STREAM_NODE, &code);
    keycode_add_stream_id(&code, first_id.ms, first_id.sequence);
    return code;
}

static void put_row(struct stream *stream, const struct stream_node *node)
{
    struct keycode code = row_key(stream, node->first_id);
    char bytes[STREAM_HEAD_BYTES_MAX];

    view_put(keyspace_view(stream->keyspace), TABLE_FIELDS, keycode_slice(&code), stream_node_encode(node, bytes));
}

static void delete_row(struct stream *stream, struct stream_id first_id)
{
    struct keycode code = row_key(stream, first_id);
    struct keycode prefix;

    view_delete(keyspace_view(stream->keyspace), TABLE_FIELDS, keycode_slice(&code));
    stream_prefix(stream, KEYCODE_STREAM_NODE, &prefix);
    stream_span_remove(&stream->head.nodes, keyspace_view(stream->keyspace), &prefix, first_id);
}

/* The node with a row that `id` lies in: the last that begins at it or before. */
static void find_row(const struct stream *stream, struct stream_id id, struct stream_node *node)
{
    struct stream_range range = {.end = id, .is_reverse = true};
    struct stream_walk walk;
    struct keycode prefix;
    struct slice value;
    bool is_good;

    stream_prefix(stream, KEYCODE_STREAM_NODE, &prefix);
    stream_walk_begin(&walk, keyspace_view(stream->keyspace), &prefix, &stream->head.nodes, &range);
    is_good = stream_walk_next(&walk, &node->first_id, &value) && stream_node_decode(value, node);
    ASSERT(is_good); /* Each item lies in a node. */
    stream_walk_end(&walk);
}

void stream_node_add(struct stream *stream, struct stream_id id, const struct slice *words, size_t word_count,
                     const struct stream_node_limits *limits)
{
    struct stream_node *tail = &stream->head.tail;
    struct item item = measure(id, words, word_count);

    if (!fits(tail, &item, limits)) {
        if (tail->alive_count > 0) {
            put_row(stream, tail);
            stream_span_add(&stream->head.nodes, tail->first_id);
        }
        *tail = (struct stream_node){.first_id = id, .fields_hash = item.fields_hash};
        tail->bytes =
            LISTPACK_FRAME_BYTES + 3 * integer_bytes(0) + integer_bytes((int64_t)item.field_count) + item.field_bytes;
    }
    tail->bytes += integer_bytes(0) + integer_bytes((int64_t)(id.ms - tail->first_id.ms)) +
                   integer_bytes((int64_t)(id.sequence - tail->first_id.sequence)) + item.values_bytes;
    if (item.fields_hash == tail->fields_hash) {
        tail->bytes += integer_bytes((int64_t)item.field_count + 3);
    } else {
        tail->bytes += integer_bytes((int64_t)item.field_count) + item.field_bytes +
                       integer_bytes(2 * (int64_t)item.field_count + 4);
    }
    tail->bytes += integer_bytes((int64_t)tail->alive_count + 1) - integer_bytes((int64_t)tail->alive_count);
    tail->last_id = id;
    tail->entry_count++;
    tail->alive_count++;
}

/* The newest node is gone: the one before is the newest again. */
static void reopen(struct stream *stream)
{
    struct stream_head *head = &stream->head;

    head->tail = (struct stream_node){.alive_count = 0};
    if (head->nodes.count > 0) {
        find_row(stream, head->nodes.last, &head->tail);
        delete_row(stream, head->tail.first_id);
    }
}

static void shrink(struct stream *stream, struct stream_node *node, uint64_t count)
{
    ASSERT(count <= node->alive_count);
    node->alive_count -= count;
    if (node == &stream->head.tail) {
        if (node->alive_count == 0) {
            reopen(stream);
        }
    } else if (node->alive_count == 0) {
        delete_row(stream, node->first_id);
    } else {
        put_row(stream, node);
    }
}

void stream_node_remove(struct stream *stream, struct stream_id id)
{
    struct stream_node *tail = &stream->head.tail;
    struct stream_node node;

    if (stream_id_compare(id, tail->first_id) >= 0) {
        shrink(stream, tail, 1);
    } else {
        find_row(stream, id, &node);
        shrink(stream, &node, 1);
    }
}

void stream_node_oldest(const struct stream *stream, struct stream_node *node)
{
    if (stream->head.nodes.count == 0) {
        *node = stream->head.tail;
    } else {
        find_row(stream, stream->head.nodes.first, node);
    }
}

void stream_node_shrink_oldest(struct stream *stream, struct stream_node *node, uint64_t count)
{
    shrink(stream, stream->head.nodes.count == 0 ? &stream->head.tail : node, count);
}

uint64_t stream_node_count(const struct stream *stream)
{
    return stream->head.nodes.count + (stream->head.tail.alive_count > 0);
}
