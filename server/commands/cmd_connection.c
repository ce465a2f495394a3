#include "server/commands/cmd_connection.h"
#include "replication/replication.h"
#include "server/acl/acl.h"
#include "server/net/session.h"
#include "server/request/args.h"
#include "server/request/auth.h"
#include "server/request/pubsub.h"
#include "server/request/reply.h"
#include "server/request/tracking.h"
#include "server/request/transaction.h"
#include "server/server.h"
#include "server/services.h"
#include "server/watch/monitor.h"
#include "storage/keyspace/keyspace.h"

#define WRONG_PASSWORD "WRONGPASS invalid username-password pair or user is disabled."

/* PING [message]: PONG, or the message. A RESP2 subscriber gets it in the form of a message. */
static enum status run_ping(struct call *call, struct reply *reply)
{
    if (call->argc > 2) {
        return reply_error(reply, "ERR wrong number of arguments for 'ping' command");
    }
    if (call->session->subscription_count != 0 && reply->protocol == 2) {
        reply_array(reply, 2);
        reply_bulk_text(reply, "pong");
        reply_bulk(reply, call->argc == 2 ? call->argv[1] : slice_empty());
    } else if (call->argc == 2) {
        reply_bulk(reply, call->argv[1]);
    } else {
        reply_simple(reply, "PONG");
    }
    return STATUS_OK;
}

static enum status run_echo(struct call *call, struct reply *reply)
{
    reply_bulk(reply, call->argv[1]);
    return STATUS_OK;
}

/* SELECT index. */
static enum status run_select(struct call *call, struct reply *reply)
{
    int64_t db;
    enum status status = args_int64_within(call->argv[1], INT32_MIN, INT32_MAX, &db);

    if (status != STATUS_OK) {
        return status;
    }
    if (db < 0 || db >= (int64_t)keyspace_database_count(call->keyspace)) {
        return STATUS_DB_RANGE;
    }
    call->session->db = (uint32_t)db;
    reply_ok(reply);
    return STATUS_OK;
}

/* AUTH [user] password. */
static enum status run_auth(struct call *call, struct reply *reply)
{
    struct slice user = slice_of(ACL_DEFAULT_USER);

    if (call->argc > 3) {
        return STATUS_SYNTAX;
    }
    if (call->argc == 2 && (acl_default(call->services->acl)->flags & ACL_USER_NO_PASSWORD)) {
        return reply_error(reply,
                           "ERR AUTH <password> called without any password configured for the default user. Are "
                           "you sure your configuration is correct?");
    }
    if (call->argc == 3) {
        user = call->argv[1];
    }
    if (!auth_login(call->services, call->session, call->argv[0], user, call->argv[call->argc - 1])) {
        return reply_error(reply, WRONG_PASSWORD);
    }
    reply_ok(reply);
    return STATUS_OK;
}

static bool is_secret_of_auth(const struct slice *argv, size_t argc, size_t index)
{
    (void)argv;
    (void)argc;
    return index >= 1;
}

/* User and password behind AUTH. */
static bool is_secret_of_hello(const struct slice *argv, size_t argc, size_t index)
{
    (void)argc;
    return (index >= 3 && args_is(argv[index - 1], "auth")) || (index >= 4 && args_is(argv[index - 2], "auth"));
}

/* What HELLO was told. */
struct hello_options {
    int64_t protocol;
    bool has_auth;
    bool has_name;
    struct slice user;
    struct slice password;
    struct slice name;
};

static enum status parse_hello(struct call *call, struct reply *reply, struct hello_options *options)
{
    *options = (struct hello_options){.protocol = call->session->protocol};
    if (call->argc < 2) {
        return STATUS_OK;
    }
    if (args_int64(call->argv[1], &options->protocol) != STATUS_OK) {
        return reply_error(reply, "ERR Protocol version is not an integer or out of range");
    }
    if (options->protocol != 2 && options->protocol != 3) {
        return reply_error(reply, "NOPROTO unsupported protocol version");
    }
    for (size_t i = 2; i < call->argc;) {
        size_t more = call->argc - 1 - i;

        if (args_is(call->argv[i], "auth") && more >= 2) {
            options->has_auth = true;
            options->user = call->argv[i + 1];
            options->password = call->argv[i + 2];
            i += 3;
        } else if (args_is(call->argv[i], "setname") && more >= 1) {
            options->has_name = true;
            options->name = call->argv[i + 1];
            i += 2;
        } else {
            return reply_error(reply, "ERR Syntax error in HELLO option '%.*s'", (int)call->argv[i].len,
                               call->argv[i].data);
        }
    }
    return STATUS_OK;
}

static void reply_hello(struct call *call, struct reply *reply)
{
    reply_map(reply, 7);
    reply_bulk_text(reply, "server");
    reply_bulk_text(reply, "redis"); /* Clients choose their ways by it; INFO names Hearth. */
    reply_bulk_text(reply, "version");
    reply_bulk_text(reply, SERVER_REDIS_VERSION);
    reply_bulk_text(reply, "proto");
    reply_integer(reply, reply->protocol);
    reply_bulk_text(reply, "id");
    reply_integer(reply, (int64_t)call->session->id);
    reply_bulk_text(reply, "mode");
    reply_bulk_text(reply, "standalone");
    reply_bulk_text(reply, "role");
    reply_bulk_text(reply, replication_is_replica(call->services->replication) ? "replica" : "master");
    reply_bulk_text(reply, "modules");
    reply_array(reply, 0);
}

/* HELLO [protover [AUTH user password] [SETNAME name]]: what the server is, and how to speak from now on. */
static enum status run_hello(struct call *call, struct reply *reply)
{
    struct session *session = call->session;
    struct hello_options options;
    enum status status = parse_hello(call, reply, &options);

    if (status != STATUS_OK) {
        return status;
    }
    if (options.has_auth && !auth_login(call->services, session, call->argv[0], options.user, options.password)) {
        return reply_error(reply, WRONG_PASSWORD);
    }
    if (!(session->flags & SESSION_AUTHENTICATED)) {
        return reply_error(reply,
                           "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO "
                           "AUTH <user> <pass> option can be used to authenticate the client and select the RESP "
                           "protocol version at the same time");
    }
    if (options.has_name && !client_set_name(session, options.name)) {
        return reply_error(reply, "ERR Client names cannot contain spaces, newlines or special characters.");
    }
    session->protocol = (int)options.protocol;
    reply->protocol = session->protocol;
    reply_hello(call, reply);
    return STATUS_OK;
}

static enum status run_quit(struct call *call, struct reply *reply)
{
    reply_ok(reply);
    if (call->session->connection != NULL) {
        session_close_after_reply(call->session);
    }
    return STATUS_OK;
}

/* RESET: as if the client had just connected. */
static enum status run_reset(struct call *call, struct reply *reply)
{
    struct session *session = call->session;

    monitors_remove(call->services->monitors, session);
    transaction_reset(session);
    pubsub_forget(call->services->pubsub, session);
    tracking_disable(call->services->tracking, session);
    session_set_text(&session->name, slice_empty());
    session->db = 0;
    session->protocol = 2;
    session->flags &= ~(uint32_t)(SESSION_REPLY_OFF | SESSION_REPLY_SKIP | SESSION_SKIP_NEXT);
    auth_begin(call->services->acl, session);
    reply_simple(reply, "RESET");
    return STATUS_OK;
}

#define ANY_TIME                                                                                                       \
    (COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE | COMMAND_FAST | COMMAND_NO_AUTH | COMMAND_ALLOW_BUSY)

const struct command connection_commands[] = {
    {.name = "ping",
     .summary = "Ping the server",
     .since = "1.0.0",
     .complexity = "O(1)",
     .group = "connection",
     .arity = -1,
     .flags = COMMAND_FAST | COMMAND_IN_SUBSCRIPTION | COMMAND_REVEALS_NOTHING,
     .categories = CATEGORY_CONNECTION,
     .tips = "request_policy:all_shards,response_policy:all_succeeded",
     .run = run_ping},
    {.name = "echo",
     .summary = "Echo the given string",
     .since = "1.0.0",
     .complexity = "O(1)",
     .group = "connection",
     .arity = 2,
     .flags = COMMAND_LOADING | COMMAND_STALE | COMMAND_FAST | COMMAND_REVEALS_NOTHING,
     .categories = CATEGORY_CONNECTION,
     .run = run_echo},
    {.name = "select",
     .summary = "Change the selected database for the current connection",
     .since = "1.0.0",
     .complexity = "O(1)",
     .group = "connection",
     .arity = 2,
     .flags = COMMAND_LOADING | COMMAND_STALE | COMMAND_FAST | COMMAND_REVEALS_NOTHING,
     .categories = CATEGORY_CONNECTION,
     .run = run_select},
    {.name = "auth",
     .summary = "Authenticate to the server",
     .since = "1.0.0",
     .complexity = "O(N) where N is the number of passwords defined for the user",
     .group = "connection",
     .arity = -2,
     .flags = ANY_TIME | COMMAND_REVEALS_NOTHING,
     .categories = CATEGORY_CONNECTION,
     .is_secret = is_secret_of_auth,
     .run = run_auth},
    {.name = "hello",
     .summary = "Handshake with Redis",
     .since = "6.0.0",
     .complexity = "O(1)",
     .group = "connection",
     .arity = -1,
     .flags = ANY_TIME | COMMAND_REVEALS_NOTHING,
     .categories = CATEGORY_CONNECTION,
     .is_secret = is_secret_of_hello,
     .run = run_hello},
    {.name = "quit",
     .summary = "Close the connection",
     .since = "1.0.0",
     .complexity = "O(1)",
     .group = "connection",
     .arity = -1,
     .flags = ANY_TIME | COMMAND_NOT_QUEUED | COMMAND_IN_SUBSCRIPTION | COMMAND_REVEALS_NOTHING,
     .categories = CATEGORY_CONNECTION,
     .run = run_quit},
    {.name = "reset",
     .summary = "Reset the connection",
     .since = "6.2.0",
     .complexity = "O(1)",
     .group = "connection",
     .arity = 1,
     .flags = ANY_TIME | COMMAND_NOT_QUEUED | COMMAND_IN_SUBSCRIPTION | COMMAND_REVEALS_NOTHING,
     .categories = CATEGORY_CONNECTION,
     .run = run_reset},
    {.name = NULL},
};
