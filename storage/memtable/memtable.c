/* A record is made once for each key and stays where it is. The index finds it, the tree of its table orders it, and
 * an overwrite changes it alone: no structure is touched twice for one key. */
#include "storage/memtable/memtable.h"
#include "base/assert.h"
#include "base/checksum.h"
#include "base/memory.h"
#include "storage/memtable/memtable_index.h"
#include "storage/memtable/memtable_record.h"
#include "storage/memtable/memtable_space.h"
#include "storage/memtable/memtable_tree.h"
#include "storage/memtable/memtable_value.h"

#define CACHE_LINE 64

struct memtable {
    struct memtable_space space;
    struct memtable_values values;
    struct memtable_index index;
    struct memtable_tree trees[TABLE_COUNT];
    uint64_t hash_seed;
    size_t count; /* Records, tombstones included. */
};

struct memtable *memtable_create(uint64_t hash_seed)
{
    struct memtable *memtable = memory_allocate(sizeof(*memtable));

    memtable_space_init(&memtable->space);
    memtable_values_init(&memtable->values, &memtable->space);
    memtable_index_init(&memtable->index);
    for (int table = 0; table < TABLE_COUNT; table++) {
        memtable_tree_init(&memtable->trees[table], &memtable->space);
    }
    memtable->hash_seed = hash_seed;
    memtable->count = 0;
    return memtable;
}

void memtable_free(struct memtable *memtable)
{
    if (memtable == NULL) {
        return;
    }
    memtable_values_release(&memtable->values);
    memtable_index_release(&memtable->index);
    memtable_space_release(&memtable->space);
    memory_free(memtable);
}

void memtable_clear(struct memtable *memtable)
{
    memtable_values_release(&memtable->values);
    memtable_values_init(&memtable->values, &memtable->space);
    memtable_index_clear(&memtable->index);
    memtable_space_clear(&memtable->space);
    for (int table = 0; table < TABLE_COUNT; table++) {
        memtable_tree_init(&memtable->trees[table], &memtable->space);
    }
    memtable->count = 0;
}

bool memtable_trim(struct memtable *memtable, size_t bytes_max)
{
    size_t freed = memtable_space_trim(&memtable->space, bytes_max);

    freed += memtable_index_trim(&memtable->index, bytes_max - freed);
    return freed > 0;
}

struct memtable_key memtable_key(uint64_t hash_seed, enum table table, struct slice key)
{
    return (struct memtable_key){
        .table = table,
        .bytes = key.len == 0 ? slice_empty() : key, /* Never NULL from here on. */
        .hash = checksum_hash64(key, hash_seed + (uint64_t)table),
    };
}

/* The bits that the index keeps; whoever has another use for the hash takes the low ones. */
static uint32_t index_hash(const struct memtable_key *key)
{
    return (uint32_t)(key->hash >> 32);
}

void memtable_prefetch(const struct memtable *memtable, const struct memtable_key *key)
{
    uint32_t hash = index_hash(key);

    __builtin_prefetch(&memtable_index_segment(&memtable->index, hash)->slots[memtable_index_home(hash)]);
}

bool memtable_prefetch_record(const struct memtable *memtable, const struct memtable_key *key)
{
    uint32_t hash = index_hash(key);
    const struct memtable_index_segment *segment = memtable_index_segment(&memtable->index, hash);
    uint32_t slot = memtable_index_home(hash);

    for (; segment->slots[slot].reference != 0; slot = memtable_index_step(slot)) {
        if (segment->slots[slot].hash == hash) {
            const char *record = memtable_space_at(&memtable->space, segment->slots[slot].reference);

            __builtin_prefetch(record);
            __builtin_prefetch(record + CACHE_LINE);
            __builtin_prefetch(record + 2 * CACHE_LINE);
            return true;
        }
    }
    return false;
}

static struct memtable_record *find(const struct memtable *memtable, const struct memtable_key *key)
{
    uint32_t hash = index_hash(key);
    const struct memtable_index_segment *segment = memtable_index_segment(&memtable->index, hash);
    uint32_t slot = memtable_index_home(hash);

    for (; segment->slots[slot].reference != 0; slot = memtable_index_step(slot)) {
        if (segment->slots[slot].hash == hash) {
            struct memtable_record *record = memtable_space_at(&memtable->space, segment->slots[slot].reference);

            if (record->table == key->table && slice_equal(memtable_record_key(record), key->bytes)) {
                return record;
            }
        }
    }
    return NULL;
}

/* A record for a key that is not there, with room for `len` bytes of value. */
static struct memtable_record *insert(struct memtable *memtable, const struct memtable_key *key, size_t len)
{
    bool is_inline = len <= MEMTABLE_VALUE_SPACE_BYTES_MAX;
    size_t value_at = offsetof(struct memtable_record, key) + key->bytes.len;
    size_t record_bytes = memtable_space_round(value_at + (is_inline ? len : 0), MEMTABLE_SPACE_UNIT_BYTES);
    struct memtable_record *record;
    uint32_t reference;

    ASSERT(key->bytes.len <= TABLE_KEY_BYTES_MAX);
    record = memtable_space_allocate(&memtable->space, record_bytes, MEMTABLE_SPACE_UNIT_BYTES, &reference);
    record->key_len = (uint16_t)key->bytes.len;
    record->table = (uint8_t)key->table;
    memcpy(record->key, key->bytes.data, key->bytes.len);
    if (is_inline) {
        record->value = record->key + key->bytes.len;
        record->value_capacity = (uint32_t)(record_bytes - value_at);
    } else {
        struct memtable_value value = memtable_values_allocate(&memtable->values, len);

        record->value = value.place;
        record->value_capacity = value.capacity;
    }
    memtable_index_insert(&memtable->index, index_hash(key), reference);
    memtable_tree_insert(&memtable->trees[key->table], reference);
    memtable->count++;
    return record;
}

/* Give `record` room for a value of `len` bytes and return the place that it leaves, which the caller gives back when
 * the former value is needed no more; of no capacity if it keeps its place. */
static struct memtable_value make_room(struct memtable *memtable, struct memtable_record *record, size_t len)
{
    struct memtable_value left = {.place = record->value, .capacity = record->value_capacity};
    struct memtable_value taken;
    bool is_wasteful = left.capacity > MEMTABLE_VALUE_SPACE_BYTES_MAX && len < left.capacity / 2;

    if (len <= left.capacity && !is_wasteful) {
        return (struct memtable_value){0};
    }
    taken = memtable_values_allocate(&memtable->values, len);
    record->value = taken.place;
    record->value_capacity = taken.capacity;
    return left;
}

void memtable_put_hashed(struct memtable *memtable, const struct memtable_key *key, struct slice value)
{
    struct memtable_record *record = find(memtable, key);
    struct memtable_value left = {0};

    if (record == NULL) {
        record = insert(memtable, key, value.len);
    } else {
        left = make_room(memtable, record, value.len);
    }
    if (value.len > 0) {
        memmove(record->value, value.data, value.len);
    }
    record->value_len = (uint32_t)value.len;
    record->is_deleted = false;
    memtable_values_free(&memtable->values, left);
}

char *memtable_put_space_hashed(struct memtable *memtable, const struct memtable_key *key, size_t len)
{
    struct memtable_record *record = find(memtable, key);

    if (record == NULL) {
        record = insert(memtable, key, len);
    } else {
        memtable_values_free(&memtable->values, make_room(memtable, record, len));
    }
    record->value_len = (uint32_t)len;
    record->is_deleted = false;
    return record->value;
}

void memtable_delete_hashed(struct memtable *memtable, const struct memtable_key *key)
{
    struct memtable_record *record = find(memtable, key);
    struct memtable_value left;

    if (record == NULL) {
        record = insert(memtable, key, 0);
    }
    left = (struct memtable_value){.place = record->value, .capacity = record->value_capacity};
    record->value_len = 0;
    record->value_capacity = 0;
    record->is_deleted = true;
    memtable_values_free(&memtable->values, left);
}

enum memtable_found memtable_get_hashed(const struct memtable *memtable, const struct memtable_key *key,
                                        struct slice *value)
{
    const struct memtable_record *record = find(memtable, key);

    if (record == NULL) {
        return MEMTABLE_ABSENT;
    }
    if (record->is_deleted) {
        return MEMTABLE_DELETED;
    }
    *value = slice_make(record->value, record->value_len);
    return MEMTABLE_PRESENT;
}

void memtable_put(struct memtable *memtable, enum table table, struct slice key, struct slice value)
{
    struct memtable_key hashed = memtable_key(memtable->hash_seed, table, key);

    memtable_put_hashed(memtable, &hashed, value);
}

char *memtable_put_space(struct memtable *memtable, enum table table, struct slice key, size_t len)
{
    struct memtable_key hashed = memtable_key(memtable->hash_seed, table, key);

    return memtable_put_space_hashed(memtable, &hashed, len);
}

void memtable_delete(struct memtable *memtable, enum table table, struct slice key)
{
    struct memtable_key hashed = memtable_key(memtable->hash_seed, table, key);

    memtable_delete_hashed(memtable, &hashed);
}

enum memtable_found memtable_get(const struct memtable *memtable, enum table table, struct slice key,
                                 struct slice *value)
{
    struct memtable_key hashed = memtable_key(memtable->hash_seed, table, key);

    return memtable_get_hashed(memtable, &hashed, value);
}

bool memtable_overwrite(struct memtable *memtable, enum table table, struct slice key, size_t start, struct slice bytes)
{
    struct slice value;

    if (memtable_get(memtable, table, key, &value) != MEMTABLE_PRESENT || start > value.len ||
        bytes.len > value.len - start) {
        return false;
    }
    memcpy((char *)value.data + start, bytes.data, bytes.len); /* It is the memtable's own copy. */
    return true;
}

size_t memtable_bytes(const struct memtable *memtable)
{
    return sizeof(*memtable) + memtable_space_bytes(&memtable->space) + memtable_index_bytes(&memtable->index) +
           memtable->values.large_bytes;
}

bool memtable_has_large_values(const struct memtable *memtable)
{
    return memtable->values.large_bytes > 0;
}

size_t memtable_count(const struct memtable *memtable)
{
    return memtable->count;
}

uint64_t memtable_version(const struct memtable *memtable)
{
    return memtable->count; /* Only insertions change it. */
}

void memtable_settle(struct memtable *memtable)
{
    for (int table = 0; table < TABLE_COUNT; table++) {
        memtable_tree_settle(&memtable->trees[table]);
    }
}

/* Cursors of the loop find the order complete. A frozen memtable is settled already, so that this writes nothing and
 * other threads may come here too. */
static void settle_before_seek(const struct memtable *memtable)
{
    memtable_settle((struct memtable *)memtable);
}

/* Stand on the first record of a table after `table`. */
static bool enter_next_table(struct memtable_cursor *cursor, int table)
{
    for (table++; table < TABLE_COUNT; table++) {
        if (cursor->memtable->trees[table].root != NULL) {
            cursor->node = cursor->memtable->trees[table].first;
            cursor->index = 0;
            return true;
        }
    }
    cursor->node = NULL;
    return false;
}

/* Stand on the last record of a table before `table`. */
static bool enter_prev_table(struct memtable_cursor *cursor, int table)
{
    for (table--; table >= 0; table--) {
        if (cursor->memtable->trees[table].root != NULL) {
            struct memtable_node *leaf = cursor->memtable->trees[table].last;

            cursor->node = leaf;
            cursor->index = leaf->count - 1u;
            return true;
        }
    }
    cursor->node = NULL;
    return false;
}

static const struct memtable_record *record_at(const struct memtable_cursor *cursor)
{
    const struct memtable_node *leaf = cursor->node;

    return memtable_space_at(&cursor->memtable->space, leaf->records[cursor->index]);
}

bool memtable_seek(struct memtable_cursor *cursor, const struct memtable *memtable, enum table table, struct slice key)
{
    struct memtable_place place;

    settle_before_seek(memtable);
    place = memtable_tree_seek(&memtable->trees[table], key, false);
    cursor->memtable = memtable;
    if (place.leaf != NULL && place.index == place.leaf->count) {
        place.leaf = place.leaf->links[1];
        place.index = 0;
    }
    if (place.leaf == NULL) {
        return enter_next_table(cursor, (int)table);
    }
    cursor->node = place.leaf;
    cursor->index = place.index;
    return true;
}

bool memtable_seek_last(struct memtable_cursor *cursor, const struct memtable *memtable, enum table table,
                        struct slice key, bool before)
{
    struct memtable_place place;

    settle_before_seek(memtable);
    place = memtable_tree_seek(&memtable->trees[table], key, !before);
    cursor->memtable = memtable;
    if (place.leaf != NULL && place.index == 0) {
        place.leaf = place.leaf->links[0];
        place.index = place.leaf == NULL ? 0 : place.leaf->count;
    }
    if (place.leaf == NULL) {
        return enter_prev_table(cursor, (int)table);
    }
    cursor->node = place.leaf;
    cursor->index = place.index - 1;
    return true;
}

bool memtable_next(struct memtable_cursor *cursor)
{
    struct memtable_node *leaf = cursor->node;

    if (cursor->index + 1 < leaf->count) {
        cursor->index++;
        return true;
    }
    if (leaf->links[1] == NULL) {
        return enter_next_table(cursor, record_at(cursor)->table);
    }
    cursor->node = leaf->links[1];
    cursor->index = 0;
    return true;
}

bool memtable_prev(struct memtable_cursor *cursor)
{
    struct memtable_node *leaf = cursor->node;

    if (cursor->index > 0) {
        cursor->index--;
        return true;
    }
    if (leaf->links[0] == NULL) {
        return enter_prev_table(cursor, record_at(cursor)->table);
    }
    leaf = leaf->links[0];
    cursor->node = leaf;
    cursor->index = leaf->count - 1u;
    return true;
}

enum memtable_found memtable_at(const struct memtable_cursor *cursor, enum table *table, struct slice *key,
                                struct slice *value)
{
    const struct memtable_record *record = record_at(cursor);

    *table = (enum table)record->table;
    *key = memtable_record_key(record);
    *value = slice_make(record->value, record->value_len);
    return record->is_deleted ? MEMTABLE_DELETED : MEMTABLE_PRESENT;
}
