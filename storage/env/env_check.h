/* Walking a whole environment to see whether its tables agree with each other: hearth-check.
 *
 * Holds it against the invariants K1 to K4 of docs/formats/keyspace.md and against the meta, in one exact read
 * transaction, beside a running server too. Damage is told and never ends the process by our own doing, but LMDB 0.9.24
 * may crash on damaged pages: run it in a process of its own that may die. */
#ifndef STORAGE_ENV_ENV_CHECK_H
#define STORAGE_ENV_ENV_CHECK_H

#include "storage/env/env.h"

struct env_check_options {
    /* Something is wrong: one line of text, borrowed. */
    void (*on_problem)(void *context, const char *text);
    /* Called before each row: where the walk is. Cheap. May be NULL. */
    void (*on_row)(void *context, enum table table, struct slice key);
    void *context;
};

struct env_check_summary {
    struct history history; /* The meta's. */
    struct history_position position;
    bool is_clean;
    uint64_t key_count;
    uint64_t row_counts[TABLE_COUNT];
    uint64_t library_count; /* Of functions. */
    uint64_t orphan_count;
    uint64_t unchecked_count; /* Values of types that this build does not know. */
    uint64_t problem_count;
};

/* Check `env`. STATUS_OK: all of it was looked at, whatever was found.
 *   STATUS_CORRUPT  The meta or a table cannot be read at all; told as a problem too.
 *   STATUS_BUSY (a checkpoint was begun and does not end), STATUS_IO, STATUS_NO_MEMORY. */
MUST_CHECK enum status env_check(struct env *env, const struct env_check_options *options,
                                 struct env_check_summary *summary);

#endif
