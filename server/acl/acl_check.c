#include "server/acl/acl_check.h"
#include "base/buf.h"
#include "base/clock.h"
#include "server/acl/acl.h"
#include "server/request/registry.h"
#include "server/services.h"
#include "server/watch/client_info.h"
#include "server/watch/metrics.h"

enum acl_verdict acl_check(const struct session *session, const struct acl_request *request, struct acl_denial *denial)
{
    denial->index = 0;
    denial->verdict =
        acl_is_unrestricted(session) ? ACL_ALLOWED : acl_user_check(session->user, request, &denial->index);
    return denial->verdict;
}

_Static_assert(ACL_DENIED_CHANNEL < METRICS_ACL_VERDICTS, "every verdict is counted");

static void note(struct services *services, const struct session *session, struct acl_event *event)
{
    struct buf client;

    services->metrics->acl_denials[event->verdict]++;
    buf_init(&client, BUF_NO_CEILING);
    if (session->connection != NULL) {
        client_info_write(session, clock_monotonic_us(), &client);
    }
    event->client = buf_slice(&client);
    event->now_ms = clock_wall_ms();
    acl_log_add(acl_log(services->acl), event);
    buf_release(&client);
}

void acl_note_denial(struct services *services, const struct session *session, const struct acl_request *request,
                     const struct acl_denial *denial, enum acl_context context)
{
    struct acl_event event = {.verdict = denial->verdict,
                              .context = context,
                              .object = denial->verdict == ACL_DENIED_COMMAND ? slice_of(request->entry->full_name)
                                                                              : request->argv[denial->index],
                              .user = slice_of(session->user->name)};

    note(services, session, &event);
}

void acl_note_login(struct services *services, const struct session *session, struct slice command, struct slice user)
{
    struct acl_event event = {.verdict = ACL_DENIED_LOGIN,
                              .context =
                                  (session->flags & SESSION_IN_TRANSACTION) ? ACL_CONTEXT_MULTI : ACL_CONTEXT_TOP,
                              .object = command,
                              .user = user};

    note(services, session, &event);
}

const char *acl_refuse_in_script(struct services *services, const struct session *session,
                                 const struct acl_request *request)
{
    static const char *const texts[] = {
        [ACL_DENIED_COMMAND] = "ERR The user executing the script can't run this command or subcommand",
        [ACL_DENIED_KEY] = "ERR The user executing the script can't access at least one of the keys mentioned in the "
                           "command arguments",
        [ACL_DENIED_CHANNEL] =
            "ERR The user executing the script can't publish to the channel mentioned in the command",
    };
    struct acl_denial denial;

    if (acl_check(session, request, &denial) == ACL_ALLOWED) {
        return NULL;
    }
    acl_note_denial(services, session, request, &denial, ACL_CONTEXT_SCRIPT);
    return texts[denial.verdict];
}

void acl_write_refusal(const struct acl_request *request, const struct acl_denial *denial, struct buf *out)
{
    if (denial->verdict == ACL_DENIED_COMMAND) {
        buf_put_format(out, "NOPERM this user has no permissions to run the '%s' command", request->entry->full_name);
    } else {
        buf_put_format(out, "NOPERM this user has no permissions to access one of the %s used as arguments",
                       denial->verdict == ACL_DENIED_KEY ? "keys" : "channels");
    }
}

void acl_write_late_refusal(const struct acl_denial *denial, struct buf *out)
{
    static const char *const reasons[] = {
        [ACL_DENIED_COMMAND] = "no permission to execute the command or subcommand",
        [ACL_DENIED_KEY] = "no permission to touch the specified keys",
        [ACL_DENIED_CHANNEL] = "no permission to access one of the channels used as arguments",
    };

    buf_put_format(out,
                   "NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC call. "
                   "This command is no longer allowed for the following reason: %s",
                   reasons[denial->verdict]);
}

void acl_write_dry_refusal(const struct acl_request *request, const struct acl_denial *denial, struct buf *out)
{
    if (denial->verdict == ACL_DENIED_COMMAND) {
        buf_put_format(out, "This user has no permissions to run the '%s' command", request->entry->full_name);
        return;
    }
    /* As in Redis up to its first zero byte. */
    buf_put_format(out, "This user has no permissions to access the '%.*s' %s", (int)request->argv[denial->index].len,
                   request->argv[denial->index].data, denial->verdict == ACL_DENIED_KEY ? "key" : "channel");
}

bool acl_may_read_all_keys(const struct call *call)
{
    const struct acl_user *user = call->session->user;
    struct acl_request request = {.entry = call->entry, .argv = call->argv, .argc = call->argc};
    size_t index;

    if (user == NULL || user->is_unrestricted) {
        return true;
    }
    for (size_t i = 0; i < user->selector_count; i++) {
        if (acl_selector_allows_all_keys(user->selectors[i], ACL_KEY_READ) &&
            acl_selector_check(user->selectors[i], &request, &index) == ACL_ALLOWED) {
            return true;
        }
    }
    return false;
}
