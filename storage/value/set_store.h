/* Sets. Small ones lie inline in order of insertion; larger ones have a row a member and a row a slot, slots being 0 to
 * count - 1 without holes, so that a member at random costs one lookup. Layout: docs/formats/keyspace.md.
 *
 * Open with collection_open(..., ENTRY_SET, ...); after changes collection_commit(). */
#ifndef STORAGE_VALUE_SET_STORE_H
#define STORAGE_VALUE_SET_STORE_H

#include "storage/value/collection.h"

static inline uint64_t set_count(const struct collection *set)
{
    return set->entry.count;
}

bool set_contains(const struct collection *set, struct slice member);
/* False if it was there. `member` must not point into the set itself. */
bool set_add(struct collection *set, struct slice member);
/* False if it was not there. */
bool set_remove(struct collection *set, struct slice member);
/* The member in `slot`, below set_count(); borrowed until the next change. */
struct slice set_at(const struct collection *set, uint64_t slot);

/* A walk over all members, in no order that means anything. The set must not change meanwhile. */
struct view_cursor;
struct set_walk {
    const struct collection *set;
    struct slice rest;          /* Inline: what is still to come. */
    struct view_cursor *cursor; /* Rows: owned. */
    uint64_t left;              /* Rows still to come: deletions behind the last are not passed. */
};
void set_walk_begin(struct set_walk *walk, const struct collection *set);
/* False at the end; `*member` is borrowed until the next call. */
bool set_walk_next(struct set_walk *walk, struct slice *member);
void set_walk_end(struct set_walk *walk);

/* SSCAN: about `count` members from `cursor` on; returns the next cursor, 0 when done. A small set is one page. */
struct set_visitor {
    void (*visit)(void *context, struct slice member);
    void *context;
};
uint64_t set_scan(const struct collection *set, uint64_t cursor, size_t count, const struct set_visitor *visitor);

#endif
