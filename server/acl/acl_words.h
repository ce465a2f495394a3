/* A list of texts, each with a number beside it: a user's passwords, patterns, first arguments. In order of arrival,
 * and short, so it is searched from its beginning. */
#ifndef SERVER_ACL_ACL_WORDS_H
#define SERVER_ACL_ACL_WORDS_H

#include "base/slice.h"
#include <stdint.h>

struct acl_word {
    struct slice text; /* Owned. */
    uint32_t tag;      /* What the owner of the list says of it. */
};

struct acl_words {
    struct acl_word *items; /* Owned; NULL before the first. */
    size_t count;
    size_t capacity;
};

/* An empty list is all zeros. */
void acl_words_clear(struct acl_words *words);
/* Append a copy of `text`. */
void acl_words_add(struct acl_words *words, struct slice text, uint32_t tag);
/* The first that is `text`; NULL if none is. Valid until the list changes. */
struct acl_word *acl_words_find(const struct acl_words *words, struct slice text);
/* Remove one that stands in the list. */
void acl_words_remove(struct acl_words *words, struct acl_word *word);
/* Make `to`, which is empty, the same as `from`. */
void acl_words_copy(struct acl_words *to, const struct acl_words *from);

#endif
