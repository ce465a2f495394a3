/* XREADGROUP. It is not logged as such, since what it delivers depends on the time: the pending entries are, as XCLAIM,
 * and the group's position, as XGROUP SETID. */
#include "base/memory.h"
#include "server/commands/call_reads.h"
#include "server/commands/cmd_stream.h"
#include "server/commands/stream_args.h"
#include "server/commands/stream_group_args.h"
#include "server/commands/stream_read.h"
#include "server/commands/stream_reply.h"
#include "server/request/change.h"

/* Without COUNT, as many items are delivered at once at most: all of them are one change, and a change has its limit.
 */
#define DELIVERIES_MAX 1000000u

/* From where to read the stream at `index`. ">" is the last id there is, after which nothing can be pending. */
static enum status check_key(struct call *call, struct reply *reply, const struct stream_read *read, size_t index,
                             struct stream_id *id)
{
    struct slice key = read->keys[index];
    struct slice word = read->keys[read->key_count + index];
    struct stream stream;
    struct stream_group group;
    enum status status = stream_open(call->keyspace, call->db, key, &stream);

    call_count_read_of_writer(call, key, status != STATUS_NOT_FOUND);
    if (status == STATUS_WRONG_TYPE) {
        return status;
    }
    if (status == STATUS_NOT_FOUND || !stream_group_find(&stream, read->group, &group)) {
        return reply_error(reply, "NOGROUP No such key '%.*s' or consumer group '%.*s' in XREADGROUP with GROUP option",
                           (int)key.len, key.data, (int)read->group.len, read->group.data);
    }
    if (slice_equal(word, slice_of("$"))) {
        return reply_error(reply, "ERR The $ ID is meaningless in the context of XREADGROUP: you want to read the "
                                  "history of this consumer by specifying a proper ID, or use the > ID to get new "
                                  "messages. The $ ID would just return an empty result set.");
    }
    if (slice_equal(word, slice_of(">"))) {
        *id = STREAM_ID_MAX;
        return STATUS_OK;
    }
    return stream_args_id(reply, word, id);
}

/* A reader that waits is woken also when what it waits for is no longer there. */
static enum status check_woken(struct call *call, struct reply *reply, const struct stream_read *read)
{
    struct stream stream;
    struct stream_group group;

    if (call->woken_by.data == NULL) {
        return STATUS_OK;
    }
    if (stream_open(call->keyspace, call->db, call->woken_by, &stream) != STATUS_OK) {
        return reply_error(reply, "UNBLOCKED the stream key no longer exists");
    }
    if (!stream_group_find(&stream, read->group, &group)) {
        return reply_error(reply, "NOGROUP the consumer group this client was blocked on no longer exists");
    }
    return STATUS_OK;
}

static uint64_t limit_of(const struct stream_read *read)
{
    return read->count == 0 || read->count > DELIVERIES_MAX ? DELIVERIES_MAX : read->count;
}

/* Deliver what the group has not read. */
static void deliver_new(struct call *call, struct reply *reply, const struct stream_read *read,
                        struct stream_member *member)
{
    struct reply_deferred deferred = reply_deferred_begin(reply);
    struct stream_range range = {.start = member->group.last_id, .end = STREAM_ID_MAX};
    struct stream_pending pending = {
        .consumer = member->consumer.number, .delivered_ms = call->now_ms, .delivery_count = 1};
    struct stream_walk walk;
    struct stream_id id;
    struct slice value;
    uint64_t count = 0;

    (void)stream_id_increment(&range.start);
    stream_items_begin(member->stream, &range, &walk);
    while (count < limit_of(read) && stream_member_has_room(call, member, read->consumer.len) &&
           stream_walk_next(&walk, &id, &value)) {
        stream_group_advance(member->stream, &member->group, id);
        reply_stream_item(reply, id, value);
        if (!read->without_ack) {
            stream_pending_put(member->stream, &member->group, &member->consumer, id, &pending);
            stream_member_log(call, member, id, &pending);
        }
        count++;
    }
    stream_walk_end(&walk);
    if (count > 0) {
        stream_member_log_position(call, member);
    }
    reply_deferred_array(reply, deferred, count);
}

/* Deliver again what the consumer has pending after `after`. */
static void deliver_again(struct call *call, struct reply *reply, const struct stream_read *read,
                          struct stream_member *member, struct stream_id after)
{
    struct reply_deferred deferred = reply_deferred_begin(reply);
    struct stream_range range = {.start = after, .end = STREAM_ID_MAX};
    struct stream_walk walk;
    struct stream_id id;
    struct slice value;
    uint64_t count = 0;

    (void)stream_id_increment(&range.start);
    stream_owned_begin(member->stream, &member->group, &member->consumer, &range, &walk);
    while (count < limit_of(read) && stream_member_has_room(call, member, read->consumer.len) &&
           stream_walk_next(&walk, &id, &value)) {
        struct stream_pending pending;

        count++;
        if (!stream_find(member->stream, id, &value)) {
            reply_array(reply, 2);
            reply_stream_id(reply, id);
            reply_null_array(reply);
        } else if (stream_pending_find(member->stream, &member->group, id, &pending)) {
            reply_stream_item(reply, id, value);
            pending.delivered_ms = call->now_ms;
            pending.delivery_count++;
            stream_pending_put(member->stream, &member->group, &member->consumer, id, &pending);
            stream_member_log(call, member, id, &pending);
        }
    }
    stream_walk_end(&walk);
    reply_deferred_array(reply, deferred, count);
}

/* Serve one key; false, and nothing done, if there is nothing new. */
static bool read_one(struct call *call, struct reply *reply, const struct stream_read *read, size_t index,
                     struct stream_id id)
{
    struct stream stream;
    struct stream_member member = {.stream = &stream, .key = read->keys[index]};
    bool is_new = stream_id_equal(id, STREAM_ID_MAX);

    if (stream_open(call->keyspace, call->db, member.key, &stream) != STATUS_OK ||
        !stream_group_find(&stream, read->group, &member.group)) {
        return false; /* check_key() has found both. */
    }
    call_count_read_of_writer(call, member.key, true);
    if (is_new &&
        (stream_count(&stream) == 0 || stream_id_compare(stream.head.items.last, member.group.last_id) <= 0)) {
        return false;
    }
    stream_member_begin(&member);
    stream_member_join(call, &member, read->consumer);
    stream_read_begin_one(reply, member.key);
    if (is_new) {
        deliver_new(call, reply, read, &member);
    } else {
        deliver_again(call, reply, read, &member, id);
    }
    stream_member_leave(call, &member);
    return true;
}

/* XREADGROUP GROUP group consumer [COUNT count] [BLOCK ms] [NOACK] STREAMS key [key ...] id [id ...]. */
static enum status run_xreadgroup(struct call *call, struct reply *reply)
{
    struct stream_read read;
    struct reply_deferred deferred;
    struct stream_id *ids;
    size_t begin = reply->out->len;
    size_t served = 0;
    enum status status = stream_read_parse(call, reply, true, &read);

    if (status == STATUS_OK) {
        status = check_woken(call, reply, &read);
    }
    if (status != STATUS_OK) {
        return status;
    }
    ids = memory_allocate_zeroed(read.key_count * sizeof(*ids));
    for (size_t i = 0; status == STATUS_OK && i < read.key_count; i++) {
        if (stream_read_concerns(&read, i)) {
            status = check_key(call, reply, &read, i, &ids[i]);
        }
    }
    if (status == STATUS_OK) {
        change_suppress(call->change); /* Until there is something to be logged instead. */
        deferred = reply_deferred_begin(reply);
        for (size_t i = 0; i < read.key_count; i++) {
            served += stream_read_concerns(&read, i) && read_one(call, reply, &read, i, ids[i]);
        }
        if (served > 0) {
            stream_read_end(reply, deferred, served);
        } else {
            buf_truncate(reply->out, begin);
            status = stream_read_wait(call, reply, &read, NULL);
        }
    }
    memory_free(ids);
    return status;
}

const struct command stream_readgroup_commands[] = {
    {.name = "xreadgroup",
     .summary = "Return new entries from a stream using a consumer group, or access the history of the pending entries "
                "for a given consumer. Can block.",
     .since = "5.0.0",
     .complexity =
         "For each stream mentioned: O(M) with M being the number of elements returned. If M is constant (e.g. always "
         "asking for the first 10 elements with COUNT), you can consider it O(1). On the other side when XREADGROUP "
         "blocks, XADD will pay the O(N) time in order to serve the N clients blocked on the stream getting new data.",
     .group = "stream",
     .arity = -7,
     .flags = COMMAND_WRITE | COMMAND_BLOCKING | COMMAND_MOVABLEKEYS,
     .categories = CATEGORY_STREAM,
     .keys = {{.flags = KEY_RO | KEY_ACCESS,
               .begin = KEY_BEGIN_KEYWORD,
               .keyword = "STREAMS",
               .index = 4,
               .find = KEY_FIND_RANGE,
               .last = -1,
               .step = 1,
               .limit = 2}},
     .run = run_xreadgroup},
    {.name = NULL},
};
