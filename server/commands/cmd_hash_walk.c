/* Hashes page by page, and fields at random. */
#include "base/memory.h"
#include "server/commands/cmd_hash.h"
#include "server/commands/random_choice.h"
#include "server/commands/scan_args.h"
#include "server/request/reply.h"
#include "storage/keyspace/keycode.h"
#include "storage/value/hash_store.h"

static void visit_scanned(void *context, struct slice field, struct slice value)
{
    struct scan_page *page = context;

    if (scan_args_match(&page->args, field)) {
        scan_page_put(page, field);
        scan_page_put(page, value);
    }
}

/* HSCAN key cursor [MATCH pattern] [COUNT n]. */
static enum status run_hscan(struct call *call, struct reply *reply)
{
    struct scan_page page;
    struct hash_visitor visitor = {.visit = visit_scanned, .context = &page};
    struct collection hash;
    enum status status = scan_page_open(&page, call, reply, ENTRY_HASH, &hash);

    if (status != STATUS_OK) {
        return status;
    }
    scan_page_end(&page, reply, hash_scan(&hash, page.args.cursor, page.args.count, &visitor));
    collection_close(&hash);
    return STATUS_OK;
}

static void reply_one_choice(struct reply *reply, const struct collection *hash, uint64_t rank)
{
    struct hash_walk walk;
    struct slice field = slice_empty();
    struct slice value;

    hash_walk_begin(&walk, hash);
    for (uint64_t i = 0; i <= rank && hash_walk_next(&walk, &field, &value); i++) {
    }
    reply_bulk(reply, field);
    hash_walk_end(&walk);
}

/* How a choice is told: the field, its value after it, or both in an array of their own. */
struct pair_form {
    bool with_values;
    bool is_nested;
};

static struct pair_form begin_pairs(struct reply *reply, size_t count, bool with_values)
{
    struct pair_form form = {.with_values = with_values, .is_nested = with_values && reply->protocol == 3};

    reply_array(reply, with_values && !form.is_nested ? 2 * count : count);
    return form;
}

static void reply_pair(struct reply *reply, const struct pair_form *form, struct slice field, struct slice value)
{
    if (form->is_nested) {
        reply_array(reply, 2);
    }
    reply_bulk(reply, field);
    if (form->with_values) {
        reply_bulk(reply, value);
    }
}

/* Reply with the chosen fields, in the order in which they lie: any order is as random. */
static void reply_choices(struct reply *reply, const struct collection *hash, const struct random_choice *choices,
                          size_t count, bool with_values)
{
    struct pair_form form = begin_pairs(reply, count, with_values);
    struct hash_walk walk;
    struct slice field = slice_empty();
    struct slice value = slice_empty();
    uint64_t next = 0;

    hash_walk_begin(&walk, hash);
    for (size_t i = 0; i < count; i++) {
        while (next <= choices[i].rank && hash_walk_next(&walk, &field, &value)) {
            next++;
        }
        reply_pair(reply, &form, field, value);
    }
    hash_walk_end(&walk);
}

static bool is_among(const struct keycode *places, size_t count, const struct keycode *place)
{
    for (size_t i = 0; i < count; i++) {
        if (slice_equal(keycode_slice(&places[i]), keycode_slice(place))) {
            return true;
        }
    }
    return false;
}

static void reply_draws(struct reply *reply, const struct collection *hash, const struct random_draws *draws)
{
    size_t kept_max = draws->are_different ? draws->count : 1;
    struct keycode *places = memory_allocate(kept_max * sizeof(*places));
    struct pair_form form = {0};
    struct slice field;
    struct slice value;

    if (!draws->is_one) {
        form = begin_pairs(reply, draws->count, draws->is_with);
    }
    for (size_t i = 0; i < draws->count; i++) {
        size_t kept = draws->are_different ? i : 0;

        do {
            hash_draw(hash, draws->random, &places[kept], &field, &value);
        } while (is_among(places, kept, &places[kept]));
        reply_pair(reply, &form, field, value);
    }
    memory_free(places);
}

/* HRANDFIELD key [count [WITHVALUES]]. Few of many are drawn one by one; else it costs a walk to the last choice. */
static enum status run_hrandfield(struct call *call, struct reply *reply)
{
    static const struct random_command command = {
        .type = ENTRY_HASH,
        .with = "withvalues",
        .reply_one = reply_one_choice,
        .reply_choices = reply_choices,
        .reply_draws = reply_draws,
    };

    return random_run(call, reply, &command);
}

const struct command hash_walk_commands[] = {
    {.name = "hscan",
     .summary = "Incrementally iterate hash fields and associated values",
     .since = "2.8.0",
     .complexity = "O(1) for every call. O(N) for a complete iteration, including enough command calls for the cursor "
                   "to return back to 0. N is the number of elements inside the collection..",
     .group = "hash",
     .arity = -3,
     .flags = COMMAND_READONLY,
     .categories = CATEGORY_HASH,
     .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
     .tips = "nondeterministic_output",
     .run = run_hscan},
    {.name = "hrandfield",
     .summary = "Get one or multiple random fields from a hash",
     .since = "6.2.0",
     .complexity = "O(N) where N is the number of fields returned",
     .group = "hash",
     .arity = -2,
     .flags = COMMAND_READONLY,
     .categories = CATEGORY_HASH,
     .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
     .tips = "nondeterministic_output",
     .run = run_hrandfield},
    {.name = NULL},
};
