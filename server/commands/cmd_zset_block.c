/* Sorted set commands that wait until there is a member. What they do is logged as what the forms that do not wait
 * would. */
#include "server/commands/cmd_zset.h"
#include "server/commands/zset_pop.h"
#include "server/request/blocking.h"
#include "server/request/change.h"
#include "server/request/reply.h"

/* Wait until one of the keys is a sorted set. */
static enum status wait_for_zset(struct call *call, struct reply *reply, const struct zset_mpop *mpop,
                                 uint64_t timeout_ms)
{
    struct blocking_wait wait = {
        .keys = mpop->keys, .key_count = mpop->key_count, .type = ENTRY_ZSET, .timeout_ms = timeout_ms};

    blocking_wait(call, reply, &wait);
    return STATUS_OK;
}

/* A call that runs again is for the key that woke it alone. */
static void narrow(const struct call *call, struct zset_mpop *mpop)
{
    if (call->woken_by.data != NULL) {
        mpop->keys = &call->woken_by;
        mpop->key_count = 1;
    }
}

/* Pop one member of the set, and reply with its key, itself and its score. */
static void pop_one(struct call *call, struct reply *reply, struct collection *zset, bool is_max)
{
    struct zset_pop pop = {.is_max = is_max, .count = 1};
    struct slice words[] = {slice_of(is_max ? "ZPOPMAX" : "ZPOPMIN"), zset->key};

    reply_array(reply, 3);
    reply_bulk(reply, zset->key);
    zset_pop_and_reply(call, reply, zset, &pop);
    change_replace(call->change, words, 2);
}

/* BZPOPMIN and BZPOPMAX key [key ...] timeout: of the first sorted set that is there. */
static enum status pop_or_wait(struct call *call, struct reply *reply, bool is_max)
{
    struct zset_mpop mpop = {.keys = call->argv + 1, .key_count = call->argc - 2};
    uint64_t timeout_ms;
    enum status status = blocking_parse_timeout_s(reply, call->argv[call->argc - 1], &timeout_ms);

    if (status != STATUS_OK) {
        return status;
    }
    narrow(call, &mpop);
    for (size_t i = 0; i < mpop.key_count; i++) {
        struct collection zset;

        status = collection_open(call->keyspace, call->db, mpop.keys[i], ENTRY_ZSET, &zset);
        if (status == STATUS_WRONG_TYPE) {
            return status;
        }
        if (status == STATUS_OK) {
            pop_one(call, reply, &zset, is_max);
        }
        collection_close(&zset);
        if (status == STATUS_OK) {
            return status;
        }
    }
    return wait_for_zset(call, reply, &mpop, timeout_ms);
}

static enum status run_bzpopmin(struct call *call, struct reply *reply)
{
    return pop_or_wait(call, reply, false);
}

static enum status run_bzpopmax(struct call *call, struct reply *reply)
{
    return pop_or_wait(call, reply, true);
}

/* BZMPOP timeout numkeys key [key ...] MIN|MAX [COUNT n]. */
static enum status run_bzmpop(struct call *call, struct reply *reply)
{
    struct zset_mpop mpop;
    uint64_t timeout_ms;
    enum status status = zset_mpop_parse(call, reply, 2, &mpop);

    if (status != STATUS_OK) {
        return status;
    }
    status = blocking_parse_timeout_s(reply, call->argv[1], &timeout_ms);
    if (status != STATUS_OK) {
        return status;
    }
    narrow(call, &mpop);
    status = zset_mpop_run(call, reply, &mpop);
    return status == STATUS_NOT_FOUND ? wait_for_zset(call, reply, &mpop, timeout_ms) : status;
}

const struct command zset_block_commands[] = {
    {.name = "bzpopmin",
     .summary = "Remove and return the member with the lowest score from one or more sorted sets, or block until one "
                "is available",
     .since = "5.0.0",
     .complexity = "O(log(N)) with N being the number of elements in the sorted set.",
     .group = "sorted-set",
     .arity = -3,
     .flags = COMMAND_WRITE | COMMAND_NOSCRIPT | COMMAND_BLOCKING | COMMAND_FAST,
     .categories = CATEGORY_SORTED_SET,
     .keys = {KEY_RANGE(KEY_RW | KEY_ACCESS | KEY_DELETE, 1, -2, 1)},
     .run = run_bzpopmin},
    {.name = "bzpopmax",
     .summary = "Remove and return the member with the highest score from one or more sorted sets, or block until one "
                "is available",
     .since = "5.0.0",
     .complexity = "O(log(N)) with N being the number of elements in the sorted set.",
     .group = "sorted-set",
     .arity = -3,
     .flags = COMMAND_WRITE | COMMAND_NOSCRIPT | COMMAND_BLOCKING | COMMAND_FAST,
     .categories = CATEGORY_SORTED_SET,
     .keys = {KEY_RANGE(KEY_RW | KEY_ACCESS | KEY_DELETE, 1, -2, 1)},
     .run = run_bzpopmax},
    {.name = "bzmpop",
     .summary = "Remove and return members with scores in a sorted set or block until one is available",
     .since = "7.0.0",
     .complexity = "O(K) + O(M*log(N)) where K is the number of provided keys, N being the number of elements in the "
                   "sorted set, and M being the number of elements popped.",
     .group = "sorted-set",
     .arity = -5,
     .flags = COMMAND_WRITE | COMMAND_BLOCKING | COMMAND_MOVABLEKEYS,
     .categories = CATEGORY_SORTED_SET,
     .keys = {{.flags = KEY_RW | KEY_ACCESS | KEY_DELETE,
               .begin = KEY_BEGIN_INDEX,
               .index = 2,
               .find = KEY_FIND_KEYNUM,
               .keynum_index = 0,
               .first_key = 1,
               .step = 1}},
     .run = run_bzmpop},
    {.name = NULL},
};
