/* Reading streams: ranges, and what comes after an id, waiting for it if so wished. */
#include "base/memory.h"
#include "server/commands/cmd_stream.h"
#include "server/commands/stream_args.h"
#include "server/commands/stream_read.h"
#include "server/commands/stream_reply.h"
#include "server/request/args.h"
#include "server/request/blocking.h"

/* XRANGE and XREVRANGE: argv[2] and argv[3] are its ends. */
static enum status parse_range(const struct call *call, struct reply *reply, struct stream_range *range, int64_t *count)
{
    enum status status = stream_args_start(reply, call->argv[range->is_reverse ? 3 : 2], &range->start);

    if (status == STATUS_OK) {
        status = stream_args_end(reply, call->argv[range->is_reverse ? 2 : 3], &range->end);
    }
    *count = -1;
    for (size_t i = 4; status == STATUS_OK && i < call->argc; i += 2) {
        if (!args_is(call->argv[i], "count") || i + 1 == call->argc) {
            return STATUS_SYNTAX;
        }
        status = args_int64(call->argv[i + 1], count);
        if (*count < 0) {
            *count = 0;
        }
    }
    return status;
}

static enum status reply_range(struct call *call, struct reply *reply, bool is_reverse)
{
    struct stream_range range = {.is_reverse = is_reverse};
    struct stream stream;
    int64_t count;
    enum status status = parse_range(call, reply, &range, &count);

    if (status != STATUS_OK) {
        return status;
    }
    status = stream_open_first(call, &stream);
    if (status == STATUS_NOT_FOUND) {
        reply_array(reply, 0);
    } else if (status == STATUS_OK && count == 0) {
        reply_null_array(reply);
    } else if (status == STATUS_OK) {
        reply_stream_range(reply, &stream, &range, count < 0 ? 0 : (uint64_t)count);
    }
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

/* XRANGE key start end [COUNT count]. */
static enum status run_xrange(struct call *call, struct reply *reply)
{
    return reply_range(call, reply, false);
}

/* XREVRANGE key end start [COUNT count]. */
static enum status run_xrevrange(struct call *call, struct reply *reply)
{
    return reply_range(call, reply, true);
}

/* From where to read the stream at `index`; "$" is its last id. */
static enum status parse_id(struct call *call, struct reply *reply, const struct stream_read *read, size_t index,
                            struct stream_id *id)
{
    struct slice word = read->keys[read->key_count + index];
    struct stream stream;
    enum status status = stream_open(call->keyspace, call->db, read->keys[index], &stream);

    if (status == STATUS_WRONG_TYPE) {
        return status;
    }
    if (slice_equal(word, slice_of("$"))) {
        *id = stream.head.last_id;
        return STATUS_OK;
    }
    if (slice_equal(word, slice_of(">"))) {
        return reply_error(reply, "ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> "
                                  "<consumer> option.");
    }
    return stream_args_id(reply, word, id);
}

/* Reply with what the stream has after `id`; false, and nothing replied, if there is nothing. */
static bool read_one(struct call *call, struct reply *reply, const struct stream_read *read, size_t index,
                     struct stream_id id)
{
    struct stream_range range = {.start = id, .end = STREAM_ID_MAX};
    struct stream stream;

    if (stream_open(call->keyspace, call->db, read->keys[index], &stream) != STATUS_OK || stream_count(&stream) == 0 ||
        stream_id_compare(stream.head.items.last, id) <= 0) {
        return false;
    }
    (void)stream_id_increment(&range.start); /* There is one after it. */
    stream_read_begin_one(reply, read->keys[index]);
    reply_stream_range(reply, &stream, &range, read->count);
    return true;
}

/* With the ids known: read, or wait. */
static enum status read_all(struct call *call, struct reply *reply, const struct stream_read *read,
                            const struct stream_id *ids)
{
    size_t begin = reply->out->len;
    struct reply_deferred deferred = reply_deferred_begin(reply);
    size_t served = 0;

    for (size_t i = 0; i < read->key_count; i++) {
        served += stream_read_concerns(read, i) && read_one(call, reply, read, i, ids[i]);
    }
    if (served == 0) {
        buf_truncate(reply->out, begin);
        return stream_read_wait(call, reply, read, ids);
    }
    stream_read_end(reply, deferred, served);
    return STATUS_OK;
}

/* XREAD [COUNT count] [BLOCK ms] STREAMS key [key ...] id [id ...]. */
static enum status run_xread(struct call *call, struct reply *reply)
{
    struct stream_read read;
    struct stream_id *ids;
    enum status status = stream_read_parse(call, reply, false, &read);

    if (status != STATUS_OK) {
        return status;
    }
    ids = memory_allocate_zeroed(read.key_count * sizeof(*ids));
    for (size_t i = 0; status == STATUS_OK && i < read.key_count; i++) {
        if (stream_read_concerns(&read, i)) {
            status = parse_id(call, reply, &read, i, &ids[i]);
        }
    }
    if (status == STATUS_OK) {
        status = read_all(call, reply, &read, ids);
    }
    memory_free(ids);
    return status;
}

const struct command stream_read_commands[] = {
    {.name = "xrange",
     .summary = "Return a range of elements in a stream, with IDs matching the specified IDs interval",
     .since = "5.0.0",
     .complexity = "O(N) with N being the number of elements being returned. If N is constant (e.g. always asking for "
                   "the first 10 elements with COUNT), you can consider it O(1).",
     .group = "stream",
     .arity = -4,
     .flags = COMMAND_READONLY,
     .categories = CATEGORY_STREAM,
     .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
     .run = run_xrange},
    {.name = "xrevrange",
     .summary = "Return a range of elements in a stream, with IDs matching the specified IDs interval, in reverse "
                "order (from greater to smaller IDs) compared to XRANGE",
     .since = "5.0.0",
     .complexity = "O(N) with N being the number of elements returned. If N is constant (e.g. always asking for the "
                   "first 10 elements with COUNT), you can consider it O(1).",
     .group = "stream",
     .arity = -4,
     .flags = COMMAND_READONLY,
     .categories = CATEGORY_STREAM,
     .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
     .run = run_xrevrange},
    {.name = "xread",
     .summary = "Return never seen elements in multiple streams, with IDs greater than the ones reported by the caller "
                "for each stream. Can block.",
     .since = "5.0.0",
     .complexity = "For each stream mentioned: O(N) with N being the number of elements being returned, it means that "
                   "XREAD-ing with a fixed COUNT is O(1). Note that when the BLOCK option is used, XADD will pay O(M) "
                   "time in order to serve the M clients blocked on the stream getting new data.",
     .group = "stream",
     .arity = -4,
     .flags = COMMAND_READONLY | COMMAND_BLOCKING | COMMAND_MOVABLEKEYS,
     .categories = CATEGORY_STREAM,
     .keys = {{.flags = KEY_RO | KEY_ACCESS,
               .begin = KEY_BEGIN_KEYWORD,
               .keyword = "STREAMS",
               .index = 1,
               .find = KEY_FIND_RANGE,
               .last = -1,
               .step = 1,
               .limit = 2}},
     .run = run_xread},
    {.name = NULL},
};
