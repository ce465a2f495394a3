/* Asking whether a request is allowed: admission for clients, scripts for themselves. */
#ifndef SERVER_ACL_ACL_CHECK_H
#define SERVER_ACL_ACL_CHECK_H

#include "server/acl/acl_log.h"
#include "server/acl/acl_user.h"
#include "server/net/session.h"

struct buf;
struct call;
struct services;

/* What was denied, and which word it was for: the index of the key or channel, 0 for the command. */
struct acl_denial {
    enum acl_verdict verdict; /* ACL_ALLOWED: nothing was. */
    size_t index;
};

/* Whether the session may do everything, as most may, so that each command costs them no more than this look. So may
 * one without a user: the replayer's, which speaks for the log or our master. */
static inline bool acl_is_unrestricted(const struct session *session)
{
    return session->user == NULL || session->user->is_unrestricted;
}

/* Whether the session's user may do it; nothing is written down. redis.acl_check_cmd() is this. */
enum acl_verdict acl_check(const struct session *session, const struct acl_request *request, struct acl_denial *denial);

/* A denial has happened: count it, and put it into the log. */
void acl_note_denial(struct services *services, const struct session *session, const struct acl_request *request,
                     const struct acl_denial *denial, enum acl_context context);
/* A login has failed; `command` is the word that was to do it. */
void acl_note_login(struct services *services, const struct session *session, struct slice command, struct slice user);

/* For a script: check what it calls for the session of its caller. NULL if it may, else "ERR ..." (static storage); the
 * denial has been noted. */
const char *acl_refuse_in_script(struct services *services, const struct session *session,
                                 const struct acl_request *request);

/* "NOPERM ..." appended: for a client's request, and for one that was queued while it was still allowed. */
void acl_write_refusal(const struct acl_request *request, const struct acl_denial *denial, struct buf *out);
void acl_write_late_refusal(const struct acl_denial *denial, struct buf *out);
/* What ACL DRYRUN says of it, appended. */
void acl_write_dry_refusal(const struct acl_request *request, const struct acl_denial *denial, struct buf *out);

/* Whether the call's user may read every key with this command: SORT's patterns name keys that nobody can list. */
bool acl_may_read_all_keys(const struct call *call);

#endif
