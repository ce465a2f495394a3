#include "server/random_choice.h"
#include "base/memory.h"
#include <stdbool.h>
#include <stdlib.h>

static int compare_ranks(const void *a, const void *b)
{
    const struct random_choice *x = a;
    const struct random_choice *y = b;

    return (x->rank > y->rank) - (x->rank < y->rank);
}

/* Selection sampling: each rank is taken with the chance that as many are still wanted of those that are left. */
static void draw_different(struct random *random, uint64_t total, struct random_choice *choices, size_t count)
{
    size_t taken = 0;

    for (uint64_t rank = 0; taken < count; rank++) {
        if (random_below(random, total - rank) < count - taken) {
            choices[taken] = (struct random_choice){.rank = rank, .order = taken};
            taken++;
        }
    }
}

struct random_choice *random_choose(struct random *random, uint64_t total, int64_t count, size_t *chosen)
{
    bool with_repetition = count < 0;
    uint64_t wanted = with_repetition ? 0 - (uint64_t)count : (uint64_t)count;
    struct random_choice *choices;

    if (!with_repetition && wanted > total) {
        wanted = total;
    }
    choices = memory_allocate((wanted + 1) * sizeof(struct random_choice));
    if (with_repetition) {
        for (uint64_t i = 0; i < wanted; i++) {
            choices[i] = (struct random_choice){.rank = random_below(random, total), .order = i};
        }
        qsort(choices, wanted, sizeof(choices[0]), compare_ranks);
    } else {
        draw_different(random, total, choices, wanted);
    }
    *chosen = wanted;
    return choices;
}
