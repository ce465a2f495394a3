#include "storage/keyspace/key_tell.h"

#include "base/assert.h"
#include "storage/value/hash_store.h"
#include "storage/value/list_store.h"
#include "storage/value/set_store.h"
#include "storage/value/stream_tell.h"
#include "storage/value/string_store.h"
#include "storage/value/zset_walk.h"

static enum status tell_string(struct keyspace *keyspace, const struct entry *entry, const struct key_visitor *visitor)
{
    struct buf scratch;
    struct slice value;
    enum status status;

    buf_init(&scratch, BUF_NO_CEILING);
    status = string_value(keyspace, entry, &scratch, &value);
    if (status == STATUS_OK) {
        status = visitor->string(visitor->context, value);
    }
    buf_release(&scratch);
    return status;
}

static enum status tell_list(const struct collection *list, const struct key_visitor *visitor)
{
    struct list_walk walk;
    struct slice item;
    enum status status = STATUS_OK;

    list_walk_begin(&walk, list, 0, true);
    while (status == STATUS_OK && list_walk_next(&walk, &item)) {
        status = visitor->list_item(visitor->context, item);
    }
    list_walk_end(&walk);
    return status;
}

static enum status tell_set(const struct collection *set, const struct key_visitor *visitor)
{
    struct set_walk walk;
    struct slice member;
    enum status status = STATUS_OK;

    set_walk_begin(&walk, set);
    while (status == STATUS_OK && set_walk_next(&walk, &member)) {
        status = visitor->set_member(visitor->context, member);
    }
    set_walk_end(&walk);
    return status;
}

static enum status tell_hash(const struct collection *hash, const struct key_visitor *visitor)
{
    struct hash_walk walk;
    struct slice field;
    struct slice value;
    enum status status = STATUS_OK;

    hash_walk_begin(&walk, hash);
    while (status == STATUS_OK && hash_walk_next(&walk, &field, &value)) {
        status = visitor->hash_field(visitor->context, field, value);
    }
    hash_walk_end(&walk);
    return status;
}

static enum status tell_zset(const struct collection *zset, const struct key_visitor *visitor)
{
    struct zset_walk walk;
    struct slice member;
    double score;
    enum status status = STATUS_OK;

    zset_walk_begin(&walk, zset, true);
    while (status == STATUS_OK && zset_walk_next(&walk, &member, &score)) {
        status = visitor->zset_member(visitor->context, member, score);
    }
    zset_walk_end(&walk);
    return status;
}

static enum status tell_elements(const struct collection *collection, const struct key_visitor *visitor)
{
    switch (collection->entry.type) {
    case ENTRY_LIST:
        return tell_list(collection, visitor);
    case ENTRY_SET:
        return tell_set(collection, visitor);
    case ENTRY_HASH:
        return tell_hash(collection, visitor);
    case ENTRY_ZSET:
        return tell_zset(collection, visitor);
    default:
        ASSERT_NEVER("strings and streams are told by functions of their own");
    }
}

static enum status tell_collection(struct keyspace *keyspace, uint32_t db, struct slice name, const struct entry *entry,
                                   const struct key_visitor *visitor)
{
    struct collection collection;
    enum status status;

    collection_look(keyspace, db, name, entry, &collection);
    status = tell_elements(&collection, visitor);
    collection_close(&collection);
    return status;
}

static enum status tell_value(struct keyspace *keyspace, const struct key_visit *key, const struct entry *entry,
                              const struct key_visitor *visitor)
{
    struct stream stream;

    if (entry->type == ENTRY_STRING) {
        return tell_string(keyspace, entry, visitor);
    }
    if (entry->type != ENTRY_STREAM) {
        return tell_collection(keyspace, key->db, key->name, entry, visitor);
    }
    stream_look(keyspace, key->db, key->name, entry, &stream);
    return stream_tell(&stream, visitor);
}

enum status key_tell(struct keyspace *keyspace, uint32_t db, struct slice name, const struct entry *entry,
                     const struct key_visitor *visitor)
{
    const struct key_visit key = {
        .db = db,
        .name = name,
        .type = entry->type,
        .expire_at_ms = entry->expire_at_ms,
        .count = entry->type == ENTRY_STRING ? 1 : entry->count,
    };
    enum status status = visitor->key_begin(visitor->context, &key);

    if (status == STATUS_OK) {
        status = tell_value(keyspace, &key, entry, visitor);
    }
    return status == STATUS_OK ? visitor->key_end(visitor->context) : status;
}
