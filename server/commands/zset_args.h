/* Ranges as the commands of sorted sets write them, as cuts in the order of the set. */
#ifndef SERVER_COMMANDS_ZSET_ARGS_H
#define SERVER_COMMANDS_ZSET_ARGS_H

#include "storage/value/zset_walk.h"

struct reply;

struct zset_range {
    struct zset_cut from;
    struct zset_cut to;
};

/* "1.5", "(1.5", "-inf". STATUS_REPLIED if one is no number. */
MUST_CHECK enum status zset_args_scores(struct reply *reply, struct slice min, struct slice max,
                                        struct zset_range *range);
/* "[a", "(a", "-", "+": the cuts' members are borrowed from the arguments. STATUS_REPLIED if one is not like that. */
MUST_CHECK enum status zset_args_members(struct reply *reply, struct slice min, struct slice max,
                                         struct zset_range *range);

/* Ranks from `start` to `stop`, both of which count from the end if they are negative. */
struct zset_ranks {
    uint64_t first;
    uint64_t count; /* 0 for an empty range. */
};
struct zset_ranks zset_args_ranks(int64_t start, int64_t stop, uint64_t total);

#endif
