#include "server/commands/cmd_replication.h"
#include "base/number.h"
#include "replication/failover.h"
#include "replication/replication.h"
#include "server/config/config.h"
#include "server/net/session.h"
#include "server/request/args.h"
#include "server/request/blocking.h"
#include "server/request/reply.h"
#include "server/server.h"
#include "server/services.h"
#include "server/settings.h"
#include "storage/store.h"
#include <stdio.h>
#include <stdlib.h>

#define WAIT_MS_MAX (INT64_MAX / 2000) /* As Redis', which adds the time of now. */

static enum status reply_outcome(struct reply *reply, enum status status)
{
    switch (status) {
    case STATUS_OK:
        reply_ok(reply);
        return STATUS_OK;
    case STATUS_EXISTS:
        reply_simple(reply, "OK Already connected to specified master");
        return STATUS_OK;
    default:
        return status;
    }
}

static enum status promote(struct call *call, struct reply *reply)
{
    enum status status = replication_promote(call->services->replication, call->now_ms);

    server_update_role(call->services->server);
    return reply_outcome(reply, status == STATUS_EXISTS ? STATUS_OK : status); /* A master stays one. */
}

/* REPLICAOF host port, REPLICAOF NO ONE: OK once the role is on disk (P4). */
static enum status run_replicaof(struct call *call, struct reply *reply)
{
    struct replication *replication = call->services->replication;
    struct slice host = call->argv[1];
    enum status status;
    int64_t port;

    if (replication_is_failing_over(replication)) {
        return reply_error(reply, "ERR REPLICAOF not allowed while failing over.");
    }
    if (call->session->flags & SESSION_REPLICA) {
        return reply_error(reply, "ERR Command is not valid when client is a replica.");
    }
    if (args_is(host, "no") && args_is(call->argv[2], "one")) {
        return promote(call, reply);
    }
    if (args_int64_within(call->argv[2], 0, UINT16_MAX, &port) != STATUS_OK) {
        return reply_error(reply, "ERR Invalid master port");
    }
    status = replication_follow(replication, host, (uint16_t)port, call->now_ms);
    server_update_role(call->services->server);
    return reply_outcome(reply, status);
}

/* --- FAILOVER --- */

/* FAILOVER's words; `host` has room for the target's. */
static enum status parse_failover(struct call *call, struct reply *reply, struct failover_request *request,
                                  char host[FAILOVER_HOST_BYTES])
{
    for (size_t i = 1; i < call->argc; i++) {
        struct slice word = call->argv[i];
        int64_t number;
        enum status status;

        if (args_is(word, "timeout") && i + 1 < call->argc && request->timeout_ms == 0) {
            status = args_int64(call->argv[++i], &number);
            if (status != STATUS_OK) {
                return status;
            }
            if (number <= 0) {
                return reply_error(reply, "ERR FAILOVER timeout must be greater than 0");
            }
            request->timeout_ms = (uint64_t)number;
        } else if (args_is(word, "to") && i + 2 < call->argc && request->host == NULL) {
            status = args_int64(call->argv[i + 2], &request->port);
            if (status != STATUS_OK) {
                return status;
            }
            (void)snprintf(host, FAILOVER_HOST_BYTES, "%.*s", (int)call->argv[i + 1].len, call->argv[i + 1].data);
            request->host = host;
            i += 2;
        } else if (args_is(word, "force") && !request->is_forced) {
            request->is_forced = true;
        } else {
            return STATUS_SYNTAX;
        }
    }
    return STATUS_OK;
}

static enum status reply_error_or_ok(struct reply *reply, const char *error)
{
    if (error != NULL) {
        return reply_error(reply, "%s", error);
    }
    reply_ok(reply);
    return STATUS_OK;
}

/* FAILOVER [TO host port [FORCE]] [ABORT] [TIMEOUT milliseconds]: OK when it has begun. */
static enum status run_failover(struct call *call, struct reply *reply)
{
    struct replication *replication = call->services->replication;
    struct failover_request request = {.host = NULL};
    char host[FAILOVER_HOST_BYTES];
    enum status status;

    if (call->argc == 2 && args_is(call->argv[1], "abort")) {
        return reply_error_or_ok(reply, replication_abort_failover(replication));
    }
    status = parse_failover(call, reply, &request, host);
    return status != STATUS_OK ? status : reply_error_or_ok(reply, replication_fail_over(replication, &request));
}

static enum status run_role(struct call *call, struct reply *reply)
{
    replication_write_role(call->services->replication, reply->out);
    return STATUS_OK;
}

/* --- WAIT --- */

static uint32_t acknowledged_count(struct call *call)
{
    return replication_count_acknowledged(call->services->replication, call->session->write_offset);
}

static void write_wait_timeout(struct call *call, struct reply *reply)
{
    reply_integer(reply, acknowledged_count(call));
}

/* WAIT replicas milliseconds: how many replicas have this client's writes. */
static enum status run_wait(struct call *call, struct reply *reply)
{
    struct blocking_wait wait = {.write_timeout = write_wait_timeout, .is_for_replicas = true};
    enum status status;
    int64_t wanted;

    if (replication_is_replica(call->services->replication)) {
        return reply_error(reply,
                           "ERR WAIT cannot be used with replica instances. Please also note that since Redis 4.0 if a "
                           "replica is configured to be writable (which is not the default) writes to replicas "
                           "are just local and are not propagated.");
    }
    status = args_int64(call->argv[1], &wanted);
    if (status != STATUS_OK) {
        return status;
    }
    status = blocking_parse_timeout_ms(reply, call->argv[2], WAIT_MS_MAX, &wait.timeout_ms);
    if (status != STATUS_OK) {
        return status;
    }
    if ((int64_t)acknowledged_count(call) >= wanted || call->is_nested) {
        reply_integer(reply, acknowledged_count(call));
        return STATUS_OK;
    }
    if (!call->is_again) {
        replication_request_acknowledgements(call->services->replication);
    }
    blocking_wait(call, reply, &wait);
    return STATUS_OK;
}

/* --- WAITAOF --- */

struct durable_counts {
    int64_t local; /* 1 if our own disk has this client's writes. */
    int64_t replicas;
};

static struct durable_counts count_durable(struct call *call)
{
    uint64_t offset = call->session->write_offset;

    return (struct durable_counts){
        .local = log_durable_offset(store_log(call->services->store)) >= offset,
        .replicas = replication_count_durable(call->services->replication, offset),
    };
}

static void write_durable_counts(struct call *call, struct reply *reply)
{
    struct durable_counts counts = count_durable(call);

    reply_array(reply, 2);
    reply_integer(reply, counts.local);
    reply_integer(reply, counts.replicas);
}

/* WAITAOF numlocal numreplicas milliseconds, of Redis 7.2: whose disks have this client's writes. The log is what an
 * append-only file is there, and syncs at once for who waits, whatever appendfsync says. */
static enum status run_waitaof(struct call *call, struct reply *reply)
{
    struct blocking_wait wait = {.write_timeout = write_durable_counts, .is_for_replicas = true};
    uint64_t offset = call->session->write_offset;
    struct durable_counts wanted;
    struct durable_counts counts;
    enum status status;

    status = args_int64(call->argv[1], &wanted.local);
    if (status != STATUS_OK) {
        return status;
    }
    if (wanted.local < 0 || wanted.local > 1) {
        return reply_error(reply, "ERR value is out of range, value must between 0 and 1");
    }
    if (args_int64_within(call->argv[2], 0, INT64_MAX, &wanted.replicas) != STATUS_OK) {
        return reply_error(reply, "ERR value is out of range, must be positive");
    }
    status = blocking_parse_timeout_ms(reply, call->argv[3], WAIT_MS_MAX, &wait.timeout_ms);
    if (status != STATUS_OK) {
        return status;
    }
    if (replication_is_replica(call->services->replication)) {
        return reply_error(reply, "ERR WAITAOF cannot be used with replica instances. Please also note that writes to "
                                  "replicas are just local and are not propagated.");
    }
    counts = count_durable(call);
    if ((counts.local >= wanted.local && counts.replicas >= wanted.replicas) || call->is_nested) {
        write_durable_counts(call, reply);
        return STATUS_OK;
    }
    if (wanted.local > counts.local) {
        log_ask_durable(store_log(call->services->store), offset);
    }
    if (wanted.replicas > counts.replicas && !call->is_again) {
        replication_request_durable(call->services->replication, offset);
    }
    blocking_wait(call, reply, &wait);
    return STATUS_OK;
}

/* --- A replica's connection --- */

static void wake_feed(void *context)
{
    struct session *session = context;

    connection_wake(session->connection);
}

static void close_feed(void *context, const char *reason)
{
    (void)reason; /* Replication has said why. */
    session_close(context);
}

static void finish_feed(void *context, const char *reason)
{
    (void)reason;
    session_close_after_reply(context);
}

static void produce_feed(void *context, size_t limit, struct buf *out)
{
    struct session *session = context;

    if (session->replica != NULL) {
        (void)replica_produce(session->replica, limit, out);
    }
}

/* "127.0.0.1:5000" or "[::1]:5000". */
static void split_peer(const char *peer, struct replica_channel *channel)
{
    const char *colon = strrchr(peer, ':');
    size_t len = colon == NULL ? strlen(peer) : (size_t)(colon - peer);

    if (peer[0] == '[' && len >= 2) {
        peer++;
        len -= 2;
    }
    (void)snprintf(channel->peer_ip, sizeof(channel->peer_ip), "%.*s", (int)len, peer);
    channel->peer_port = colon == NULL ? 0 : (uint16_t)strtoul(colon + 1, NULL, 10);
}

/* Make the connection a feed. What it gets from now on comes from replication. */
static enum status attach(struct call *call, struct reply *reply, struct slice id, int64_t offset)
{
    struct session *session = call->session;
    struct replica_channel channel = {
        .wake = wake_feed, .close = close_feed, .finish = finish_feed, .context = session};
    struct connection_source source = {.produce = produce_feed, .context = session};

    if (session->flags & SESSION_REPLICA) {
        return STATUS_OK; /* As Redis: it is attached, and that is that. */
    }
    if (session->connection == NULL) {
        return reply_error(reply, "ERR PSYNC needs a connection of its own");
    }
    split_peer(session->peer, &channel);
    session->flags |= SESSION_REPLICA;
    session->replica =
        replication_attach(call->services->replication, &channel, &session->handshake, id, offset, reply->out);
    if (session->replica == NULL) {
        session->flags &= ~(uint32_t)SESSION_REPLICA;
        reply->is_error = true;
        return STATUS_REPLIED;
    }
    settings_limit_session(call->services->config, session);
    connection_set_source(session->connection, &source);
    return STATUS_OK;
}

/* PSYNC history offset [FAILOVER]. */
static enum status run_psync(struct call *call, struct reply *reply)
{
    int64_t offset;
    enum status status = args_int64(call->argv[2], &offset);
    bool is_failover = call->argc > 3 && args_is(call->argv[3], "failover");

    if (status != STATUS_OK) {
        return status;
    }
    if (is_failover && !(call->session->flags & SESSION_REPLICA)) {
        const char *error = replication_take_over(call->services->replication, call->argv[1], call->now_ms);

        if (error != NULL) {
            return reply_error(reply, "%s", error);
        }
    }
    return attach(call, reply, call->argv[1], offset);
}

static enum status run_sync(struct call *call, struct reply *reply)
{
    return attach(call, reply, slice_empty(), -1);
}

/* REPLCONF option value ...: before PSYNC it is answered, afterwards it is not. */
static enum status run_replconf(struct call *call, struct reply *reply)
{
    struct session *session = call->session;

    if (session->replica != NULL) {
        replica_replconf(session->replica, call->argv, call->argc);
        return STATUS_OK;
    }
    replication_replconf(&session->handshake, call->argv, call->argc, reply->out);
    return STATUS_OK;
}

#define ROW(name_, since_, arity_, flags_, run_, summary_, complexity_)                                                \
    {                                                                                                                  \
        .name = name_, .summary = summary_, .since = since_, .complexity = complexity_, .group = "server",             \
        .arity = arity_, .flags = flags_, .run = run_                                                                  \
    }
#define ADMIN (COMMAND_ADMIN | COMMAND_NOSCRIPT)

const struct command replication_commands[] = {
    ROW("failover", "6.2.0", -1, ADMIN | COMMAND_STALE | COMMAND_REVEALS_NOTHING, run_failover,
        "Start a coordinated failover between this server and one of its replicas.", "O(1)"),
    ROW("psync", "2.8.0", -3, ADMIN | COMMAND_NO_ASYNC_LOADING | COMMAND_NO_MULTI | COMMAND_REVEALS_NOTHING, run_psync,
        "Internal command used for replication", NULL),
    ROW("replconf", "3.0.0", -1, ADMIN | COMMAND_LOADING | COMMAND_STALE | COMMAND_ALLOW_BUSY | COMMAND_REVEALS_NOTHING,
        run_replconf, "An internal command for configuring the replication stream", "O(1)"),
    ROW("replicaof", "5.0.0", 3, ADMIN | COMMAND_STALE | COMMAND_NO_ASYNC_LOADING | COMMAND_REVEALS_NOTHING,
        run_replicaof, "Make the server a replica of another instance, or promote it as master.", "O(1)"),
    {.name = "role",
     .summary = "Return the role of the instance in the context of replication",
     .since = "2.8.12",
     .complexity = "O(1)",
     .group = "server",
     .arity = 1,
     .flags = COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE | COMMAND_FAST | COMMAND_REVEALS_NOTHING,
     .categories = CATEGORY_ADMIN | CATEGORY_DANGEROUS,
     .run = run_role},
    ROW("slaveof", "1.0.0", 3, ADMIN | COMMAND_STALE | COMMAND_NO_ASYNC_LOADING | COMMAND_REVEALS_NOTHING,
        run_replicaof, "Make the server a replica of another instance, or promote it as master.", "O(1)"),
    ROW("sync", "1.0.0", 1, ADMIN | COMMAND_NO_ASYNC_LOADING | COMMAND_NO_MULTI | COMMAND_REVEALS_NOTHING, run_sync,
        "Internal command used for replication", NULL),
    {.name = "wait",
     .summary =
         "Wait for the synchronous replication of all the write commands sent in the context of the current connection",
     .since = "3.0.0",
     .complexity = "O(1)",
     .group = "generic",
     .arity = 3,
     .flags = COMMAND_NOSCRIPT | COMMAND_REVEALS_NOTHING,
     .categories = CATEGORY_CONNECTION,
     .tips = "request_policy:all_shards,response_policy:agg_min",
     .run = run_wait},
    {.name = "waitaof",
     .summary =
         "Blocks until all of the preceding write commands sent by the connection are written to the append-only "
         "file of the master and/or replicas.",
     .since = "7.2.0",
     .complexity = "O(1)",
     .group = "generic",
     .arity = 4,
     .flags = COMMAND_NOSCRIPT | COMMAND_REVEALS_NOTHING,
     .categories = CATEGORY_CONNECTION,
     .tips = "request_policy:all_shards,response_policy:agg_min",
     .run = run_waitaof},
    {.name = NULL},
};
