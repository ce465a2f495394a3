#include "base/hash_table.h"
#include "base/assert.h"
#include "base/memory.h"

#define BUCKETS_MIN 16u

void hash_table_init(struct hash_table *table)
{
    *table = (struct hash_table){0};
}

void hash_table_release(struct hash_table *table)
{
    memory_free(table->buckets);
    hash_table_init(table);
}

static struct hash_node **bucket_of(const struct hash_table *table, uint64_t hash)
{
    return &table->buckets[hash & (table->bucket_count - 1)];
}

/* Twice the buckets: a bucket holds one node in the mean, whatever the number of nodes. */
static void grow(struct hash_table *table)
{
    struct hash_table grown = {.bucket_count = table->bucket_count == 0 ? BUCKETS_MIN : table->bucket_count * 2,
                               .count = table->count};

    grown.buckets = memory_allocate_zeroed(grown.bucket_count * sizeof(struct hash_node *));
    for (size_t i = 0; i < table->bucket_count; i++) {
        struct hash_node *next;

        for (struct hash_node *node = table->buckets[i]; node != NULL; node = next) {
            struct hash_node **bucket = bucket_of(&grown, node->hash);

            next = node->next;
            node->next = *bucket;
            *bucket = node;
        }
    }
    memory_free(table->buckets);
    *table = grown;
}

void hash_table_insert(struct hash_table *table, struct hash_node *node, uint64_t hash)
{
    struct hash_node **bucket;

    if (table->count == table->bucket_count) {
        grow(table);
    }
    bucket = bucket_of(table, hash);
    node->hash = hash;
    node->next = *bucket;
    *bucket = node;
    table->count++;
}

void hash_table_remove(struct hash_table *table, struct hash_node *node)
{
    struct hash_node **link = bucket_of(table, node->hash);

    while (*link != node) {
        ASSERT(*link != NULL);
        link = &(*link)->next;
    }
    *link = node->next;
    table->count--;
}

static struct hash_node *find_in_chain(struct hash_node *node, uint64_t hash)
{
    while (node != NULL && node->hash != hash) {
        node = node->next;
    }
    return node;
}

struct hash_node *hash_table_first(const struct hash_table *table, uint64_t hash)
{
    return table->count == 0 ? NULL : find_in_chain(*bucket_of(table, hash), hash);
}

struct hash_node *hash_table_next(const struct hash_node *node)
{
    return find_in_chain(node->next, node->hash);
}

struct hash_node *hash_table_walk_begin(struct hash_table_walk *walk, const struct hash_table *table)
{
    *walk = (struct hash_table_walk){.bucket = 0};
    return hash_table_walk_next(walk, table);
}

struct hash_node *hash_table_walk_next(struct hash_table_walk *walk, const struct hash_table *table)
{
    struct hash_node *node = walk->next;

    while (node == NULL && walk->bucket < table->bucket_count) {
        node = table->buckets[walk->bucket++];
    }
    walk->next = node == NULL ? NULL : node->next;
    return node;
}
