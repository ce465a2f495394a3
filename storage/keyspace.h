/* The keyspace: databases of keys, each with its entry, expiry and content.
 *
 * Every key belongs to a space, a 64-bit number that a database has now: FLUSHDB gives the database a new one and
 * leaves the old as an orphan, SWAPDB exchanges two; both are O(1). A collection's content is found by its generation in
 * the same way. Orphans are purged by checkpoints, in bounded steps.
 *
 * Expiry: on a master, whatever finds a key that is due deletes it and tells on_expired, which logs the deletion; on a
 * replica and in recovery (expire_on_access false) a due key is hidden but stays.
 *
 * Threads: the loop's alone. Slices in entries are dead after the next write or checkpoint switch. */
#ifndef STORAGE_KEYSPACE_H
#define STORAGE_KEYSPACE_H

#include "base/random.h"
#include "storage/entry.h"
#include "storage/view.h"

#define KEYSPACE_DATABASES_MAX 1024
#define KEYSPACE_KEY_BYTES_MAX (512u * 1024 * 1024)

struct keyspace; /* Opaque; owned by store. */

struct keyspace_hooks {
    /* A due key was deleted on access or by keyspace_expire_due(): log DEL, notify "expired". */
    void (*on_expired)(void *context, uint32_t db, struct slice key);
    void *context;
};

/* Open the keyspace over `view` (borrowed) as `meta` describes it. If `database_count` is more than the meta's databases,
 * the new ones get fresh spaces; those beyond it keep their content and are out of reach until it is raised again. */
struct env_meta;
struct keyspace *keyspace_open(struct view *view, const struct env_meta *meta, uint32_t database_count);
void keyspace_close(struct keyspace *keyspace);
/* What a checkpoint at this moment is to store: fills next_generation, key_hash_seed, and the databases, which the
 * caller releases with env_meta_release(). */
void keyspace_describe(const struct keyspace *keyspace, struct env_meta *meta);

/* The time that decides what is due, and whether due keys are deleted or hidden; set by dispatch before each command,
 * so that one command sees one time. */
void keyspace_set_clock(struct keyspace *keyspace, uint64_t now_ms, bool expire_on_access);
uint64_t keyspace_now_ms(const struct keyspace *keyspace);
void keyspace_set_hooks(struct keyspace *keyspace, const struct keyspace_hooks *hooks);

uint32_t keyspace_database_count(const struct keyspace *keyspace);
/* Exact and O(1). Due keys that are not deleted yet count, as in Redis. */
uint64_t keyspace_key_count(const struct keyspace *keyspace, uint32_t db);
uint64_t keyspace_expiry_count(const struct keyspace *keyspace, uint32_t db);
/* Sum of due times of keys with expiry, for INFO's avg_ttl. */
uint64_t keyspace_average_ttl_ms(const struct keyspace *keyspace, uint32_t db);

/* Find a live key. False if it is absent or due. */
bool keyspace_find(struct keyspace *keyspace, uint32_t db, struct slice key, struct entry *entry);
/* The same without expiring or hiding: replay and tests. */
bool keyspace_peek(struct keyspace *keyspace, uint32_t db, struct slice key, struct entry *entry);

/* Write `entry` under `key`, creating or replacing: counts and expiry index follow; if the former entry had another
 * generation, that one becomes an orphan. entry->body is copied. */
void keyspace_put(struct keyspace *keyspace, uint32_t db, struct slice key, const struct entry *entry);
/* Delete; O(1) whatever its content. False if it was not there (due counts as not there, and is deleted). */
bool keyspace_delete(struct keyspace *keyspace, uint32_t db, struct slice key);
/* Change the expiry alone; 0 removes it. False if the key is absent. */
bool keyspace_set_expiry(struct keyspace *keyspace, uint32_t db, struct slice key, uint64_t expire_at_ms);
/* Move the entry with its content and expiry, replacing what is at the destination; O(1). False if `from` is absent. */
bool keyspace_move(struct keyspace *keyspace, uint32_t from_db, struct slice from, uint32_t to_db, struct slice to);
/* Copy the entry with its content and expiry; costs what it copies. */
bool keyspace_copy(struct keyspace *keyspace, uint32_t from_db, struct slice from, uint32_t to_db, struct slice to);

/* A generation that was never used before in this data directory. */
uint64_t keyspace_new_generation(struct keyspace *keyspace);
/* Leave the content of `generation` to be purged. */
void keyspace_orphan_generation(struct keyspace *keyspace, uint64_t generation);

void keyspace_flush_database(struct keyspace *keyspace, uint32_t db);
void keyspace_flush_all(struct keyspace *keyspace);
void keyspace_swap(struct keyspace *keyspace, uint32_t a, uint32_t b);

/* Delete up to `limit` keys that are due, soonest first; returns how many. Master only. */
size_t keyspace_expire_due(struct keyspace *keyspace, size_t limit);
/* When the next key falls due, in wall-clock ms; UINT64_MAX if none has an expiry. */
uint64_t keyspace_next_due_ms(struct keyspace *keyspace);

/* A key chosen at random; false if the database is empty. `*key` is appended to `out`. */
struct buf;
bool keyspace_random_key(struct keyspace *keyspace, uint32_t db, struct random *random, struct buf *out);

/* The view, for the typed stores of this folder. */
struct view *keyspace_view(struct keyspace *keyspace);

#endif
