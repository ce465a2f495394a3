#include "storage/memtable/memtable_tree.h"
#include "base/bytes.h"

#define KEYS_MAX       MEMTABLE_NODE_KEYS_MAX
#define CACHE_LINE     64
#define LEAF_BYTES     (sizeof(struct memtable_node) + 2 * sizeof(struct memtable_node *))
#define INNER_BYTES    (sizeof(struct memtable_node) + (KEYS_MAX + 1) * sizeof(struct memtable_node *))
#define NO_INDEX       UINT8_MAX
#define REFIT_GAIN_MIN 4 /* Shared bytes in the heads that make it worth reading all records of a node. */

_Static_assert(offsetof(struct memtable_node, heads) == CACHE_LINE, "the heads begin on a cache line");

void memtable_tree_init(struct memtable_tree *tree, struct memtable_space *space)
{
    *tree = (struct memtable_tree){.space = space};
}

static struct slice record_key(const struct memtable_tree *tree, const struct memtable_node *node, unsigned index)
{
    return memtable_record_key(memtable_space_at(tree->space, node->records[index]));
}

/* The 8 bytes of `key` from `skip` on; zeros stand for what is missing. */
static uint64_t head_of(struct slice key, size_t skip)
{
    char padded[8] = {0};

    if (key.len >= skip + sizeof(padded)) {
        return bytes_get_be64(key.data + skip);
    }
    if (key.len > skip) {
        memcpy(padded, key.data + skip, key.len - skip);
    }
    return bytes_get_be64(padded);
}

static size_t common_len(struct slice a, struct slice b)
{
    size_t limit = a.len < b.len ? a.len : b.len;
    size_t len = 0;

    while (len < limit && a.data[len] == b.data[len]) {
        len++;
    }
    return len;
}

/* Among the keys from `index` on whose heads equal `head`, which say nothing, find the bound by the keys themselves. */
static unsigned bound_among_equal(const struct memtable_tree *tree, const struct memtable_node *node, unsigned index,
                                  struct slice key, bool after_equal)
{
    uint64_t head = node->heads[index];
    struct slice rest = slice_after(key, node->skip);
    unsigned end = index + 1;

    while (end < node->count && node->heads[end] == head) {
        end++;
    }
    while (index < end) {
        unsigned middle = (index + end) / 2;
        int order = slice_compare(slice_after(record_key(tree, node, middle), node->skip), rest);

        if (order < 0 || (after_equal && order == 0)) {
            index = middle + 1;
        } else {
            end = middle;
        }
    }
    return index;
}

/* How many of `heads` are less than `head`. Without branches on the data, which is random. */
static unsigned count_less(const uint64_t *heads, unsigned count, uint64_t head)
{
    const uint64_t *base = heads;

    if (count == 0) {
        return 0;
    }
    while (count > 1) {
        unsigned half = count / 2;

        base += (base[half - 1] < head) * half;
        count -= half;
    }
    return (unsigned)(base - heads) + (*base < head);
}

/* The index of the first key in `node` that is >= `key`, or > `key` if `after_equal`. */
static unsigned bound(const struct memtable_tree *tree, const struct memtable_node *node, struct slice key,
                      bool after_equal)
{
    size_t common = key.len < node->skip ? key.len : node->skip;
    int order = memcmp(key.data, node->prefix, common);
    uint64_t head;
    unsigned index;

    if (order != 0) {
        return order < 0 ? 0 : node->count;
    }
    if (key.len < node->skip) {
        return 0;
    }
    head = head_of(key, node->skip);
    index = count_less(node->heads, node->count, head);
    if (index < node->count && node->heads[index] == head) {
        return bound_among_equal(tree, node, index, key, after_equal);
    }
    return index;
}

/* All lines that a search reads, asked for at once instead of one after the other. */
static void prefetch(const struct memtable_node *node)
{
    const char *bytes = (const char *)node;

    for (size_t offset = 0; offset < offsetof(struct memtable_node, records); offset += CACHE_LINE) {
        __builtin_prefetch(bytes + offset);
    }
}

struct memtable_place memtable_tree_seek(const struct memtable_tree *tree, struct slice key, bool after_equal)
{
    struct memtable_node *node = tree->root;

    if (node == NULL) {
        return (struct memtable_place){0};
    }
    if (key.len == 0) {
        key = slice_empty(); /* Its data may be NULL. */
    }
    while (node->level > 0) {
        node = node->links[bound(tree, node, key, true)];
        prefetch(node);
    }
    return (struct memtable_place){.leaf = node, .index = bound(tree, node, key, after_equal)};
}

/* Give up the last bytes of the shared prefix: they move to the front of each head. */
static void shorten_prefix(struct memtable_node *node, size_t skip)
{
    size_t lost = node->skip - skip;
    uint64_t moved = head_of(slice_make(node->prefix, node->skip), skip);

    for (unsigned i = 0; i < node->count; i++) {
        node->heads[i] = lost >= 8 ? moved : moved | (node->heads[i] >> (8 * lost));
    }
    node->skip = (uint8_t)skip;
}

/* After a split: when the heads begin alike, lengthen the prefix so that they tell more. */
static void lengthen_prefix(const struct memtable_tree *tree, struct memtable_node *node)
{
    struct slice first;
    size_t skip;
    uint64_t differing = node->heads[0] ^ node->heads[node->count - 1];

    if (differing >> (64 - 8 * REFIT_GAIN_MIN) != 0) {
        return;
    }
    first = record_key(tree, node, 0);
    skip = common_len(first, record_key(tree, node, node->count - 1u));
    if (skip > MEMTABLE_NODE_PREFIX_MAX) {
        skip = MEMTABLE_NODE_PREFIX_MAX;
    }
    if (skip == node->skip) {
        return;
    }
    memcpy(node->prefix, first.data, skip);
    node->skip = (uint8_t)skip;
    for (unsigned i = 0; i < node->count; i++) {
        node->heads[i] = head_of(record_key(tree, node, i), skip);
    }
}

/* Put `key` at `index` of a node that has room; an inner node gets `right` as the child behind it. */
static void put(struct memtable_node *node, unsigned index, struct slice key, uint32_t reference,
                struct memtable_node *right)
{
    size_t moved = node->count - index;
    size_t common;

    if (node->count == 0) {
        node->skip = (uint8_t)(key.len < MEMTABLE_NODE_PREFIX_MAX ? key.len : MEMTABLE_NODE_PREFIX_MAX);
        memcpy(node->prefix, key.data, node->skip);
    }
    common = common_len(key, slice_make(node->prefix, node->skip));
    if (common < node->skip) {
        shorten_prefix(node, common);
    }
    memmove(&node->heads[index + 1], &node->heads[index], moved * sizeof(node->heads[0]));
    memmove(&node->records[index + 1], &node->records[index], moved * sizeof(node->records[0]));
    node->heads[index] = head_of(key, node->skip);
    node->records[index] = reference;
    if (right != NULL) {
        memmove(&node->links[index + 2], &node->links[index + 1], moved * sizeof(node->links[0]));
        node->links[index + 1] = right;
    }
    node->count++;
    node->last_index = (uint8_t)index;
}

static struct memtable_node *create_node(struct memtable_tree *tree, unsigned level)
{
    uint32_t reference;
    struct memtable_node *node =
        memtable_space_allocate(tree->space, level == 0 ? LEAF_BYTES : INNER_BYTES, CACHE_LINE, &reference);

    node->count = 0;
    node->level = (uint8_t)level;
    node->skip = 0;
    node->last_index = NO_INDEX;
    return node;
}

/* Move the keys from `from` on to the empty node `right`. */
static void move_keys(struct memtable_node *left, unsigned from, struct memtable_node *right)
{
    size_t count = left->count - from;

    memcpy(right->heads, &left->heads[from], count * sizeof(left->heads[0]));
    memcpy(right->records, &left->records[from], count * sizeof(left->records[0]));
    memcpy(right->prefix, left->prefix, left->skip);
    right->skip = left->skip;
    right->count = (uint8_t)count;
    left->count = (uint8_t)from;
}

/* Split the full inner node below `parent` at `index`; the middle key moves up. */
static void split_inner(struct memtable_tree *tree, struct memtable_node *parent, unsigned index)
{
    struct memtable_node *left = parent->links[index];
    struct memtable_node *right = create_node(tree, left->level);
    unsigned middle = left->count / 2u;

    move_keys(left, middle + 1, right);
    memcpy(right->links, &left->links[middle + 1], (right->count + 1u) * sizeof(left->links[0]));
    left->count = (uint8_t)middle;
    put(parent, index, record_key(tree, left, middle), left->records[middle], right);
    lengthen_prefix(tree, left);
    lengthen_prefix(tree, right);
}

/* Where to split a full leaf that gets a key at `index`. A run (a list that is pushed to at one end, a number in the
 * key) goes on where it went last, so it is split to leave full leaves behind; random order is halved. */
static unsigned split_point(const struct memtable_node *leaf, unsigned index)
{
    if (index == leaf->last_index + 1u) {
        return index; /* What comes goes on at the end of the left leaf. */
    }
    if (index == leaf->last_index) {
        /* Downwards, what comes must not find the keys before the run in its leaf: all but one are left behind. */
        return index <= 1 ? index : index - 1;
    }
    return KEYS_MAX / 2;
}

/* Split the full `leaf` at `at`: the right part may be empty (the new key goes there), and so may the left. */
static struct memtable_node *split_leaf(struct memtable_tree *tree, struct memtable_node *leaf, unsigned at)
{
    struct memtable_node *right = create_node(tree, 0);

    tree->split_count++;
    move_keys(leaf, at, right);
    leaf->last_index = NO_INDEX;
    right->links[0] = leaf;
    right->links[1] = leaf->links[1];
    leaf->links[1] = right;
    if (right->links[1] != NULL) {
        right->links[1]->links[0] = right;
    } else {
        tree->last = right;
    }
    return right;
}

static struct memtable_node *raise_root(struct memtable_tree *tree)
{
    struct memtable_node *root = create_node(tree, tree->root->level + 1u);

    root->links[0] = tree->root;
    tree->root = root;
    return root;
}

/* Put the key at `index` of the full `leaf`, the child at `child` of `parent`, which has room. */
static void put_full(struct memtable_tree *tree, struct memtable_node *parent, unsigned child, unsigned index,
                     uint32_t reference)
{
    struct slice key = memtable_record_key(memtable_space_at(tree->space, reference));
    struct memtable_node *leaf = parent->links[child];
    unsigned at = split_point(leaf, index);
    struct memtable_node *right = split_leaf(tree, leaf, at);

    if (index > at || right->count == 0) {
        put(right, index - at, key, reference, NULL);
    } else {
        put(leaf, index, key, reference, NULL);
    }
    lengthen_prefix(tree, leaf);
    lengthen_prefix(tree, right);
    put(parent, child, record_key(tree, right, 0), right->records[0], right);
}

static void insert_first(struct memtable_tree *tree, uint32_t reference, struct slice key)
{
    struct memtable_node *leaf = create_node(tree, 0);

    leaf->links[0] = NULL;
    leaf->links[1] = NULL;
    tree->root = leaf;
    tree->first = leaf;
    tree->last = leaf;
    put(leaf, 0, key, reference, NULL);
}

static void insert(struct memtable_tree *tree, uint32_t reference)
{
    struct slice key = memtable_record_key(memtable_space_at(tree->space, reference));
    struct memtable_node *parent = NULL;
    struct memtable_node *node = tree->root;
    unsigned child = 0;
    unsigned index;

    if (node == NULL) {
        insert_first(tree, reference, key);
        return;
    }
    /* Full inner nodes are split on the way down, so that the node above always has room for what comes up. */
    if (node->count == KEYS_MAX) {
        parent = raise_root(tree);
        if (node->level > 0) {
            split_inner(tree, parent, 0);
        }
        node = parent;
    }
    while (node->level > 0) {
        parent = node;
        child = bound(tree, parent, key, true);
        node = parent->links[child];
        prefetch(node);
        if (node->level > 0 && node->count == KEYS_MAX) {
            split_inner(tree, parent, child);
            child = bound(tree, parent, key, true);
            node = parent->links[child];
        }
    }
    index = bound(tree, node, key, false);
    if (node->count < KEYS_MAX) {
        put(node, index, key, reference, NULL);
    } else {
        put_full(tree, parent, child, index, reference);
    }
}

/* Give the oldest pending record its place. */
static void insert_pending(struct memtable_tree *tree)
{
    struct memtable_pending *pending = &tree->pending[tree->pending_start];
    struct memtable_node *leaf = pending->leaf;

    tree->pending_start = (tree->pending_start + 1) % MEMTABLE_TREE_PENDING_MAX;
    tree->pending_count--;
    if (leaf != NULL && pending->split_count == tree->split_count && leaf->count < KEYS_MAX) {
        struct slice key = memtable_record_key(memtable_space_at(tree->space, pending->reference));

        put(leaf, bound(tree, leaf, key, false), key, pending->reference, NULL);
    } else {
        insert(tree, pending->reference);
    }
}

void memtable_tree_insert(struct memtable_tree *tree, uint32_t reference)
{
    struct slice key = memtable_record_key(memtable_space_at(tree->space, reference));
    struct memtable_node *node;
    uint32_t end;

    if (tree->pending_count == MEMTABLE_TREE_PENDING_MAX) {
        insert_pending(tree);
    }
    node = tree->root; /* After the insertion, which may have raised it. */
    /* Not to look at the leaf, not even at its level, is the point. */
    for (unsigned level = node == NULL ? 0 : node->level; level > 0; level--) {
        node = node->links[bound(tree, node, key, true)];
        prefetch(node);
    }
    end = (tree->pending_start + tree->pending_count) % MEMTABLE_TREE_PENDING_MAX;
    tree->pending[end] = (struct memtable_pending){
        .reference = reference,
        .split_count = tree->split_count,
        .leaf = node,
    };
    tree->pending_count++;
}

void memtable_tree_settle(struct memtable_tree *tree)
{
    while (tree->pending_count > 0) {
        insert_pending(tree);
    }
}
