#include "server/commands/zset_args.h"
#include "base/memory.h"
#include "server/request/reply.h"
#include <math.h>
#include <stdlib.h>

/* A bound of a range by score. Redis reads it by strtod as a C string, and so takes what scores elsewhere may not be:
 * leading spaces, nothing at all, a tail behind a NUL. */
static bool parse_score(struct slice text, double *score, bool *is_open)
{
    char *copy = memory_allocate(text.len + 1);
    char *number = copy;
    char *end;

    memcpy(copy, text.data, text.len);
    copy[text.len] = '\0';
    *is_open = copy[0] == '(';
    number += *is_open;
    *score = strtod(number, &end);
    if (*end != '\0') {
        *score = (double)NAN;
    }
    memory_free(copy);
    return !isnan(*score);
}

enum status zset_args_scores(struct reply *reply, struct slice min, struct slice max, struct zset_range *range)
{
    bool is_min_open;
    bool is_max_open;

    *range = (struct zset_range){.from = {.kind = ZSET_CUT_SCORE}, .to = {.kind = ZSET_CUT_SCORE}};
    if (!parse_score(min, &range->from.score, &is_min_open) || !parse_score(max, &range->to.score, &is_max_open)) {
        return reply_error(reply, "ERR min or max is not a float");
    }
    range->from.is_after = is_min_open;
    range->to.is_after = !is_max_open;
    return STATUS_OK;
}

/* A bound of a range by member: the cut before it if it is the lower one and closed, or the upper one and open. */
static bool parse_member(struct slice text, bool is_min, struct zset_cut *cut)
{
    char first = text.len > 0 ? text.data[0] : '\0';

    if (first == '[' || first == '(') {
        *cut = (struct zset_cut){
            .kind = ZSET_CUT_MEMBER, .is_after = (first == '(') == is_min, .member = slice_after(text, 1)};
        return true;
    }
    *cut = (struct zset_cut){.kind = ZSET_CUT_END, .is_after = first == '+'};
    return (first == '+' || first == '-') && (text.len == 1 || text.data[1] == '\0');
}

enum status zset_args_members(struct reply *reply, struct slice min, struct slice max, struct zset_range *range)
{
    if (!parse_member(min, true, &range->from) || !parse_member(max, false, &range->to)) {
        return reply_error(reply, "ERR min or max not valid string range item");
    }
    return STATUS_OK;
}

struct zset_ranks zset_args_ranks(int64_t start, int64_t stop, uint64_t total)
{
    int64_t count = (int64_t)total;

    start = start < 0 ? start + count : start;
    stop = stop < 0 ? stop + count : stop;
    start = start < 0 ? 0 : start;
    stop = stop >= count ? count - 1 : stop;
    if (start > stop) {
        return (struct zset_ranks){0};
    }
    return (struct zset_ranks){.first = (uint64_t)start, .count = (uint64_t)(stop - start) + 1};
}
