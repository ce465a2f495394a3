/* What a change of users means for the clients that are connected. */
#ifndef SERVER_ACL_ACL_CLIENTS_H
#define SERVER_ACL_ACL_CLIENTS_H

struct acl_user;
struct services;
struct session;

/* The user goes: close its clients, and make them nobody until they are gone. `caller`, if one of them, hears its reply
 * first; NULL for none. */
void acl_clients_close(struct services *services, const struct acl_user *user, const struct session *caller);
/* The user is, or is going to be, what `next` is: close its clients that are subscribed to what they may not hear then.
 */
void acl_clients_close_subscribers(struct services *services, const struct acl_user *user, const struct acl_user *next,
                                   const struct session *caller);

#endif
