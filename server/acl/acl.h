/* Who may do what: all users, with the log of what was denied.
 *
 * Users are this node's own, as in Redis: they are neither logged nor replicated. They come from the configuration's
 * `user` lines or from the ACL file, and from ACL SETUSER. Sessions point to their user (session->user), which lives as
 * long as any does: clients.h closes those whose user goes. Event loop only. */
#ifndef SERVER_ACL_ACL_H
#define SERVER_ACL_ACL_H

#include "base/status.h"
#include "server/acl/acl_user.h"

struct acl; /* Opaque; owned by server, one of services. */
struct acl_log;
struct commands;

#define ACL_DEFAULT_USER "default" /* Who a new connection is; cannot be removed. */

/* With the default user alone, who may do everything without a password. `commands` must live longer. */
struct acl *acl_create(struct commands *commands);
void acl_free(struct acl *acl);

const struct acl_terms *acl_terms(const struct acl *acl);
struct acl_log *acl_log(struct acl *acl);
/* acl-pubsub-default: whether users and selectors that are made from now on begin with all channels. */
void acl_set_begins_with_channels(struct acl *acl, bool begins);

struct acl_user *acl_default(const struct acl *acl);
/* NULL if there is none. */
struct acl_user *acl_find(const struct acl *acl, struct slice name);
/* A new one; the name must be free. */
struct acl_user *acl_add(struct acl *acl, struct slice name);
/* Take a user out, which is the caller's then: not the default one. */
void acl_take_out(struct acl *acl, struct acl_user *user);
/* In order of their names; index < acl_count(). */
size_t acl_count(const struct acl *acl);
struct acl_user *acl_at(const struct acl *acl, size_t index);

/* Who logs in with these; NULL if they are wrong, or the user is off. */
struct acl_user *acl_authenticate(const struct acl *acl, struct slice name, struct slice password);
/* Whether a new connection needs no password. */
bool acl_is_open(const struct acl *acl);
/* requirepass: the default user's only password from now on; none if it is empty. */
void acl_set_default_password(struct acl *acl, struct slice password);
/* Whether there is nothing more than requirepass `password` says: then no user needs to be written anywhere. */
bool acl_is_plain(const struct acl *acl, struct slice password);

/* Exchange all users of `a` and `b`, but for the two default ones, which exchange what they are: pointers to that of
 * `a` stay good. */
void acl_exchange_users(struct acl *a, struct acl *b);
/* An acl of the same terms without users but the default one. Its log is its own. */
struct acl *acl_create_alike(const struct acl *acl);

/* "user name rules": a line as files have it and ACL LIST tells it. */
void acl_describe(const struct acl *acl, const struct acl_user *user, struct buf *out);

#endif
