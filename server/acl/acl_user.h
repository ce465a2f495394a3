/* A user: how to become it, and what it may do. */
#ifndef SERVER_ACL_ACL_USER_H
#define SERVER_ACL_ACL_USER_H

#include "server/acl/acl_selector.h"

/* In the order in which they are told. */
enum acl_user_flag {
    ACL_USER_ON = 1u << 0, /* It can be logged in as. */
    ACL_USER_OFF = 1u << 1,
    ACL_USER_NO_PASSWORD = 1u << 2,   /* Any password is right. */
    ACL_USER_SKIP_SANITIZE = 1u << 3, /* Kept and told for Redis' sake: payloads are always checked here. */
    ACL_USER_SANITIZE = 1u << 4,
};
#define ACL_USER_FLAG_COUNT 5

struct acl_user {
    bool is_unrestricted;            /* A selector of it allows everything: nothing has to be looked at. */
    uint32_t flags;                  /* enum acl_user_flag */
    char *name;                      /* Owned. */
    struct acl_words passwords;      /* Their hashes. */
    struct acl_selector **selectors; /* Owned, as what it points to. The first is the user's own. */
    size_t selector_count;           /* At least 1. */
};

/* Off, without password and rights, but for channels as the terms say. */
struct acl_user *acl_user_create(const struct acl_terms *terms, struct slice name);
struct acl_user *acl_user_copy(const struct acl_user *from, const struct acl_terms *terms);
void acl_user_free(struct acl_user *user);
/* Exchange all but the names: whoever points to a user goes on with what it is now. */
void acl_user_exchange(struct acl_user *a, struct acl_user *b);

/* Apply one rule, joined by acl_rules_join(). On an error the user is as before. */
enum acl_rule_error acl_user_apply(struct acl_user *user, const struct acl_terms *terms, struct slice rule);

bool acl_user_has_password(const struct acl_user *user, struct slice password);
/* Whether the user may do it; if not, what was nearest to it, and with which word it failed. */
enum acl_verdict acl_user_check(const struct acl_user *user, const struct acl_request *request, size_t *index);

/* The name of a flag as rules have it. Static storage; index < ACL_USER_FLAG_COUNT. */
const char *acl_user_flag_name(size_t index);
/* The rules that make the user, as ACL LIST tells them. */
void acl_user_describe(const struct acl_user *user, const struct acl_catalog *catalog, struct buf *out);

#endif
