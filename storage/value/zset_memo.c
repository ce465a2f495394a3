#include "storage/value/zset_memo.h"
#include "base/assert.h"
#include "base/hash_table.h"
#include "base/list.h"
#include "base/memory.h"
#include "storage/memtable/view_cursor.h"
#include "storage/value/zset_rank.h"

/* Edits without use after which keeping counts up has cost more than a walk would: so many a row, and some more. */
#define IDLE_EDITS_A_ROW 2
#define IDLE_EDITS_LEAST 10000

/* A coded key, all rows lying on one side of it or on it. */
struct edge {
    char *key; /* Owned; NULL when nothing is known. */
    size_t len;
};

struct memo {
    struct hash_node by_generation;
    struct list_node by_use;
    uint64_t generation;
    struct edge first;      /* No row is before it. */
    struct edge last;       /* No row is behind it. */
    struct zset_rank *rank; /* Owned; NULL until somebody asks. */
    uint64_t idle_edits;    /* Since the counts were of use. */
    size_t bytes;           /* As accounted in the memos. */
};

struct zset_memos {
    struct hash_table by_generation;
    struct list by_use; /* Most recently used first. */
    size_t bytes;
};

/* Generations are numbers given out in order. */
static uint64_t hash_of(uint64_t generation)
{
    return generation * UINT64_C(0x9e3779b97f4a7c15);
}

struct zset_memos *zset_memos_create(void)
{
    struct zset_memos *memos = memory_allocate_zeroed(sizeof(*memos));

    hash_table_init(&memos->by_generation);
    list_init(&memos->by_use);
    return memos;
}

static void drop(struct zset_memos *memos, struct memo *memo)
{
    memos->bytes -= memo->bytes;
    hash_table_remove(&memos->by_generation, &memo->by_generation);
    list_remove(&memo->by_use);
    zset_rank_free(memo->rank);
    memory_free(memo->first.key);
    memory_free(memo->last.key);
    memory_free(memo);
}

void zset_memos_clear(struct zset_memos *memos)
{
    LIST_FOR_EACH(&memos->by_use, node)
    {
        drop(memos, LIST_ENTRY(node, struct memo, by_use));
    }
}

void zset_memos_free(struct zset_memos *memos)
{
    zset_memos_clear(memos);
    hash_table_release(&memos->by_generation);
    memory_free(memos);
}

size_t zset_memos_bytes(const struct zset_memos *memos)
{
    return memos->bytes;
}

static struct memo *find(const struct zset_memos *memos, uint64_t generation)
{
    struct hash_node *node;

    if (memos->by_generation.count == 0) {
        return NULL;
    }
    node = hash_table_first(&memos->by_generation, hash_of(generation));
    while (node != NULL && LIST_ENTRY(node, struct memo, by_generation)->generation != generation) {
        node = hash_table_next(node);
    }
    return node == NULL ? NULL : LIST_ENTRY(node, struct memo, by_generation);
}

void zset_memos_forget(struct zset_memos *memos, uint64_t generation)
{
    struct memo *memo = find(memos, generation);

    if (memo != NULL) {
        drop(memos, memo);
    }
}

static struct zset_memos *memos_of(const struct collection *zset)
{
    return keyspace_zset_memos(zset->keyspace);
}

/* Account what the memo takes now, and let those go that were not used for longest while all take too much. */
static void account(struct zset_memos *memos, struct memo *memo)
{
    size_t bytes = sizeof(*memo) + memo->first.len + memo->last.len;

    bytes += memo->rank == NULL ? 0 : zset_rank_bytes(memo->rank);
    memos->bytes = memos->bytes - memo->bytes + bytes;
    memo->bytes = bytes;
    while (memos->bytes > ZSET_MEMOS_BYTES_MAX && memos->by_use.head.prev != &memo->by_use) {
        drop(memos, LIST_ENTRY(memos->by_use.head.prev, struct memo, by_use));
    }
}

/* The set's memo, made if there is none, as the one used last. */
static struct memo *use(const struct collection *zset)
{
    struct zset_memos *memos = memos_of(zset);
    struct memo *memo = find(memos, zset->entry.generation);

    ASSERT(zset->entry.generation != 0);
    if (memo == NULL) {
        memo = memory_allocate_zeroed(sizeof(*memo));
        memo->generation = zset->entry.generation;
        list_node_init(&memo->by_use);
        hash_table_insert(&memos->by_generation, &memo->by_generation, hash_of(memo->generation));
        list_prepend(&memos->by_use, &memo->by_use);
        account(memos, memo);
    } else {
        list_remove(&memo->by_use);
        list_prepend(&memos->by_use, &memo->by_use);
    }
    return memo;
}

static void set_edge(struct edge *edge, struct slice key)
{
    if (edge->key != NULL && edge->len == key.len) {
        memcpy(edge->key, key.data, key.len);
        return;
    }
    memory_free(edge->key);
    edge->key = memory_copy(key.data, key.len);
    edge->len = key.len;
}

static struct slice edge_key(const struct edge *edge)
{
    return slice_make(edge->key, edge->len);
}

/* Counts that nobody has asked for since long are not kept up. */
static void note_edit(struct zset_memos *memos, struct memo *memo)
{
    if (memo->rank != NULL && ++memo->idle_edits > IDLE_EDITS_LEAST + IDLE_EDITS_A_ROW * zset_rank_total(memo->rank)) {
        zset_rank_free(memo->rank);
        memo->rank = NULL;
        account(memos, memo);
    }
}

void zset_memo_added(const struct collection *zset, struct slice key)
{
    struct zset_memos *memos = memos_of(zset);
    struct memo *memo = find(memos, zset->entry.generation);

    if (memo == NULL) {
        return;
    }
    if (memo->first.key != NULL && slice_compare(key, edge_key(&memo->first)) < 0) {
        set_edge(&memo->first, key);
    }
    if (memo->last.key != NULL && slice_compare(key, edge_key(&memo->last)) > 0) {
        set_edge(&memo->last, key);
    }
    note_edit(memos, memo);
    if (memo->rank != NULL) {
        zset_rank_added(memo->rank, key);
        account(memos, memo);
    }
}

void zset_memo_removed(const struct collection *zset, struct slice key)
{
    struct zset_memos *memos = memos_of(zset);
    struct memo *memo = find(memos, zset->entry.generation);

    if (memo == NULL) {
        return;
    }
    note_edit(memos, memo);
    if (memo->rank != NULL) {
        zset_rank_removed(memo->rank, key);
    }
}

bool zset_memo_seek_first(const struct collection *zset, struct view_cursor *cursor)
{
    struct memo *memo = use(zset);
    bool found = memo->first.key == NULL ? view_cursor_first(cursor) : view_cursor_seek(cursor, edge_key(&memo->first));

    if (found) {
        set_edge(&memo->first, view_cursor_key(cursor));
        account(memos_of(zset), memo);
    }
    return found;
}

bool zset_memo_seek_last(const struct collection *zset, struct view_cursor *cursor)
{
    struct memo *memo = use(zset);
    bool found =
        memo->last.key == NULL ? view_cursor_last(cursor) : view_cursor_seek_last(cursor, edge_key(&memo->last));

    if (found) {
        set_edge(&memo->last, view_cursor_key(cursor));
        account(memos_of(zset), memo);
    }
    return found;
}

bool zset_memo_seek(const struct collection *zset, struct slice key, struct view_cursor *cursor)
{
    const struct edge *first = &use(zset)->first;

    if (first->key == NULL || slice_compare(key, edge_key(first)) <= 0) {
        if (!zset_memo_seek_first(zset, cursor)) {
            return false;
        }
        if (slice_compare(view_cursor_key(cursor), key) >= 0) {
            return true;
        }
    }
    return view_cursor_seek(cursor, key);
}

bool zset_memo_seek_before(const struct collection *zset, struct slice key, struct view_cursor *cursor)
{
    const struct edge *last = &use(zset)->last;
    bool found;

    if (last->key == NULL || slice_compare(key, edge_key(last)) > 0) {
        if (!zset_memo_seek_last(zset, cursor)) {
            return false;
        }
        if (slice_compare(view_cursor_key(cursor), key) < 0) {
            return true;
        }
    }
    found = view_cursor_seek_last(cursor, key);
    if (found && slice_equal(view_cursor_key(cursor), key)) {
        found = view_cursor_prev(cursor);
    }
    return found;
}

const struct zset_rank *zset_memo_rank(const struct collection *zset)
{
    struct memo *memo = use(zset);

    if (memo->rank == NULL) {
        memo->rank = zset_rank_build(keyspace_view(zset->keyspace), zset->entry.generation);
    }
    memo->idle_edits = 0;
    account(memos_of(zset), memo);
    ASSERT(zset_rank_total(memo->rank) == zset->entry.count);
    return memo->rank;
}
