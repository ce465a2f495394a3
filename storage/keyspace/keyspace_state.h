/* Inside of the keyspace: what its files share. Nobody else includes this. */
#ifndef STORAGE_KEYSPACE_KEYSPACE_STATE_H
#define STORAGE_KEYSPACE_KEYSPACE_STATE_H

#include "base/buf.h"
#include "storage/keyspace/expiry.h"
#include "storage/keyspace/keyspace.h"
#include "storage/keyspace/plain_keys.h"

struct scan_places;

/* Invariant K2: counts and sum are those of the rows under `space`. */
struct keyspace_database {
    uint64_t space;
    uint64_t key_count;
    uint64_t expiry_count;
    uint64_t expiry_sum_ms; /* Of due times, modulo 2^64. */
};

struct keyspace {
    struct view *view;       /* Borrowed. */
    uint64_t now_ms;         /* 0: nothing is due. */
    bool expire_on_access;   /* Due keys are deleted when found, else hidden. */
    uint32_t database_count; /* Those in reach. */
    uint32_t held_count;     /* Those in the array. */
    struct keyspace_database *databases;
    uint64_t next_generation;
    uint64_t name_seed; /* Of long names. */
    struct expiry expiry;
    struct keyspace_hooks hooks;
    uint64_t found_count;
    struct buf scratch;         /* Values being put together. */
    struct scan_places *places; /* SCAN's cursors. */
    struct zset_memos *zset_memos;
    struct plain_keys plain_keys; /* K5: a key in it has a row, and that row's entry is plain. */
};

/* A key of a database as the tables know it. */
struct keyspace_place {
    uint32_t db;
    struct slice key;    /* Borrowed. */
    bool is_known_plain; /* It was found in plain_keys. */
    struct keycode code; /* In TABLE_KEYS. */
};

static inline struct keyspace_database *keyspace_database(struct keyspace *keyspace, uint32_t db)
{
    ASSERT(db < keyspace->held_count);
    return &keyspace->databases[db];
}

static inline bool keyspace_is_due(const struct keyspace *keyspace, const struct entry *entry)
{
    return entry->expire_at_ms != 0 && keyspace->now_ms > entry->expire_at_ms;
}

/* Decode a row of TABLE_KEYS; damage stops the process (K4). `*key` is the full key, borrowed from either. */
void keyspace_decode(struct slice coded_key, struct slice value, struct slice *key, struct entry *entry);

/* Remove the row, its expiry and (unless `keep_content`) its content. */
void keyspace_drop(struct keyspace *keyspace, const struct keyspace_place *place, const struct entry *entry,
                   bool keep_content);
/* Let a key whose expiry was put off stand in the index at its expiry. */
void keyspace_reindex(struct keyspace *keyspace, const struct keyspace_place *place, struct entry *entry);
/* Delete a key because it is due, and say so. */
void keyspace_expire(struct keyspace *keyspace, const struct keyspace_place *place, const struct entry *entry);

#endif
