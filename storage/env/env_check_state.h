/* The inside of env_check: what its files share. */
#ifndef STORAGE_ENV_ENV_CHECK_STATE_H
#define STORAGE_ENV_ENV_CHECK_STATE_H

#include "storage/env/env_check.h"
#include "storage/env/env_rows.h"
#include "storage/env/env_visit_value.h"
#include "storage/keyspace/entry.h"

/* Numbers gathered, then sorted to be looked up. */
struct env_check_numbers {
    uint64_t *numbers; /* Owned. */
    size_t count;
    size_t room;
};

/* What the rows say of a database, to be held against the meta. */
struct env_check_database {
    uint64_t key_count;
    uint64_t expiry_count;
    uint64_t expiry_sum_ms;
};

struct env_check {
    const struct env_check_options *options;
    struct env_check_summary *summary;
    struct env_visit visit; /* Environment, transaction and meta, as env_visit_value() wants them. */
    struct env_check_database *databases;
    struct env_check_numbers generations;      /* That keys have. */
    struct env_check_numbers lost_generations; /* Orphans. */
    struct env_check_numbers lost_spaces;
};

/* Tell a problem. */
__attribute__((format(printf, 2, 3))) void env_check_tell(struct env_check *check, const char *format, ...);
/* Room for a key in a message: slice_show(). */
#define ENV_CHECK_TEXT_BYTES 96
/* Open all rows of a table; false, told, if it cannot be read. */
bool env_check_open(struct env_check *check, struct env_rows *rows, enum table table);
/* The next row, counted and shown; false at the end, told if that is not the true one. */
bool env_check_next(struct env_check *check, struct env_rows *rows, enum table table, struct slice *key,
                    struct slice *value);
/* Look a row up. */
bool env_check_find(struct env_check *check, enum table table, struct slice key, struct slice *value);

void env_check_add_number(struct env_check_numbers *numbers, uint64_t number);
void env_check_sort_numbers(struct env_check_numbers *numbers);
bool env_check_has_number(const struct env_check_numbers *numbers, uint64_t number);

/* The steps. */
void env_check_keys(struct env_check *check);   /* env_check_keys.c */
void env_check_expiry(struct env_check *check); /* env_check_rows.c, as those below. */
void env_check_orphans(struct env_check *check);
void env_check_content(struct env_check *check, enum table table);
/* The second rows of a set or sorted set: slots, scores. */
void env_check_partners(struct env_check *check, const struct entry *entry, const char *key_text);
/* What a stream's rows beside its items say of each other: env_check_stream.c. */
void env_check_stream(struct env_check *check, const struct entry *entry, const char *key_text);

#endif
