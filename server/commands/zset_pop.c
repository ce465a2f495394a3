#include "server/commands/zset_pop.h"
#include "base/number.h"
#include "server/commands/call_collection.h"
#include "server/commands/mpop_args.h"
#include "server/request/change.h"
#include "server/request/command.h"
#include "server/request/reply.h"
#include "storage/value/zset_walk.h"

uint64_t zset_pop_count(const struct collection *zset, const struct zset_pop *pop)
{
    return pop->count < zset_count(zset) ? pop->count : zset_count(zset);
}

void zset_pop_and_reply(struct call *call, struct reply *reply, struct collection *zset, const struct zset_pop *pop)
{
    uint64_t count = zset_pop_count(zset, pop);
    struct zset_batch batch;
    struct zset_walk walk;
    struct slice member;
    double score;

    zset_batch_init(&batch);
    zset_walk_begin(&walk, zset, !pop->is_max);
    while (batch.count < count && zset_walk_next(&walk, &member, &score)) {
        zset_batch_add(&batch, member, score);
        if (pop->is_nested) {
            reply_array(reply, 2);
        }
        reply_bulk(reply, member);
        reply_double(reply, score);
    }
    zset_walk_end(&walk);
    if (count == zset_count(zset)) {
        collection_clear(zset);
    } else {
        for (size_t i = 0; i < batch.count; i++) {
            zset_take(zset, zset_batch_member(&batch, i), zset_batch_score(&batch, i));
        }
    }
    zset_batch_release(&batch);
    call->changes += count;
    call_commit_collection(call, zset, pop->is_max ? "zpopmax" : "zpopmin");
}

enum status zset_mpop_parse(const struct call *call, struct reply *reply, size_t first, struct zset_mpop *mpop)
{
    static const char *const ends[2] = {"min", "max"};
    struct mpop_args args;
    enum status status = mpop_args_parse(call, reply, first, ends, &args);

    if (status == STATUS_OK) {
        *mpop = (struct zset_mpop){
            .keys = args.keys, .key_count = args.key_count, .is_max = args.is_second, .count = args.count};
    }
    return status;
}

static void pop_and_log(struct call *call, struct reply *reply, struct collection *zset, const struct zset_mpop *mpop)
{
    struct zset_pop pop = {.is_max = mpop->is_max, .is_nested = true, .count = mpop->count};
    struct slice words[] = {slice_of(mpop->is_max ? "ZPOPMAX" : "ZPOPMIN"), zset->key, {0}};
    char text[NUMBER_INTEGER_TEXT_MAX];

    words[2] = slice_make(text, number_format_uint64(text, zset_pop_count(zset, &pop)));
    reply_array(reply, 2);
    reply_bulk(reply, zset->key);
    reply_array(reply, (size_t)zset_pop_count(zset, &pop));
    zset_pop_and_reply(call, reply, zset, &pop);
    change_replace(call->change, words, 3);
}

enum status zset_mpop_run(struct call *call, struct reply *reply, const struct zset_mpop *mpop)
{
    enum status status = STATUS_NOT_FOUND;

    for (size_t i = 0; status == STATUS_NOT_FOUND && i < mpop->key_count; i++) {
        struct collection zset;

        status = collection_open(call->keyspace, call->db, mpop->keys[i], ENTRY_ZSET, &zset);
        if (status == STATUS_WRONG_TYPE) {
            return status;
        }
        if (status == STATUS_OK) {
            pop_and_log(call, reply, &zset, mpop);
        }
        collection_close(&zset);
    }
    return status;
}
