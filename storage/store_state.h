/* The inside of struct store, for the store_*.c files alone: store.c lives with it, store_open.c makes it, store_swap.c
 * changes its data. */
#ifndef STORAGE_STORE_STATE_H
#define STORAGE_STORE_STATE_H

#include "storage/data_lock.h"
#include "storage/env/checkpoint.h"
#include "storage/env/env.h"
#include "storage/store.h"

struct store {
    struct store_options options;
    char *directory; /* Owned, as the paths below. */
    char *data_path;
    char *log_path;
    struct data_lock lock;
    struct env *env;
    struct view *view;
    struct keyspace *keyspace;
    struct log *log;
    struct checkpoint *checkpoint;
    char *leftover_paths[CHECKPOINT_LEFTOVERS_MAX]; /* Of swaps and crashes: the checkpoint thread removes them. */
    struct history history;                         /* The log's, for the next checkpoint. */
    uint64_t key_hash_seed;
    int32_t selected_db;      /* Of the log's reader at its end. */
    bool selected_db_is_told; /* Since the last checkpoint a SELECT came, or what a master had sent. */

    /* Checkpoints. */
    uint64_t frozen_offset;  /* X of the frozen memtable, or of the last checkpoint. */
    uint64_t frozen_changes; /* How many changes the frozen memtable has. */
    uint64_t now_ms;         /* Monotonic, as of the last turn, as the next three. */
    uint64_t last_freeze_ms;
    uint64_t retry_at_ms; /* When the failed one is tried again; 0: none has failed. */
    uint64_t purge_at_ms; /* Not before. */
    bool is_queued;       /* Somebody asked for one. */
    bool has_orphans;
    bool has_failed;             /* For good. */
    bool is_relaxed;             /* The sync marker is set. */
    bool is_lost;                /* It is SYNC_MARKER_LOST. */
    size_t awaited_bytes;        /* Of a write that the log had no room ready for; 0: none waits. */
    uint64_t strict_from_offset; /* Once the log is durable to here under LOG_SYNC_ALWAYS, the marker goes. */

    struct store_statistics statistics;
};

/* Fill `meta` with what is true at the log's end; release with env_meta_release(). */
void store_describe(const struct store *store, struct history_position position, struct env_meta *meta);
/* Freeze the active memtable at `position` and let the thread store it. Nothing may be frozen. */
void store_freeze(struct store *store, struct history_position position, bool is_clean);
/* Wait for the running job and take over what it did. */
enum status store_await_job(struct store *store);
/* The store has failed, in doing `what`: say so once. */
void store_fail(struct store *store, const char *what, enum status status);
struct log_options store_log_options(const struct store *store, const char *directory);
/* Make the sync marker fit the policy, losses having been dealt with; `is_kept` tells that it does under any relaxed
 * one. STATUS_IO. */
MUST_CHECK enum status store_settle_marker(struct store *store, bool is_kept);
/* Start the checkpoint thread on the store's env and log. */
MUST_CHECK enum status store_start_checkpoints(struct store *store);

#endif
