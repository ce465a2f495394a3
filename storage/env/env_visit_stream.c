/* A stream as it lies in LMDB: the same rows that stream_tell.c walks through the view, damage being a status here. */
#include "storage/env/env_rows.h"
#include "storage/env/env_visit_value.h"
#include "storage/value/stream_tell.h"

/* What the functions below work with. */
struct stream_visit {
    struct env_visit *visit;
    const struct entry *entry;
    const struct key_visitor *visitor;
    const char *reason;
    struct stream_head head;
};

static enum status damaged(struct stream_visit *stream, const char *reason)
{
    stream->reason = reason;
    return STATUS_CORRUPT;
}

/* The begin of rows of one part; of a group's if `group` is not 0, and of its consumer's. */
static struct keycode part_prefix(const struct stream_visit *stream, enum keycode_stream_part part, uint64_t group,
                                  uint64_t consumer)
{
    struct keycode prefix;

    keycode_stream(&prefix, stream->entry->generation, part);
    if (group != 0) {
        keycode_add_number(&prefix, group);
    }
    if (consumer != 0) {
        keycode_add_number(&prefix, consumer);
    }
    return prefix;
}

static enum status open_rows(struct stream_visit *stream, const struct keycode *prefix, struct env_rows *rows)
{
    return env_rows_open(rows, stream->visit->env, stream->visit->txn, TABLE_FIELDS, keycode_slice(prefix));
}

/* The id that a row's key ends in. */
static bool take_id(struct slice key, const struct keycode *prefix, struct stream_id *id)
{
    if (key.len != prefix->len + STREAM_ID_BYTES) {
        return false;
    }
    *id = stream_id_get(key.data + prefix->len);
    return true;
}

static enum status visit_items(struct stream_visit *stream, bool is_plan)
{
    const struct key_visitor *visitor = stream->visitor;
    struct keycode prefix = part_prefix(stream, KEYCODE_STREAM_ITEM, 0, 0);
    struct stream_words words = {.room = 0};
    struct env_rows rows;
    struct stream_id id;
    struct slice key;
    struct slice value;
    uint64_t told_count = 0;
    enum status status = open_rows(stream, &prefix, &rows);

    if (status != STATUS_OK) {
        return status;
    }
    while ((status = env_rows_next(&rows, &key, &value)) == STATUS_OK) {
        size_t count;

        if (!take_id(key, &prefix, &id) || !stream_words_read(&words, value, &count)) {
            status = damaged(stream, "an item of the stream does not decode");
            break;
        }
        status = is_plan ? visitor->stream_plan(visitor->context, id, words.words, count)
                         : visitor->stream_item(visitor->context, id, words.words, count);
        if (status != STATUS_OK) {
            break;
        }
        told_count++;
    }
    env_rows_close(&rows);
    stream_words_release(&words);
    if (status == STATUS_END) {
        status = told_count == stream->entry->count && told_count == stream->head.items.count
                     ? STATUS_OK
                     : damaged(stream, "its count is not that of its items");
    }
    return status;
}

static enum status visit_pending(struct stream_visit *stream, uint64_t group, const struct stream_consumer *consumer,
                                 struct stream_id id)
{
    struct keycode code = part_prefix(stream, KEYCODE_STREAM_PENDING, group, 0);
    MDB_val key;
    MDB_val value;
    struct stream_pending pending;

    keycode_add_stream_id(&code, id.ms, id.sequence);
    key = (MDB_val){.mv_size = code.len, .mv_data = code.bytes};
    if (mdb_get(stream->visit->txn, env_table_handle(stream->visit->env, TABLE_FIELDS), &key, &value) != MDB_SUCCESS ||
        !stream_pending_decode(slice_make(value.mv_data, value.mv_size), &pending) ||
        pending.consumer != consumer->number) {
        return damaged(stream, "a consumer's pending entry is not its group's");
    }
    return stream->visitor->stream_pending(stream->visitor->context, id, pending.delivered_ms, pending.delivery_count);
}

static enum status visit_consumer(struct stream_visit *stream, uint64_t group, const struct stream_consumer *consumer)
{
    struct keycode prefix = part_prefix(stream, KEYCODE_STREAM_OWNED, group, consumer->number);
    struct env_rows rows;
    struct stream_id id;
    struct slice key;
    struct slice value;
    uint64_t told_count = 0;
    enum status status = stream->visitor->stream_consumer(stream->visitor->context, consumer->name, consumer->seen_ms,
                                                          consumer->seen_ms);

    if (status == STATUS_OK) {
        status = open_rows(stream, &prefix, &rows);
    }
    if (status != STATUS_OK) {
        return status;
    }
    while ((status = env_rows_next(&rows, &key, &value)) == STATUS_OK) {
        status = take_id(key, &prefix, &id) ? visit_pending(stream, group, consumer, id)
                                            : damaged(stream, "a consumer's pending entry does not decode");
        if (status != STATUS_OK) {
            break;
        }
        told_count++;
    }
    env_rows_close(&rows);
    if (status == STATUS_END) {
        status = told_count == consumer->pending.count
                     ? STATUS_OK
                     : damaged(stream, "a consumer has not what it says it has pending");
    }
    return status;
}

/* The consumers of a group, and with them all that it has pending. */
static enum status visit_consumers(struct stream_visit *stream, const struct stream_group *group)
{
    struct keycode prefix = part_prefix(stream, KEYCODE_STREAM_CONSUMER, group->number, 0);
    struct stream_consumer consumer;
    struct env_rows rows;
    struct slice key;
    struct slice value;
    uint64_t told_count = 0;
    uint64_t pending_count = 0;
    enum status status = open_rows(stream, &prefix, &rows);

    if (status != STATUS_OK) {
        return status;
    }
    while ((status = env_rows_next(&rows, &key, &value)) == STATUS_OK) {
        status = keycode_take_full_name(slice_after(key, prefix.len), &value, &consumer.name) &&
                         stream_consumer_decode(value, &consumer) && consumer.number != 0
                     ? visit_consumer(stream, group->number, &consumer)
                     : damaged(stream, "a consumer does not decode");
        if (status != STATUS_OK) {
            break;
        }
        told_count++;
        pending_count += consumer.pending.count;
    }
    env_rows_close(&rows);
    if (status == STATUS_END) {
        status = told_count == group->consumer_count && pending_count == group->pending.count
                     ? STATUS_OK
                     : damaged(stream, "a group's counts are not those of its consumers");
    }
    return status;
}

static enum status visit_groups(struct stream_visit *stream)
{
    struct keycode prefix = part_prefix(stream, KEYCODE_STREAM_GROUP, 0, 0);
    struct stream_group group;
    struct env_rows rows;
    struct slice key;
    struct slice value;
    uint64_t told_count = 0;
    enum status status = open_rows(stream, &prefix, &rows);

    if (status != STATUS_OK) {
        return status;
    }
    while ((status = env_rows_next(&rows, &key, &value)) == STATUS_OK) {
        if (!keycode_take_full_name(slice_after(key, prefix.len), &value, &group.name) ||
            !stream_group_decode(value, &group) || group.number == 0) {
            status = damaged(stream, "a group does not decode");
            break;
        }
        status = stream->visitor->stream_group(stream->visitor->context, group.name, group.last_id, group.read_count);
        if (status == STATUS_OK) {
            status = visit_consumers(stream, &group);
        }
        if (status != STATUS_OK) {
            break;
        }
        told_count++;
    }
    env_rows_close(&rows);
    if (status == STATUS_END) {
        status = told_count == stream->head.group_count
                     ? STATUS_OK
                     : damaged(stream, "its count of groups is not that of its groups");
    }
    return status;
}

enum status env_visit_stream(struct env_visit *visit, const struct entry *entry, const struct key_visitor *visitor,
                             const char **reason)
{
    struct stream_visit stream = {.visit = visit, .entry = entry, .visitor = visitor};
    struct key_visit_stream facts;
    enum status status;

    if (!stream_head_decode(entry->body, &stream.head)) {
        *reason = "the stream's head does not decode";
        return STATUS_CORRUPT;
    }
    status = visitor->stream_plan == NULL ? STATUS_OK : visit_items(&stream, true);
    if (status == STATUS_OK) {
        status = visit_items(&stream, false);
    }
    if (status == STATUS_OK) {
        facts = stream_tell_facts(&stream.head);
        status = visitor->stream_facts(visitor->context, &facts);
    }
    if (status == STATUS_OK) {
        status = visit_groups(&stream);
    }
    *reason = stream.reason;
    return status;
}
