#include "base/clock.h"
#include "base/number.h"
#include "server/acl/acl.h"
#include "server/commands/cmd_client_tracking.h"
#include "server/commands/cmd_connection.h"
#include "server/lifecycle.h"
#include "server/net/session.h"
#include "server/request/args.h"
#include "server/request/blocking.h"
#include "server/request/reply.h"
#include "server/services.h"
#include "server/watch/client_info.h"

/* CLIENT LIST parts words by spaces and clients by lines. */
static bool is_showable(struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < '!' || text.data[i] > '~') {
            return false;
        }
    }
    return true;
}

bool client_set_name(struct session *session, struct slice name)
{
    if (!is_showable(name)) {
        return false;
    }
    session_set_text(&session->name, name);
    return true;
}

static enum status run_client_id(struct call *call, struct reply *reply)
{
    reply_integer(reply, (int64_t)call->session->id);
    return STATUS_OK;
}

static enum status run_client_getname(struct call *call, struct reply *reply)
{
    if (call->session->name == NULL) {
        reply_null(reply);
    } else {
        reply_bulk_text(reply, call->session->name);
    }
    return STATUS_OK;
}

static enum status run_client_setname(struct call *call, struct reply *reply)
{
    if (!client_set_name(call->session, call->argv[2])) {
        return reply_error(reply, "ERR Client names cannot contain spaces, newlines or special characters.");
    }
    reply_ok(reply);
    return STATUS_OK;
}

/* CLIENT SETINFO LIB-NAME|LIB-VER text: Redis 7.2's; every client library sends it. */
static enum status run_client_setinfo(struct call *call, struct reply *reply)
{
    struct session *session = call->session;
    bool is_name = args_is(call->argv[2], "lib-name");

    if (!is_name && !args_is(call->argv[2], "lib-ver")) {
        return reply_error(reply, "ERR Unrecognized option '%.*s'", (int)call->argv[2].len, call->argv[2].data);
    }
    if (!is_showable(call->argv[3])) {
        return reply_error(reply, "ERR %s cannot contain spaces, newlines or special characters.",
                           is_name ? "lib-name" : "lib-ver");
    }
    session_set_text(is_name ? &session->library_name : &session->library_version, call->argv[3]);
    reply_ok(reply);
    return STATUS_OK;
}

static enum status run_client_info(struct call *call, struct reply *reply)
{
    struct buf text;

    buf_init(&text, BUF_NO_CEILING);
    client_info_write(call->session, clock_monotonic_us(), &text);
    buf_put_byte(&text, '\n');
    reply_verbatim(reply, "txt", buf_slice(&text));
    buf_release(&text);
    return STATUS_OK;
}

static void put_line(const struct session *session, uint64_t now_us, struct buf *text)
{
    client_info_write(session, now_us, text);
    buf_put_byte(text, '\n');
}

static void list_all(struct call *call, bool has_type, enum client_type type, struct buf *text)
{
    uint64_t now_us = clock_monotonic_us();

    LIST_FOR_EACH(sessions_all(call->services->sessions), node)
    {
        const struct session *session = LIST_ENTRY(node, struct session, node);

        if (!has_type || client_type_of(session) == type) {
            put_line(session, now_us, text);
        }
    }
}

static enum status list_by_id(struct call *call, struct reply *reply, struct buf *text)
{
    uint64_t now_us = clock_monotonic_us();

    for (size_t i = 3; i < call->argc; i++) {
        struct session *session;
        int64_t id;

        if (args_int64(call->argv[i], &id) != STATUS_OK) {
            return reply_error(reply, "ERR Invalid client ID");
        }
        session = sessions_find(call->services->sessions, (uint64_t)id);
        if (session != NULL) {
            put_line(session, now_us, text);
        }
    }
    return STATUS_OK;
}

/* CLIENT LIST [TYPE type] [ID id ...]. */
static enum status run_client_list(struct call *call, struct reply *reply)
{
    enum status status = STATUS_OK;
    enum client_type type = CLIENT_NORMAL;
    struct buf text;

    if (call->argc == 4 && args_is(call->argv[2], "type") && !client_type_parse(call->argv[3], &type)) {
        return reply_error(reply, "ERR Unknown client type '%.*s'", (int)call->argv[3].len, call->argv[3].data);
    }
    buf_init(&text, BUF_NO_CEILING);
    if (call->argc == 2) {
        list_all(call, false, type, &text);
    } else if (call->argc == 4 && args_is(call->argv[2], "type")) {
        list_all(call, true, type, &text);
    } else if (call->argc > 3 && args_is(call->argv[2], "id")) {
        status = list_by_id(call, reply, &text);
    } else {
        status = STATUS_SYNTAX;
    }
    if (status == STATUS_OK) {
        reply_verbatim(reply, "txt", buf_slice(&text));
    }
    buf_release(&text);
    return status;
}

/* --- KILL --- */

/* What CLIENT KILL is to end; what is empty matches all. */
struct kill_filter {
    struct slice peer;
    struct slice local;
    const struct acl_user *user;
    uint64_t id; /* 0: any. */
    bool has_type;
    enum client_type type;
    bool skips_caller;
};

static bool is_match(const struct kill_filter *filter, const struct session *session, const struct session *caller)
{
    return (filter->peer.data == NULL || slice_equal(filter->peer, slice_of(session->peer))) &&
           (filter->local.data == NULL || slice_equal(filter->local, slice_of(session->local))) &&
           (filter->user == NULL || filter->user == session->user) && (filter->id == 0 || filter->id == session->id) &&
           (!filter->has_type || client_type_of(session) == filter->type) &&
           !(filter->skips_caller && session == caller) && !connection_is_closing(session->connection);
}

static int64_t kill_matching(struct call *call, const struct kill_filter *filter)
{
    int64_t count = 0;

    LIST_FOR_EACH(sessions_all(call->services->sessions), node)
    {
        struct session *session = LIST_ENTRY(node, struct session, node);

        if (is_match(filter, session, call->session)) {
            if (session == call->session) {
                session_close_after_reply(session);
            } else {
                session_close(session);
            }
            count++;
        }
    }
    return count;
}

/* One pair of option and value. */
static enum status parse_kill_option(struct call *call, struct reply *reply, const struct slice *pair,
                                     struct kill_filter *filter)
{
    int64_t id;

    if (args_is(pair[0], "id")) {
        if (args_int64_within(pair[1], 1, INT64_MAX, &id) != STATUS_OK) {
            return reply_error(reply, "ERR client-id should be greater than 0");
        }
        filter->id = (uint64_t)id;
    } else if (args_is(pair[0], "type")) {
        filter->has_type = true;
        if (!client_type_parse(pair[1], &filter->type)) {
            return reply_error(reply, "ERR Unknown client type '%.*s'", (int)pair[1].len, pair[1].data);
        }
    } else if (args_is(pair[0], "addr")) {
        filter->peer = pair[1];
    } else if (args_is(pair[0], "laddr")) {
        filter->local = pair[1];
    } else if (args_is(pair[0], "user")) {
        filter->user = acl_find(call->services->acl, pair[1]);
        if (filter->user == NULL) {
            return reply_error(reply, "ERR No such user '%.*s'", (int)pair[1].len, pair[1].data);
        }
    } else if (args_is(pair[0], "skipme") && args_is(pair[1], "yes")) {
        filter->skips_caller = true;
    } else if (args_is(pair[0], "skipme") && args_is(pair[1], "no")) {
        filter->skips_caller = false;
    } else {
        return STATUS_SYNTAX;
    }
    return STATUS_OK;
}

/* CLIENT KILL addr:port, or pairs of options. */
static enum status run_client_kill(struct call *call, struct reply *reply)
{
    struct kill_filter filter = {.skips_caller = true};

    if (call->argc == 3) {
        filter = (struct kill_filter){.peer = call->argv[2]};
        if (kill_matching(call, &filter) == 0) {
            return reply_error(reply, "ERR No such client");
        }
        reply_ok(reply);
        return STATUS_OK;
    }
    for (size_t i = 2; i < call->argc; i += 2) {
        /* A word without its value is an error only when its turn comes. */
        enum status status =
            i + 1 < call->argc ? parse_kill_option(call, reply, &call->argv[i], &filter) : STATUS_SYNTAX;

        if (status != STATUS_OK) {
            return status;
        }
    }
    reply_integer(reply, kill_matching(call, &filter));
    return STATUS_OK;
}

/* --- Pausing, waiting, replying --- */

/* CLIENT PAUSE milliseconds [WRITE|ALL]. */
static enum status run_client_pause(struct call *call, struct reply *reply)
{
    enum dispatch_pause pause = DISPATCH_PAUSE_ALL;
    uint64_t timeout_ms;
    enum status status;

    if (call->argc > 4) {
        return STATUS_SYNTAX;
    }
    if (call->argc == 4) {
        if (args_is(call->argv[3], "write")) {
            pause = DISPATCH_PAUSE_WRITE;
        } else if (!args_is(call->argv[3], "all")) {
            return reply_error(reply, "ERR CLIENT PAUSE mode must be WRITE or ALL");
        }
    }
    status = blocking_parse_timeout_ms(reply, call->argv[2], INT64_MAX / 2000, &timeout_ms);
    if (status != STATUS_OK) {
        return status;
    }
    lifecycle_pause(call->services->lifecycle, pause, clock_monotonic_us() + timeout_ms * 1000);
    reply_ok(reply);
    return STATUS_OK;
}

static enum status run_client_unpause(struct call *call, struct reply *reply)
{
    lifecycle_unpause(call->services->lifecycle);
    reply_ok(reply);
    return STATUS_OK;
}

/* CLIENT UNBLOCK id [TIMEOUT|ERROR]. */
static enum status run_client_unblock(struct call *call, struct reply *reply)
{
    bool with_error = false;
    struct session *session;
    enum status status;
    int64_t id;

    if (call->argc > 4) {
        return reply_error(reply, "ERR unknown subcommand or wrong number of arguments for '%.*s'. Try CLIENT HELP.",
                           (int)call->argv[1].len, call->argv[1].data);
    }
    if (call->argc == 4) {
        with_error = args_is(call->argv[3], "error");
        if (!with_error && !args_is(call->argv[3], "timeout")) {
            return reply_error(reply, "ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR");
        }
    }
    status = args_int64(call->argv[2], &id);
    if (status != STATUS_OK) {
        return status;
    }
    session = sessions_find(call->services->sessions, (uint64_t)id);
    reply_integer(reply, session != NULL && blocking_unblock(call->services->blocking, session, with_error));
    return STATUS_OK;
}

/* CLIENT REPLY ON|OFF|SKIP. */
static enum status run_client_reply(struct call *call, struct reply *reply)
{
    struct session *session = call->session;

    if (args_is(call->argv[2], "on")) {
        session->flags &= ~(uint32_t)(SESSION_REPLY_OFF | SESSION_REPLY_SKIP | SESSION_SKIP_NEXT);
        reply_ok(reply);
    } else if (args_is(call->argv[2], "off")) {
        session->flags |= SESSION_REPLY_OFF;
    } else if (args_is(call->argv[2], "skip")) {
        if (!(session->flags & SESSION_REPLY_OFF)) {
            session->flags |= SESSION_SKIP_NEXT;
        }
    } else {
        return STATUS_SYNTAX;
    }
    return STATUS_OK;
}

/* CLIENT NO-EVICT ON|OFF: see maxmemory-clients. */
static enum status run_client_no_evict(struct call *call, struct reply *reply)
{
    if (args_is(call->argv[2], "on")) {
        call->session->flags |= SESSION_NO_EVICT;
    } else if (args_is(call->argv[2], "off")) {
        call->session->flags &= ~(uint32_t)SESSION_NO_EVICT;
    } else {
        return STATUS_SYNTAX;
    }
    reply_ok(reply);
    return STATUS_OK;
}

static enum status run_client_help(struct call *call, struct reply *reply)
{
    static const char *const lines[] = {
        "CACHING (YES|NO)",
        "    Enable/disable tracking of the keys for next command in OPTIN/OPTOUT modes.",
        "GETREDIR",
        "    Return the client ID we are redirecting to when tracking is enabled.",
        "GETNAME",
        "    Return the name of the current connection.",
        "ID",
        "    Return the ID of the current connection.",
        "INFO",
        "    Return information about the current client connection.",
        "KILL <ip:port>",
        "    Kill connection made from <ip:port>.",
        "KILL <option> <value> [<option> <value> [...]]",
        "    Kill connections. Options are:",
        "    * ADDR (<ip:port>|<unixsocket>:0)",
        "      Kill connections made from the specified address",
        "    * LADDR (<ip:port>|<unixsocket>:0)",
        "      Kill connections made to specified local address",
        "    * TYPE (NORMAL|MASTER|REPLICA|PUBSUB)",
        "      Kill connections by type.",
        "    * USER <username>",
        "      Kill connections authenticated by <username>.",
        "    * SKIPME (YES|NO)",
        "      Skip killing current connection (default: yes).",
        "LIST [options ...]",
        "    Return information about client connections. Options:",
        "    * TYPE (NORMAL|MASTER|REPLICA|PUBSUB)",
        "      Return clients of specified type.",
        "UNPAUSE",
        "    Stop the current client pause, resuming traffic.",
        "PAUSE <timeout> [WRITE|ALL]",
        "    Suspend all, or just write, clients for <timeout> milliseconds.",
        "REPLY (ON|OFF|SKIP)",
        "    Control the replies sent to the current connection.",
        "SETNAME <name>",
        "    Assign the name <name> to the current connection.",
        "UNBLOCK <clientid> [TIMEOUT|ERROR]",
        "    Unblock the specified blocked client.",
        "TRACKING (ON|OFF) [REDIRECT <id>] [BCAST] [PREFIX <prefix> [...]]",
        "         [OPTIN] [OPTOUT] [NOLOOP]",
        "    Control server assisted client side caching.",
        "TRACKINGINFO",
        "    Report tracking status for the current connection.",
        "NO-EVICT (ON|OFF)",
        "    Protect current client connection from eviction.",
        "SETINFO (LIB-NAME|LIB-VER) <value>",
        "    Name the client library: as Redis 7.2 has it.",
        NULL,
    };

    (void)call;
    reply_help(reply, "CLIENT", lines);
    return STATUS_OK;
}

#define ANY_STATE (COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE | COMMAND_REVEALS_NOTHING | COMMAND_KEEPS_CACHING)

#define SUBCOMMAND(name_, since_, arity_, flags_, run_, summary_, complexity_)                                         \
    {                                                                                                                  \
        .name = name_, .summary = summary_, .since = since_, .complexity = complexity_, .group = "connection",         \
        .arity = arity_, .flags = flags_, .categories = CATEGORY_CONNECTION, .run = run_                               \
    }

static const struct command client_subcommands[] = {
    SUBCOMMAND("caching", "6.0.0", 3, ANY_STATE, run_client_caching,
               "Instruct the server about tracking or not keys in the next request", "O(1)"),
    SUBCOMMAND("getname", "2.6.9", 2, ANY_STATE, run_client_getname, "Get the current connection name", "O(1)"),
    SUBCOMMAND("getredir", "6.0.0", 2, ANY_STATE, run_client_getredir,
               "Get tracking notifications redirection client ID if any", "O(1)"),
    SUBCOMMAND("help", "5.0.0", 2, ANY_STATE & ~COMMAND_NOSCRIPT, run_client_help,
               "Show helpful text about the different subcommands", "O(1)"),
    SUBCOMMAND("id", "5.0.0", 2, ANY_STATE, run_client_id, "Returns the client ID for the current connection", "O(1)"),
    {.name = "info",
     .summary = "Returns information about the current client connection.",
     .since = "6.2.0",
     .complexity = "O(1)",
     .group = "connection",
     .arity = 2,
     .flags = ANY_STATE,
     .categories = CATEGORY_CONNECTION,
     .tips = "nondeterministic_output",
     .run = run_client_info},
    {.name = "kill",
     .summary = "Kill the connection of a client",
     .since = "2.4.0",
     .complexity = "O(N) where N is the number of client connections",
     .group = "connection",
     .arity = -3,
     .flags = ANY_STATE | COMMAND_ADMIN,
     .categories = CATEGORY_CONNECTION,
     .run = run_client_kill},
    {.name = "list",
     .summary = "Get the list of client connections",
     .since = "2.4.0",
     .complexity = "O(N) where N is the number of client connections",
     .group = "connection",
     .arity = -2,
     .flags = ANY_STATE | COMMAND_ADMIN,
     .categories = CATEGORY_CONNECTION,
     .tips = "nondeterministic_output",
     .run = run_client_list},
    SUBCOMMAND("no-evict", "7.0.0", 3, ANY_STATE | COMMAND_ADMIN, run_client_no_evict,
               "Set client eviction mode for the current connection", "O(1)"),
    SUBCOMMAND("pause", "2.9.50", -3, ANY_STATE | COMMAND_ADMIN, run_client_pause,
               "Stop processing commands from clients for some time", "O(1)"),
    SUBCOMMAND("reply", "3.2.0", 3, ANY_STATE, run_client_reply, "Instruct the server whether to reply to commands",
               "O(1)"),
    SUBCOMMAND("setinfo", "7.2.0", 4, ANY_STATE, run_client_setinfo, "Name the client library", "O(1)"),
    SUBCOMMAND("setname", "2.6.9", 3, ANY_STATE, run_client_setname, "Set the current connection name", "O(1)"),
    SUBCOMMAND("tracking", "6.0.0", -3, ANY_STATE, run_client_tracking,
               "Enable or disable server assisted client side caching support",
               "O(1). Some options may introduce additional complexity."),
    SUBCOMMAND("trackinginfo", "6.2.0", 2, ANY_STATE, run_client_trackinginfo,
               "Return information about server assisted client side caching for the current connection", "O(1)"),
    SUBCOMMAND("unblock", "5.0.0", -3, ANY_STATE | COMMAND_ADMIN, run_client_unblock,
               "Unblock a client blocked in a blocking command from a different connection",
               "O(log N) where N is the number of client connections"),
    SUBCOMMAND("unpause", "6.2.0", 2, ANY_STATE | COMMAND_ADMIN, run_client_unpause,
               "Resume processing of clients that were paused", "O(N) Where N is the number of paused clients"),
    {.name = NULL},
};

const struct command client_commands[] = {
    {.name = "client",
     .summary = "A container for client connection commands",
     .since = "2.4.0",
     .complexity = "Depends on subcommand.",
     .group = "connection",
     .arity = -2,
     .subcommands = client_subcommands},
    {.name = NULL},
};
