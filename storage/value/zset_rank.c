/* Blocks are an array in order of their keys. Finding one is a binary search, summing up those before it one pass over
 * the array: some microseconds for the 4,000 blocks of a million rows, and larger sets get larger blocks. */
#include "storage/value/zset_rank.h"
#include "base/assert.h"
#include "base/memory.h"
#include "storage/keyspace/keycode.h"

#define BLOCK_ROWS_LEAST   256   /* A block may have so many rows in any set. */
#define BLOCKS_OF_LARGE    32768 /* And its part of so many, if that is more. */
#define FIRST_BLOCK_ROOM   16
#define MERGE_PART         4 /* Two neighbours that have less than this part of a block's rows become one. */
#define BLOCK_ROWS_CEILING (UINT32_MAX / 2)

struct block {
    char *key; /* Owned: no row of the block is before it, and none of the blocks before it is not. */
    uint32_t key_len;
    uint32_t count;
};

struct zset_rank {
    struct view *view;
    struct keycode prefix; /* Of the generation. */
    struct block *blocks;  /* Owned. The first one's key is before all rows. */
    size_t block_count;    /* 0 only if there is no row. */
    size_t room;
    size_t key_bytes; /* In all blocks. */
    uint64_t total;
};

static uint64_t most_rows(const struct zset_rank *rank)
{
    uint64_t rows = BLOCK_ROWS_LEAST + rank->total / BLOCKS_OF_LARGE;

    return rows < BLOCK_ROWS_CEILING ? rows : BLOCK_ROWS_CEILING;
}

static struct slice key_of(const struct block *block)
{
    return slice_make(block->key, block->key_len);
}

static void set_key(struct zset_rank *rank, struct block *block, struct slice key)
{
    rank->key_bytes += key.len;
    rank->key_bytes -= block->key_len;
    memory_free(block->key);
    block->key = memory_copy(key.data, key.len);
    block->key_len = (uint32_t)key.len;
}

static void insert_block(struct zset_rank *rank, size_t index, struct slice key, uint32_t count)
{
    if (rank->block_count == rank->room) {
        rank->room = rank->room == 0 ? FIRST_BLOCK_ROOM : 2 * rank->room;
        rank->blocks = memory_resize(rank->blocks, rank->room * sizeof(*rank->blocks));
    }
    memmove(rank->blocks + index + 1, rank->blocks + index, (rank->block_count - index) * sizeof(*rank->blocks));
    rank->block_count++;
    rank->blocks[index] = (struct block){.count = count};
    set_key(rank, &rank->blocks[index], key);
}

static void remove_block(struct zset_rank *rank, size_t index)
{
    rank->key_bytes -= rank->blocks[index].key_len;
    memory_free(rank->blocks[index].key);
    rank->block_count--;
    memmove(rank->blocks + index, rank->blocks + index + 1, (rank->block_count - index) * sizeof(*rank->blocks));
}

/* The block in which `key` lies or would lie; the first one for what is before all. */
static size_t find_block(const struct zset_rank *rank, struct slice key)
{
    size_t low = 0;
    size_t high = rank->block_count;

    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;

        if (slice_compare(key_of(&rank->blocks[middle]), key) <= 0) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}

static struct view_cursor *open_cursor(const struct zset_rank *rank)
{
    return view_cursor_create(rank->view, TABLE_SCORES, keycode_slice(&rank->prefix));
}

struct zset_rank *zset_rank_build(struct view *view, uint64_t generation)
{
    struct zset_rank *rank = memory_allocate_zeroed(sizeof(*rank));
    struct view_cursor *cursor;
    struct block *last = NULL;

    rank->view = view;
    keycode_prefix(&rank->prefix, generation);
    cursor = open_cursor(rank);
    for (bool more = view_cursor_first(cursor); more; more = view_cursor_next(cursor)) {
        /* Two thirds full, so that the next rows do not split each. */
        if (last == NULL || last->count >= most_rows(rank) * 2 / 3) {
            insert_block(rank, rank->block_count, view_cursor_key(cursor), 0);
            last = &rank->blocks[rank->block_count - 1];
        }
        last->count++;
        rank->total++;
    }
    view_cursor_free(cursor);
    return rank;
}

void zset_rank_free(struct zset_rank *rank)
{
    if (rank == NULL) {
        return;
    }
    for (size_t i = 0; i < rank->block_count; i++) {
        memory_free(rank->blocks[i].key);
    }
    memory_free(rank->blocks);
    memory_free(rank);
}

uint64_t zset_rank_total(const struct zset_rank *rank)
{
    return rank->total;
}

size_t zset_rank_bytes(const struct zset_rank *rank)
{
    return sizeof(*rank) + rank->room * sizeof(*rank->blocks) + rank->key_bytes;
}

/* Give the block's second half to a new one. */
static void split(struct zset_rank *rank, size_t index)
{
    uint32_t kept = rank->blocks[index].count / 2;
    struct view_cursor *cursor = open_cursor(rank);
    bool found = view_cursor_seek(cursor, key_of(&rank->blocks[index]));

    for (uint32_t i = 0; found && i < kept; i++) {
        found = view_cursor_next(cursor);
    }
    ASSERT(found); /* Its rows are those that were counted. */
    insert_block(rank, index + 1, view_cursor_key(cursor), rank->blocks[index].count - kept);
    rank->blocks[index].count = kept;
    view_cursor_free(cursor);
}

void zset_rank_added(struct zset_rank *rank, struct slice key)
{
    size_t index;

    rank->total++;
    if (rank->block_count == 0) {
        insert_block(rank, 0, key, 1);
        return;
    }
    index = find_block(rank, key);
    if (slice_compare(key, key_of(&rank->blocks[index])) < 0) {
        set_key(rank, &rank->blocks[index], key); /* It is before all. */
    }
    rank->blocks[index].count++;
    if (rank->blocks[index].count > most_rows(rank)) {
        split(rank, index);
    }
}

/* Let the block and the one after it be one, if they are small. The first one stays by itself until it is empty: its
 * key, behind which what was deleted lies, must move on. */
static bool merge(struct zset_rank *rank, size_t index)
{
    uint64_t sum;

    if (index == 0 || index + 1 >= rank->block_count) {
        return false;
    }
    sum = (uint64_t)rank->blocks[index].count + rank->blocks[index + 1].count;
    if (sum > most_rows(rank) / MERGE_PART) {
        return false;
    }
    rank->blocks[index].count = (uint32_t)sum;
    remove_block(rank, index + 1);
    return true;
}

void zset_rank_removed(struct zset_rank *rank, struct slice key)
{
    size_t index;

    ASSERT(rank->total > 0);
    rank->total--;
    index = find_block(rank, key);
    ASSERT(rank->blocks[index].count > 0);
    rank->blocks[index].count--;
    if (rank->blocks[index].count == 0) {
        /* What it spans is the block's before it; if there is none, no row is before the next one's key, and who looks
         * for the first row need not pass what has been deleted there. */
        remove_block(rank, index);
    } else if (!merge(rank, index) && index > 0) {
        (void)merge(rank, index - 1);
    }
}

static uint64_t sum_before(const struct zset_rank *rank, size_t index)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < index; i++) {
        sum += rank->blocks[i].count;
    }
    return sum;
}

uint64_t zset_rank_before(const struct zset_rank *rank, struct slice key)
{
    struct view_cursor *cursor;
    uint64_t count;
    size_t index;

    if (rank->block_count == 0) {
        return 0;
    }
    index = find_block(rank, key);
    count = sum_before(rank, index);
    cursor = open_cursor(rank);
    for (bool more = view_cursor_seek(cursor, key_of(&rank->blocks[index]));
         more && slice_compare(view_cursor_key(cursor), key) < 0; more = view_cursor_next(cursor)) {
        count++;
    }
    view_cursor_free(cursor);
    return count;
}

bool zset_rank_seek(const struct zset_rank *rank, uint64_t index, struct view_cursor *cursor)
{
    size_t block = 0;
    bool found;

    if (index >= rank->total) {
        return false;
    }
    while (index >= rank->blocks[block].count) {
        index -= rank->blocks[block++].count;
    }
    found = view_cursor_seek(cursor, key_of(&rank->blocks[block]));
    for (; found && index > 0; index--) {
        found = view_cursor_next(cursor);
    }
    ASSERT(found);
    return true;
}
