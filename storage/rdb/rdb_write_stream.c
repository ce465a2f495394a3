/* A stream's nodes, facts and groups (the layout: rdb_read_stream.c). A group's pending entries stand before its
 * consumers but are told with them, so a group is gathered in buffers and put together at its end. */
#include "storage/rdb/rdb_write.h"

void rdb_stream_writer_init(struct rdb_stream_writer *stream)
{
    rdb_listpack_init(&stream->items);
    rdb_listpack_init(&stream->master);
    rdb_listpack_init(&stream->node);
    rdb_listpack_init(&stream->fields);
    buf_init(&stream->groups, BUF_NO_CEILING);
    buf_init(&stream->group_head, BUF_NO_CEILING);
    buf_init(&stream->pending, BUF_NO_CEILING);
    buf_init(&stream->consumers, BUF_NO_CEILING);
    buf_init(&stream->consumer_head, BUF_NO_CEILING);
    buf_init(&stream->owned, BUF_NO_CEILING);
}

void rdb_stream_writer_release(struct rdb_stream_writer *stream)
{
    rdb_listpack_release(&stream->items);
    rdb_listpack_release(&stream->master);
    rdb_listpack_release(&stream->node);
    rdb_listpack_release(&stream->fields);
    buf_release(&stream->groups);
    buf_release(&stream->group_head);
    buf_release(&stream->pending);
    buf_release(&stream->consumers);
    buf_release(&stream->consumer_head);
    buf_release(&stream->owned);
}

void rdb_stream_writer_begin(struct rdb_stream_writer *stream)
{
    stream->plan = (struct rdb_stream_cut){.item_count = 0};
    stream->cut = (struct rdb_stream_cut){.item_count = 0};
    stream->planned_nodes = 0;
}

static void put_id(struct buf *out, struct stream_id id)
{
    rdb_put_length(out, id.ms);
    rdb_put_length(out, id.sequence);
}

/* An id as 16 bytes that sort. */
static void put_raw_id(struct buf *out, struct stream_id id)
{
    rdb_put_be64(out, id.ms);
    rdb_put_be64(out, id.sequence);
}

/* --- Items --- */

#define ITEM_OVERHEAD 64 /* What an item takes beside its words, */
#define WORD_OVERHEAD 10 /* and a word beside its bytes, at most. */

/* Whether an item of these words begins a node. */
static bool begins_node(struct rdb_stream_cut *cut, const struct slice *words, size_t count)
{
    uint64_t bytes = ITEM_OVERHEAD;

    for (size_t i = 0; i < count; i++) {
        bytes += words[i].len + WORD_OVERHEAD;
    }
    if (cut->item_count > 0 && cut->item_count < RDB_STREAM_NODE_ITEMS && cut->bytes + bytes <= RDB_STREAM_NODE_BYTES) {
        cut->item_count++;
        cut->bytes += bytes;
        return false;
    }
    *cut = (struct rdb_stream_cut){.item_count = 1, .bytes = bytes};
    return true;
}

static enum status plan_item(void *context, struct stream_id id, const struct slice *words, size_t count)
{
    struct rdb_writer *writer = context;
    struct rdb_stream_writer *stream = &writer->stream;

    (void)id;
    stream->planned_nodes += begins_node(&stream->plan, words, count);
    return STATUS_OK;
}

/* Before the first node. */
static void put_node_count(struct rdb_writer *writer)
{
    uint64_t unplanned = (writer->promised_count + RDB_STREAM_NODE_ITEMS - 1) / RDB_STREAM_NODE_ITEMS;

    rdb_put_length(&writer->out, writer->stream.planned_nodes == 0 ? unplanned : writer->stream.planned_nodes);
}

/* Write the node under way: its id, and its own entry with the items behind it. */
static enum status end_node(struct rdb_writer *writer)
{
    struct rdb_stream_writer *stream = &writer->stream;

    if (stream->node_items == 0) {
        return STATUS_OK;
    }
    rdb_listpack_clear(&stream->node);
    rdb_listpack_put_integer(&stream->node, (int64_t)stream->node_items);
    rdb_listpack_put_integer(&stream->node, 0); /* Deleted ones. */
    rdb_listpack_put_integer(&stream->node, stream->master.count);
    rdb_listpack_put_all(&stream->node, &stream->master);
    rdb_listpack_put_integer(&stream->node, 0);
    rdb_listpack_put_all(&stream->node, &stream->items);
    if (rdb_listpack_len(&stream->node) > RDB_STREAM_NODE_BYTES_MAX) {
        return STATUS_TOO_BIG;
    }
    rdb_put_length(&writer->out, 16);
    put_raw_id(&writer->out, stream->node_id);
    rdb_put_listpack(&writer->out, &stream->node);
    stream->node_items = 0;
    return rdb_writer_flush_if_long(writer);
}

static bool same_fields(const struct rdb_stream_writer *stream)
{
    return stream->fields.count == stream->master.count &&
           slice_equal(buf_slice(&stream->fields.bytes), buf_slice(&stream->master.bytes));
}

/* Begin a node with the item whose fields are in stream->fields: they become the node's. */
static void begin_node(struct rdb_stream_writer *stream, struct stream_id id)
{
    stream->node_id = id;
    rdb_listpack_clear(&stream->items);
    rdb_listpack_clear(&stream->master);
    rdb_listpack_put_all(&stream->master, &stream->fields);
}

static enum status put_item(void *context, struct stream_id id, const struct slice *words, size_t count)
{
    struct rdb_writer *writer = context;
    struct rdb_stream_writer *stream = &writer->stream;
    struct rdb_listpack *items = &stream->items;
    bool is_planned = stream->planned_nodes != 0;
    enum status status = STATUS_OK;
    bool is_same;

    if (writer->told_count == 0) {
        put_node_count(writer);
    }
    if (begins_node(&stream->cut, words, is_planned ? count : 0)) {
        status = end_node(writer);
    }
    rdb_listpack_clear(&stream->fields);
    for (size_t i = 0; i < count; i += 2) {
        rdb_listpack_put_string(&stream->fields, words[i]);
    }
    if (stream->node_items == 0) {
        begin_node(stream, id);
    }
    is_same = same_fields(stream);
    rdb_listpack_put_integer(items, is_same ? RDB_STREAM_ITEM_SAME_FIELDS : 0);
    rdb_listpack_put_integer(items, (int64_t)(id.ms - stream->node_id.ms));
    rdb_listpack_put_integer(items, (int64_t)(id.sequence - stream->node_id.sequence));
    if (!is_same) {
        rdb_listpack_put_integer(items, (int64_t)count / 2);
    }
    for (size_t i = is_same ? 1 : 0; i < count; i += is_same ? 2 : 1) {
        rdb_listpack_put_string(items, words[i]);
    }
    rdb_listpack_put_integer(items, (int64_t)(is_same ? count / 2 + 3 : count + 4));
    writer->told_count++;
    stream->node_items++;
    return status;
}

static enum status put_facts(void *context, const struct key_visit_stream *facts)
{
    struct rdb_writer *writer = context;
    struct rdb_stream_writer *stream = &writer->stream;
    enum status status;

    if (writer->told_count == 0) {
        put_node_count(writer);
    }
    status = end_node(writer);
    rdb_put_length(&writer->out, facts->item_count);
    put_id(&writer->out, facts->last_id);
    if (writer->version >= 10) {
        put_id(&writer->out, facts->first_id);
        put_id(&writer->out, facts->greatest_deleted_id);
        rdb_put_length(&writer->out, facts->added_count);
    }
    stream->group_count = 0;
    stream->consumer_count = 0;
    buf_clear(&stream->groups);
    buf_clear(&stream->group_head);
    buf_clear(&stream->consumer_head);
    return facts->item_count == writer->told_count ? status : STATUS_CORRUPT;
}

/* Put the consumer under way, if there is one, to the group's finished ones. */
static void end_consumer(struct rdb_stream_writer *stream)
{
    if (stream->consumer_head.len > 0) {
        buf_put(&stream->consumers, buf_slice(&stream->consumer_head));
        rdb_put_length(&stream->consumers, stream->owned_count);
        buf_put(&stream->consumers, buf_slice(&stream->owned));
        buf_clear(&stream->consumer_head);
    }
}

static void end_group(struct rdb_stream_writer *stream)
{
    end_consumer(stream);
    if (stream->group_head.len > 0) {
        buf_put(&stream->groups, buf_slice(&stream->group_head));
        rdb_put_length(&stream->groups, stream->pending_count);
        buf_put(&stream->groups, buf_slice(&stream->pending));
        rdb_put_length(&stream->groups, stream->consumer_count);
        buf_put(&stream->groups, buf_slice(&stream->consumers));
        buf_clear(&stream->group_head);
    }
}

static enum status put_group(void *context, struct slice name, struct stream_id last_id, int64_t read_count)
{
    struct rdb_writer *writer = context;
    struct rdb_stream_writer *stream = &writer->stream;

    end_group(stream);
    rdb_put_string(&stream->group_head, name);
    put_id(&stream->group_head, last_id);
    if (writer->version >= 10) {
        rdb_put_length(&stream->group_head, (uint64_t)read_count);
    }
    stream->group_count++;
    stream->consumer_count = 0;
    stream->pending_count = 0;
    buf_clear(&stream->pending);
    buf_clear(&stream->consumers);
    return STATUS_OK;
}

static enum status put_consumer(void *context, struct slice name, uint64_t seen_ms, uint64_t active_ms)
{
    struct rdb_writer *writer = context;
    struct rdb_stream_writer *stream = &writer->stream;

    (void)active_ms; /* Only type 21 has it, which Redis 7.0 cannot read. */
    end_consumer(stream);
    rdb_put_string(&stream->consumer_head, name);
    rdb_put_le64(&stream->consumer_head, seen_ms);
    stream->consumer_count++;
    stream->owned_count = 0;
    buf_clear(&stream->owned);
    return STATUS_OK;
}

static enum status put_pending(void *context, struct stream_id id, uint64_t delivered_ms, uint64_t delivery_count)
{
    struct rdb_writer *writer = context;
    struct rdb_stream_writer *stream = &writer->stream;

    put_raw_id(&stream->pending, id);
    rdb_put_le64(&stream->pending, delivered_ms);
    rdb_put_length(&stream->pending, delivery_count);
    stream->pending_count++;
    put_raw_id(&stream->owned, id);
    stream->owned_count++;
    return STATUS_OK;
}

void rdb_stream_writer_visit(struct key_visitor *visitor)
{
    visitor->stream_plan = plan_item;
    visitor->stream_item = put_item;
    visitor->stream_facts = put_facts;
    visitor->stream_group = put_group;
    visitor->stream_consumer = put_consumer;
    visitor->stream_pending = put_pending;
}

enum status rdb_stream_writer_end(struct rdb_writer *writer)
{
    struct rdb_stream_writer *stream = &writer->stream;

    end_group(stream);
    rdb_put_length(&writer->out, stream->group_count);
    buf_put(&writer->out, buf_slice(&stream->groups));
    return STATUS_OK;
}
