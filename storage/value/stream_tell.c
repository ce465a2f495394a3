#include "storage/value/stream_tell.h"
#include "base/memory.h"

bool stream_words_read(struct stream_words *words, struct slice value, size_t *count)
{
    uint64_t field_count;
    struct slice run;

    *count = 0;
    if (!stream_item_decode(value, &field_count, &run)) {
        return false;
    }
    while (run.len > 0) {
        uint64_t len;

        if (!keycode_take_number(&run, &len) || len > run.len) {
            return false;
        }
        if (*count == words->room) {
            words->room = words->room == 0 ? 16 : 2 * words->room;
            words->words = memory_resize(words->words, words->room * sizeof(*words->words));
        }
        words->words[(*count)++] = slice_first(run, (size_t)len);
        run = slice_after(run, (size_t)len);
    }
    return *count == 2 * field_count;
}

void stream_words_release(struct stream_words *words)
{
    memory_free(words->words);
}

struct key_visit_stream stream_tell_facts(const struct stream_head *head)
{
    return (struct key_visit_stream){.item_count = head->items.count,
                                     .last_id = head->last_id,
                                     .has_counters = true,
                                     .first_id = head->items.first,
                                     .greatest_deleted_id = head->greatest_deleted_id,
                                     .added_count = head->added_count};
}

static enum status tell_items(const struct stream *stream, const struct key_visitor *visitor, bool is_plan)
{
    struct stream_words words = {.room = 0};
    struct stream_walk walk;
    struct stream_id id;
    struct slice value;
    enum status status = STATUS_OK;

    stream_items_begin(stream, &STREAM_RANGE_ALL, &walk);
    while (status == STATUS_OK && stream_walk_next(&walk, &id, &value)) {
        size_t count;
        bool is_whole = stream_words_read(&words, value, &count);

        ASSERT(is_whole); /* K4 */
        status = is_plan ? visitor->stream_plan(visitor->context, id, words.words, count)
                         : visitor->stream_item(visitor->context, id, words.words, count);
    }
    stream_walk_end(&walk);
    stream_words_release(&words);
    return status;
}

static enum status tell_consumer(const struct stream *stream, const struct stream_group *group,
                                 const struct stream_consumer *consumer, const struct key_visitor *visitor)
{
    struct stream_walk walk;
    struct stream_id id;
    struct slice value;
    enum status status =
        visitor->stream_consumer(visitor->context, consumer->name, consumer->seen_ms, consumer->seen_ms);

    stream_owned_begin(stream, group, consumer, &STREAM_RANGE_ALL, &walk);
    while (status == STATUS_OK && stream_walk_next(&walk, &id, &value)) {
        struct stream_pending pending;
        bool is_there = stream_pending_find(stream, group, id, &pending);

        ASSERT(is_there);
        status = visitor->stream_pending(visitor->context, id, pending.delivered_ms, pending.delivery_count);
    }
    stream_walk_end(&walk);
    return status;
}

static enum status tell_group(const struct stream *stream, const struct stream_group *group,
                              const struct key_visitor *visitor)
{
    struct stream_names names;
    struct stream_consumer consumer;
    enum status status = visitor->stream_group(visitor->context, group->name, group->last_id, group->read_count);

    stream_consumers_begin(stream, group, &names);
    while (status == STATUS_OK && stream_consumers_next(&names, &consumer)) {
        status = tell_consumer(stream, group, &consumer, visitor);
    }
    stream_names_end(&names);
    return status;
}

enum status stream_tell(const struct stream *stream, const struct key_visitor *visitor)
{
    const struct key_visit_stream facts = stream_tell_facts(&stream->head);
    struct stream_names names;
    struct stream_group group;
    enum status status = STATUS_OK;

    if (visitor->stream_plan != NULL) {
        status = tell_items(stream, visitor, true);
    }
    if (status == STATUS_OK) {
        status = tell_items(stream, visitor, false);
    }
    if (status == STATUS_OK) {
        status = visitor->stream_facts(visitor->context, &facts);
    }
    stream_groups_begin(stream, &names);
    while (status == STATUS_OK && stream_groups_next(&names, &group)) {
        status = tell_group(stream, &group, visitor);
    }
    stream_names_end(&names);
    return status;
}

/* --- Loading --- */

void stream_load_begin(struct stream_load *load, struct keyspace *keyspace, const struct key_visit *key,
                       struct slice name)
{
    *load = (struct stream_load){.has_counters = true};
    stream_begin(keyspace, key->db, name, key->expire_at_ms, &load->stream);
    buf_init(&load->group_name, BUF_NO_CEILING);
    buf_init(&load->consumer_name, BUF_NO_CEILING);
}

static void settle_consumer(struct stream_load *load)
{
    if (load->has_consumer) {
        stream_consumer_put(&load->stream, &load->group, &load->consumer);
    }
}

void stream_load_settle(struct stream_load *load)
{
    settle_consumer(load);
    if (load->has_group) {
        stream_group_put(&load->stream, &load->group);
    }
    stream_commit(&load->stream);
}

void stream_load_end(struct stream_load *load)
{
    buf_release(&load->group_name);
    buf_release(&load->consumer_name);
}

void stream_load_item(struct stream_load *load, struct stream_id id, const struct slice *words, size_t count)
{
    stream_append(&load->stream, id, words, count, &STREAM_NODE_LIMITS);
}

void stream_load_facts(struct stream_load *load, const struct key_visit_stream *facts)
{
    struct stream_head *head = &load->stream.head;

    load->has_counters = facts->has_counters;
    head->last_id = facts->last_id;
    if (facts->has_counters) {
        head->greatest_deleted_id = facts->greatest_deleted_id;
        head->added_count = facts->added_count;
    }
}

/* The name as the loader keeps it. */
static struct slice keep(struct buf *kept, struct slice name)
{
    buf_clear(kept);
    buf_put(kept, name);
    return buf_slice(kept);
}

bool stream_load_group(struct stream_load *load, struct slice name, struct stream_id last_id, int64_t read_count)
{
    struct stream_group other;

    settle_consumer(load);
    if (load->has_group) {
        stream_group_put(&load->stream, &load->group);
    }
    load->has_consumer = false;
    if (stream_group_find(&load->stream, name, &other)) {
        return false;
    }
    if (!load->has_counters) {
        read_count = stream_estimate_reads(&load->stream, last_id);
    }
    load->has_group = true;
    stream_group_create(&load->stream, keep(&load->group_name, name), last_id, read_count, &load->group);
    return true;
}

bool stream_load_consumer(struct stream_load *load, struct slice name, uint64_t seen_ms)
{
    struct stream_consumer other;

    settle_consumer(load);
    if (stream_consumer_find(&load->stream, &load->group, name, &other)) {
        return false;
    }
    load->has_consumer = true;
    stream_consumer_create(&load->stream, &load->group, keep(&load->consumer_name, name), seen_ms, &load->consumer);
    return true;
}

void stream_load_pending(struct stream_load *load, struct stream_id id, uint64_t delivered_ms, uint64_t delivery_count)
{
    struct stream_pending pending = {.delivered_ms = delivered_ms, .delivery_count = delivery_count};

    stream_pending_put(&load->stream, &load->group, &load->consumer, id, &pending);
}
