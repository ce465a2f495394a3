/* XGROUP and XACK. */
#include "server/commands/cmd_stream.h"
#include "server/commands/stream_args.h"
#include "server/commands/stream_group_args.h"
#include "server/request/args.h"
#include "server/request/notify.h"
#include "server/request/reply.h"

static enum status refuse_syntax(struct call *call, struct reply *reply)
{
    return reply_error(reply, "ERR unknown subcommand or wrong number of arguments for '%.*s'. Try XGROUP HELP.",
                       (int)(call->argv[1].len < 128 ? call->argv[1].len : 128), call->argv[1].data);
}

/* What may follow the id of CREATE and SETID. */
struct group_options {
    bool makes_stream;
    int64_t read_count;
};

static enum status parse_options(struct call *call, struct reply *reply, bool is_create, struct group_options *options)
{
    enum status status = STATUS_OK;

    *options = (struct group_options){.read_count = STREAM_READ_COUNT_UNKNOWN};
    for (size_t i = 5; status == STATUS_OK && i < call->argc; i++) {
        if (is_create && args_is(call->argv[i], "mkstream")) {
            options->makes_stream = true;
        } else if (args_is(call->argv[i], "entriesread") && i + 1 < call->argc) {
            status = args_int64(call->argv[++i], &options->read_count);
            if (status == STATUS_OK && options->read_count < STREAM_READ_COUNT_UNKNOWN) {
                return reply_error(reply, "ERR value for ENTRIESREAD must be positive or -1");
            }
        } else {
            return refuse_syntax(call, reply);
        }
    }
    return status;
}

/* Find stream argv[2], and its group argv[3] if there is one; without `has_group` that is an error if `needs_group`. */
static enum status find(struct call *call, struct reply *reply, struct stream *stream, struct stream_group *group,
                        bool *has_group)
{
    enum status status = stream_open(call->keyspace, call->db, call->argv[2], stream);

    if (status == STATUS_NOT_FOUND) {
        return reply_error(reply, "ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may "
                                  "want to use the MKSTREAM option to create an empty stream automatically.");
    }
    if (status == STATUS_OK) {
        *has_group = stream_group_find(stream, call->argv[3], group);
    }
    return status;
}

/* The same for those that need the group. */
static enum status find_group(struct call *call, struct reply *reply, struct stream *stream, struct stream_group *group)
{
    bool has_group = false;
    enum status status = find(call, reply, stream, group, &has_group);

    if (status != STATUS_OK || has_group) {
        return status;
    }
    return reply_error(reply, "NOGROUP No such consumer group '%.*s' for key name '%.*s'", (int)call->argv[3].len,
                       call->argv[3].data, (int)call->argv[2].len, call->argv[2].data);
}

static void tell(struct call *call, const char *event)
{
    call->changes++;
    notify_key(call, NOTIFY_STREAM, event, call->db, call->argv[2]);
}

/* XGROUP CREATE key group id|$ [MKSTREAM] [ENTRIESREAD count]. */
static enum status run_xgroup_create(struct call *call, struct reply *reply)
{
    struct group_options options;
    struct stream stream;
    struct stream_group group;
    struct stream_id id;
    bool has_group = false;
    enum status status = parse_options(call, reply, true, &options);

    if (status != STATUS_OK) {
        return status;
    }
    if (options.makes_stream) {
        status = stream_open(call->keyspace, call->db, call->argv[2], &stream);
        has_group = status == STATUS_OK && stream_group_find(&stream, call->argv[3], &group);
        status = status == STATUS_NOT_FOUND ? STATUS_OK : status;
    } else {
        status = find(call, reply, &stream, &group, &has_group);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (call->argc > 8) {
        return refuse_syntax(call, reply);
    }
    id = stream.head.last_id;
    if (!slice_equal(call->argv[4], slice_of("$"))) {
        status = stream_args_id(reply, call->argv[4], &id);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (has_group) {
        return reply_error(reply, "BUSYGROUP Consumer Group name already exists");
    }
    stream_group_create(&stream, call->argv[3], id, options.read_count, &group);
    stream_commit(&stream);
    tell(call, "xgroup-create");
    reply_ok(reply);
    return STATUS_OK;
}

/* XGROUP SETID key group id|$ [ENTRIESREAD count]. */
static enum status run_xgroup_setid(struct call *call, struct reply *reply)
{
    struct group_options options;
    struct stream stream;
    struct stream_group group;
    struct stream_id id;
    enum status status = parse_options(call, reply, false, &options);

    if (status == STATUS_OK) {
        status = find_group(call, reply, &stream, &group);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (call->argc != 5 && call->argc != 7) {
        return refuse_syntax(call, reply);
    }
    id = stream.head.last_id;
    if (!slice_equal(call->argv[4], slice_of("$"))) {
        status = stream_args_loose_id(reply, call->argv[4], &id);
    }
    if (status != STATUS_OK) {
        return status;
    }
    group.last_id = id;
    group.read_count = options.read_count;
    stream_group_put(&stream, &group);
    tell(call, "xgroup-setid");
    reply_ok(reply);
    return STATUS_OK;
}

/* XGROUP DESTROY key group: whether it was there. */
static enum status run_xgroup_destroy(struct call *call, struct reply *reply)
{
    struct stream stream;
    struct stream_group group;
    bool has_group = false;
    enum status status = find(call, reply, &stream, &group, &has_group);

    if (status != STATUS_OK) {
        return status;
    }
    if (has_group) {
        stream_group_destroy(&stream, &group);
        stream_commit(&stream);
        tell(call, "xgroup-destroy");
    }
    reply_integer(reply, has_group);
    return STATUS_OK;
}

/* XGROUP CREATECONSUMER key group consumer: whether it is new. When it was seen is each server's own: no command of
 * Redis' could tell it of a consumer that has nothing pending. */
static enum status run_xgroup_createconsumer(struct call *call, struct reply *reply)
{
    struct stream stream;
    struct stream_group group;
    struct stream_consumer consumer;
    enum status status = find_group(call, reply, &stream, &group);

    if (status != STATUS_OK) {
        return status;
    }
    if (!stream_consumer_find(&stream, &group, call->argv[4], &consumer)) {
        stream_consumer_create(&stream, &group, call->argv[4], call->now_ms, &consumer);
        stream_group_put(&stream, &group);
        tell(call, "xgroup-createconsumer");
    }
    reply_integer(reply, call->changes > 0);
    return STATUS_OK;
}

/* XGROUP DELCONSUMER key group consumer: how much it had pending. */
static enum status run_xgroup_delconsumer(struct call *call, struct reply *reply)
{
    struct stream stream;
    struct stream_group group;
    struct stream_consumer consumer;
    uint64_t pending_count = 0;
    enum status status = find_group(call, reply, &stream, &group);

    if (status != STATUS_OK) {
        return status;
    }
    if (stream_consumer_find(&stream, &group, call->argv[4], &consumer)) {
        pending_count = consumer.pending.count;
        stream_consumer_delete(&stream, &group, &consumer);
        stream_group_put(&stream, &group);
        tell(call, "xgroup-delconsumer");
    }
    reply_integer(reply, (int64_t)pending_count);
    return STATUS_OK;
}

static enum status run_xgroup_help(struct call *call, struct reply *reply)
{
    static const char *const lines[] = {
        "CREATE <key> <groupname> <id|$> [option]",
        "    Create a new consumer group. Options are:",
        "    * MKSTREAM",
        "      Create the empty stream if it does not exist.",
        "    * ENTRIESREAD entries_read",
        "      Set the group's entries_read counter (internal use).",
        "CREATECONSUMER <key> <groupname> <consumer>",
        "    Create a new consumer in the specified group.",
        "DELCONSUMER <key> <groupname> <consumer>",
        "    Remove the specified consumer.",
        "DESTROY <key> <groupname>",
        "    Remove the specified group.",
        "SETID <key> <groupname> <id|$> [ENTRIESREAD entries_read]",
        "    Set the current group ID and entries_read counter.",
        NULL,
    };

    (void)call;
    reply_help(reply, "XGROUP", lines);
    return STATUS_OK;
}

/* XACK key group id [id ...]: how many were pending. */
static enum status run_xack(struct call *call, struct reply *reply)
{
    struct stream stream;
    struct stream_group group;
    struct stream_pending pending;
    struct stream_id id;
    enum status status = stream_open_group(call, &stream, &group);

    if (status == STATUS_WRONG_TYPE) {
        return status;
    }
    if (status == STATUS_NOT_FOUND) {
        reply_integer(reply, 0);
        return STATUS_OK;
    }
    for (size_t i = 3; i < call->argc; i++) {
        status = stream_args_id(reply, call->argv[i], &id);
        if (status != STATUS_OK) {
            return status;
        }
    }
    for (size_t i = 3; i < call->argc; i++) {
        if (stream_args_parse_id(call->argv[i], 0, &id) && stream_pending_find(&stream, &group, id, &pending)) {
            stream_pending_remove(&stream, &group, NULL, id, &pending);
            call->changes++;
        }
    }
    if (call->changes > 0) {
        stream_group_put(&stream, &group);
    }
    reply_integer(reply, (int64_t)call->changes);
    return STATUS_OK;
}

static const struct command xgroup_commands[] = {
    {.name = "destroy",
     .summary = "Destroy a consumer group.",
     .since = "5.0.0",
     .complexity = "O(N) where N is the number of entries in the group's pending entries list (PEL).",
     .group = "stream",
     .arity = 4,
     .flags = COMMAND_WRITE,
     .categories = CATEGORY_STREAM,
     .keys = {KEY_RANGE(KEY_RW | KEY_DELETE, 2, 0, 1)},
     .run = run_xgroup_destroy},
    {.name = "create",
     .summary = "Create a consumer group.",
     .since = "5.0.0",
     .complexity = "O(1)",
     .group = "stream",
     .arity = -5,
     .flags = COMMAND_WRITE | COMMAND_DENYOOM,
     .categories = CATEGORY_STREAM,
     .keys = {KEY_RANGE(KEY_RW | KEY_INSERT, 2, 0, 1)},
     .run = run_xgroup_create},
    {.name = "delconsumer",
     .summary = "Delete a consumer from a consumer group.",
     .since = "5.0.0",
     .complexity = "O(1)",
     .group = "stream",
     .arity = 5,
     .flags = COMMAND_WRITE,
     .categories = CATEGORY_STREAM,
     .keys = {KEY_RANGE(KEY_RW | KEY_DELETE, 2, 0, 1)},
     .run = run_xgroup_delconsumer},
    {.name = "help",
     .summary = "Show helpful text about the different subcommands",
     .since = "5.0.0",
     .complexity = "O(1)",
     .group = "stream",
     .arity = 2,
     .flags = COMMAND_LOADING | COMMAND_STALE,
     .categories = CATEGORY_STREAM,
     .run = run_xgroup_help},
    {.name = "setid",
     .summary = "Set a consumer group to an arbitrary last delivered ID value.",
     .since = "5.0.0",
     .complexity = "O(1)",
     .group = "stream",
     .arity = -5,
     .flags = COMMAND_WRITE,
     .categories = CATEGORY_STREAM,
     .keys = {KEY_RANGE(KEY_RW | KEY_UPDATE, 2, 0, 1)},
     .run = run_xgroup_setid},
    {.name = "createconsumer",
     .summary = "Create a consumer in a consumer group.",
     .since = "6.2.0",
     .complexity = "O(1)",
     .group = "stream",
     .arity = 5,
     .flags = COMMAND_WRITE | COMMAND_DENYOOM,
     .categories = CATEGORY_STREAM,
     .keys = {KEY_RANGE(KEY_RW | KEY_INSERT, 2, 0, 1)},
     .run = run_xgroup_createconsumer},
    {.name = NULL},
};

const struct command stream_group_commands[] = {
    {.name = "xack",
     .summary = "Marks a pending message as correctly processed, effectively removing it from the pending entries list "
                "of the consumer group. Return value of the command is the number of messages successfully "
                "acknowledged, that is, the IDs we were actually able to resolve in the PEL.",
     .since = "5.0.0",
     .complexity = "O(1) for each message ID processed.",
     .group = "stream",
     .arity = -4,
     .flags = COMMAND_WRITE | COMMAND_FAST,
     .categories = CATEGORY_STREAM,
     .keys = {KEY_RANGE(KEY_RW | KEY_UPDATE, 1, 0, 1)},
     .run = run_xack},
    {.name = "xgroup",
     .summary = "A container for consumer groups commands",
     .since = "5.0.0",
     .complexity = "Depends on subcommand.",
     .group = "stream",
     .arity = -2,
     .subcommands = xgroup_commands},
    {.name = NULL},
};
