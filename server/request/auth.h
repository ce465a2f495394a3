/* Who may come in: requirepass, the password of the user "default". */
#ifndef SERVER_REQUEST_AUTH_H
#define SERVER_REQUEST_AUTH_H

#include "base/slice.h"

struct config;
struct session;

/* Whether the default user needs no password. */
bool auth_is_open(const struct config *config);
/* Log the session in as `user`; false, and nothing changed, if name or password are wrong. Takes as long for a wrong
 * password as for the right one. */
bool auth_login(const struct config *config, struct session *session, struct slice user, struct slice password);
/* As a new connection begins: in if no password is needed. */
void auth_begin(const struct config *config, struct session *session);

#endif
