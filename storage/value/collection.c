#include "storage/value/collection.h"
#include "base/assert.h"

enum status collection_open(struct keyspace *keyspace, uint32_t db, struct slice key, enum entry_type type,
                            struct collection *collection)
{
    *collection = (struct collection){.keyspace = keyspace, .db = db, .key = key};
    collection->was_there = keyspace_find(keyspace, db, key, &collection->entry);
    if (collection->was_there && collection->entry.type != type) {
        return STATUS_WRONG_TYPE;
    }
    buf_init(&collection->body, BUF_NO_CEILING);
    if (!collection->was_there) {
        collection->entry = (struct entry){.type = type, .body = slice_empty()};
        return STATUS_NOT_FOUND;
    }
    collection->old_count = collection->entry.count;
    return STATUS_OK;
}

void collection_begin(struct keyspace *keyspace, uint32_t db, struct slice key, enum entry_type type,
                      struct collection *collection)
{
    struct entry old;

    *collection = (struct collection){.keyspace = keyspace, .db = db, .key = key};
    collection->was_there = keyspace_find(keyspace, db, key, &old);
    collection->entry = (struct entry){.type = type, .body = slice_empty()};
    buf_init(&collection->body, BUF_NO_CEILING);
    (void)collection_edit(collection); /* Even an empty result is a change of what was there. */
}

void collection_look(struct keyspace *keyspace, uint32_t db, struct slice key, const struct entry *entry,
                     struct collection *collection)
{
    *collection = (struct collection){.keyspace = keyspace, .db = db, .key = key, .entry = *entry, .was_there = true};
    collection->old_count = entry->count;
    buf_init(&collection->body, BUF_NO_CEILING);
}

void collection_commit(struct collection *collection)
{
    if (!collection->owns_body && collection->entry.count == collection->old_count) {
        return;
    }
    if (collection->entry.count > 0) {
        collection->entry.body = collection_body(collection);
        keyspace_put(collection->keyspace, collection->db, collection->key, &collection->entry);
    } else if (collection->was_there) {
        (void)keyspace_delete(collection->keyspace, collection->db, collection->key);
    } else {
        collection_abandon(collection);
    }
}

void collection_abandon(struct collection *collection)
{
    if (collection->entry.generation != 0) {
        keyspace_orphan_generation(collection->keyspace, collection->entry.generation);
    }
}

void collection_close(struct collection *collection)
{
    buf_release(&collection->body);
}

struct slice collection_body(const struct collection *collection)
{
    return collection->owns_body ? buf_slice(&collection->body) : collection->entry.body;
}

struct buf *collection_edit(struct collection *collection)
{
    if (!collection->owns_body) {
        buf_put(&collection->body, collection->entry.body);
        collection->owns_body = true;
    }
    return &collection->body;
}

void collection_clear(struct collection *collection)
{
    collection_abandon(collection);
    collection->entry.generation = 0;
    collection->entry.encoding = ENTRY_INLINE;
    collection->entry.count = 0;
    buf_clear(collection_edit(collection));
}

void collection_use_rows(struct collection *collection)
{
    ASSERT(collection_is_inline(collection));
    buf_clear(collection_edit(collection));
    collection->entry.encoding = COLLECTION_ROWS;
    collection->entry.generation = keyspace_new_generation(collection->keyspace);
}

bool collection_outgrows(const struct collection *collection, size_t extra_items, size_t extra_bytes)
{
    return collection->entry.count + extra_items > COLLECTION_INLINE_ITEMS_MAX ||
           collection_body(collection).len + extra_bytes > COLLECTION_INLINE_BYTES_MAX;
}
