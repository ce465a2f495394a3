/* XPENDING and XINFO: what streams and groups say of themselves. */
#include "server/commands/cmd_stream.h"
#include "server/commands/stream_args.h"
#include "server/commands/stream_group_args.h"
#include "server/commands/stream_reply.h"
#include "server/request/args.h"
#include "server/request/reply.h"
#include "storage/value/stream_node.h"

#define FULL_COUNT 10 /* XINFO STREAM FULL without COUNT. */

/* --- XPENDING --- */

struct pending_args {
    uint64_t idle_min_ms;
    struct stream_range range;
    uint64_t count;
    bool has_consumer;
    struct slice consumer;
};

/* XPENDING key group [[IDLE ms] start end count [consumer]]. */
static enum status parse_pending(struct call *call, struct reply *reply, struct pending_args *args)
{
    int64_t idle_ms = 0;
    int64_t count;
    size_t at = 3;
    enum status status = STATUS_OK;

    if (call->argc < 6 || call->argc > 9) {
        return STATUS_SYNTAX;
    }
    if (args_is(call->argv[3], "idle")) {
        status = args_int64(call->argv[4], &idle_ms);
        if (status == STATUS_OK && call->argc < 8) {
            return STATUS_SYNTAX;
        }
        at = 5;
    }
    if (status == STATUS_OK) {
        status = args_int64(call->argv[at + 2], &count);
    }
    if (status == STATUS_OK) {
        status = stream_args_start(reply, call->argv[at], &args->range.start);
    }
    if (status == STATUS_OK) {
        status = stream_args_end(reply, call->argv[at + 1], &args->range.end);
    }
    if (status != STATUS_OK) {
        return status;
    }
    args->idle_min_ms = idle_ms < 0 ? 0 : (uint64_t)idle_ms;
    args->count = count < 0 ? 0 : (uint64_t)count;
    args->has_consumer = at + 3 < call->argc;
    if (args->has_consumer) {
        args->consumer = call->argv[at + 3];
    }
    return STATUS_OK;
}

static void reply_summary(struct reply *reply, const struct stream *stream, const struct stream_group *group)
{
    struct reply_deferred deferred;
    struct stream_names names;
    struct stream_consumer consumer;
    size_t count = 0;

    reply_array(reply, 4);
    reply_integer(reply, (int64_t)group->pending.count);
    if (group->pending.count == 0) {
        reply_null(reply);
        reply_null(reply);
        reply_null_array(reply);
        return;
    }
    reply_stream_id(reply, group->pending.first);
    reply_stream_id(reply, group->pending.last);
    deferred = reply_deferred_begin(reply);
    stream_consumers_begin(stream, group, &names);
    while (stream_consumers_next(&names, &consumer)) {
        if (consumer.pending.count > 0) {
            reply_array(reply, 2);
            reply_bulk(reply, consumer.name);
            reply_bulk_format(reply, "%llu", (unsigned long long)consumer.pending.count);
            count++;
        }
    }
    stream_names_end(&names);
    reply_deferred_array(reply, deferred, count);
}

/* How long ago; 0 for what lies ahead of a clock that was set back. */
static int64_t age_ms(const struct call *call, uint64_t then_ms)
{
    return then_ms > call->now_ms ? 0 : (int64_t)(call->now_ms - then_ms);
}

static bool is_wanted(const struct call *call, const struct pending_args *args, const struct stream_pending *pending)
{
    return args->idle_min_ms == 0 || (int64_t)(call->now_ms - pending->delivered_ms) >= (int64_t)args->idle_min_ms;
}

static void reply_pending(struct call *call, struct reply *reply, const struct stream *stream,
                          const struct stream_group *group, const struct pending_args *args)
{
    struct stream_consumer consumer;
    struct reply_deferred deferred;
    struct stream_walk walk;
    struct stream_id id;
    struct slice value;
    size_t count = 0;

    if (args->has_consumer && !stream_consumer_find(stream, group, args->consumer, &consumer)) {
        reply_array(reply, 0);
        return;
    }
    deferred = reply_deferred_begin(reply);
    if (args->has_consumer) {
        stream_owned_begin(stream, group, &consumer, &args->range, &walk);
    } else {
        stream_pending_begin(stream, group, &args->range, &walk);
    }
    while (count < args->count && stream_walk_next(&walk, &id, &value)) {
        struct stream_pending pending;

        if (!stream_pending_find(stream, group, id, &pending) || !is_wanted(call, args, &pending)) {
            continue;
        }
        reply_array(reply, 4);
        reply_stream_id(reply, id);
        reply_bulk(reply, stream_consumer_name(stream, group, pending.consumer));
        reply_integer(reply, age_ms(call, pending.delivered_ms));
        reply_integer(reply, (int64_t)pending.delivery_count);
        count++;
    }
    stream_walk_end(&walk);
    reply_deferred_array(reply, deferred, count);
}

static enum status run_xpending(struct call *call, struct reply *reply)
{
    struct pending_args args = {.count = 0};
    struct stream stream;
    struct stream_group group;
    enum status status = call->argc == 3 ? STATUS_OK : parse_pending(call, reply, &args);

    if (status == STATUS_OK) {
        status = stream_open_group(call, &stream, &group);
    }
    if (status == STATUS_NOT_FOUND) {
        return stream_refuse_group(call, reply);
    }
    if (status == STATUS_OK && call->argc == 3) {
        reply_summary(reply, &stream, &group);
    } else if (status == STATUS_OK) {
        reply_pending(call, reply, &stream, &group, &args);
    }
    return status;
}

/* --- XINFO --- */

static enum status open_known(struct call *call, struct stream *stream)
{
    enum status status = stream_open(call->keyspace, call->db, call->argv[2], stream);

    return status == STATUS_NOT_FOUND ? STATUS_NO_SUCH_KEY : status;
}

static void reply_number_field(struct reply *reply, const char *name, uint64_t value)
{
    reply_bulk_text(reply, name);
    reply_integer(reply, (int64_t)value);
}

static void reply_id_field(struct reply *reply, const char *name, struct stream_id id)
{
    reply_bulk_text(reply, name);
    reply_stream_id(reply, id);
}

static void reply_progress(struct reply *reply, const struct stream *stream, const struct stream_group *group)
{
    int64_t lag;

    reply_bulk_text(reply, "entries-read");
    if (group->read_count == STREAM_READ_COUNT_UNKNOWN) {
        reply_null(reply);
    } else {
        reply_integer(reply, group->read_count);
    }
    reply_bulk_text(reply, "lag");
    if (stream_group_lag(stream, group, &lag)) {
        reply_integer(reply, lag);
    } else {
        reply_null(reply);
    }
}

/* XINFO CONSUMERS key group. */
static enum status run_xinfo_consumers(struct call *call, struct reply *reply)
{
    struct stream stream;
    struct stream_group group;
    struct stream_consumer consumer;
    struct stream_names names;
    enum status status = open_known(call, &stream);

    if (status != STATUS_OK) {
        return status;
    }
    if (!stream_group_find(&stream, call->argv[3], &group)) {
        return reply_error(reply, "NOGROUP No such consumer group '%.*s' for key name '%.*s'", (int)call->argv[3].len,
                           call->argv[3].data, (int)call->argv[2].len, call->argv[2].data);
    }
    reply_array(reply, group.consumer_count);
    stream_consumers_begin(&stream, &group, &names);
    while (stream_consumers_next(&names, &consumer)) {
        reply_map(reply, 3);
        reply_bulk_text(reply, "name");
        reply_bulk(reply, consumer.name);
        reply_number_field(reply, "pending", consumer.pending.count);
        reply_number_field(reply, "idle", (uint64_t)age_ms(call, consumer.seen_ms));
    }
    stream_names_end(&names);
    return STATUS_OK;
}

/* XINFO GROUPS key. */
static enum status run_xinfo_groups(struct call *call, struct reply *reply)
{
    struct stream stream;
    struct stream_group group;
    struct stream_names names;
    enum status status = open_known(call, &stream);

    if (status != STATUS_OK) {
        return status;
    }
    reply_array(reply, stream.head.group_count);
    stream_groups_begin(&stream, &names);
    while (stream_groups_next(&names, &group)) {
        reply_map(reply, 6);
        reply_bulk_text(reply, "name");
        reply_bulk(reply, group.name);
        reply_number_field(reply, "consumers", group.consumer_count);
        reply_number_field(reply, "pending", group.pending.count);
        reply_id_field(reply, "last-delivered-id", group.last_id);
        reply_progress(reply, &stream, &group);
    }
    stream_names_end(&names);
    return STATUS_OK;
}

/* FULL: up to `count` pending entries of a group, or of a consumer, of whose entries the owner is not told. */
static void reply_full_pending(struct reply *reply, const struct stream *stream, const struct stream_group *group,
                               const struct stream_consumer *consumer, uint64_t count)
{
    struct reply_deferred deferred = reply_deferred_begin(reply);
    struct stream_pending pending;
    struct stream_walk walk;
    struct stream_id id;
    struct slice value;
    uint64_t written = 0;

    if (consumer == NULL) {
        stream_pending_begin(stream, group, &STREAM_RANGE_ALL, &walk);
    } else {
        stream_owned_begin(stream, group, consumer, &STREAM_RANGE_ALL, &walk);
    }
    while ((count == 0 || written < count) && stream_walk_next(&walk, &id, &value)) {
        if (!stream_pending_find(stream, group, id, &pending)) {
            continue;
        }
        reply_array(reply, consumer == NULL ? 4 : 3);
        reply_stream_id(reply, id);
        if (consumer == NULL) {
            reply_bulk(reply, stream_consumer_name(stream, group, pending.consumer));
        }
        reply_integer(reply, (int64_t)pending.delivered_ms);
        reply_integer(reply, (int64_t)pending.delivery_count);
        written++;
    }
    stream_walk_end(&walk);
    reply_deferred_array(reply, deferred, written);
}

static void reply_full_group(struct reply *reply, const struct stream *stream, const struct stream_group *group,
                             uint64_t count)
{
    struct stream_consumer consumer;
    struct stream_names names;

    reply_map(reply, 7);
    reply_bulk_text(reply, "name");
    reply_bulk(reply, group->name);
    reply_id_field(reply, "last-delivered-id", group->last_id);
    reply_progress(reply, stream, group);
    reply_number_field(reply, "pel-count", group->pending.count);
    reply_bulk_text(reply, "pending");
    reply_full_pending(reply, stream, group, NULL, count);
    reply_bulk_text(reply, "consumers");
    reply_array(reply, group->consumer_count);
    stream_consumers_begin(stream, group, &names);
    while (stream_consumers_next(&names, &consumer)) {
        reply_map(reply, 4);
        reply_bulk_text(reply, "name");
        reply_bulk(reply, consumer.name);
        reply_number_field(reply, "seen-time", consumer.seen_ms);
        reply_number_field(reply, "pel-count", consumer.pending.count);
        reply_bulk_text(reply, "pending");
        reply_full_pending(reply, stream, group, &consumer, count);
    }
    stream_names_end(&names);
}

static void reply_full(struct reply *reply, const struct stream *stream, uint64_t count)
{
    struct stream_group group;
    struct stream_names names;

    reply_bulk_text(reply, "entries");
    reply_stream_range(reply, stream, &STREAM_RANGE_ALL, count);
    reply_bulk_text(reply, "groups");
    reply_array(reply, stream->head.group_count);
    stream_groups_begin(stream, &names);
    while (stream_groups_next(&names, &group)) {
        reply_full_group(reply, stream, &group, count);
    }
    stream_names_end(&names);
}

static void reply_edge_item(struct reply *reply, const struct stream *stream, const char *name, struct stream_id id)
{
    struct slice value;

    reply_bulk_text(reply, name);
    if (stream_find(stream, id, &value)) {
        reply_stream_item(reply, id, value);
    } else {
        reply_null(reply);
    }
}

static void reply_facts(struct reply *reply, const struct stream *stream)
{
    const struct stream_head *head = &stream->head;
    uint64_t nodes = stream_node_count(stream);
    /* There is no radix tree here: what Redis' has where ids differ first in one byte, as they mostly do. */
    uint64_t tree_nodes = nodes < 2 ? nodes + 1 : 2 * nodes + 2;

    reply_number_field(reply, "length", head->items.count);
    reply_number_field(reply, "radix-tree-keys", nodes);
    reply_number_field(reply, "radix-tree-nodes", tree_nodes);
    reply_id_field(reply, "last-generated-id", head->last_id);
    reply_id_field(reply, "max-deleted-entry-id", head->greatest_deleted_id);
    reply_number_field(reply, "entries-added", head->added_count);
    reply_id_field(reply, "recorded-first-entry-id", head->items.first);
}

static enum status parse_full(struct call *call, struct reply *reply, uint64_t *count)
{
    int64_t number = FULL_COUNT;
    enum status status = STATUS_OK;

    if ((call->argc != 4 && call->argc != 6) || !args_is(call->argv[3], "full") ||
        (call->argc == 6 && !args_is(call->argv[4], "count"))) {
        return reply_error(reply, "ERR unknown subcommand or wrong number of arguments for '%.*s'. Try XINFO HELP.",
                           (int)call->argv[1].len, call->argv[1].data);
    }
    if (call->argc == 6) {
        status = args_int64(call->argv[5], &number);
    }
    *count = number < 0 ? FULL_COUNT : (uint64_t)number;
    return status;
}

/* XINFO STREAM key [FULL [COUNT count]]. */
static enum status run_xinfo_stream(struct call *call, struct reply *reply)
{
    struct stream stream;
    uint64_t count = 0;
    enum status status = open_known(call, &stream);

    if (status == STATUS_OK && call->argc > 3) {
        status = parse_full(call, reply, &count);
    }
    if (status != STATUS_OK) {
        return status;
    }
    reply_map(reply, call->argc > 3 ? 9 : 10);
    reply_facts(reply, &stream);
    if (call->argc > 3) {
        reply_full(reply, &stream, count);
    } else {
        reply_number_field(reply, "groups", stream.head.group_count);
        reply_edge_item(reply, &stream, "first-entry", stream.head.items.first);
        reply_edge_item(reply, &stream, "last-entry", stream.head.items.last);
    }
    return STATUS_OK;
}

static enum status run_xinfo_help(struct call *call, struct reply *reply)
{
    static const char *const lines[] = {
        "CONSUMERS <key> <groupname>",
        "    Show consumers of <groupname>.",
        "GROUPS <key>",
        "    Show the stream consumer groups.",
        "STREAM <key> [FULL [COUNT <count>]",
        "    Show information about the stream.",
        NULL,
    };

    (void)call;
    reply_help(reply, "XINFO", lines);
    return STATUS_OK;
}

static const struct command xinfo_commands[] = {
    {.name = "help",
     .summary = "Show helpful text about the different subcommands",
     .since = "5.0.0",
     .complexity = "O(1)",
     .group = "stream",
     .arity = 2,
     .flags = COMMAND_LOADING | COMMAND_STALE,
     .categories = CATEGORY_STREAM,
     .run = run_xinfo_help},
    {.name = "consumers",
     .summary = "List the consumers in a consumer group",
     .since = "5.0.0",
     .complexity = "O(1)",
     .group = "stream",
     .arity = 4,
     .flags = COMMAND_READONLY,
     .categories = CATEGORY_STREAM,
     .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 2, 0, 1)},
     .tips = "nondeterministic_output",
     .run = run_xinfo_consumers},
    {.name = "stream",
     .summary = "Get information about a stream",
     .since = "5.0.0",
     .complexity = "O(1)",
     .group = "stream",
     .arity = -3,
     .flags = COMMAND_READONLY,
     .categories = CATEGORY_STREAM,
     .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 2, 0, 1)},
     .run = run_xinfo_stream},
    {.name = "groups",
     .summary = "List the consumer groups of a stream",
     .since = "5.0.0",
     .complexity = "O(1)",
     .group = "stream",
     .arity = 3,
     .flags = COMMAND_READONLY,
     .categories = CATEGORY_STREAM,
     .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 2, 0, 1)},
     .run = run_xinfo_groups},
    {.name = NULL},
};

const struct command stream_info_commands[] = {
    {.name = "xpending",
     .summary = "Return information and entries from a stream consumer group pending entries list, that are messages "
                "fetched but never acknowledged.",
     .since = "5.0.0",
     .complexity = "O(N) with N being the number of elements returned, so asking for a small fixed number of entries "
                   "per call is O(1). O(M), where M is the total number of entries scanned when used with the IDLE "
                   "filter. When the command returns just the summary and the list of consumers is small, it runs in "
                   "O(1) time; otherwise, an additional O(N) time for iterating every consumer.",
     .group = "stream",
     .arity = -3,
     .flags = COMMAND_READONLY,
     .categories = CATEGORY_STREAM,
     .keys = {KEY_RANGE(KEY_RO | KEY_ACCESS, 1, 0, 1)},
     .tips = "nondeterministic_output",
     .run = run_xpending},
    {.name = "xinfo",
     .summary = "A container for stream introspection commands",
     .since = "5.0.0",
     .complexity = "Depends on subcommand.",
     .group = "stream",
     .arity = -2,
     .subcommands = xinfo_commands},
    {.name = NULL},
};
