/* Which of n things chance takes: for the commands that walk to them. */
#ifndef SERVER_RANDOM_CHOICE_H
#define SERVER_RANDOM_CHOICE_H

#include "base/random.h"
#include "base/status.h"
#include <stddef.h>

struct call;
struct reply;

struct random_choice {
    uint64_t rank; /* Of the thing, 0 to total - 1. */
};

/* Draw from `total` > 0 things: `count` different ones (all, if there are no more), or -`count` of them with repetition
 * if it is negative. The choices are sorted by rank, so that one walk finds them; `*chosen` is their number. The caller
 * frees them with memory_free(). */
struct random_choice *random_choose(struct random *random, uint64_t total, int64_t count, size_t *chosen);

/* Parse argv[2], a count that may be negative, and argv[3], which can only be `with` ("withscores"): HRANDFIELD,
 * ZRANDMEMBER.
 * As the choices are made before the first is told, no more than RANDOM_REPEATED_MAX with repetition are allowed.
 *   STATUS_NOT_INTEGER, STATUS_SYNTAX, STATUS_REPLIED. */
#define RANDOM_REPEATED_MAX (INT64_C(1) << 25)
MUST_CHECK enum status random_parse_count(const struct call *call, struct reply *reply, const char *with,
                                          int64_t *count);

#endif
