#include "server/acl/acl_rule.h"
#include "base/buf.h"
#include "base/memory.h"
#include <ctype.h>

const char *acl_rule_text(enum acl_rule_error error)
{
    static const char *const texts[] = {
        [ACL_RULE_FINE] = "",
        [ACL_RULE_UNKNOWN] = "Unknown command or category name in ACL",
        [ACL_RULE_SYNTAX] = "Syntax error",
        [ACL_RULE_KEYS_AFTER_ALL] =
            "Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and does not have any effect. "
            "Try 'resetkeys' to start with an empty list of patterns",
        [ACL_RULE_CHANNELS_AFTER_ALL] =
            "Adding a pattern after the * pattern (or the 'allchannels' flag) is not valid and does not have any "
            "effect. Try 'resetchannels' to start with an empty list of channels",
        [ACL_RULE_NO_SUCH_PASSWORD] = "The password you are trying to remove from the user does not exist",
        [ACL_RULE_BAD_HASH] = "The password hash must be exactly 64 characters and contain only lowercase hexadecimal "
                              "characters",
        [ACL_RULE_DEEP] = "Allowing first-arg of a subcommand is not supported",
        [ACL_RULE_DUPLICATE_USER] = "Duplicate user found. A user can only be defined once in config files",
    };

    return texts[error];
}

bool acl_has_blanks(struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (isspace((unsigned char)text.data[i]) || text.data[i] == '\0') {
            return true;
        }
    }
    return false;
}

static bool begins_selector(struct slice word)
{
    return word.len != 0 && word.data[0] == '(' && word.data[word.len - 1] != ')';
}

bool acl_rules_join(const struct slice *words, size_t count, struct slice **joined, size_t *joined_count, size_t *open)
{
    struct slice *rules = memory_allocate((count + 1) * sizeof(*rules));
    size_t rule_count = 0;
    size_t begin = 0;
    bool is_open = false;
    struct buf text; /* The selectors' words, with blanks between: where one ends and the next begins is in `rules`. */

    buf_init(&text, BUF_NO_CEILING);
    for (size_t i = 0; i < count; i++) {
        bool is_inside = is_open;

        if (!is_open && !begins_selector(words[i])) {
            rules[rule_count++] = words[i];
            continue;
        }
        if (is_inside) {
            buf_put_byte(&text, ' ');
            rules[rule_count - 1].len++;
        } else {
            rules[rule_count++] = slice_make(NULL, 0);
            begin = i;
        }
        buf_put(&text, words[i]);
        rules[rule_count - 1].len += words[i].len;
        is_open = !is_inside || words[i].len == 0 || words[i].data[words[i].len - 1] != ')';
    }
    if (!is_open) {
        struct slice rest = buf_slice(&text);

        for (size_t i = 0; i < rule_count; i++) {
            if (rules[i].data == NULL) {
                rules[i].data = rest.data;
                rest = slice_after(rest, rules[i].len);
            }
        }
        *joined = slice_copy_all(rules, rule_count);
        *joined_count = rule_count;
    } else {
        *open = begin;
    }
    buf_release(&text);
    memory_free(rules);
    return !is_open;
}
