/* XCLAIM and XAUTOCLAIM: pending entries change hands. Logged as the XCLAIMs that give the same whatever the time. */
#include "base/memory.h"
#include "server/commands/cmd_stream.h"
#include "server/commands/stream_args.h"
#include "server/commands/stream_group_args.h"
#include "server/commands/stream_reply.h"
#include "server/request/args.h"
#include "server/request/change.h"
#include "server/request/reply.h"

#define AUTOCLAIM_COUNT    100
#define AUTOCLAIM_ATTEMPTS 10 /* Entries looked at for each that may be claimed. */

struct claim {
    struct stream_member *member;
    uint64_t idle_min_ms;
    uint64_t delivered_ms;
    int64_t delivery_count; /* -1: not given. */
    bool is_forced;
    bool only_ids;
    struct stream_id last_id;
    size_t id_count; /* From argv[5] on. */
    /* XAUTOCLAIM */
    struct stream_id start;
    uint64_t count;
};

static enum status parse_idle(struct slice word, struct reply *reply, const char *command, struct claim *claim)
{
    int64_t idle_ms;

    if (args_int64(word, &idle_ms) != STATUS_OK) {
        return reply_error(reply, "ERR Invalid min-idle-time argument for %s", command);
    }
    claim->idle_min_ms = idle_ms < 0 ? 0 : (uint64_t)idle_ms;
    return STATUS_OK;
}

/* IDLE, TIME and RETRYCOUNT with their numbers. */
static enum status parse_number(struct call *call, struct reply *reply, size_t at, struct claim *claim)
{
    static const char *const names[] = {"IDLE", "TIME", "RETRYCOUNT"};
    int64_t now_ms = (int64_t)call->now_ms;
    int64_t number;
    size_t which = 0;

    while (!args_is(call->argv[at], names[which])) {
        which++;
    }
    if (args_int64(call->argv[at + 1], &number) != STATUS_OK) {
        return reply_error(reply, "ERR Invalid %s option argument for XCLAIM", names[which]);
    }
    if (which == 2) {
        claim->delivery_count = number;
        return STATUS_OK;
    }
    if (which == 0) {
        number = (int64_t)((uint64_t)now_ms - (uint64_t)number); /* Whatever it wraps to is out of bounds. */
    }
    claim->delivered_ms = (uint64_t)number;
    if (number < 0 || (number > now_ms && !call->is_replay)) {
        claim->delivered_ms = call->now_ms;
    }
    return STATUS_OK;
}

static enum status parse_claim_option(struct call *call, struct reply *reply, size_t *at, struct claim *claim)
{
    struct slice word = call->argv[*at];
    bool has_more = *at + 1 < call->argc;

    if (args_is(word, "force")) {
        claim->is_forced = true;
    } else if (args_is(word, "justid")) {
        claim->only_ids = true;
    } else if (has_more && (args_is(word, "idle") || args_is(word, "time") || args_is(word, "retrycount"))) {
        return parse_number(call, reply, (*at)++, claim);
    } else if (has_more && args_is(word, "lastid")) {
        return stream_args_id(reply, call->argv[++*at], &claim->last_id);
    } else {
        return reply_error(reply, "ERR Unrecognized XCLAIM option '%.*s'", (int)word.len, word.data);
    }
    return STATUS_OK;
}

static enum status parse_claim(struct call *call, struct reply *reply, struct claim *claim)
{
    struct stream_id id;
    size_t at = 5;
    enum status status = parse_idle(call->argv[4], reply, "XCLAIM", claim);

    if (status != STATUS_OK) {
        return status;
    }
    while (at < call->argc && stream_args_parse_id(call->argv[at], 0, &id)) {
        at++;
    }
    claim->id_count = at - 5;
    for (; status == STATUS_OK && at < call->argc; at++) {
        status = parse_claim_option(call, reply, &at, claim);
    }
    return status;
}

/* The item is gone: nobody has it pending any more. A replica that executes the claim finds the same. */
static void forget(struct call *call, struct stream_member *member, struct stream_id id,
                   const struct stream_pending *pending)
{
    stream_member_log(call, member, id, pending);
    stream_pending_remove(member->stream, &member->group, member->has_joined ? &member->consumer : NULL, id, pending);
}

/* Let the consumer have it, and reply with it. */
static void take(struct call *call, struct reply *reply, const struct claim *claim, struct stream_id id,
                 struct stream_pending *pending)
{
    struct stream_member *member = claim->member;
    struct slice value;

    stream_member_join(call, member, call->argv[3]);
    if (call->is_replay) {
        member->consumer.seen_ms = claim->delivered_ms; /* As far as the log knows. */
    }
    pending->consumer = member->consumer.number;
    pending->delivered_ms = claim->delivered_ms;
    if (claim->delivery_count >= 0) {
        pending->delivery_count = (uint64_t)claim->delivery_count;
    } else if (!claim->only_ids) {
        pending->delivery_count++;
    }
    stream_pending_put(member->stream, &member->group, &member->consumer, id, pending);
    stream_member_log(call, member, id, pending);
    if (claim->only_ids) {
        reply_stream_id(reply, id);
    } else if (stream_find(member->stream, id, &value)) {
        reply_stream_item(reply, id, value);
    }
}

/* Whether there is room to log that the item is claimed, or forgotten in the name of whoever has it pending. */
static bool may_log(const struct call *call, const struct stream_member *member, bool is_there,
                    const struct stream_pending *pending)
{
    size_t name_len =
        is_there ? call->argv[3].len : stream_consumer_name(member->stream, &member->group, pending->consumer).len;

    return stream_member_has_room(call, member, name_len);
}

static bool is_idle(const struct call *call, const struct claim *claim, const struct stream_pending *pending)
{
    return claim->idle_min_ms == 0 || (int64_t)(call->now_ms - pending->delivered_ms) >= (int64_t)claim->idle_min_ms;
}

/* Claim one id; whether it was replied. */
static bool claim_one(struct call *call, struct reply *reply, const struct claim *claim, struct stream_id id)
{
    struct stream_member *member = claim->member;
    struct stream_pending pending = {.consumer = 0};
    bool is_pending = stream_pending_find(member->stream, &member->group, id, &pending);
    bool is_there = stream_contains(member->stream, id);

    if ((is_there || is_pending) && !may_log(call, member, is_there, &pending)) {
        return false;
    }
    if (!is_there) {
        if (is_pending) {
            forget(call, member, id, &pending);
        }
        return false;
    }
    if (!is_pending && !claim->is_forced) {
        return false;
    }
    if (is_pending && !is_idle(call, claim, &pending)) {
        return false;
    }
    if (!is_pending) {
        pending.delivery_count = 1;
    }
    take(call, reply, claim, id, &pending);
    return true;
}

static void claim_all(struct call *call, struct reply *reply, const struct claim *claim)
{
    struct stream_member *member = claim->member;
    struct reply_deferred deferred = reply_deferred_begin(reply);
    uint64_t changes = call->changes;
    bool moves_last = stream_id_compare(claim->last_id, member->group.last_id) > 0;
    size_t count = 0;

    if (moves_last) {
        member->group.last_id = claim->last_id;
    }
    for (size_t i = 0; i < claim->id_count; i++) {
        struct stream_id id;

        if (stream_args_parse_id(call->argv[5 + i], 0, &id)) {
            count += claim_one(call, reply, claim, id);
        }
    }
    reply_deferred_array(reply, deferred, count);
    if (moves_last && call->changes == changes) { /* Else the claims that are logged tell of it. */
        stream_member_log_position(call, member);
    }
}

/* XCLAIM key group consumer min-idle-time id [id ...] [IDLE ms] [TIME ms] [RETRYCOUNT count] [FORCE] [JUSTID]
 * [LASTID id]: what was claimed. */
static enum status run_xclaim(struct call *call, struct reply *reply)
{
    struct stream stream;
    struct stream_member member = {.stream = &stream, .key = call->argv[1]};
    struct claim claim = {.member = &member, .delivered_ms = call->now_ms, .delivery_count = -1};
    enum status status = stream_open_group(call, &stream, &member.group);

    if (status == STATUS_NOT_FOUND) {
        return stream_refuse_group(call, reply);
    }
    if (status == STATUS_OK) {
        status = parse_claim(call, reply, &claim);
    }
    if (status != STATUS_OK) {
        return status;
    }
    change_suppress(call->change);
    stream_member_begin(&member);
    claim_all(call, reply, &claim);
    stream_member_leave(call, &member);
    return STATUS_OK;
}

static enum status parse_autoclaim(struct call *call, struct reply *reply, struct claim *claim)
{
    enum status status = parse_idle(call->argv[4], reply, "XAUTOCLAIM", claim);

    if (status == STATUS_OK) {
        status = stream_args_start(reply, call->argv[5], &claim->start);
    }
    for (size_t i = 6; status == STATUS_OK && i < call->argc; i++) {
        int64_t count;

        if (args_is(call->argv[i], "justid")) {
            claim->only_ids = true;
        } else if (!args_is(call->argv[i], "count") || i + 1 == call->argc) {
            return STATUS_SYNTAX;
        } else if (args_int64_within(call->argv[++i], 1, INT64_MAX / STREAM_ID_BYTES, &count) != STATUS_OK) {
            return reply_error(reply, "ERR COUNT must be > 0");
        } else {
            claim->count = (uint64_t)count;
        }
    }
    return status;
}

/* What XAUTOCLAIM has come to. */
struct sweep {
    struct stream_id next;     /* The first that it did not look at; 0-0 when it came to the end. */
    struct stream_id *deleted; /* Owned: items that are no longer there. */
    size_t deleted_count;
    size_t deleted_room;
};

static void note_deleted(struct sweep *sweep, struct stream_id id)
{
    if (sweep->deleted_count == sweep->deleted_room) {
        sweep->deleted_room = sweep->deleted_room == 0 ? 16 : 2 * sweep->deleted_room;
        sweep->deleted = memory_resize(sweep->deleted, sweep->deleted_room * sizeof(*sweep->deleted));
    }
    sweep->deleted[sweep->deleted_count++] = id;
}

/* Claim what is idle from claim->start on; replies with an array of it. */
static void sweep_pending(struct call *call, struct reply *reply, const struct claim *claim, struct sweep *sweep)
{
    struct stream_member *member = claim->member;
    struct reply_deferred deferred = reply_deferred_begin(reply);
    struct stream_range range = {.start = claim->start, .end = STREAM_ID_MAX};
    uint64_t attempts = claim->count * AUTOCLAIM_ATTEMPTS;
    uint64_t left = claim->count;
    size_t count = 0;
    struct stream_walk walk;
    struct stream_id id;
    struct slice value;
    bool more;

    stream_pending_begin(member->stream, &member->group, &range, &walk);
    more = stream_walk_next(&walk, &id, &value);
    while (more && attempts > 0 && left > 0) {
        struct stream_pending pending;
        bool is_whole = stream_pending_decode(value, &pending);
        bool is_there = stream_contains(member->stream, id);

        ASSERT(is_whole); /* K4 */
        if (!may_log(call, member, is_there, &pending)) {
            break;
        }
        attempts--;
        if (!is_there) {
            forget(call, member, id, &pending);
            note_deleted(sweep, id);
            left--;
        } else if (is_idle(call, claim, &pending)) {
            take(call, reply, claim, id, &pending);
            count++;
            left--;
        }
        more = stream_walk_next(&walk, &id, &value);
    }
    stream_walk_end(&walk);
    sweep->next = more ? id : STREAM_ID_MIN;
    reply_deferred_array(reply, deferred, count);
}

/* XAUTOCLAIM key group consumer min-idle-time start [COUNT count] [JUSTID]: where to go on, what was claimed, and what
 * is no longer there. */
static enum status run_xautoclaim(struct call *call, struct reply *reply)
{
    struct stream stream;
    struct stream_member member = {.stream = &stream, .key = call->argv[1]};
    struct claim claim = {
        .member = &member, .delivered_ms = call->now_ms, .delivery_count = -1, .count = AUTOCLAIM_COUNT};
    struct sweep sweep = {.deleted_count = 0};
    struct reply claimed;
    struct buf bytes;
    enum status found = stream_open_group(call, &stream, &member.group);
    enum status status = parse_autoclaim(call, reply, &claim);

    if (status == STATUS_OK) {
        status = found; /* Redis looks for it first, and speaks of it last. */
    }
    if (status == STATUS_NOT_FOUND) {
        return stream_refuse_group(call, reply);
    }
    if (status != STATUS_OK) {
        return status;
    }
    change_suppress(call->change);
    stream_member_begin(&member);
    buf_init(&bytes, BUF_NO_CEILING);
    reply_init(&claimed, &bytes, reply->protocol);
    sweep_pending(call, &claimed, &claim, &sweep);
    stream_member_leave(call, &member);
    reply_array(reply, 3);
    reply_stream_id(reply, sweep.next);
    buf_put(reply->out, buf_slice(&bytes));
    reply_array(reply, sweep.deleted_count);
    for (size_t i = 0; i < sweep.deleted_count; i++) {
        reply_stream_id(reply, sweep.deleted[i]);
    }
    memory_free(sweep.deleted);
    buf_release(&bytes);
    return STATUS_OK;
}

const struct command stream_claim_commands[] = {
    {.name = "xclaim",
     .summary = "Changes (or acquires) ownership of a message in a consumer group, as if the message was delivered to "
                "the specified consumer.",
     .since = "5.0.0",
     .complexity = "O(log N) with N being the number of messages in the PEL of the consumer group.",
     .group = "stream",
     .arity = -6,
     .flags = COMMAND_WRITE | COMMAND_FAST,
     .categories = CATEGORY_STREAM,
     .keys = {KEY_RANGE(KEY_RW | KEY_UPDATE, 1, 0, 1)},
     .tips = "nondeterministic_output",
     .run = run_xclaim},
    {.name = "xautoclaim",
     .summary = "Changes (or acquires) ownership of messages in a consumer group, as if the messages were delivered to "
                "the specified consumer.",
     .since = "6.2.0",
     .complexity = "O(1) if COUNT is small.",
     .group = "stream",
     .arity = -6,
     .flags = COMMAND_WRITE | COMMAND_FAST,
     .categories = CATEGORY_STREAM,
     .keys = {KEY_RANGE(KEY_RW | KEY_DELETE, 1, 0, 1)},
     .tips = "nondeterministic_output",
     .run = run_xautoclaim},
    {.name = NULL},
};
