#include "server/request/tracking_table.h"
#include "base/checksum.h"
#include "base/memory.h"

#define IDS_MIN 2u /* Room of a key that was read for the first time. */

void tracking_table_init(struct tracking_table *table)
{
    hash_table_init(&table->keys);
    list_init(&table->by_age);
    list_init(&table->dropped);
    table->item_count = 0;
}

void tracking_table_release(struct tracking_table *table)
{
    tracking_table_clear(table);
    tracking_table_drain(table, SIZE_MAX);
}

struct slice tracked_key_slice(const struct tracked_key *key)
{
    return slice_make(key->key, key->key_len);
}

void tracked_key_free(struct tracked_key *key)
{
    memory_free(key->ids);
    memory_free(key);
}

static uint64_t hash_of(struct slice key)
{
    return checksum_hash64(key, 0);
}

static struct tracked_key *find(const struct tracking_table *table, struct slice key, uint64_t hash)
{
    for (struct hash_node *node = hash_table_first(&table->keys, hash); node != NULL; node = hash_table_next(node)) {
        struct tracked_key *tracked = LIST_ENTRY(node, struct tracked_key, hash_node);

        if (slice_equal(tracked_key_slice(tracked), key)) {
            return tracked;
        }
    }
    return NULL;
}

static struct tracked_key *make(struct tracking_table *table, struct slice key, uint64_t hash)
{
    struct tracked_key *tracked = memory_allocate(sizeof(*tracked) + key.len);

    *tracked = (struct tracked_key){.id_capacity = IDS_MIN, .key_len = key.len};
    tracked->ids = memory_allocate(IDS_MIN * sizeof(*tracked->ids));
    memcpy(tracked->key, key.data, key.len);
    hash_table_insert(&table->keys, &tracked->hash_node, hash);
    list_append(&table->by_age, &tracked->age_node);
    return tracked;
}

/* Where `id` stands among the key's, or would. */
static size_t place_of(const struct tracked_key *key, uint64_t id)
{
    size_t low = 0;
    size_t high = key->id_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (key->ids[middle] < id) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* A key that is read by ever new clients and never changes would grow without end: who is gone makes room. */
static void make_room(struct tracking_table *table, struct tracked_key *key,
                      bool (*is_alive)(void *context, uint64_t id), void *context)
{
    size_t kept = 0;

    for (size_t i = 0; i < key->id_count; i++) {
        if (is_alive(context, key->ids[i])) {
            key->ids[kept++] = key->ids[i];
        }
    }
    table->item_count -= key->id_count - kept;
    key->id_count = kept;
    if (kept > key->id_capacity / 2) { /* Else the room that came would soon be full again. */
        key->id_capacity *= 2;
        key->ids = memory_resize(key->ids, key->id_capacity * sizeof(*key->ids));
    }
}

void tracking_table_add(struct tracking_table *table, struct slice key, uint64_t id,
                        bool (*is_alive)(void *context, uint64_t id), void *context)
{
    uint64_t hash = hash_of(key);
    struct tracked_key *tracked = find(table, key, hash);
    size_t place;

    if (tracked == NULL) {
        tracked = make(table, key, hash);
    }
    place = place_of(tracked, id);
    if (place < tracked->id_count && tracked->ids[place] == id) {
        return;
    }
    if (tracked->id_count == tracked->id_capacity) {
        make_room(table, tracked, is_alive, context);
        place = place_of(tracked, id);
    }
    memmove(tracked->ids + place + 1, tracked->ids + place, (tracked->id_count - place) * sizeof(*tracked->ids));
    tracked->ids[place] = id;
    tracked->id_count++;
    table->item_count++;
}

static struct tracked_key *take(struct tracking_table *table, struct tracked_key *key)
{
    hash_table_remove(&table->keys, &key->hash_node);
    list_remove(&key->age_node);
    table->item_count -= key->id_count;
    return key;
}

struct tracked_key *tracking_table_take(struct tracking_table *table, struct slice key)
{
    struct tracked_key *tracked = table->keys.count == 0 ? NULL : find(table, key, hash_of(key));

    return tracked == NULL ? NULL : take(table, tracked);
}

struct tracked_key *tracking_table_take_oldest(struct tracking_table *table)
{
    if (list_is_empty(&table->by_age)) {
        return NULL;
    }
    return take(table, LIST_ENTRY(table->by_age.head.next, struct tracked_key, age_node));
}

void tracking_table_clear(struct tracking_table *table)
{
    struct list *by_age = &table->by_age;

    if (!list_is_empty(by_age)) { /* The whole chain goes behind what was dropped before. */
        by_age->head.next->prev = table->dropped.head.prev;
        table->dropped.head.prev->next = by_age->head.next;
        by_age->head.prev->next = &table->dropped.head;
        table->dropped.head.prev = by_age->head.prev;
        list_init(by_age);
    }
    hash_table_release(&table->keys);
    hash_table_init(&table->keys);
    table->item_count = 0;
}

void tracking_table_drain(struct tracking_table *table, size_t key_count)
{
    for (; key_count > 0 && !list_is_empty(&table->dropped); key_count--) {
        struct tracked_key *key = LIST_ENTRY(table->dropped.head.next, struct tracked_key, age_node);

        list_remove(&key->age_node);
        tracked_key_free(key);
    }
}
