/* A selector: commands that may be called, with the keys and channels that they may touch. A user has one of its own
 * and may have more, each in parentheses; a command runs if one of them allows all of it. */
#ifndef SERVER_ACL_ACL_SELECTOR_H
#define SERVER_ACL_ACL_SELECTOR_H

#include "server/acl/acl_rule.h"
#include "server/acl/acl_words.h"

struct buf;
struct command_entry;

/* What may be done with keys of a pattern. */
enum acl_key_right { ACL_KEY_READ = 1u << 0, ACL_KEY_WRITE = 1u << 1 };
#define ACL_KEY_ANY (ACL_KEY_READ | ACL_KEY_WRITE)

struct acl_selector {
    bool has_all_commands; /* Whatever will be a command, too; goes with the first that is forbidden. */
    bool has_future; /* It began with +@all: what is not known yet is allowed. Stays when commands are forbidden. */
    bool has_all_keys;
    bool has_all_channels;
    uint64_t *commands;               /* Owned: a bit for each of the catalog. */
    struct acl_words first_arguments; /* Of commands that are allowed with these alone; tag: the command's number. */
    struct acl_words keys;            /* Patterns; tag: enum acl_key_right. */
    struct acl_words channels;
};

/* A command as it is to be called. */
struct acl_request {
    const struct command_entry *entry;
    const struct slice *argv;
    size_t argc;
};

/* In the order of how near to being allowed the request was. */
enum acl_verdict { ACL_ALLOWED, ACL_DENIED_COMMAND, ACL_DENIED_KEY, ACL_DENIED_LOGIN, ACL_DENIED_CHANNEL };

/* May do nothing, or as the terms say. */
struct acl_selector *acl_selector_create(const struct acl_terms *terms);
struct acl_selector *acl_selector_copy(const struct acl_selector *from, const struct acl_catalog *catalog);
void acl_selector_free(struct acl_selector *selector);

/* Apply one rule of commands, keys or channels. On an error the selector is as before. */
enum acl_rule_error acl_selector_apply(struct acl_selector *selector, const struct acl_catalog *catalog,
                                       struct slice rule);
/* The same for "+@all ~x* ...", a selector's inside, with blanks between; rules before the faulty one are applied. */
enum acl_rule_error acl_selector_apply_all(struct acl_selector *selector, const struct acl_catalog *catalog,
                                           struct slice rules);

/* Whether the selector allows it. If not, `*index` is that of the word that it does not: the key or channel. */
enum acl_verdict acl_selector_check(const struct acl_selector *selector, const struct acl_request *request,
                                    size_t *index);
/* Whether every key may be touched so (enum acl_key_right). */
bool acl_selector_allows_all_keys(const struct acl_selector *selector, uint32_t rights);
/* Whether the channel may be used. A pattern only as it stands in the rules. */
bool acl_selector_allows_channel(const struct acl_selector *selector, struct slice channel, bool is_pattern);

static inline bool acl_selector_has_command(const struct acl_selector *selector, uint32_t number)
{
    return (selector->commands[number / 64] >> (number % 64)) & 1;
}
/* Allow or forbid a command and its subcommands. */
void acl_selector_set_command(struct acl_selector *selector, const struct acl_catalog *catalog, uint32_t number,
                              bool is_allowed);
/* The same for all commands of a category. */
void acl_selector_set_category(struct acl_selector *selector, const struct acl_catalog *catalog, uint32_t category,
                               bool is_allowed);
void acl_selector_set_all_commands(struct acl_selector *selector, const struct acl_catalog *catalog, bool is_allowed);

#endif
