/* What all that reads and tells rules has in common. */
#ifndef SERVER_ACL_ACL_RULE_H
#define SERVER_ACL_ACL_RULE_H

#include "base/slice.h"

struct acl_catalog;

/* By what rules are read. */
struct acl_terms {
    const struct acl_catalog *catalog;
    bool begins_with_channels; /* acl-pubsub-default allchannels: users and selectors begin with all channels. */
};

/* Why a rule is none. */
enum acl_rule_error {
    ACL_RULE_FINE,
    ACL_RULE_UNKNOWN, /* There is no such command or category. */
    ACL_RULE_SYNTAX,
    ACL_RULE_KEYS_AFTER_ALL, /* A key pattern where all keys are allowed already. */
    ACL_RULE_CHANNELS_AFTER_ALL,
    ACL_RULE_NO_SUCH_PASSWORD,
    ACL_RULE_BAD_HASH, /* A password's hash that is not 64 lower-case hex digits. */
    ACL_RULE_DEEP,     /* +container|subcommand|argument. */
    ACL_RULE_DUPLICATE_USER,
};

/* Redis' words for it. Static storage. */
const char *acl_rule_text(enum acl_rule_error error);

/* Whether the text has blanks or zero bytes, which neither names nor patterns may have. */
bool acl_has_blanks(struct slice text);

/* Join the words of selectors: "(~a*", "+get)" becomes "(~a* +get)". Stores the joined words, in one block that the
 * caller frees with memory_free(), and their count. If a parenthesis stays open, false, and `*open` is the index of the
 * word that has it. */
bool acl_rules_join(const struct slice *words, size_t count, struct slice **joined, size_t *joined_count, size_t *open);

#endif
