/* Set commands. */
#include "server/commands/cmd_set.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/random.h"
#include "server/commands/call_collection.h"
#include "server/commands/call_effects.h"
#include "server/commands/call_reads.h"
#include "server/commands/random_choice.h"
#include "server/commands/scan_args.h"
#include "server/request/args.h"
#include "server/request/change.h"
#include "server/request/reply.h"
#include "storage/value/set_store.h"
#include "storage/value/zset_batch.h"

/* SADD key member [member ...]: how many are new. */
static enum status run_sadd(struct call *call, struct reply *reply)
{
    struct collection set;

    if (call_open_collection(call, ENTRY_SET, &set) == STATUS_WRONG_TYPE) {
        return STATUS_WRONG_TYPE;
    }
    for (size_t i = 2; i < call->argc; i++) {
        call->changes += set_add(&set, call->argv[i]);
    }
    if (call->changes > 0) {
        call_commit_collection(call, &set, "sadd");
    }
    collection_close(&set);
    reply_integer(reply, (int64_t)call->changes);
    return STATUS_OK;
}

/* SREM key member [member ...]: how many were there. */
static enum status run_srem(struct call *call, struct reply *reply)
{
    struct collection set;

    if (call_open_collection(call, ENTRY_SET, &set) == STATUS_WRONG_TYPE) {
        return STATUS_WRONG_TYPE;
    }
    for (size_t i = 2; i < call->argc; i++) {
        call->changes += set_remove(&set, call->argv[i]);
    }
    if (call->changes > 0) {
        call_commit_collection(call, &set, "srem");
    }
    collection_close(&set);
    reply_integer(reply, (int64_t)call->changes);
    return STATUS_OK;
}

static enum status run_sismember(struct call *call, struct reply *reply)
{
    struct collection set;

    if (call_open_collection(call, ENTRY_SET, &set) == STATUS_WRONG_TYPE) {
        return STATUS_WRONG_TYPE;
    }
    reply_integer(reply, set_contains(&set, call->argv[2]));
    collection_close(&set);
    return STATUS_OK;
}

static enum status run_smismember(struct call *call, struct reply *reply)
{
    struct collection set;

    if (call_open_collection(call, ENTRY_SET, &set) == STATUS_WRONG_TYPE) {
        return STATUS_WRONG_TYPE;
    }
    reply_array(reply, call->argc - 2);
    for (size_t i = 2; i < call->argc; i++) {
        reply_integer(reply, set_contains(&set, call->argv[i]));
    }
    collection_close(&set);
    return STATUS_OK;
}

static enum status run_scard(struct call *call, struct reply *reply)
{
    struct collection set;

    if (call_open_collection(call, ENTRY_SET, &set) == STATUS_WRONG_TYPE) {
        return STATUS_WRONG_TYPE;
    }
    reply_integer(reply, (int64_t)set_count(&set));
    collection_close(&set);
    return STATUS_OK;
}

static void reply_members(struct reply *reply, const struct collection *set)
{
    struct set_walk walk;
    struct slice member;

    set_walk_begin(&walk, set);
    while (set_walk_next(&walk, &member)) {
        reply_bulk(reply, member);
    }
    set_walk_end(&walk);
}

static enum status run_smembers(struct call *call, struct reply *reply)
{
    struct collection set;

    if (call_open_collection(call, ENTRY_SET, &set) == STATUS_WRONG_TYPE) {
        return STATUS_WRONG_TYPE;
    }
    reply_set(reply, set_count(&set));
    reply_members(reply, &set);
    collection_close(&set);
    return STATUS_OK;
}

/* SMOVE source destination member: 0 if it is not in the source. */
static enum status run_smove(struct call *call, struct reply *reply)
{
    struct slice member = call->argv[3];
    struct collection from;
    struct collection to;
    bool is_there;

    if (call_open_collection(call, ENTRY_SET, &from) == STATUS_WRONG_TYPE) {
        return STATUS_WRONG_TYPE;
    }
    if (!from.was_there) {
        collection_close(&from);
        reply_integer(reply, 0);
        return STATUS_OK;
    }
    if (collection_open(call->keyspace, call->db, call->argv[2], ENTRY_SET, &to) == STATUS_WRONG_TYPE) {
        collection_close(&from);
        return STATUS_WRONG_TYPE;
    }
    is_there = set_contains(&from, member);
    if (is_there && !slice_equal(call->argv[1], call->argv[2])) {
        (void)set_remove(&from, member);
        call_commit_collection(call, &from, "srem");
        call->changes++;
        if (set_add(&to, member)) {
            call_commit_collection(call, &to, "sadd");
            call->changes++;
        }
    }
    collection_close(&to);
    collection_close(&from);
    reply_integer(reply, is_there);
    return STATUS_OK;
}

/* Log what a pop left, if that is shorter than what it took. */
static void log_anew(struct call *call, const struct collection *set, const struct zset_batch *kept)
{
    char text[NUMBER_INTEGER_TEXT_MAX];
    struct slice deletion[] = {slice_of("DEL"), set->key};
    struct slice expiry[] = {slice_of("PEXPIREAT"), set->key,
                             slice_make(text, number_format_uint64(text, set->entry.expire_at_ms))};
    struct call_effects effects;

    change_add(call->change, deletion, 2);
    call_effects_begin(&effects, call, "SADD", set->key, kept->count);
    for (size_t i = 0; i < kept->count; i++) {
        call_effects_add(&effects, zset_batch_member(kept, i));
    }
    if (kept->count > 0 && set->entry.expire_at_ms != 0) {
        change_add(call->change, expiry, 3);
    }
}

/* Reply with all members but those of the `kept_count` ranks, which are in order. */
static void reply_others(struct reply *reply, const struct collection *set, const struct random_choice *kept,
                         size_t kept_count)
{
    struct set_walk walk;
    struct slice member;
    size_t passed = 0;

    set_walk_begin(&walk, set);
    for (uint64_t rank = 0; set_walk_next(&walk, &member); rank++) {
        if (passed < kept_count && kept[passed].rank == rank) {
            passed++;
        } else {
            reply_bulk(reply, member);
        }
    }
    set_walk_end(&walk);
}

/* Make the set anew of the few that stay. */
static void keep(struct call *call, struct collection *set, const struct zset_batch *kept)
{
    log_anew(call, set, kept);
    collection_clear(set);
    for (size_t i = 0; i < kept->count; i++) {
        (void)set_add(set, zset_batch_member(kept, i));
    }
}

static void take(struct call *call, struct collection *set, const struct zset_batch *taken)
{
    struct call_effects effects;

    call_effects_begin(&effects, call, "SREM", set->key, taken->count);
    for (size_t i = 0; i < taken->count; i++) {
        (void)set_remove(set, zset_batch_member(taken, i));
        call_effects_add(&effects, zset_batch_member(taken, i));
    }
}

/* The members of these ranks. Their scores mean nothing. */
static void gather(const struct collection *set, const struct random_choice *choices, size_t count,
                   struct zset_batch *members)
{
    for (size_t i = 0; i < count; i++) {
        zset_batch_add(members, set_at(set, choices[i].rank), 0);
    }
}

static void reply_batch(struct reply *reply, const struct zset_batch *members)
{
    for (size_t i = 0; i < members->count; i++) {
        reply_bulk(reply, zset_batch_member(members, i));
    }
}

/* Pop `count` members, at least one and at most all; reply with a set of them. Those that go or those that stay are
 * drawn, whichever are fewer. */
static enum status pop_many(struct call *call, struct reply *reply, struct collection *set, uint64_t count)
{
    uint64_t rest = set_count(set) - count;
    bool keeps = rest < count;
    size_t drawn = (size_t)(keeps ? rest : count);
    struct random_choice *choices;
    struct random random;
    struct zset_batch members;
    enum status status = STATUS_OK;

    random_init_from_system(&random);
    zset_batch_init(&members);
    choices = random_draw(&random, set_count(set), drawn);
    gather(set, choices, drawn, &members);
    if (!call_effects_fit(call, members.bytes.len + drawn * CALL_EFFECTS_ITEM_BYTES)) {
        status = call_effects_refuse(call, reply);
    } else {
        reply_set(reply, count);
        if (keeps) {
            reply_others(reply, set, choices, drawn);
            keep(call, set, &members);
        } else {
            reply_batch(reply, &members);
            take(call, set, &members);
        }
        call->changes += count;
        call_commit_collection(call, set, "spop");
    }
    memory_free(choices);
    zset_batch_release(&members);
    return status;
}

/* Pop one member and reply with it alone. */
static void pop_one(struct call *call, struct reply *reply, struct collection *set)
{
    struct slice words[] = {slice_of("SREM"), set->key, {0}};
    struct random random;
    struct buf member;

    random_init_from_system(&random);
    buf_init(&member, BUF_NO_CEILING);
    buf_put(&member, set_at(set, random_below(&random, set_count(set))));
    words[2] = buf_slice(&member);
    reply_bulk(reply, words[2]);
    (void)set_remove(set, words[2]);
    call->changes++;
    if (set_count(set) == 0) {
        words[0] = slice_of("DEL");
    }
    change_replace(call->change, words, set_count(set) == 0 ? 2 : 3);
    call_commit_collection(call, set, "spop");
    buf_release(&member);
}

/* SPOP key [count]. */
static enum status run_spop(struct call *call, struct reply *reply)
{
    struct collection set;
    int64_t wanted = 1;
    uint64_t count;
    enum status status = STATUS_OK;

    if (call->argc > 3) {
        return STATUS_SYNTAX;
    }
    if (call->argc == 3 && (args_int64(call->argv[2], &wanted) != STATUS_OK || wanted < 0)) {
        return STATUS_NEGATIVE;
    }
    if (call_open_collection(call, ENTRY_SET, &set) == STATUS_WRONG_TYPE) {
        return STATUS_WRONG_TYPE;
    }
    count = (uint64_t)wanted < set_count(&set) ? (uint64_t)wanted : set_count(&set);
    if (call->argc == 3 && count == 0) {
        reply_set(reply, 0);
    } else if (count == 0) {
        reply_null(reply);
    } else if (call->argc == 2) {
        pop_one(call, reply, &set);
    } else {
        if (count == set_count(&set)) {
            call_count_read(call, call->argv[1], true); /* Redis gives back the whole set as SMEMBERS would. */
        }
        status = pop_many(call, reply, &set, count);
    }
    collection_close(&set);
    return status;
}

/* `count` different members of more: by Floyd's sampling over slots, told in the order in which they were drawn. */
static void reply_sample(struct reply *reply, const struct collection *set, uint64_t count, struct random *random)
{
    uint64_t total = set_count(set);
    uint64_t capacity = 16;
    uint64_t *taken;

    while (capacity < 2 * count) {
        capacity *= 2;
    }
    taken = memory_allocate_zeroed(capacity * sizeof(uint64_t)); /* Slot + 1, open addressing. */
    for (uint64_t last = total - count; last < total; last++) {
        uint64_t slot = random_below(random, last + 1);

        for (int attempt = 0; attempt < 2; attempt++) {
            uint64_t at = (slot * 0x9e3779b97f4a7c15u) & (capacity - 1);

            while (taken[at] != 0 && taken[at] != slot + 1) {
                at = (at + 1) & (capacity - 1);
            }
            if (taken[at] == 0) {
                taken[at] = slot + 1;
                break;
            }
            slot = last; /* Taken already: then the newest slot, which cannot be. */
        }
        reply_bulk(reply, set_at(set, slot));
    }
    memory_free(taken);
}

/* `count` members: different ones, or with repetition if it is negative. */
static void reply_random_members(struct reply *reply, const struct collection *set, int64_t count)
{
    struct random random;

    random_init_from_system(&random);
    if (set_count(set) == 0 || count == 0) {
        reply_array(reply, 0);
    } else if (count < 0) {
        reply_array(reply, (size_t)-count);
        for (; count < 0; count++) {
            reply_bulk(reply, set_at(set, random_below(&random, set_count(set))));
        }
    } else if ((uint64_t)count >= set_count(set)) {
        reply_array(reply, set_count(set));
        reply_members(reply, set);
    } else {
        reply_array(reply, (size_t)count);
        reply_sample(reply, set, (uint64_t)count, &random);
    }
}

/* SRANDMEMBER key [count]. */
static enum status run_srandmember(struct call *call, struct reply *reply)
{
    struct collection set;
    struct random random;
    int64_t count = 1;
    enum status status = call->argc > 3 ? STATUS_SYNTAX : STATUS_OK;

    if (call->argc == 3) {
        status = random_parse_count(call, reply, NULL, &count);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (call_open_collection(call, ENTRY_SET, &set) == STATUS_WRONG_TYPE) {
        return STATUS_WRONG_TYPE;
    }
    if (call->argc == 3) {
        reply_random_members(reply, &set, count);
    } else if (set_count(&set) == 0) {
        reply_null(reply);
    } else {
        random_init_from_system(&random);
        reply_bulk(reply, set_at(&set, random_below(&random, set_count(&set))));
    }
    collection_close(&set);
    return STATUS_OK;
}

static void visit_scanned(void *context, struct slice member)
{
    struct scan_page *page = context;

    if (scan_args_match(&page->args, member)) {
        scan_page_put(page, member);
    }
}

/* SSCAN key cursor [MATCH pattern] [COUNT n]. */
static enum status run_sscan(struct call *call, struct reply *reply)
{
    struct scan_page page;
    struct set_visitor visitor = {.visit = visit_scanned, .context = &page};
    struct collection set;
    enum status status = scan_page_open(&page, call, reply, ENTRY_SET, &set);

    if (status != STATUS_OK) {
        return status;
    }
    scan_page_end(&page, reply, set_scan(&set, page.args.cursor, page.args.count, &visitor));
    collection_close(&set);
    return STATUS_OK;
}

const struct command set_commands[] = {
    {.name = "sadd",
     .summary = "Add one or more members to a set",
     .since = "1.0.0",
     .complexity =
         "O(1) for each element added, so O(N) to add N elements when the command is called with multiple arguments.",
     .group = "set",
     .arity = -3,
     .flags = COMMAND_WRITE | COMMAND_DENYOOM | COMMAND_FAST,
     .categories = CATEGORY_SET,
     .keys = {KEY_RANGE(KEY_RW | KEY_INSERT, 1, 0, 1)},
     .run = run_sadd},
    {.name = "srem",
     .summary = "Remove one or more members from a set",
     .since = "1.0.0",
     .complexity = "O(N) where N is the number of members to be removed.",
     .group = "set",
     .arity = -3,
     .flags = COMMAND_WRITE | COMMAND_FAST,
     .categories = CATEGORY_SET,
     .keys = {KEY_RANGE(KEY_RW | KEY_DELETE, 1, 0, 1)},
     .run = run_srem},
    {.name = "sismember",
     .summary = "Determine if a given value is a member of a set",
     .since = "1.0.0",
     .complexity = "O(1)",
     .group = "set",
     .arity = 3,
     .flags = COMMAND_READONLY | COMMAND_FAST,
     .categories = CATEGORY_SET,
     .keys = {KEY_RANGE(KEY_RO, 1, 0, 1)},
     .run = run_sismember},
    {.name = "smismember",
     .summary = "Returns the membership associated with the given elements for a set",
     .since = "6.2.0",
     .complexity = "O(N) where N is the number of elements being checked for membership",
     .group = "set",
     .arity = -3,
     .flags = COMMAND_READONLY | COMMAND_FAST,
     .categories = CATEGORY_SET,
     .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
     .run = run_smismember},
    {.name = "scard",
     .summary = "Get the number of members in a set",
     .since = "1.0.0",
     .complexity = "O(1)",
     .group = "set",
     .arity = 2,
     .flags = COMMAND_READONLY | COMMAND_FAST,
     .categories = CATEGORY_SET,
     .keys = {KEY_RANGE(KEY_RO, 1, 0, 1)},
     .run = run_scard},
    {.name = "smembers",
     .summary = "Get all the members in a set",
     .since = "1.0.0",
     .complexity = "O(N) where N is the set cardinality.",
     .group = "set",
     .arity = 2,
     .flags = COMMAND_READONLY,
     .categories = CATEGORY_SET,
     .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
     .tips = "nondeterministic_output_order",
     .run = run_smembers},
    {.name = "smove",
     .summary = "Move a member from one set to another",
     .since = "1.0.0",
     .complexity = "O(1)",
     .group = "set",
     .arity = 4,
     .flags = COMMAND_WRITE | COMMAND_FAST,
     .categories = CATEGORY_SET,
     .keys = {KEY_RANGE(KEY_RW | KEY_ACCESS | KEY_DELETE, 1, 0, 1), KEY_RANGE(KEY_RW | KEY_INSERT, 2, 0, 1)},
     .run = run_smove},
    {.name = "spop",
     .summary = "Remove and return one or multiple random members from a set",
     .since = "1.0.0",
     .complexity = "Without the count argument O(1), otherwise O(N) where N is the value of the passed count.",
     .group = "set",
     .arity = -2,
     .flags = COMMAND_WRITE | COMMAND_FAST,
     .categories = CATEGORY_SET,
     .keys = {KEY_RANGE(KEY_RW | KEY_ACCESS | KEY_DELETE, 1, 0, 1)},
     .tips = "nondeterministic_output",
     .run = run_spop},
    {.name = "srandmember",
     .summary = "Get one or multiple random members from a set",
     .since = "1.0.0",
     .complexity = "Without the count argument O(1), otherwise O(N) where N is the absolute value of the passed count.",
     .group = "set",
     .arity = -2,
     .flags = COMMAND_READONLY,
     .categories = CATEGORY_SET,
     .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
     .tips = "nondeterministic_output",
     .run = run_srandmember},
    {.name = "sscan",
     .summary = "Incrementally iterate Set elements",
     .since = "2.8.0",
     .complexity = "O(1) for every call. O(N) for a complete iteration, including enough command calls for the cursor "
                   "to return back to 0. N is the number of elements inside the collection..",
     .group = "set",
     .arity = -3,
     .flags = COMMAND_READONLY,
     .categories = CATEGORY_SET,
     .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
     .tips = "nondeterministic_output",
     .run = run_sscan},
    {.name = NULL},
};
