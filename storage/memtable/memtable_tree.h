/* The order of one table's records: a B+tree with the first telling bytes of each key inside the node.
 *
 * A node keeps the prefix that all its keys share, and of each key the 8 bytes behind that prefix as one number, so
 * that a search reads neighbouring cache lines and rarely a record. Figures: docs/adr/0002-memtable.md. Private to
 * storage/memtable*.c. Nothing is ever removed. */
#ifndef STORAGE_MEMTABLE_MEMTABLE_TREE_H
#define STORAGE_MEMTABLE_MEMTABLE_TREE_H

#include "storage/memtable/memtable_record.h"
#include "storage/memtable/memtable_space.h"

#define MEMTABLE_NODE_KEYS_MAX   96
#define MEMTABLE_NODE_PREFIX_MAX 60

struct memtable_node {
    uint8_t count;      /* Keys. */
    uint8_t level;      /* 0 is a leaf. */
    uint8_t skip;       /* Bytes that all keys share, at most MEMTABLE_NODE_PREFIX_MAX. */
    uint8_t last_index; /* Where the last insertion went: tells runs from random order. */
    char prefix[MEMTABLE_NODE_PREFIX_MAX];
    uint64_t heads[MEMTABLE_NODE_KEYS_MAX]; /* The 8 bytes after the prefix, zero-padded, as a big-endian number. */
    uint32_t records[MEMTABLE_NODE_KEYS_MAX];
    /* Of a leaf: the leaf before and the one after. Else count + 1 children; records[i] is the least key below
     * links[i + 1]. */
    struct memtable_node *links[];
};

/* Insertions under way: the leaf is asked from memory when a record comes, and touched when it has arrived, a few
 * records later. That hides the one cache miss that an insertion has. */
#define MEMTABLE_TREE_PENDING_MAX 8

struct memtable_pending {
    uint32_t reference;
    uint32_t split_count;       /* The tree's when the leaf was found: it is the right one as long as they agree. */
    struct memtable_node *leaf; /* NULL if the tree was empty. */
};

struct memtable_tree {
    struct memtable_space *space; /* Borrowed: where records and nodes live. */
    struct memtable_node *root;   /* NULL when empty. */
    struct memtable_node *first;  /* Leaves. */
    struct memtable_node *last;
    uint32_t split_count;
    uint32_t pending_start; /* Of the ring. */
    uint32_t pending_count;
    struct memtable_pending pending[MEMTABLE_TREE_PENDING_MAX];
};

void memtable_tree_init(struct memtable_tree *tree, struct memtable_space *space);

/* Add a record whose key is not there. It may stay pending, and then has no place in the order yet. */
void memtable_tree_insert(struct memtable_tree *tree, uint32_t reference);
/* Give what is pending its place. Before the order is read. */
void memtable_tree_settle(struct memtable_tree *tree);

/* A place in the leaves of a settled tree: the first record with key >= `key`, or > `key` if `after_equal`. The index
 * may be one past the leaf's end, and the leaf NULL if the tree is empty. */
struct memtable_place {
    struct memtable_node *leaf;
    uint32_t index;
};
struct memtable_place memtable_tree_seek(const struct memtable_tree *tree, struct slice key, bool after_equal);

#endif
