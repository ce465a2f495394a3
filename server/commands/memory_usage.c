/* Layouts: docs/formats/keyspace.md. */
#include "server/commands/memory_usage.h"

#include "base/assert.h"
#include "storage/keyspace/key_tell.h"
#include "storage/value/string_store.h"

/* Of each row beside its name and value: the number before the name, LMDB's node and the pointer to it, and what a
 * page has free on average. */
#define ROW_BYTES   48
#define SCORE_BYTES 8
#define ID_BYTES    16

struct sampling {
    uint64_t left; /* To be measured. */
    uint64_t count;
    uint64_t bytes;
};

/* An element of so many bytes in so many rows; ends the telling when there are enough. */
static enum status add(struct sampling *sampling, uint64_t rows, uint64_t bytes)
{
    sampling->bytes += rows * ROW_BYTES + bytes;
    sampling->count++;
    return --sampling->left == 0 ? STATUS_END : STATUS_OK;
}

static enum status begin_key(void *context, const struct key_visit *key)
{
    (void)context;
    (void)key;
    return STATUS_OK;
}

static enum status add_item(void *context, struct slice value)
{
    return add(context, 1, SCORE_BYTES + value.len);
}

/* A row by name and one by slot. */
static enum status add_member(void *context, struct slice member)
{
    return add(context, 2, 2 * (member.len + SCORE_BYTES));
}

static enum status add_field(void *context, struct slice field, struct slice value)
{
    return add(context, 1, field.len + value.len);
}

/* A row by name and one by score. */
static enum status add_scored(void *context, struct slice member, double score)
{
    (void)score;
    return add(context, 2, 2 * (member.len + SCORE_BYTES));
}

static enum status add_stream_item(void *context, struct stream_id id, const struct slice *words, size_t count)
{
    uint64_t bytes = ID_BYTES;

    (void)id;
    for (size_t i = 0; i < count; i++) {
        bytes += words[i].len + 1;
    }
    return add(context, 1, bytes);
}

/* A stream's groups are not measured: its items are all that grows without them. */
static enum status end_items(void *context, const struct key_visit_stream *stream)
{
    (void)context;
    (void)stream;
    return STATUS_END;
}

static enum status end_key(void *context)
{
    (void)context;
    return STATUS_OK;
}

/* Elements in rows of their own. */
static uint64_t measure_rows(struct keyspace *keyspace, uint32_t db, struct slice key, const struct entry *entry,
                             uint64_t samples)
{
    struct sampling sampling = {.left = samples};
    const struct key_visitor visitor = {
        .context = &sampling,
        .key_begin = begin_key,
        .list_item = add_item,
        .set_member = add_member,
        .hash_field = add_field,
        .zset_member = add_scored,
        .stream_item = add_stream_item,
        .stream_facts = end_items,
        .key_end = end_key,
    };
    enum status status = key_tell(keyspace, db, key, entry, &visitor);

    ASSERT(status == STATUS_OK || status == STATUS_END); /* Our own, and nothing else can fail here. */
    return sampling.count == 0 ? 0 : (uint64_t)((double)sampling.bytes / (double)sampling.count * (double)entry->count);
}

uint64_t memory_usage(struct keyspace *keyspace, uint32_t db, struct slice key, const struct entry *entry,
                      uint64_t samples)
{
    uint64_t bytes = ROW_BYTES + key.len + entry->body.len;

    if (entry->expire_at_ms != 0) {
        bytes += ROW_BYTES + key.len;
    }
    if (entry->type == ENTRY_STRING && entry->encoding != ENTRY_INLINE) {
        uint64_t len = string_len(entry);

        bytes += len + (len / STRING_CHUNK_BYTES + 1) * ROW_BYTES;
    } else if (entry->generation != 0) {
        bytes += measure_rows(keyspace, db, key, entry, samples);
    }
    return bytes;
}
