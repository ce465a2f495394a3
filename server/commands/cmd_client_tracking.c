#include "server/commands/cmd_client_tracking.h"
#include "base/memory.h"
#include "server/net/session.h"
#include "server/request/args.h"
#include "server/request/reply.h"
#include "server/request/tracking.h"
#include "server/request/tracking_prefixes.h"
#include "server/services.h"

/* The id of a client that is there now. Later it may be gone: tracking.h says what then. */
static enum status parse_redirect(struct call *call, struct reply *reply, struct slice argument, uint64_t *redirect_id)
{
    enum status status;
    int64_t id;

    if (*redirect_id != 0) {
        return reply_error(reply, "ERR A client can only redirect to a single other client");
    }
    status = args_int64(argument, &id);
    if (status != STATUS_OK) {
        return status;
    }
    if (sessions_find(call->services->sessions, (uint64_t)id) == NULL) {
        return reply_error(reply, "ERR The client ID you want redirect to does not exist");
    }
    *redirect_id = (uint64_t)id;
    return STATUS_OK;
}

/* The words behind ON or OFF. `prefixes` has room for all of them. */
static enum status parse_options(struct call *call, struct reply *reply, struct slice *prefixes,
                                 struct tracking_options *options)
{
    static const struct {
        const char *word;
        uint32_t flag;
    } words[] = {
        {"bcast", TRACKING_BCAST}, {"optin", TRACKING_OPTIN}, {"optout", TRACKING_OPTOUT}, {"noloop", TRACKING_NOLOOP}};

    for (size_t i = 3; i < call->argc; i++) {
        bool has_more = i + 1 < call->argc;
        uint32_t flag = 0;

        for (size_t word = 0; word < sizeof(words) / sizeof(words[0]); word++) {
            if (args_is(call->argv[i], words[word].word)) {
                flag = words[word].flag;
            }
        }
        if (flag != 0) {
            options->flags |= flag;
        } else if (args_is(call->argv[i], "redirect") && has_more) {
            enum status status = parse_redirect(call, reply, call->argv[++i], &options->redirect_id);

            if (status != STATUS_OK) {
                return status;
            }
        } else if (args_is(call->argv[i], "prefix") && has_more) {
            prefixes[options->prefix_count++] = call->argv[++i];
        } else {
            return STATUS_SYNTAX;
        }
    }
    return STATUS_OK;
}

static enum status refuse_prefix(struct reply *reply, struct slice prefix, const char *of_what, struct slice other)
{
    return reply_error(reply,
                       "ERR Prefix '%.*s' overlaps with %s prefix '%.*s'. Prefixes for a single client must not "
                       "overlap.",
                       (int)prefix.len, prefix.data, of_what, (int)other.len, other.data);
}

static enum status check_prefixes(const struct session *session, struct reply *reply,
                                  const struct tracking_options *options)
{
    for (size_t i = 0; i < options->prefix_count; i++) {
        struct slice prefix = options->prefixes[i];

        for (size_t j = 0; j < tracking_prefix_count(session); j++) {
            if (tracking_prefixes_overlap(prefix, tracking_prefix_at(session, j))) {
                return refuse_prefix(reply, prefix, "an existing", tracking_prefix_at(session, j));
            }
        }
        for (size_t j = i + 1; j < options->prefix_count; j++) {
            if (tracking_prefixes_overlap(prefix, options->prefixes[j])) {
                return refuse_prefix(reply, prefix, "another provided", options->prefixes[j]);
            }
        }
    }
    return STATUS_OK;
}

/* Whether the options go together, and with what the client has now. */
static enum status check_options(const struct session *session, struct reply *reply,
                                 const struct tracking_options *options)
{
    uint32_t flags = options->flags;
    uint32_t former = tracking_flags(session);

    if (!(flags & TRACKING_BCAST) && options->prefix_count != 0) {
        return reply_error(reply, "ERR PREFIX option requires BCAST mode to be enabled");
    }
    if (session->tracker != NULL && ((flags ^ former) & TRACKING_BCAST)) {
        return reply_error(reply, "ERR You can't switch BCAST mode on/off before disabling tracking for this client, "
                                  "and then re-enabling it with a different mode.");
    }
    if ((flags & TRACKING_BCAST) && (flags & (TRACKING_OPTIN | TRACKING_OPTOUT))) {
        return reply_error(reply, "ERR OPTIN and OPTOUT are not compatible with BCAST");
    }
    if ((flags & TRACKING_OPTIN) && (flags & TRACKING_OPTOUT)) {
        return reply_error(reply, "ERR You can't specify both OPTIN mode and OPTOUT mode");
    }
    if (((flags & TRACKING_OPTIN) && (former & TRACKING_OPTOUT)) ||
        ((flags & TRACKING_OPTOUT) && (former & TRACKING_OPTIN))) {
        return reply_error(reply, "ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, "
                                  "and then re-enabling it with a different mode.");
    }
    return check_prefixes(session, reply, options);
}

/* CLIENT TRACKING ON|OFF [REDIRECT id] [PREFIX prefix ...] [BCAST] [OPTIN] [OPTOUT] [NOLOOP]. */
enum status run_client_tracking(struct call *call, struct reply *reply)
{
    struct slice *prefixes = memory_allocate(call->argc * sizeof(*prefixes));
    struct tracking_options options = {.prefixes = prefixes};
    enum status status = parse_options(call, reply, prefixes, &options);

    if (status == STATUS_OK && args_is(call->argv[2], "off")) {
        tracking_disable(call->services->tracking, call->session);
    } else if (status == STATUS_OK && args_is(call->argv[2], "on")) {
        status = check_options(call->session, reply, &options);
        if (status == STATUS_OK) {
            tracking_enable(call->services->tracking, call->session, &options);
        }
    } else if (status == STATUS_OK) {
        status = STATUS_SYNTAX;
    }
    if (status == STATUS_OK) {
        reply_ok(reply);
    }
    memory_free(prefixes);
    return status;
}

/* CLIENT CACHING YES|NO. */
enum status run_client_caching(struct call *call, struct reply *reply)
{
    uint32_t flags = tracking_flags(call->session);

    if (call->session->tracker == NULL) {
        return reply_error(reply, "ERR CLIENT CACHING can be called only when the client is in tracking mode with "
                                  "OPTIN or OPTOUT mode enabled");
    }
    if (args_is(call->argv[2], "yes")) {
        if (!(flags & TRACKING_OPTIN)) {
            return reply_error(reply, "ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.");
        }
    } else if (args_is(call->argv[2], "no")) {
        if (!(flags & TRACKING_OPTOUT)) {
            return reply_error(reply, "ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.");
        }
    } else {
        return STATUS_SYNTAX;
    }
    tracking_set_caching(call->session);
    reply_ok(reply);
    return STATUS_OK;
}

static void reply_flags(const struct session *session, struct reply *reply)
{
    static const struct {
        uint32_t flags; /* All of them. */
        const char *word;
    } words[] = {{TRACKING_BCAST, "bcast"},
                 {TRACKING_OPTIN, "optin"},
                 {TRACKING_OPTIN | TRACKING_CACHING, "caching-yes"},
                 {TRACKING_OPTOUT, "optout"},
                 {TRACKING_OPTOUT | TRACKING_CACHING, "caching-no"},
                 {TRACKING_NOLOOP, "noloop"},
                 {TRACKING_BROKEN, "broken_redirect"}};
    struct reply_deferred deferred = reply_deferred_begin(reply);
    size_t count = 1;

    reply_bulk_text(reply, session->tracker == NULL ? "off" : "on");
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if ((tracking_flags(session) & words[i].flags) == words[i].flags) {
            reply_bulk_text(reply, words[i].word);
            count++;
        }
    }
    reply_deferred_set(reply, deferred, count);
}

enum status run_client_trackinginfo(struct call *call, struct reply *reply)
{
    const struct session *session = call->session;

    reply_map(reply, 3);
    reply_bulk_text(reply, "flags");
    reply_flags(session, reply);
    reply_bulk_text(reply, "redirect");
    reply_integer(reply, tracking_redirect_id(session));
    reply_bulk_text(reply, "prefixes");
    reply_array(reply, tracking_prefix_count(session));
    for (size_t i = 0; i < tracking_prefix_count(session); i++) {
        reply_bulk(reply, tracking_prefix_at(session, i));
    }
    return STATUS_OK;
}

enum status run_client_getredir(struct call *call, struct reply *reply)
{
    reply_integer(reply, tracking_redirect_id(call->session));
    return STATUS_OK;
}
