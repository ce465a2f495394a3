/* The store's life between open and close: admitting writes, the log's end, checkpoints. */
#include "storage/store.h"
#include "base/assert.h"
#include "base/clock.h"
#include "base/crash_point.h"
#include "base/diag.h"
#include "base/memory.h"
#include "storage/store_state.h"
#include "storage/sync_marker.h"
#include <inttypes.h>

#define RETRY_INTERVAL_MS 1000  /* After a checkpoint that found no space. */
#define PURGE_INTERVAL_MS 20    /* Between two steps, so that purging leaves the disk to others. */
#define KEEP_MEMORY_MS    10000 /* After a checkpoint, for the next memtable. */

struct keyspace *store_keyspace(struct store *store)
{
    return store->keyspace;
}

struct log *store_log(struct store *store)
{
    ASSERT(store->log != NULL); /* Only a store that has failed has none. */
    return store->log;
}

struct env *store_env(struct store *store)
{
    return store->env;
}

const char *store_directory(const struct store *store)
{
    return store->directory;
}

const struct store_statistics *store_get_statistics(struct store *store)
{
    store->statistics.checkpoint_running = view_has_frozen(store->view);
    return &store->statistics;
}

bool store_has_failed(const struct store *store)
{
    return store->has_failed;
}

void store_fail(struct store *store, const char *what, enum status status)
{
    if (!store->has_failed) {
        diag(DIAG_WARNING, "%s: %s failed: %s. Nothing more is acknowledged; the next start recovers all that was",
             store->directory, what, status_name(status));
    }
    store->has_failed = true;
}

int32_t store_selected_db(const struct store *store)
{
    return store->selected_db;
}

int32_t store_told_db(const struct store *store)
{
    return store->selected_db_is_told ? store->selected_db : -1;
}

void store_set_selected_db(struct store *store, int32_t db)
{
    store->selected_db = db;
    store->selected_db_is_told = true;
}

/* Writes. */

/* Whether the active memtable has all that it may have, and the thread is not free to take it. */
static bool must_wait_for_job(const struct store *store)
{
    return view_active_bytes(store->view) >= store->options.checkpoint_memory_bytes &&
           (view_has_frozen(store->view) || checkpoint_is_busy(store->checkpoint));
}

/* As store_admit_write(), but nobody waits. */
static enum status look_for_room(struct store *store, size_t change_bytes)
{
    if (store->has_failed) {
        return STATUS_IO;
    }
    if (must_wait_for_job(store)) {
        return store->retry_at_ms != 0 ? STATUS_NO_SPACE : STATUS_BUSY;
    }
    return log_reserve(store->log, change_bytes);
}

bool store_is_disk_full(struct store *store, size_t change_bytes)
{
    return look_for_room(store, change_bytes) == STATUS_NO_SPACE;
}

enum status store_admit_write(struct store *store, size_t change_bytes_estimate)
{
    enum status status = look_for_room(store, change_bytes_estimate);

    if (status == STATUS_BUSY && must_wait_for_job(store)) {
        checkpoint_hurry(store->checkpoint);
    } else if (status == STATUS_BUSY) {
        store->awaited_bytes = change_bytes_estimate;
    } else if (status == STATUS_IO) {
        store_fail(store, "writing the log", status);
    }
    return status;
}

enum status store_append(struct store *store, struct slice change, uint64_t *end)
{
    enum status status = log_append(store->log, change, end);

    if (status == STATUS_OK) {
        store->statistics.changes_since_checkpoint++;
    } else if (status == STATUS_IO) {
        store_fail(store, "writing the log", status);
    }
    return status;
}

/* Checkpoints. */

void store_describe(const struct store *store, struct history_position position, struct env_meta *meta)
{
    *meta = (struct env_meta){
        .history = store->history,
        .position = position,
        .selected_db = store->selected_db,
        .key_hash_seed = store->key_hash_seed,
    };
    keyspace_describe(store->keyspace, meta);
}

/* S2: the frozen memtable has what lies between the last checkpoint and `position`, all of it and nothing else, since
 * nobody writes between two commands and the log has every change by then. */
void store_freeze(struct store *store, struct history_position position, bool is_clean)
{
    struct env_meta meta;

    ASSERT(position.offset >= store->frozen_offset);
    store_describe(store, position, &meta);
    meta.is_clean = is_clean;
    store->frozen_offset = position.offset;
    store->frozen_changes = store->statistics.changes_since_checkpoint;
    store->is_queued = false;
    store->selected_db_is_told = false;
    checkpoint_begin(store->checkpoint, view_freeze(store->view), &meta);
    crash_point("store.freeze.after");
}

/* STATUS_BUSY: tools beside the server have taken all of LMDB's reader slots. */
static bool is_worth_another_try(enum status status)
{
    return status == STATUS_NO_SPACE || status == STATUS_NO_MEMORY || status == STATUS_BUSY;
}

static void note_usage(struct store *store, const struct env_usage *usage)
{
    store->statistics.data_file_bytes = usage->file_bytes;
    store->statistics.map_used_bytes = usage->used_bytes;
    if (usage->orphan_count < store->statistics.orphan_count) { /* Checkpoints make them, purges alone unmake them. */
        store->statistics.purged_count += store->statistics.orphan_count - usage->orphan_count;
    }
    store->statistics.orphan_count = usage->orphan_count;
    store->has_orphans = usage->orphan_count > 0;
}

static enum status finish_checkpoint(struct store *store, const struct checkpoint_result *result)
{
    struct store_statistics *statistics = &store->statistics;
    enum status status = view_drop_frozen(store->view);

    if (status != STATUS_OK) {
        store_fail(store, "reading the checkpoint", status);
        return status;
    }
    if (store->retry_at_ms != 0) {
        diag(DIAG_NOTICE, "%s: the checkpoint succeeds again", store->directory);
    }
    store->retry_at_ms = 0;
    statistics->checkpoint_count++;
    statistics->checkpoint_last_us = result->duration_us;
    statistics->checkpoint_wall_ms = result->wall_ms;
    statistics->saved_wall_ms = result->wall_ms;
    statistics->checkpoint_commits = result->commit_count;
    statistics->checkpoint_offset = store->frozen_offset;
    statistics->changes_since_checkpoint -= store->frozen_changes;
    statistics->last_checkpoint_ok = true;
    note_usage(store, &result->usage);
    return STATUS_OK;
}

static void note_failure(struct store *store, const struct checkpoint_result *result)
{
    store->statistics.checkpoint_failures++;
    store->statistics.last_checkpoint_ok = false;
    if (!is_worth_another_try(result->status)) {
        store_fail(store, "the checkpoint", result->status);
        return;
    }
    if (store->retry_at_ms == 0) {
        diag(DIAG_WARNING,
             "%s: the checkpoint failed: %s. It is tried again each second; until then changes stay in memory and in "
             "the log",
             store->directory, status_name(result->status));
    }
    store->retry_at_ms = store->now_ms + RETRY_INTERVAL_MS;
}

static enum status finish_purge(struct store *store, const struct checkpoint_result *result)
{
    store->purge_at_ms = store->now_ms + PURGE_INTERVAL_MS;
    if (result->status == STATUS_OK) {
        note_usage(store, &result->usage);
        return view_renew(store->view);
    }
    if (is_worth_another_try(result->status)) {
        store->purge_at_ms = store->now_ms + RETRY_INTERVAL_MS;
    } else {
        store_fail(store, "purging deleted data", result->status);
    }
    return result->status;
}

static enum status take_over(struct store *store, const struct checkpoint_result *result)
{
    switch (result->job) {
    case CHECKPOINT_CLEAN:
        if (result->status == STATUS_OK) {
            note_usage(store, &result->usage);
        }
        return STATUS_OK;
    case CHECKPOINT_PURGE:
        return finish_purge(store, result);
    case CHECKPOINT_APPLY:
        break;
    }
    if (result->status == STATUS_OK) {
        return finish_checkpoint(store, result);
    }
    note_failure(store, result);
    return result->status;
}

enum status store_await_job(struct store *store)
{
    struct checkpoint_result result;

    checkpoint_wait(store->checkpoint, &result);
    return take_over(store, &result);
}

/* Whether the log has an answer for the write that it had no room ready for. */
static bool has_room_again(struct store *store)
{
    if (store->awaited_bytes == 0 || log_reserve(store->log, store->awaited_bytes) == STATUS_BUSY) {
        return false;
    }
    store->awaited_bytes = 0;
    return true;
}

bool store_poll(struct store *store)
{
    struct checkpoint_result result;
    bool may_go_on;

    if (store->log == NULL) {
        return true; /* It failed on the way to another log. */
    }
    if (log_has_failed(store->log)) {
        store_fail(store, "writing the log", STATUS_IO);
    }
    may_go_on = has_room_again(store);
    if (checkpoint_poll(store->checkpoint, &result)) {
        (void)take_over(store, &result); /* What it says is remembered. */
        may_go_on = true;                /* Whatever the job was, the thread is free for a full memtable. */
    }
    return may_go_on || store->has_failed;
}

static bool has_changed(const struct store *store)
{
    return log_end_offset(store->log) != store->frozen_offset || view_active_count(store->view) > 0;
}

static bool is_time_to_freeze(const struct store *store)
{
    if (store->is_queued || view_active_bytes(store->view) >= store->options.checkpoint_memory_bytes) {
        return true;
    }
    return store->options.checkpoint_interval_ms != 0 && has_changed(store) &&
           store->now_ms - store->last_freeze_ms >= store->options.checkpoint_interval_ms;
}

/* Begin the next job, if there is one and nothing runs. */
static void schedule(struct store *store)
{
    uint64_t now_ms = store->now_ms;

    if (checkpoint_is_busy(store->checkpoint)) {
        return;
    }
    if (store->retry_at_ms != 0) {
        if (now_ms >= store->retry_at_ms) {
            store->retry_at_ms = now_ms + RETRY_INTERVAL_MS;
            checkpoint_retry(store->checkpoint);
        }
    } else if (is_time_to_freeze(store)) {
        store->last_freeze_ms = now_ms;
        store_freeze(store, log_end(store->log), false);
    } else if (store->has_orphans && now_ms >= store->purge_at_ms) {
        checkpoint_begin_purge(store->checkpoint);
    } else if (now_ms > store->last_freeze_ms + KEEP_MEMORY_MS) {
        (void)view_trim(store->view);
    }
}

/* Under LOG_SYNC_ALWAYS, and all synced that was shown before: nothing that replicas have can be lost any more. */
static void drop_marker(struct store *store)
{
    if (log_durable_offset(store->log) < store->strict_from_offset) {
        return;
    }
    if (sync_marker_clear(store->options.files, store->directory) != STATUS_OK) {
        diag(DIAG_WARNING, "%s/" SYNC_MARKER_NAME ": cannot be removed; a reboot will begin a new history",
             store->directory);
    }
    store->is_relaxed = false;
}

void store_turn(struct store *store, uint64_t wall_ms, uint64_t monotonic_ms)
{
    store->now_ms = monotonic_ms;
    if (store->log != NULL) {
        log_flush(store->log, wall_ms);
    }
    if (store->has_failed) {
        return;
    }
    if (store->is_relaxed && store->options.policy == LOG_SYNC_ALWAYS) {
        drop_marker(store);
    }
    schedule(store);
}

enum status store_begin_checkpoint(struct store *store, bool queue)
{
    if (store->has_failed) {
        return STATUS_IO;
    }
    if (view_has_frozen(store->view)) {
        store->is_queued |= queue;
        return STATUS_BUSY;
    }
    store->is_queued = true;
    return STATUS_OK;
}

static enum status checkpoint_all(struct store *store, uint64_t now_ms, bool is_clean)
{
    log_flush(store->log, now_ms);
    if (checkpoint_is_busy(store->checkpoint)) {
        (void)store_await_job(store); /* A frozen memtable that stays says how it ended. */
    }
    if (!store->has_failed && view_has_frozen(store->view)) {
        enum status status;

        checkpoint_retry(store->checkpoint);
        status = store_await_job(store);
        if (status != STATUS_OK) {
            return status;
        }
    }
    if (store->has_failed) {
        return STATUS_IO;
    }
    store->last_freeze_ms = store->now_ms;
    store_freeze(store, log_end(store->log), is_clean);
    return store_await_job(store);
}

enum status store_checkpoint_now(struct store *store, uint64_t now_ms)
{
    return checkpoint_all(store, now_ms, false);
}

void store_set_checkpoint_limits(struct store *store, uint64_t memory_bytes, uint64_t interval_ms)
{
    store->options.checkpoint_memory_bytes = memory_bytes;
    store->options.checkpoint_interval_ms = interval_ms;
}

enum status store_set_sync_policy(struct store *store, enum log_sync_policy policy)
{
    if (policy != LOG_SYNC_ALWAYS && !store->is_relaxed && !store->is_lost) { /* A loss says more, and must stay. */
        enum status status = sync_marker_set(store->options.files, store->directory, store->options.boot_id);

        if (status != STATUS_OK) {
            return status;
        }
        store->is_relaxed = true;
    }
    if (policy == LOG_SYNC_ALWAYS && store->options.policy != LOG_SYNC_ALWAYS) {
        store->strict_from_offset = log_end_offset(store->log);
    }
    store->options.policy = policy;
    log_set_policy(store->log, policy);
    return STATUS_OK;
}

void store_discard_log_before(struct store *store, uint64_t offset)
{
    uint64_t limit = store->statistics.checkpoint_offset;

    log_discard_before(store->log, offset < limit ? offset : limit); /* S7. */
}

enum status store_reserve_history(struct store *store, uint64_t now_ms)
{
    enum status status = log_reserve_history(store->log, now_ms);

    if (status == STATUS_IO) {
        store_fail(store, "making room for a new history in the log", status);
    }
    return status;
}

enum status store_begin_history(struct store *store, const struct history *history, uint64_t now_ms)
{
    enum status status = log_begin_history(store->log, history, now_ms);

    if (status == STATUS_OK) {
        store->history = *history;
        return store->is_lost ? store_settle_marker(store, false) : STATUS_OK;
    }
    if (status == STATUS_IO) {
        store_fail(store, "beginning a new history in the log", status);
    }
    return status;
}

/* Closing. */

static void free_store(struct store *store)
{
    for (size_t i = 0; i < CHECKPOINT_LEFTOVERS_MAX; i++) {
        memory_free(store->leftover_paths[i]);
    }
    memory_free(store->log_path);
    memory_free(store->data_path);
    memory_free(store->directory);
    memory_free(store);
}

/* In the order in which they were made, backwards, wherever making them has stopped. The log goes before the
 * environment, so that what it is to say is said. */
void store_close(struct store *store, bool checkpoint)
{
    if (store == NULL) {
        return;
    }
    if (checkpoint && !store->has_failed) {
        enum status status = checkpoint_all(store, clock_wall_ms(), true);

        if (status != STATUS_OK) {
            diag(DIAG_WARNING, "%s: no checkpoint at the end: %s; the next start replays the log", store->directory,
                 status_name(status));
        }
    }
    checkpoint_close(store->checkpoint);
    log_close(store->log);
    if (store->keyspace != NULL) {
        keyspace_close(store->keyspace);
    }
    view_close(store->view);
    env_close(store->env);
    data_lock_release(&store->lock);
    free_store(store);
}
