#include "server/acl/acl_clients.h"
#include "server/acl/acl.h"
#include "server/net/session.h"
#include "server/request/pubsub.h"
#include "server/services.h"

static void close_session(struct session *session, const struct session *caller)
{
    if (session == caller) {
        session_close_after_reply(session);
    } else {
        session_close(session);
    }
}

void acl_clients_close(struct services *services, const struct acl_user *user, const struct session *caller)
{
    LIST_FOR_EACH(sessions_all(services->sessions), node)
    {
        struct session *session = LIST_ENTRY(node, struct session, node);

        if (session->user == user) {
            session->user = acl_default(services->acl);
            session->flags &= ~(uint32_t)SESSION_AUTHENTICATED;
            close_session(session, caller);
        }
    }
}

static bool has_all_channels(const struct acl_user *user)
{
    for (size_t i = 0; i < user->selector_count; i++) {
        if (user->selectors[i]->has_all_channels) {
            return true;
        }
    }
    return false;
}

struct subscription_check {
    const struct acl_user *user;
    bool is_pattern;
    bool is_denied;
};

static void check_subscription(void *context, struct slice name)
{
    struct subscription_check *check = context;

    for (size_t i = 0; i < check->user->selector_count; i++) {
        if (acl_selector_allows_channel(check->user->selectors[i], name, check->is_pattern)) {
            return;
        }
    }
    check->is_denied = true;
}

/* Whether the session is subscribed to anything that the user may not hear. */
static bool hears_too_much(const struct session *session, const struct acl_user *user)
{
    struct subscription_check check = {.user = user};

    for (int kind = 0; kind < PUBSUB_KINDS; kind++) {
        check.is_pattern = kind == PUBSUB_PATTERN;
        pubsub_visit_of(session, (enum pubsub_kind)kind, check_subscription, &check);
    }
    return check.is_denied;
}

void acl_clients_close_subscribers(struct services *services, const struct acl_user *user, const struct acl_user *next,
                                   const struct session *caller)
{
    if (has_all_channels(next)) {
        return;
    }
    LIST_FOR_EACH(sessions_all(services->sessions), node)
    {
        struct session *session = LIST_ENTRY(node, struct session, node);

        if (session->user == user && session->subscription_count != 0 && hears_too_much(session, next)) {
            close_session(session, caller);
        }
    }
}
