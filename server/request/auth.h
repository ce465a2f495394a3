/* Who a session is: the default user as it begins, another after AUTH or HELLO. */
#ifndef SERVER_REQUEST_AUTH_H
#define SERVER_REQUEST_AUTH_H

#include "server/net/session.h"

struct acl;
struct services;

/* Whether a session that has not logged in has to before it may do anything. */
bool auth_is_asked_for(const struct services *services);
static inline bool auth_is_required(const struct services *services, const struct session *session)
{
    return !(session->flags & SESSION_AUTHENTICATED) && auth_is_asked_for(services);
}
/* Log the session in as `user`; false, and nothing changed, if name or password are wrong or the user is off. `command`
 * is the word that asks for it: a failure is counted, and told by ACL LOG. */
bool auth_login(struct services *services, struct session *session, struct slice command, struct slice user,
                struct slice password);
/* As a new connection begins: the default user, and in if it needs no password. */
void auth_begin(const struct acl *acl, struct session *session);

#endif
