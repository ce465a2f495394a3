/* Walks over sorted sets, and counting, from places between their members.
 *
 * A cut is a place in the order of a set, between members or at an end. Ranges of all commands are two cuts: by score,
 * by member ("lex", of sets whose scores are all equal), and by rank a number takes a cut's place. */
#ifndef STORAGE_VALUE_ZSET_WALK_H
#define STORAGE_VALUE_ZSET_WALK_H

#include "storage/value/zset_batch.h"
#include "storage/value/zset_store.h"

enum zset_cut_kind {
    ZSET_CUT_END,    /* Before all, or after all. */
    ZSET_CUT_SCORE,  /* Before, or after, all members of that score. */
    ZSET_CUT_MEMBER, /* Before or after that member, the scores being all equal. Where they are not: the place is one
                        where the members around it, by their bytes, permit it. */
    ZSET_CUT_ITEM,   /* Before or after that member with that score. */
};

struct zset_cut {
    enum zset_cut_kind kind;
    bool is_after;
    double score;
    struct slice member; /* Borrowed. */
};

/* Whether the cut is at an end, whatever the set holds. */
bool zset_cut_is_at_end(const struct zset_cut *cut);
/* Whether the cut is before (score, member). */
bool zset_cut_precedes(const struct zset_cut *cut, double score, struct slice member);

/* A walk from a place to either end. The set must not change meanwhile. */
struct view_cursor;
struct zset_walk {
    const struct collection *zset;
    bool is_forward;
    uint64_t left; /* At most so many are to come: at the end, deletions that lie beyond are not passed. */
    /* Inline: all items, to walk both ways. */
    struct zset_inline_item *items; /* Owned. */
    size_t count;
    size_t next; /* The items before it (forward: those from it on) are to come. */
    /* Rows. */
    struct view_cursor *cursor; /* Owned. */
    bool is_standing;           /* The row on which the cursor stands is the next. */
    bool is_over;               /* The cursor has nothing more. */
    struct zset_batch run;      /* Names too long for the rows' own order, sorted. */
    size_t run_next;            /* As `next`. */
    bool is_in_run;
};

/* From an end: the first member forward, or the last one backward. */
void zset_walk_begin(struct zset_walk *walk, const struct collection *zset, bool is_forward);
/* From the cut: what is after it forward, or before it backward. */
void zset_walk_begin_at(struct zset_walk *walk, const struct collection *zset, const struct zset_cut *cut,
                        bool is_forward);
/* From the member of that rank (0 to count - 1), which is the first to be given; none if there is no such rank. */
void zset_walk_begin_rank(struct zset_walk *walk, const struct collection *zset, uint64_t rank, bool is_forward);
/* False at the end; `*member` is borrowed until the next call. */
bool zset_walk_next(struct zset_walk *walk, struct slice *member, double *score);
void zset_walk_end(struct zset_walk *walk);

/* Members before the cut. In a large set it costs a search of its counts, which are made when first needed. */
uint64_t zset_count_before(const struct collection *zset, const struct zset_cut *cut);
/* Members between two cuts; 0 if `from` is not before `to`. A few are counted without the counts. */
uint64_t zset_count_between(const struct collection *zset, const struct zset_cut *from, const struct zset_cut *to);
/* The rank of a member that is there with that score. */
uint64_t zset_rank_of(const struct collection *zset, struct slice member, double score);

/* ZSCAN: about `count` members from `cursor` on; returns the next cursor, 0 when done. A small set is one page. */
struct zset_visitor {
    void (*visit)(void *context, struct slice member, double score);
    void *context;
};
uint64_t zset_scan(const struct collection *zset, uint64_t cursor, size_t count, const struct zset_visitor *visitor);

#endif
