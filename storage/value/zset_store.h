/* Sorted sets: members with scores, in order of score, then of the member's bytes. Small ones lie inline in that order;
 * larger ones have a row by member and a row by score. Layout: docs/formats/keyspace.md. What walks and counts is in
 * storage/value/zset_walk.h.
 *
 * Open with collection_open(..., ENTRY_ZSET, ...); after changes collection_commit(). A score is never NaN. */
#ifndef STORAGE_VALUE_ZSET_STORE_H
#define STORAGE_VALUE_ZSET_STORE_H

#include "storage/value/collection.h"

static inline uint64_t zset_count(const struct collection *zset)
{
    return zset->entry.count;
}

/* Whether the member is there, and its score. */
bool zset_score(const struct collection *zset, struct slice member, double *score);

/* The three edits. `member` must not point into the set itself. */

/* Add a member that is not there. */
void zset_add(struct collection *zset, struct slice member, double score);
/* Give a member that is there with the score `old` another one. Nothing happens if they are equal (0.0 and -0.0 are).
 */
void zset_rescore(struct collection *zset, struct slice member, double old, double score);
/* Remove a member that is there with that score. */
void zset_take(struct collection *zset, struct slice member, double score);

/* The same for who does not know: set the score, false if the member was there; and remove, false if it was not. */
bool zset_put(struct collection *zset, struct slice member, double score);
bool zset_remove(struct collection *zset, struct slice member);

/* After what else a row by score has: its score is -0.0. */
#define ZSET_ROW_NEGATIVE 1

/* One item of an inline body, for the files of the sorted set alone. */
struct zset_inline_item {
    struct slice member; /* Borrowed from the body. */
    double score;
    size_t start; /* Where it begins in the body. */
    size_t len;   /* Bytes of both its parts. */
};
/* Take the next item off `rest`, which is the end of `body`; false if there is none. */
bool zset_inline_next(struct slice body, struct slice *rest, struct zset_inline_item *item);

#endif
