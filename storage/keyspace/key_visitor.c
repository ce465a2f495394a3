#include "storage/keyspace/key_visitor.h"

static enum status pass_key(void *context, const struct key_visit *key)
{
    (void)context;
    (void)key;
    return STATUS_OK;
}

static enum status pass_slice(void *context, struct slice bytes)
{
    (void)context;
    (void)bytes;
    return STATUS_OK;
}

static enum status pass_pair(void *context, struct slice field, struct slice value)
{
    (void)context;
    (void)field;
    (void)value;
    return STATUS_OK;
}

static enum status pass_score(void *context, struct slice member, double score)
{
    (void)context;
    (void)member;
    (void)score;
    return STATUS_OK;
}

static enum status pass_item(void *context, struct stream_id id, const struct slice *words, size_t count)
{
    (void)context;
    (void)id;
    (void)words;
    (void)count;
    return STATUS_OK;
}

static enum status pass_facts(void *context, const struct key_visit_stream *stream)
{
    (void)context;
    (void)stream;
    return STATUS_OK;
}

static enum status pass_group(void *context, struct slice name, struct stream_id last_id, int64_t read_count)
{
    (void)context;
    (void)name;
    (void)last_id;
    (void)read_count;
    return STATUS_OK;
}

static enum status pass_consumer(void *context, struct slice name, uint64_t seen_ms, uint64_t active_ms)
{
    (void)context;
    (void)name;
    (void)seen_ms;
    (void)active_ms;
    return STATUS_OK;
}

static enum status pass_pending(void *context, struct stream_id id, uint64_t delivered_ms, uint64_t delivery_count)
{
    (void)context;
    (void)id;
    (void)delivered_ms;
    (void)delivery_count;
    return STATUS_OK;
}

static enum status pass_end(void *context)
{
    (void)context;
    return STATUS_OK;
}

const struct key_visitor key_visitor_passing = {
    .function = pass_slice,
    .key_begin = pass_key,
    .string = pass_slice,
    .list_item = pass_slice,
    .set_member = pass_slice,
    .hash_field = pass_pair,
    .zset_member = pass_score,
    .stream_item = pass_item,
    .stream_facts = pass_facts,
    .stream_group = pass_group,
    .stream_consumer = pass_consumer,
    .stream_pending = pass_pending,
    .key_end = pass_end,
};
