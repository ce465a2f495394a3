/* Which of n things chance takes: for the commands that walk to them. */
#ifndef SERVER_RANDOM_CHOICE_H
#define SERVER_RANDOM_CHOICE_H

#include "base/random.h"
#include <stddef.h>

struct random_choice {
    uint64_t rank;  /* Of the thing, 0 to total - 1. */
    uint64_t order; /* In which it was drawn. */
};

/* Draw from `total` > 0 things: `count` different ones (all, if there are no more), or -`count` of them with repetition
 * if it is negative. The choices are sorted by rank, so that one walk finds them; `*chosen` is their number. The caller
 * frees them with memory_free(). */
struct random_choice *random_choose(struct random *random, uint64_t total, int64_t count, size_t *chosen);

#endif
