/* A string is stored at once, which nothing can spoil any more: it is told in one piece, and last. A collection is
 * filled under a generation of its own and committed at its end. */
#include "storage/keyspace/key_load.h"

#include "storage/value/hash_store.h"
#include "storage/value/list_store.h"
#include "storage/value/set_store.h"
#include "storage/value/string_store.h"
#include "storage/value/zset_store.h"

void key_load_init(struct key_load *load, struct keyspace *keyspace)
{
    *load = (struct key_load){.keyspace = keyspace};
    buf_init(&load->name, BUF_NO_CEILING);
}

static void close(struct key_load *load)
{
    if (load->type == ENTRY_STREAM) {
        stream_load_end(&load->stream);
    } else {
        collection_close(&load->collection);
    }
    load->is_open = false;
}

void key_load_release(struct key_load *load)
{
    if (load->is_open) {
        bool is_stream = load->type == ENTRY_STREAM;
        uint64_t generation = is_stream ? load->stream.stream.entry.generation : load->collection.entry.generation;

        if (generation != 0) {
            keyspace_orphan_generation(load->keyspace, generation);
        }
        close(load);
    }
    buf_release(&load->name);
}

enum status key_load_begin(struct key_load *load, const struct key_visit *key)
{
    enum status status;

    buf_clear(&load->name);
    status = buf_append(&load->name, key->name);
    if (status != STATUS_OK) {
        return status;
    }
    load->has_begun = true;
    load->db = key->db;
    load->type = key->type;
    load->expire_at_ms = key->expire_at_ms;
    if (key->type == ENTRY_STREAM) {
        stream_load_begin(&load->stream, load->keyspace, key, buf_slice(&load->name));
        load->is_open = true;
    } else if (key->type != ENTRY_STRING) {
        collection_begin(load->keyspace, key->db, buf_slice(&load->name), key->type, &load->collection);
        load->collection.entry.expire_at_ms = key->expire_at_ms;
        load->is_open = true;
    }
    return STATUS_OK;
}

void key_load_end(struct key_load *load)
{
    if (load->is_open) {
        key_load_pause(load);
    }
    if (load->is_open) {
        close(load);
    }
}

void key_load_pause(struct key_load *load)
{
    if (load->type == ENTRY_STREAM) {
        stream_load_settle(&load->stream); /* It borrows nothing that a checkpoint takes away. */
        return;
    }
    collection_commit(&load->collection);
    close(load);
}

enum status key_load_resume(struct key_load *load)
{
    enum status status;

    if (load->type == ENTRY_STREAM) {
        return STATUS_OK;
    }
    status = collection_open(load->keyspace, load->db, buf_slice(&load->name), load->type, &load->collection);

    load->is_open = status == STATUS_OK || status == STATUS_NOT_FOUND;
    return load->is_open ? STATUS_OK : status;
}

static enum status after_element(struct key_load *load)
{
    return load->after_element == NULL ? STATUS_OK : load->after_element(load->owner);
}

static enum status refuse(struct key_load *load, const char *problem)
{
    load->problem = problem;
    return STATUS_CORRUPT;
}

static enum status begin_key(void *context, const struct key_visit *key)
{
    return key_load_begin(context, key);
}

static enum status set_string(void *context, struct slice value)
{
    struct key_load *load = context;

    string_set(load->keyspace, load->db, buf_slice(&load->name), value, load->expire_at_ms);
    return STATUS_OK;
}

static enum status push_item(void *context, struct slice value)
{
    struct key_load *load = context;

    list_push(&load->collection, LIST_RIGHT, value);
    return after_element(load);
}

static enum status add_member(void *context, struct slice member)
{
    struct key_load *load = context;

    return set_add(&load->collection, member) ? after_element(load)
                                              : refuse(load, "a set with a member that is there twice");
}

static enum status put_field(void *context, struct slice field, struct slice value)
{
    struct key_load *load = context;
    bool is_created;

    hash_put(&load->collection, field, value, &is_created);
    return is_created ? after_element(load) : refuse(load, "a hash with a field that is there twice");
}

static enum status put_score(void *context, struct slice member, double score)
{
    struct key_load *load = context;

    return zset_put(&load->collection, member, score) ? after_element(load)
                                                      : refuse(load, "a sorted set with a member that is there twice");
}

static enum status add_item(void *context, struct stream_id id, const struct slice *words, size_t count)
{
    struct key_load *load = context;

    stream_load_item(&load->stream, id, words, count);
    return after_element(load);
}

static enum status set_facts(void *context, const struct key_visit_stream *facts)
{
    struct key_load *load = context;

    stream_load_facts(&load->stream, facts);
    return STATUS_OK;
}

static enum status add_group(void *context, struct slice name, struct stream_id last_id, int64_t read_count)
{
    struct key_load *load = context;

    return stream_load_group(&load->stream, name, last_id, read_count)
               ? after_element(load)
               : refuse(load, "a stream with a group that is there twice");
}

static enum status add_consumer(void *context, struct slice name, uint64_t seen_ms, uint64_t active_ms)
{
    struct key_load *load = context;

    (void)active_ms;
    return stream_load_consumer(&load->stream, name, seen_ms)
               ? after_element(load)
               : refuse(load, "a stream's group with a consumer that is there twice");
}

static enum status add_pending(void *context, struct stream_id id, uint64_t delivered_ms, uint64_t delivery_count)
{
    struct key_load *load = context;

    stream_load_pending(&load->stream, id, delivered_ms, delivery_count);
    return after_element(load);
}

static enum status end_key(void *context)
{
    key_load_end(context);
    return STATUS_OK;
}

struct key_visitor key_load_visitor(struct key_load *load)
{
    return (struct key_visitor){
        .context = load,
        .key_begin = begin_key,
        .string = set_string,
        .list_item = push_item,
        .set_member = add_member,
        .hash_field = put_field,
        .zset_member = put_score,
        .stream_item = add_item,
        .stream_facts = set_facts,
        .stream_group = add_group,
        .stream_consumer = add_consumer,
        .stream_pending = add_pending,
        .key_end = end_key,
    };
}
