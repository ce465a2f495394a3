#include "storage/value/stream_code.h"

/* What is being written: numbers, and ids as two of them, since most are small or alike. */
struct writer {
    char *start;
    size_t len;
};

static void put_number(struct writer *writer, uint64_t number)
{
    ASSERT(writer->len + KEYCODE_NUMBER_BYTES_MAX <= STREAM_HEAD_BYTES_MAX);
    writer->len += keycode_put_number(writer->start + writer->len, number);
}

static void put_id(struct writer *writer, struct stream_id id)
{
    put_number(writer, id.ms);
    put_number(writer, id.sequence);
}

static void put_span(struct writer *writer, const struct stream_span *span)
{
    put_number(writer, span->count);
    if (span->count > 0) {
        put_id(writer, span->first);
        put_id(writer, span->last);
    }
}

static struct slice written(const struct writer *writer)
{
    return slice_make(writer->start, writer->len);
}

static bool take_id(struct slice *from, struct stream_id *id)
{
    return keycode_take_number(from, &id->ms) && keycode_take_number(from, &id->sequence);
}

static bool take_span(struct slice *from, struct stream_span *span)
{
    *span = (struct stream_span){.count = 0};
    if (!keycode_take_number(from, &span->count)) {
        return false;
    }
    return span->count == 0 || (take_id(from, &span->first) && take_id(from, &span->last));
}

static void put_node(struct writer *writer, const struct stream_node *node)
{
    put_id(writer, node->last_id);
    put_number(writer, node->entry_count);
    put_number(writer, node->alive_count);
    put_number(writer, node->bytes);
    put_number(writer, node->fields_hash);
}

static bool take_node(struct slice *from, struct stream_node *node)
{
    return take_id(from, &node->last_id) && keycode_take_number(from, &node->entry_count) &&
           keycode_take_number(from, &node->alive_count) && keycode_take_number(from, &node->bytes) &&
           keycode_take_number(from, &node->fields_hash);
}

struct slice stream_head_encode(const struct stream_head *head, char to[STREAM_HEAD_BYTES_MAX])
{
    struct writer writer = {.start = to};

    put_id(&writer, head->last_id);
    put_id(&writer, head->greatest_deleted_id);
    put_number(&writer, head->added_count);
    put_number(&writer, head->last_group);
    put_number(&writer, head->group_count);
    put_span(&writer, &head->items);
    put_span(&writer, &head->nodes);
    if (head->items.count > 0) {
        put_id(&writer, head->tail.first_id);
        put_node(&writer, &head->tail);
    }
    return written(&writer);
}

bool stream_head_decode(struct slice body, struct stream_head *head)
{
    bool is_whole = take_id(&body, &head->last_id) && take_id(&body, &head->greatest_deleted_id) &&
                    keycode_take_number(&body, &head->added_count) && keycode_take_number(&body, &head->last_group) &&
                    keycode_take_number(&body, &head->group_count) && take_span(&body, &head->items) &&
                    take_span(&body, &head->nodes);

    head->tail = (struct stream_node){.alive_count = 0};
    if (is_whole && head->items.count > 0) {
        is_whole = take_id(&body, &head->tail.first_id) && take_node(&body, &head->tail);
    }
    return is_whole && body.len == 0;
}

struct slice stream_node_encode(const struct stream_node *node, char to[STREAM_HEAD_BYTES_MAX])
{
    struct writer writer = {.start = to};

    put_node(&writer, node);
    return written(&writer);
}

bool stream_node_decode(struct slice value, struct stream_node *node)
{
    return take_node(&value, node) && value.len == 0;
}

struct slice stream_group_encode(const struct stream_group *group, char to[STREAM_HEAD_BYTES_MAX])
{
    struct writer writer = {.start = to};

    put_number(&writer, group->number);
    put_id(&writer, group->last_id);
    put_number(&writer, (uint64_t)group->read_count + 1); /* 0: not known. */
    put_number(&writer, group->consumer_count);
    put_number(&writer, group->last_consumer);
    put_span(&writer, &group->pending);
    return written(&writer);
}

bool stream_group_decode(struct slice value, struct stream_group *group)
{
    uint64_t read_count;

    if (!keycode_take_number(&value, &group->number) || !take_id(&value, &group->last_id) ||
        !keycode_take_number(&value, &read_count)) {
        return false;
    }
    group->read_count = (int64_t)(read_count - 1);
    return keycode_take_number(&value, &group->consumer_count) && keycode_take_number(&value, &group->last_consumer) &&
           take_span(&value, &group->pending) && value.len == 0;
}

struct slice stream_consumer_encode(const struct stream_consumer *consumer, char to[STREAM_HEAD_BYTES_MAX])
{
    struct writer writer = {.start = to};

    put_number(&writer, consumer->number);
    put_number(&writer, consumer->seen_ms);
    put_span(&writer, &consumer->pending);
    return written(&writer);
}

bool stream_consumer_decode(struct slice value, struct stream_consumer *consumer)
{
    return keycode_take_number(&value, &consumer->number) && keycode_take_number(&value, &consumer->seen_ms) &&
           take_span(&value, &consumer->pending) && value.len == 0;
}

struct slice stream_pending_encode(const struct stream_pending *pending, char to[STREAM_HEAD_BYTES_MAX])
{
    struct writer writer = {.start = to};

    put_number(&writer, pending->consumer);
    put_number(&writer, pending->delivered_ms);
    put_number(&writer, pending->delivery_count);
    return written(&writer);
}

bool stream_pending_decode(struct slice value, struct stream_pending *pending)
{
    return keycode_take_number(&value, &pending->consumer) && keycode_take_number(&value, &pending->delivered_ms) &&
           keycode_take_number(&value, &pending->delivery_count) && value.len == 0;
}

bool stream_item_decode(struct slice value, uint64_t *field_count, struct slice *words)
{
    *words = value;
    return keycode_take_number(words, field_count);
}

void stream_id_put(char to[STREAM_ID_BYTES], struct stream_id id)
{
    bytes_put_be64(to, id.ms);
    bytes_put_be64(to + 8, id.sequence);
}

struct stream_id stream_id_get(const char from[STREAM_ID_BYTES])
{
    return (struct stream_id){.ms = bytes_get_be64(from), .sequence = bytes_get_be64(from + 8)};
}
