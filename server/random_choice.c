#include "server/random_choice.h"
#include "base/memory.h"
#include "server/args.h"
#include "server/command.h"
#include "server/reply.h"
#include <stdbool.h>
#include <stdlib.h>

/* With less than this part of all wanted, few are drawn twice. */
#define SPARSE_PART 8

static int compare_ranks(const void *a, const void *b)
{
    const struct random_choice *x = a;
    const struct random_choice *y = b;

    return (x->rank > y->rank) - (x->rank < y->rank);
}

/* Selection sampling: each rank is taken with the chance that as many are still wanted of those that are left. */
static void draw_dense(struct random *random, uint64_t total, struct random_choice *choices, size_t count)
{
    size_t taken = 0;

    for (uint64_t rank = 0; taken < count; rank++) {
        if (random_below(random, total - rank) < count - taken) {
            choices[taken] = (struct random_choice){.rank = rank};
            taken++;
        }
    }
}

/* Draw what is missing, drop what was drawn twice, and again: few of many. */
static void draw_sparse(struct random *random, uint64_t total, struct random_choice *choices, size_t count)
{
    size_t taken = 0;

    while (taken < count) {
        size_t kept = 0;

        for (; taken < count; taken++) {
            choices[taken] = (struct random_choice){.rank = random_below(random, total)};
        }
        qsort(choices, count, sizeof(choices[0]), compare_ranks);
        for (size_t i = 0; i < count; i++) {
            if (kept == 0 || choices[i].rank != choices[kept - 1].rank) {
                choices[kept++] = choices[i];
            }
        }
        taken = kept;
    }
}

static void draw_different(struct random *random, uint64_t total, struct random_choice *choices, size_t count)
{
    if (count < total / SPARSE_PART) {
        draw_sparse(random, total, choices, count);
    } else {
        draw_dense(random, total, choices, count);
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
            choices[i] = (struct random_choice){.rank = random_below(random, total)};
        }
        qsort(choices, wanted, sizeof(choices[0]), compare_ranks);
    } else {
        draw_different(random, total, choices, wanted);
    }
    *chosen = wanted;
    return choices;
}

enum status random_parse_count(const struct call *call, struct reply *reply, const char *with, int64_t *count)
{
    enum status status = args_int64(call->argv[2], count);

    if (status != STATUS_OK) {
        return status;
    }
    if (*count < -INT64_MAX) {
        return reply_error(reply, "ERR value is out of range, value must between %lld and %lld", -(long long)INT64_MAX,
                           (long long)INT64_MAX);
    }
    if (call->argc > 4 || (call->argc == 4 && !args_is(call->argv[3], with))) {
        return STATUS_SYNTAX;
    }
    if (*count < -RANDOM_REPEATED_MAX || (call->argc == 4 && *count > INT64_MAX / 2)) {
        return reply_error(reply, "ERR value is out of range");
    }
    return STATUS_OK;
}
