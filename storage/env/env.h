/* LMDB's environment: opening, reading, committing. The only part of the house that knows it is LMDB, with
 * snapshot_write, view and checkpoint, which include storage/env/env_lmdb.h for its handles.
 *
 * Options are LMDB's full-sync defaults (no NOSYNC, no WRITEMAP: a power cut breaks those), MDB_NOTLS, a large sparse
 * map. A new environment is made in a temporary folder, committed once, synced, and renamed into place. */
#ifndef STORAGE_ENV_ENV_H
#define STORAGE_ENV_ENV_H

#include "base/file.h"
#include "storage/history.h"
#include "storage/keyspace/table.h"

#define ENV_FORMAT_VERSION 1

struct env; /* Opaque; owned by store. Handles may be used by any thread, transactions by one. */

/* What a checkpoint stores beside the data: everything that must never disagree with it. */
struct env_meta {
    struct history history;
    struct history_position position; /* X: all changes before it are in the data, none after. */
    int32_t selected_db;              /* Of the log's reader at X; -1 none. */
    uint64_t next_generation;
    uint64_t key_hash_seed; /* For long keys; set at creation. */
    uint32_t database_count;
    struct env_database {
        uint64_t space;
        uint64_t key_count;
        uint64_t expiry_count;
        uint64_t expiry_sum_ms; /* For the average TTL. */
    } * databases;              /* database_count of them; owned by the meta, see env_meta_release(). */
    bool is_pending;            /* Part of a checkpoint beyond X is in the data, and the redo file (redo.h) has all of
                                   it: who reads beside the store waits until this is false again. */
    bool is_clean; /* The log holds nothing beyond X: it may be absent. Never true while a store is open. */
};
void env_meta_release(struct env_meta *meta);
/* Keys of all databases. */
uint64_t env_meta_key_count(const struct env_meta *meta);
/* Make `to` a copy that owns its databases. */
void env_meta_copy(struct env_meta *to, const struct env_meta *from);
/* The checksummed record of it, as the meta table and the redo file hold it. */
struct buf;
void env_meta_encode(const struct env_meta *meta, struct buf *out);
/* STATUS_CORRUPT: it fails its checksum or its form. */
MUST_CHECK enum status env_meta_decode(struct slice record, struct env_meta *meta);

/* Sizes, for INFO and for the checkpoint's decisions. */
struct env_usage {
    uint64_t file_bytes;   /* What the data file takes. */
    uint64_t used_bytes;   /* Pages that hold data now; the rest of the file is free for reuse. */
    uint64_t map_bytes;    /* The most that the file may become. */
    uint64_t leaf_pages;   /* Of the tables: how widely random changes can spread. */
    uint64_t orphan_count; /* Records in TABLE_ORPHANS. */
};

/* Make an environment in the new folder `path` with `meta` in it, durable when this returns. It grows up in
 * `path`.new, so a crash leaves nothing at `path` or all of it.
 *   STATUS_EXISTS (something is at `path`), STATUS_IO, STATUS_NO_SPACE. */
MUST_CHECK enum status env_create(struct file_system *files, const char *path, const struct env_meta *meta);
/* Open the environment in `path`. A process may open the same one only once at a time; `read_only` is for tools beside
 * a running server.
 *   STATUS_NOT_FOUND    There is none.
 *   STATUS_UNSUPPORTED  Its format version, or LMDB's, is not known here.
 *   STATUS_CORRUPT      Not LMDB's, cut short, or the meta is unreadable.
 *   STATUS_IO, STATUS_NO_MEMORY. */
MUST_CHECK enum status env_open(const char *path, bool read_only, struct env **env);
void env_close(struct env *env);
/* The meta of the last committed checkpoint; release with env_meta_release(). */
MUST_CHECK enum status env_read_meta(struct env *env, struct env_meta *meta);
/* Commit `is_clean` alone. By the owner of the only writing thread: store at open, and tools that make environments.
 *   STATUS_IO, STATUS_NO_SPACE. */
MUST_CHECK enum status env_mark_clean(struct env *env, bool is_clean);
/* Number of the last committed transaction, to see whether a checkpoint came between. */
uint64_t env_last_transaction(struct env *env);
MUST_CHECK enum status env_measure(struct env *env, struct env_usage *usage);
/* Give back the reader slots of processes that died; any thread. */
void env_check_readers(struct env *env);
const char *env_path(const struct env *env);
/* Learn that the folder was renamed to `path` while it was open; LMDB itself needs no names. No other thread uses it.
 */
void env_relocate(struct env *env, const char *path);

#endif
