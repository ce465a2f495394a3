#include "server/commands/zset_add.h"
#include <math.h>

enum status zset_add_by(struct collection *zset, const struct zset_add_options *options, struct slice member,
                        double score, struct zset_add_outcome *outcome)
{
    double old;

    *outcome = (struct zset_add_outcome){.score = score};
    if (!zset_score(zset, member, &old)) {
        outcome->is_refused = options->is_xx;
        outcome->is_added = !options->is_xx;
        if (outcome->is_added) {
            zset_add(zset, member, score);
        }
        return STATUS_OK;
    }
    if (options->is_nx) {
        outcome->is_refused = true;
        return STATUS_OK;
    }
    score = options->is_incr ? old + score : score;
    if (isnan(score)) {
        return STATUS_INVALID;
    }
    if ((options->is_lt && score >= old) || (options->is_gt && score <= old)) {
        outcome->is_refused = true;
        return STATUS_OK;
    }
    outcome->score = score;
    outcome->is_updated = score != old;
    zset_rescore(zset, member, old, score);
    return STATUS_OK;
}
