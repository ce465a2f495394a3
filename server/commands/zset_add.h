/* Giving one member of a sorted set its score, as ZADD's and GEOADD's options allow. */
#ifndef SERVER_COMMANDS_ZSET_ADD_H
#define SERVER_COMMANDS_ZSET_ADD_H

#include "storage/value/zset_store.h"

struct zset_add_options {
    bool is_nx;   /* Only add. */
    bool is_xx;   /* Only update. */
    bool is_gt;   /* Update only to a greater score. */
    bool is_lt;   /* Or to a less one. */
    bool is_ch;   /* Count updates, too. */
    bool is_incr; /* The score is an increment. */
};

/* What became of it. */
struct zset_add_outcome {
    bool is_added;
    bool is_updated;
    bool is_refused; /* By an option. */
    double score;    /* That it has now. */
};

/* STATUS_INVALID: the sum of an increment is no number; nothing was changed. */
MUST_CHECK enum status zset_add_by(struct collection *zset, const struct zset_add_options *options, struct slice member,
                                   double score, struct zset_add_outcome *outcome);

#endif
