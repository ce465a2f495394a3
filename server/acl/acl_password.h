/* Passwords are kept as their SHA-256, in hex as Redis writes it, and compared so that time tells nothing of them. */
#ifndef SERVER_ACL_ACL_PASSWORD_H
#define SERVER_ACL_ACL_PASSWORD_H

#include "base/slice.h"

#define ACL_HASH_LEN 64 /* Hex digits. */

/* Write the hash of `password` to `hex`, without a NUL. */
void acl_password_hash(struct slice password, char hex[ACL_HASH_LEN]);
/* Whether `hash` has the form of one: 64 lower-case hex digits. */
bool acl_password_is_hash(struct slice hash);
/* Whether two hashes are equal, in the same time whatever they are. */
bool acl_password_is_same(const char a[ACL_HASH_LEN], const char b[ACL_HASH_LEN]);

#endif
