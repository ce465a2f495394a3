/* LMDB's environment: opening, reading, committing. The only part of the house that knows it is LMDB, with
 * snapshot_write and view, which include storage/env_lmdb.h for its handles.
 *
 * Options are LMDB's full-sync defaults (no NOSYNC, no WRITEMAP: a power cut breaks those), MDB_NOTLS, a large sparse map.
 * A new environment is made in a temporary folder, committed once, synced, and renamed into place. */
#ifndef STORAGE_ENV_H
#define STORAGE_ENV_H

#include "base/file.h"
#include "storage/history.h"
#include "storage/table.h"

#define ENV_FORMAT_VERSION 1

struct env; /* Opaque; owned by store. Handles may be used by any thread, transactions by one. */

/* What a checkpoint stores beside the data: everything that must never disagree with it. */
struct env_meta {
    struct history history;
    struct history_position position; /* X: all changes before it are in the data, none after. */
    int32_t selected_db;              /* Of the log's reader at X; -1 none. */
    uint64_t next_generation;
    uint64_t key_hash_seed;           /* For long keys; set at creation. */
    uint32_t database_count;
    struct env_database {
        uint64_t space;
        uint64_t key_count;
        uint64_t expiry_count;
        uint64_t expiry_sum_ms;       /* For the average TTL. */
    } *databases;                     /* database_count of them; owned by the meta, see env_meta_release(). */
    bool is_clean;                    /* Written by a clean shutdown: the log holds nothing beyond X. */
};
void env_meta_release(struct env_meta *meta);

/* Make an environment in the new folder `path` with `meta` in it, durable when this returns. */
MUST_CHECK enum status env_create(struct file_system *files, const char *path, const struct env_meta *meta);
/* Open the environment in `path`.
 *   STATUS_NOT_FOUND, STATUS_UNSUPPORTED (format version), STATUS_CORRUPT (not LMDB's, or meta unreadable), STATUS_IO. */
MUST_CHECK enum status env_open(const char *path, bool read_only, struct env **env);
void env_close(struct env *env);
/* The meta of the last committed checkpoint; release with env_meta_release(). */
MUST_CHECK enum status env_read_meta(struct env *env, struct env_meta *meta);
/* Number of the last committed transaction, to see whether a checkpoint came between. */
uint64_t env_last_transaction(struct env *env);

#endif
