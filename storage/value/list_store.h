/* Lists. Small ones lie inline from left to right; larger ones have a row an element, keyed by a position. Positions
 * run without holes from the first, so an element at an index costs one lookup and both ends are O(1); inserting inside
 * moves the shorter side. Layout: docs/formats/keyspace.md.
 *
 * Open with collection_open(..., ENTRY_LIST, ...); after changes collection_commit(). Indexes are 0 to count - 1. */
#ifndef STORAGE_VALUE_LIST_STORE_H
#define STORAGE_VALUE_LIST_STORE_H

#include "storage/value/collection.h"

enum list_end { LIST_LEFT, LIST_RIGHT };

static inline uint64_t list_count(const struct collection *list)
{
    return list->entry.count;
}

/* The element at `index`, which must exist; borrowed until the next change. One alone: in a small list each costs the
 * way to it, in rows a lookup, so who wants more takes a walk. */
struct slice list_at(const struct collection *list, uint64_t index);
/* Items must not point into the list itself. */
void list_push(struct collection *list, enum list_end end, struct slice item);
/* Take the element at one end away, which must exist; it is appended to `out`. */
void list_pop(struct collection *list, enum list_end end, struct buf *out);
void list_replace(struct collection *list, uint64_t index, struct slice item);
/* Insert before `index`; at list_count() it is a push. */
void list_insert(struct collection *list, uint64_t index, struct slice item);
/* Remove up to `limit` elements that are equal to `item`, those nearest to that end: how many there were. Costs the way
 * to the last of them, and all but the longest run of elements between them, or behind them, moves. */
uint64_t list_remove_equal(struct collection *list, struct slice item, enum list_end end, uint64_t limit);
/* Keep `count` elements from `start` on; costs what goes or what stays, whichever is much less. */
void list_trim(struct collection *list, uint64_t start, uint64_t count);

/* A walk from an index to either end. The list must not change meanwhile. */
struct view_cursor;
struct list_walk {
    const struct collection *list;
    struct view_cursor *cursor; /* Rows: owned. */
    struct slice rest;          /* Inline, forward: what is still to come. */
    uint64_t index;             /* Of the next element. */
    uint64_t left;              /* Elements still to come. */
    bool is_forward;
    bool has_begun;
};
/* `index` may be list_count(): nothing to walk forward. */
void list_walk_begin(struct list_walk *walk, const struct collection *list, uint64_t index, bool is_forward);
/* False at the end; `*item` is borrowed until the next call. */
bool list_walk_next(struct list_walk *walk, struct slice *item);
void list_walk_end(struct list_walk *walk);

#endif
