/* Which of n things chance takes: for the commands that walk to them. */
#ifndef SERVER_COMMANDS_RANDOM_CHOICE_H
#define SERVER_COMMANDS_RANDOM_CHOICE_H

#include "base/status.h"
#include "storage/keyspace/entry.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct call;
struct collection;
struct random;
struct reply;

struct random_choice {
    uint64_t rank; /* Of the thing, 0 to total - 1. */
};

/* Choices that are made one by one, without a walk. */
struct random_draws {
    struct random *random;
    size_t count;
    bool are_different;
    bool is_one; /* The reply is it, and no array. */
    bool is_with;
};

/* With more different ones than this a walk is taken. */
#define RANDOM_DIFFERENT_DRAWS_MAX 128

/* What HRANDFIELD and ZRANDMEMBER differ in. */
struct random_command {
    enum entry_type type;
    const char *with; /* What argv[3] may be: "withscores". */
    void (*reply_one)(struct reply *reply, const struct collection *collection, uint64_t rank);
    /* An array; with values, or scores, if `with` was given. */
    void (*reply_choices)(struct reply *reply, const struct collection *collection, const struct random_choice *choices,
                          size_t count, bool is_with);
    /* The same for few out of many, in rows. NULL if ranks are found without a walk. */
    void (*reply_draws)(struct reply *reply, const struct collection *collection, const struct random_draws *draws);
};

/* No more than these with repetition are allowed: what is told is in memory before the first of it leaves. */
#define RANDOM_REPEATED_MAX (INT64_C(1) << 25)

/* Read argv[2], which may be negative, and argv[3] if there is one, which must be `with` (NULL: there may be none).
 *   STATUS_NOT_INTEGER, STATUS_SYNTAX, STATUS_REPLIED. */
MUST_CHECK enum status random_parse_count(const struct call *call, struct reply *reply, const char *with,
                                          int64_t *count);

/* `count` different ranks below `total`, which is no less, in ascending order. The caller frees them with
 * memory_free(). */
struct random_choice *random_draw(struct random *random, uint64_t total, size_t count);

/* Run such a command: key [count [with]].
 *   STATUS_WRONG_TYPE, STATUS_NOT_INTEGER, STATUS_SYNTAX, STATUS_REPLIED. */
MUST_CHECK enum status random_run(struct call *call, struct reply *reply, const struct random_command *command);

#endif
