#include "server/commands/cmd_pubsub.h"
#include "base/glob.h"
#include "server/commands/call_effects.h"
#include "server/net/session.h"
#include "server/request/change.h"
#include "server/request/dispatch.h"
#include "server/request/parking.h"
#include "server/request/pubsub.h"
#include "server/request/reply.h"
#include "server/services.h"
#include "storage/store.h"

/* What a confirmation counts: channels and patterns, or shard channels. */
static int64_t shown_count(const struct session *session, enum pubsub_kind kind)
{
    return kind == PUBSUB_SHARD ? session->shard_channel_count : session->channel_count + session->pattern_count;
}

/* "subscribe", the name (NULL data: null), and how many subscriptions there are now. */
static void confirm(struct call *call, struct reply *reply, const char *word, enum pubsub_kind kind, struct slice name)
{
    size_t begin = reply->out->len;

    reply_push(reply, 3);
    reply_bulk_text(reply, word);
    if (name.data == NULL) {
        reply_null(reply);
    } else {
        reply_bulk(reply, name);
    }
    reply_integer(reply, shown_count(call->session, kind));
    if (reply->out == call->session->output) {
        session_keep_push(call->session, begin);
    }
}

static enum status subscribe(struct call *call, struct reply *reply, enum pubsub_kind kind, const char *word)
{
    if (call->session->connection == NULL) {
        return reply_error(reply, "ERR %s isn't allowed for a DENY BLOCKING client", word);
    }
    for (size_t i = 1; i < call->argc; i++) {
        (void)pubsub_subscribe(call->services->pubsub, call->session, kind, call->argv[i]);
        confirm(call, reply, word, kind, call->argv[i]);
    }
    return STATUS_OK;
}

/* Without names: all, newest last, or a null name if there were none. */
static enum status unsubscribe(struct call *call, struct reply *reply, enum pubsub_kind kind, const char *word)
{
    struct pubsub *pubsub = call->services->pubsub;
    struct session *session = call->session;
    struct slice name;
    size_t ended = 0;

    for (size_t i = 1; i < call->argc; i++) {
        (void)pubsub_unsubscribe(pubsub, session, kind, call->argv[i]);
        confirm(call, reply, word, kind, call->argv[i]);
    }
    while (call->argc == 1 && pubsub_any_of(session, kind, &name)) {
        struct buf copy;

        buf_init(&copy, BUF_NO_CEILING);
        buf_put(&copy, name); /* The name goes with its last subscriber. */
        (void)pubsub_unsubscribe(pubsub, session, kind, buf_slice(&copy));
        confirm(call, reply, word, kind, buf_slice(&copy));
        buf_release(&copy);
        ended++;
    }
    if (call->argc == 1 && ended == 0) {
        confirm(call, reply, word, kind, slice_make(NULL, 0));
    }
    return STATUS_OK;
}

static enum status run_subscribe(struct call *call, struct reply *reply)
{
    return subscribe(call, reply, PUBSUB_CHANNEL, "subscribe");
}

static enum status run_psubscribe(struct call *call, struct reply *reply)
{
    return subscribe(call, reply, PUBSUB_PATTERN, "psubscribe");
}

static enum status run_ssubscribe(struct call *call, struct reply *reply)
{
    return subscribe(call, reply, PUBSUB_SHARD, "ssubscribe");
}

static enum status run_unsubscribe(struct call *call, struct reply *reply)
{
    return unsubscribe(call, reply, PUBSUB_CHANNEL, "unsubscribe");
}

static enum status run_punsubscribe(struct call *call, struct reply *reply)
{
    return unsubscribe(call, reply, PUBSUB_PATTERN, "punsubscribe");
}

static enum status run_sunsubscribe(struct call *call, struct reply *reply)
{
    return unsubscribe(call, reply, PUBSUB_SHARD, "sunsubscribe");
}

/* Up to where the message must be held back: who publishes may tell of what it has written, before or in the same
 * transaction or script. */
static uint64_t revealed_by(const struct call *call)
{
    const struct session *caller = dispatch_caller(call->services->dispatch);

    if (change_bytes(call->change) != 0) {
        return SESSION_REVEALS_TURN; /* Its offset is not known before its end. */
    }
    return caller == NULL ? 0 : caller->write_offset;
}

static enum status publish(struct call *call, struct reply *reply, enum pubsub_kind kind)
{
    struct request request = {.argv = call->argv, .argc = call->argc};
    size_t bytes = parking_request_bytes(&request);
    bool is_logged = !call->is_replay && pubsub_is_logged(call->services);

    if (is_logged && !call_effects_fit(call, bytes)) {
        return call_effects_refuse(call, reply);
    }
    reply_integer(
        reply, (int64_t)pubsub_publish(call->services->pubsub, kind, call->argv[1], call->argv[2], revealed_by(call)));
    /* Without room on disk it would wait in memory. It is heard here, and replicas miss it, as one that is away does.
     */
    if (is_logged && store_admit_write(call->services->store, change_bytes(call->change) + bytes) != STATUS_NO_SPACE) {
        change_add(call->change, call->argv, call->argc);
    }
    return STATUS_OK;
}

/* PUBLISH channel message: how many got it here. Allowed on replicas, whose clients hear it. */
static enum status run_publish(struct call *call, struct reply *reply)
{
    return publish(call, reply, PUBSUB_CHANNEL);
}

static enum status run_spublish(struct call *call, struct reply *reply)
{
    return publish(call, reply, PUBSUB_SHARD);
}

/* --- PUBSUB --- */

struct name_page {
    struct reply *reply;
    const struct slice *pattern; /* NULL for all. */
    size_t count;
};

static void visit_name(void *context, struct slice name)
{
    struct name_page *page = context;

    if (page->pattern == NULL || glob_match(*page->pattern, name, false)) {
        reply_bulk(page->reply, name);
        page->count++;
    }
}

static enum status list_names(struct call *call, struct reply *reply, enum pubsub_kind kind)
{
    struct name_page page = {.reply = reply, .pattern = call->argc == 3 ? &call->argv[2] : NULL};
    struct reply_deferred deferred;

    if (call->argc > 3) {
        return reply_error(reply, "ERR unknown subcommand or wrong number of arguments for '%.*s'. Try PUBSUB HELP.",
                           (int)call->argv[1].len, call->argv[1].data);
    }
    deferred = reply_deferred_begin(reply);
    pubsub_visit_names(call->services->pubsub, kind, visit_name, &page);
    reply_deferred_array(reply, deferred, page.count);
    return STATUS_OK;
}

static enum status count_subscribers(struct call *call, struct reply *reply, enum pubsub_kind kind)
{
    reply_array(reply, 2 * (call->argc - 2));
    for (size_t i = 2; i < call->argc; i++) {
        reply_bulk(reply, call->argv[i]);
        reply_integer(reply, (int64_t)pubsub_count_subscribers(call->services->pubsub, kind, call->argv[i]));
    }
    return STATUS_OK;
}

static enum status run_pubsub_channels(struct call *call, struct reply *reply)
{
    return list_names(call, reply, PUBSUB_CHANNEL);
}

static enum status run_pubsub_shardchannels(struct call *call, struct reply *reply)
{
    return list_names(call, reply, PUBSUB_SHARD);
}

static enum status run_pubsub_numsub(struct call *call, struct reply *reply)
{
    return count_subscribers(call, reply, PUBSUB_CHANNEL);
}

static enum status run_pubsub_shardnumsub(struct call *call, struct reply *reply)
{
    return count_subscribers(call, reply, PUBSUB_SHARD);
}

static enum status run_pubsub_numpat(struct call *call, struct reply *reply)
{
    reply_integer(reply, (int64_t)pubsub_count_names(call->services->pubsub, PUBSUB_PATTERN));
    return STATUS_OK;
}

static enum status run_pubsub_help(struct call *call, struct reply *reply)
{
    static const char *const lines[] = {
        "CHANNELS [<pattern>]",
        "    Return the currently active channels matching a <pattern> (default: '*').",
        "NUMPAT",
        "    Return number of subscriptions to patterns.",
        "NUMSUB [<channel> ...]",
        "    Return the number of subscribers for the specified channels, excluding",
        "    pattern subscriptions(default: no channels).",
        "SHARDCHANNELS [<pattern>]",
        "    Return the currently active shard level channels matching a <pattern> (default: '*').",
        "SHARDNUMSUB [<shardchannel> ...]",
        "    Return the number of subscribers for the specified shard level channel(s)",
        NULL,
    };

    (void)call;
    reply_help(reply, "PUBSUB", lines);
    return STATUS_OK;
}

#define ANY_STATE (COMMAND_PUBSUB | COMMAND_LOADING | COMMAND_STALE | COMMAND_REVEALS_NOTHING)

/* The tail is what few have. */
#define ROW(name_, since_, arity_, flags_, run_, summary_, complexity_, ...)                                           \
    {                                                                                                                  \
        .name = name_, .summary = summary_, .since = since_, .complexity = complexity_, .group = "pubsub",             \
        .arity = arity_, .flags = flags_, .run = run_, __VA_ARGS__                                                     \
    }

static const struct command pubsub_subcommands[] = {
    ROW("channels", "2.8.0", -2, ANY_STATE, run_pubsub_channels, "List active channels",
        "O(N) where N is the number of active channels, and assuming constant time pattern matching (relatively short "
        "channels and patterns)"),
    ROW("help", "6.2.0", 2, COMMAND_LOADING | COMMAND_STALE | COMMAND_REVEALS_NOTHING, run_pubsub_help,
        "Show helpful text about the different subcommands", "O(1)"),
    ROW("numpat", "2.8.0", 2, ANY_STATE, run_pubsub_numpat, "Get the count of unique patterns pattern subscriptions",
        "O(1)"),
    ROW("numsub", "2.8.0", -2, ANY_STATE, run_pubsub_numsub, "Get the count of subscribers for channels",
        "O(N) for the NUMSUB subcommand, where N is the number of requested channels"),
    ROW("shardchannels", "7.0.0", -2, ANY_STATE, run_pubsub_shardchannels, "List active shard channels",
        "O(N) where N is the number of active shard channels, and assuming constant time pattern matching (relatively "
        "short shard channels)."),
    ROW("shardnumsub", "7.0.0", -2, ANY_STATE, run_pubsub_shardnumsub,
        "Get the count of subscribers for shard channels",
        "O(N) for the SHARDNUMSUB subcommand, where N is the number of requested shard channels"),
    {.name = NULL},
};

#define SUBSCRIBER (ANY_STATE | COMMAND_NOSCRIPT | COMMAND_IN_SUBSCRIPTION)
#define SHARD_KEYS(last_)                                                                                              \
    {                                                                                                                  \
        KEY_RANGE(KEY_NOT_KEY, 1, last_, 1)                                                                            \
    }

const struct command pubsub_commands[] = {
    ROW("psubscribe", "2.0.0", -2, SUBSCRIBER, run_psubscribe,
        "Listen for messages published to channels matching the given patterns",
        "O(N) where N is the number of patterns the client is already subscribed to.", .channels = CHANNELS_PATTERNS),
    ROW("publish", "2.0.0", 3, ANY_STATE | COMMAND_FAST | COMMAND_MAY_REPLICATE, run_publish,
        "Post a message to a channel",
        "O(N+M) where N is the number of clients subscribed to the receiving channel and M is the total number of "
        "subscribed patterns (by any client).",
        .channels = CHANNELS_FIRST),
    {.name = "pubsub",
     .summary = "A container for Pub/Sub commands",
     .since = "2.8.0",
     .complexity = "Depends on subcommand.",
     .group = "pubsub",
     .arity = -2,
     .subcommands = pubsub_subcommands},
    ROW("punsubscribe", "2.0.0", -1, SUBSCRIBER, run_punsubscribe,
        "Stop listening for messages posted to channels matching the given patterns",
        "O(N+M) where N is the number of patterns the client is already subscribed and M is the number of total "
        "patterns subscribed in the system (by any client)."),
    {.name = "spublish",
     .summary = "Post a message to a shard channel",
     .since = "7.0.0",
     .complexity = "O(N) where N is the number of clients subscribed to the receiving shard channel.",
     .group = "pubsub",
     .arity = 3,
     .flags = ANY_STATE | COMMAND_FAST | COMMAND_MAY_REPLICATE,
     .keys = SHARD_KEYS(0),
     .channels = CHANNELS_FIRST,
     .run = run_spublish},
    {.name = "ssubscribe",
     .summary = "Listen for messages published to the given shard channels",
     .since = "7.0.0",
     .complexity = "O(N) where N is the number of shard channels to subscribe to.",
     .group = "pubsub",
     .arity = -2,
     .flags = SUBSCRIBER,
     .keys = SHARD_KEYS(-1),
     .channels = CHANNELS_ALL,
     .run = run_ssubscribe},
    ROW("subscribe", "2.0.0", -2, SUBSCRIBER, run_subscribe, "Listen for messages published to the given channels",
        "O(N) where N is the number of channels to subscribe to.", .channels = CHANNELS_ALL),
    {.name = "sunsubscribe",
     .summary = "Stop listening for messages posted to the given shard channels",
     .since = "7.0.0",
     .complexity = "O(N) where N is the number of clients already subscribed to a shard channel.",
     .group = "pubsub",
     .arity = -1,
     .flags = SUBSCRIBER,
     .keys = SHARD_KEYS(-1),
     .run = run_sunsubscribe},
    ROW("unsubscribe", "2.0.0", -1, SUBSCRIBER, run_unsubscribe,
        "Stop listening for messages posted to the given channels",
        "O(N) where N is the number of clients already subscribed to a channel."),
    {.name = NULL},
};
