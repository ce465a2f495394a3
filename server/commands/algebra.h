/* Unions, intersections and differences of sets and sorted sets: what both families have in common. */
#ifndef SERVER_COMMANDS_ALGEBRA_H
#define SERVER_COMMANDS_ALGEBRA_H

#include "server/commands/member_table.h"
#include "storage/value/set_store.h"
#include "storage/value/zset_walk.h"

struct call;

enum algebra { ALGEBRA_INTERSECTION, ALGEBRA_UNION, ALGEBRA_DIFFERENCE };

/* A plain set's members have scores of 1. */
struct algebra_operand {
    struct collection collection; /* Owned, open; of an absent key empty. */
    bool is_set;
    size_t index; /* As it was named. */
    double weight;
};

struct algebra_operands {
    struct algebra_operand *list; /* Owned. */
    size_t count;
};

/* Open the keys for a command on sets or, with ENTRY_ZSET, on sorted sets, where plain sets may take part.
 *   STATUS_WRONG_TYPE  One holds something else; nothing is open. */
MUST_CHECK enum status algebra_open(struct call *call, const struct slice *keys, size_t count, enum entry_type type,
                                    struct algebra_operands *operands);
void algebra_close(struct algebra_operands *operands);
/* The smallest first, and those of one size as they were named. */
void algebra_sort_by_size(struct algebra_operands *operands);

static inline uint64_t algebra_count(const struct algebra_operand *operand)
{
    return operand->collection.entry.count;
}

/* Whether the operand has the member, and its score, weighed. */
bool algebra_find(const struct algebra_operand *operand, struct slice member, double *score);

/* A walk over all members. */
struct algebra_walk {
    const struct algebra_operand *operand;
    struct set_walk set;
    struct zset_walk zset;
};
void algebra_walk_begin(struct algebra_walk *walk, const struct algebra_operand *operand);
/* False at the end; `*member` is borrowed until the next call. */
bool algebra_walk_next(struct algebra_walk *walk, struct slice *member, double *score);
void algebra_walk_end(struct algebra_walk *walk);

/* Whether a difference costs less by walking all operands than by looking each member of the first up in the others. */
bool algebra_difference_walks(const struct algebra_operands *operands);
/* So: `table`, which is empty, gets the members of the difference, and is not to be searched any more. */
void algebra_subtract(const struct algebra_operands *operands, struct member_table *table);

#endif
