/* An RDB file of any bytes is read to its end or refused with a place. First byte: 0 the whole file; else one value of
 * the type that it names, which is what lies behind the file's checksum. What is told has sense: see the visitor. */
#include "base/assert.h"
#include "base/memory.h"
#include "fuzz.h"
#include "storage/rdb/rdb_format.h"
#include "storage/rdb/rdb_read.h"
#include <math.h>

struct told {
    bool is_in_key;
    enum entry_type type;
    bool has_facts;
    bool has_group;
    bool has_consumer;
    struct stream_id last_id;
    uint64_t item_count;
    uint64_t byte_count; /* Read every byte, for the sanitizer to see. */
};

static void touch(struct told *told, struct slice bytes)
{
    for (size_t i = 0; i < bytes.len; i++) {
        told->byte_count += (unsigned char)bytes.data[i];
    }
}

static enum status begin_key(void *context, const struct key_visit *key)
{
    struct told *told = context;

    ASSERT(!told->is_in_key);
    *told = (struct told){.is_in_key = true, .type = key->type, .byte_count = told->byte_count};
    touch(told, key->name);
    return STATUS_OK;
}

static void take(struct told *told, enum entry_type type, struct slice element)
{
    ASSERT(told->is_in_key && told->type == type);
    told->item_count++;
    touch(told, element);
}

static enum status take_string(void *context, struct slice value)
{
    take(context, ENTRY_STRING, value);
    return STATUS_OK;
}

static enum status take_list_item(void *context, struct slice value)
{
    take(context, ENTRY_LIST, value);
    return STATUS_OK;
}

static enum status take_set_member(void *context, struct slice member)
{
    take(context, ENTRY_SET, member);
    return STATUS_OK;
}

static enum status take_hash_field(void *context, struct slice field, struct slice value)
{
    take(context, ENTRY_HASH, field);
    touch(context, value);
    return STATUS_OK;
}

static enum status take_zset_member(void *context, struct slice member, double score)
{
    take(context, ENTRY_ZSET, member);
    ASSERT(!isnan(score));
    return STATUS_OK;
}

static enum status take_stream_item(void *context, struct stream_id id, const struct slice *words, size_t count)
{
    struct told *told = context;

    take(told, ENTRY_STREAM, slice_empty());
    ASSERT(!told->has_facts && count % 2 == 0);
    ASSERT(id.ms > told->last_id.ms || (id.ms == told->last_id.ms && id.sequence > told->last_id.sequence));
    told->last_id = id;
    for (size_t i = 0; i < count; i++) {
        touch(told, words[i]);
    }
    return STATUS_OK;
}

static enum status take_stream_facts(void *context, const struct key_visit_stream *stream)
{
    struct told *told = context;

    ASSERT(told->type == ENTRY_STREAM && !told->has_facts && stream->item_count == told->item_count);
    told->has_facts = true;
    return STATUS_OK;
}

static enum status take_stream_group(void *context, struct slice name, struct stream_id last_id, int64_t read_count)
{
    struct told *told = context;

    (void)last_id;
    (void)read_count;
    ASSERT(told->has_facts);
    touch(told, name);
    told->has_group = true;
    told->has_consumer = false;
    return STATUS_OK;
}

static enum status take_stream_consumer(void *context, struct slice name, uint64_t seen_ms, uint64_t active_ms)
{
    struct told *told = context;

    (void)seen_ms;
    (void)active_ms;
    ASSERT(told->has_group);
    touch(told, name);
    told->has_consumer = true;
    return STATUS_OK;
}

static enum status take_stream_pending(void *context, struct stream_id id, uint64_t delivered_ms,
                                       uint64_t delivery_count)
{
    struct told *told = context;

    (void)id;
    (void)delivered_ms;
    (void)delivery_count;
    ASSERT(told->has_consumer);
    return STATUS_OK;
}

static enum status end_key(void *context)
{
    struct told *told = context;

    ASSERT(told->is_in_key && (told->type == ENTRY_STREAM ? told->has_facts : told->item_count > 0));
    told->is_in_key = false;
    return STATUS_OK;
}

static enum status read_memory(void *context, char *to, size_t len, size_t *read_len)
{
    struct slice *rest = context;

    *read_len = len < rest->len ? len : rest->len;
    memcpy(to, rest->data, *read_len);
    *rest = slice_after(*rest, *read_len);
    return STATUS_OK;
}

static enum status read_value(const struct rdb_source *source, const struct key_visitor *visitor, unsigned type,
                              struct rdb_problem *problem)
{
    struct key_visit key = {.name = slice_of("key")};
    struct rdb_input input;
    enum status status;

    /* A small limit of length, since the fuzzer's memory is small. */
    rdb_input_init(&input, source, 1u << 20, problem);
    status = rdb_read_value(&input, type, &key, visitor);
    rdb_input_release(&input);
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct told told = {.is_in_key = false};
    const struct key_visitor visitor = {
        .context = &told,
        .key_begin = begin_key,
        .string = take_string,
        .list_item = take_list_item,
        .set_member = take_set_member,
        .hash_field = take_hash_field,
        .zset_member = take_zset_member,
        .stream_item = take_stream_item,
        .stream_facts = take_stream_facts,
        .stream_group = take_stream_group,
        .stream_consumer = take_stream_consumer,
        .stream_pending = take_stream_pending,
        .key_end = end_key,
    };
    struct slice rest = slice_make(data + 1, len - 1);
    struct rdb_source source = {.read = read_memory, .context = &rest};
    struct rdb_problem problem = {.offset = 0};
    enum status status;

    if (len == 0) {
        return 0;
    }
    status =
        data[0] == 0 ? rdb_read(&source, &visitor, &problem) : read_value(&source, &visitor, data[0] - 1u, &problem);
    ASSERT(status == STATUS_OK || status == STATUS_CORRUPT || status == STATUS_UNSUPPORTED ||
           status == STATUS_TOO_BIG || status == STATUS_NO_MEMORY);
    ASSERT(status == STATUS_OK || problem.offset <= len);
    ASSERT(status != STATUS_CORRUPT || problem.text[0] != '\0');
    return 0;
}
