#include "server/commands/random_choice.h"
#include "base/memory.h"
#include "base/random.h"
#include "server/commands/call_collection.h"
#include "server/request/args.h"
#include "server/request/command.h"
#include "server/request/reply.h"
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

struct random_choice *random_draw(struct random *random, uint64_t total, size_t count)
{
    struct random_choice *choices = memory_allocate((count + 1) * sizeof(struct random_choice));

    if (count < total / SPARSE_PART) {
        draw_sparse(random, total, choices, count);
    } else {
        draw_dense(random, total, choices, count);
    }
    return choices;
}

/* Draw from `total` > 0 things: `count` different ones (all, if there are no more), or -`count` of them with repetition
 * if it is negative. They are sorted by rank, so that one walk finds them; `*chosen` is their number. The caller frees
 * them with memory_free(). */
static struct random_choice *choose(struct random *random, uint64_t total, int64_t count, size_t *chosen)
{
    struct random_choice *choices;

    if (count >= 0) {
        *chosen = (uint64_t)count < total ? (size_t)count : (size_t)total;
        return random_draw(random, total, *chosen);
    }
    *chosen = (size_t)-count;
    choices = memory_allocate(*chosen * sizeof(struct random_choice));
    for (size_t i = 0; i < *chosen; i++) {
        choices[i] = (struct random_choice){.rank = random_below(random, total)};
    }
    qsort(choices, *chosen, sizeof(choices[0]), compare_ranks);
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
    if (call->argc > 4 || (call->argc == 4 && (with == NULL || !args_is(call->argv[3], with)))) {
        return STATUS_SYNTAX;
    }
    if (*count < -RANDOM_REPEATED_MAX || (call->argc == 4 && *count > INT64_MAX / 2)) {
        return reply_error(reply, "ERR value is out of range");
    }
    return STATUS_OK;
}

/* Whether drawing one by one costs less than the walk: a draw takes about as long as this many steps. */
static bool is_worth_drawing(const struct collection *collection, int64_t count)
{
    enum { DRAW_STEPS = 300 };
    uint64_t wanted = count < 0 ? 0 - (uint64_t)count : (uint64_t)count;

    return !collection_is_inline(collection) && wanted <= collection->entry.count / DRAW_STEPS &&
           (count < 0 || wanted <= RANDOM_DIFFERENT_DRAWS_MAX);
}

static void reply_nothing(const struct call *call, struct reply *reply)
{
    if (call->argc > 2) {
        reply_array(reply, 0);
    } else {
        reply_null(reply);
    }
}

/* The choices, of a collection that is there. */
static void reply_chosen(const struct call *call, struct reply *reply, const struct random_command *command,
                         const struct collection *collection, int64_t count)
{
    struct random_choice *choices;
    struct random random;
    size_t chosen;

    random_init_from_system(&random);
    if (command->reply_draws != NULL && is_worth_drawing(collection, count)) {
        const struct random_draws draws = {
            .random = &random,
            .count = (size_t)(count < 0 ? -count : count),
            .are_different = count > 0,
            .is_one = call->argc == 2,
            .is_with = call->argc == 4,
        };

        command->reply_draws(reply, collection, &draws);
        return;
    }
    choices = choose(&random, collection->entry.count, count, &chosen);
    if (call->argc > 2) {
        command->reply_choices(reply, collection, choices, chosen, call->argc == 4);
    } else {
        command->reply_one(reply, collection, choices[0].rank);
    }
    memory_free(choices);
}

enum status random_run(struct call *call, struct reply *reply, const struct random_command *command)
{
    struct collection collection;
    int64_t count = 1;
    enum status status = call->argc > 2 ? random_parse_count(call, reply, command->with, &count) : STATUS_OK;

    if (status != STATUS_OK) {
        return status;
    }
    status = call_open_collection(call, command->type, &collection);
    if (status == STATUS_WRONG_TYPE) {
        return status;
    }
    if (status == STATUS_NOT_FOUND) {
        reply_nothing(call, reply);
    } else {
        reply_chosen(call, reply, command, &collection, count);
    }
    collection_close(&collection);
    return STATUS_OK;
}
