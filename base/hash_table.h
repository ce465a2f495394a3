/* Intrusive hash table: the node lives in what it finds, so that finding and linking never allocate. The owner hashes
 * and compares; the table grows by itself, and only the table of buckets is its own. One owner, one thread. */
#ifndef BASE_HASH_TABLE_H
#define BASE_HASH_TABLE_H

#include <stddef.h>
#include <stdint.h>

struct hash_node {
    struct hash_node *next; /* In its bucket. */
    uint64_t hash;
};

struct hash_table {
    struct hash_node **buckets; /* NULL before the first insertion. */
    size_t bucket_count;        /* Power of two, or 0. */
    size_t count;
};

void hash_table_init(struct hash_table *table);
/* The nodes are their owners' matter. */
void hash_table_release(struct hash_table *table);

/* Put `node` in under `hash`. The table does not care whether an equal one is there. */
void hash_table_insert(struct hash_table *table, struct hash_node *node, uint64_t hash);
/* Take `node` out; it must be in. */
void hash_table_remove(struct hash_table *table, struct hash_node *node);

/* The first node with that hash, newest first, and the next one with the same; NULL if there is none. */
struct hash_node *hash_table_first(const struct hash_table *table, uint64_t hash);
struct hash_node *hash_table_next(const struct hash_node *node);

/* Walk all nodes, in no order; the current one may be removed in the body, nothing inserted. */
struct hash_table_walk {
    size_t bucket;
    struct hash_node *next;
};
struct hash_node *hash_table_walk_begin(struct hash_table_walk *walk, const struct hash_table *table);
struct hash_node *hash_table_walk_next(struct hash_table_walk *walk, const struct hash_table *table);

#endif
