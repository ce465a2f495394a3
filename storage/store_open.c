/* Opening a data directory: whatever the last process did, and wherever it stopped. */
#include "base/assert.h"
#include "base/clock.h"
#include "base/crash_point.h"
#include "base/diag.h"
#include "base/memory.h"
#include "base/random.h"
#include "storage/env/redo.h"
#include "storage/log/log_archive.h"
#include "storage/recovery.h"
#include "storage/store_layout.h"
#include "storage/store_state.h"
#include "storage/sync_marker.h"
#include <errno.h>
#include <inttypes.h>

struct log_options store_log_options(const struct store *store, const char *directory)
{
    return (struct log_options){
        .files = store->options.files,
        .directory = directory,
        .policy = store->options.policy,
        .segment_bytes = store->options.segment_bytes,
        .archive_directory = store->options.archive_directory,
        .on_progress = store->options.wake,
        .context = store->options.context,
    };
}

enum status store_start_checkpoints(struct store *store)
{
    const struct checkpoint_options options = {
        .files = store->options.files,
        .env = store->env,
        .log = store->log,
        .wake = store->options.wake,
        .context = store->options.context,
        .leftover_paths = {store->leftover_paths[0], store->leftover_paths[1], store->leftover_paths[2]},
        .whole_pages_max = store->options.checkpoint_whole_pages,
        .step_pages_max = store->options.checkpoint_step_pages,
    };

    return checkpoint_open(&options, &store->checkpoint);
}

/* Whose directory it is. */

/* The layout, or why it is not ours to open. */
static enum status inspect(const struct store *store, struct store_layout *layout)
{
    enum status status = store_layout_inspect(store->options.files, store->directory, layout);

    if (status != STATUS_OK) {
        diag(DIAG_WARNING, "%s: cannot be read: %s", store->directory, file_failure_text(status));
        return status;
    }
    if (layout->has_data || layout->has_swap || !layout->exists) {
        return STATUS_OK;
    }
    if (layout->foreign != NULL) {
        diag(DIAG_WARNING, "%s: has files that are not Hearth's (\"%s\") and no data; give an empty or a new folder",
             store->directory, layout->foreign);
        status = STATUS_INVALID;
    } else if (layout->has_segments) {
        diag(DIAG_WARNING,
             "%s: has a log and no data; if the data is lost, restore a snapshot, or remove the log to begin anew",
             store->directory);
        status = STATUS_CORRUPT;
    }
    if (status != STATUS_OK) {
        store_layout_release(layout);
    }
    return status;
}

static enum status make_directory(struct file_system *files, const char *path)
{
    enum status status = file_make_directory(files, path);

    if (status != STATUS_OK) {
        return status == STATUS_EXISTS ? STATUS_OK : status;
    }
    return file_sync_parent(files, path);
}

static enum status acquire(struct store *store, long *holder_pid)
{
    enum status status = make_directory(store->options.files, store->directory);

    if (status != STATUS_OK) {
        diag(DIAG_WARNING, "%s: cannot be made: %s", store->directory, file_failure_text(status));
        return status;
    }
    status = data_lock_acquire(store->directory, &store->lock, holder_pid);
    if (status == STATUS_BUSY) {
        diag(DIAG_WARNING, "%s: is held by process %ld", store->directory, *holder_pid);
    } else if (status != STATUS_OK) {
        diag(DIAG_WARNING, "%s/" DATA_LOCK_NAME ": cannot be locked: %s", store->directory, file_failure_text(status));
    }
    return status;
}

/* The environment. */

static enum status create_data(struct store *store)
{
    struct env_meta meta = {
        .selected_db = -1, .next_generation = 1, .is_clean = true, /* So that the log may still be missing. */
    };
    struct random random;
    enum status status;

    random_init_from_system(&random);
    meta.key_hash_seed = random_next(&random);
    history_init(&meta.history);
    status = env_create(store->options.files, store->data_path, &meta);
    if (status != STATUS_OK) {
        diag(DIAG_WARNING, "%s: cannot be made: %s", store->data_path, file_failure_text(status));
    }
    crash_point("store.create.after");
    return status;
}

static enum status settle_layout(struct store *store)
{
    struct store_layout layout;
    enum status status = inspect(store, &layout); /* Again, now that nobody else can change it. */

    if (status != STATUS_OK) {
        return status;
    }
    if (layout.has_swap) {
        diag(DIAG_NOTICE, "%s: a full sync had been taken over when the last process stopped; finishing it",
             store->directory);
        status = store_layout_finish_swap(store->options.files, store->directory);
        if (status != STATUS_OK) {
            diag(DIAG_WARNING, "%s/" STORE_SWAP ": cannot be finished: %s", store->directory, status_name(status));
        }
    } else if (!layout.has_data) {
        status = create_data(store);
    }
    store_layout_release(&layout);
    return status;
}

static enum status open_data(struct store *store, struct env_meta *meta)
{
    enum status status = env_open(store->data_path, false, &store->env);

    if (status == STATUS_OK) {
        status = env_read_meta(store->env, meta);
    }
    if (status == STATUS_UNSUPPORTED) {
        diag(DIAG_WARNING, "%s: its format is not known to this version", store->data_path);
    } else if (status != STATUS_OK) {
        diag(DIAG_WARNING, "%s: cannot be opened: %s", store->data_path, file_failure_text(status));
    }
    return status;
}

static void load_put(void *context, enum table table, struct slice key, struct slice value)
{
    view_put(context, table, key, value);
}

static void load_delete(void *context, enum table table, struct slice key)
{
    view_delete(context, table, key);
}

/* A checkpoint went in steps and did not come to its end: with its rows in the active memtable all reads are those of
 * its offset, and the next checkpoint stores them again (S5). */
static enum status load_redo(struct store *store, struct env_meta *meta)
{
    const struct redo_visitor visitor = {.put = load_put, .remove = load_delete, .context = store->view};
    struct env_meta target;
    enum status status;

    if (!meta->is_pending) {
        return redo_remove(store->options.files, store->data_path);
    }
    status = redo_read(store->options.files, store->data_path, meta->position, &visitor, &target);
    if (status != STATUS_OK) {
        diag(DIAG_WARNING, "%s/redo: the last checkpoint was not finished, and what it needs cannot be read: %s",
             store->data_path, status_name(status));
        return status == STATUS_NOT_FOUND ? STATUS_CORRUPT : status;
    }
    env_meta_release(meta);
    *meta = target;
    store->is_queued = true; /* Purging and snapshots wait for it. */
    return STATUS_OK;
}

static enum status open_keyspace(struct store *store, struct env_meta *meta)
{
    enum status status = view_open(store->env, &store->view);

    if (status == STATUS_OK) {
        status = load_redo(store, meta);
    }
    if (status == STATUS_OK) {
        store->key_hash_seed = meta->key_hash_seed;
        store->selected_db = meta->selected_db;
        store->keyspace = keyspace_open(store->view, meta, store->options.database_count);
    }
    return status;
}

/* The log. */

static enum status create_log(struct store *store, const struct env_meta *meta)
{
    const struct log_options options = store_log_options(store, store->log_path);
    const struct log_origin origin = {.history = meta->history, .position = meta->position};

    if (!meta->is_clean) {
        diag(DIAG_WARNING,
             "%s: has no segments, but the data expects some from offset %" PRIu64 " on; restore them, or a snapshot",
             store->log_path, meta->position.offset);
        return STATUS_CORRUPT;
    }
    return log_create(&options, &origin, &store->log);
}

static enum status open_log(struct store *store, const struct env_meta *meta)
{
    const struct log_options options = store_log_options(store, store->log_path);
    enum status status = make_directory(store->options.files, store->log_path);

    if (status == STATUS_OK) {
        status = log_open(&options, meta->position.offset, &store->log);
    }
    if (status == STATUS_NOT_FOUND) {
        status = create_log(store, meta);
    }
    if (status != STATUS_OK) {
        diag(DIAG_WARNING, "%s: cannot be opened: %s", store->log_path, status_name(status));
        return status;
    }
    store->history = *log_history(store->log);
    return STATUS_OK;
}

/* From here on the log may hold more than the data, and its absence would be a loss. */
static enum status mark_unclean(struct store *store, const struct env_meta *meta)
{
    enum status status = meta->is_clean ? env_mark_clean(store->env, false) : STATUS_OK;

    if (status == STATUS_NO_SPACE) {
        return STATUS_OK; /* No write is taken until there is room, and then the next checkpoint does it. */
    }
    if (status != STATUS_OK) {
        diag(DIAG_WARNING, "%s: cannot be written: %s", store->data_path, status_name(status));
    }
    return status;
}

/* Recovery. */

static bool replay_one(void *context, uint32_t *selected_db, const struct slice *argv, size_t argc)
{
    struct store *store = context;

    return store->options.replay(store->options.context, store, selected_db, argv, argc);
}

/* A log longer than memory is recovered by checkpoints on the way; the next memtable fills while one is stored. */
static enum status freeze_on_the_way(void *context, struct history_position position, int32_t selected_db)
{
    struct store *store = context;

    store->statistics.changes_since_checkpoint++;
    if (view_active_bytes(store->view) < store->options.checkpoint_memory_bytes) {
        return STATUS_OK;
    }
    if (checkpoint_is_busy(store->checkpoint)) {
        enum status status = store_await_job(store);

        if (status != STATUS_OK && store->retry_at_ms == 0) {
            return status;
        }
    }
    if (store->retry_at_ms != 0) {
        return STATUS_OK; /* The disk is full. Recovery needs no room: memory takes what it had before the crash, too.
                           */
    }
    store->selected_db = selected_db;
    store_freeze(store, position, false);
    return STATUS_OK;
}

static enum status recover(struct store *store, struct history_position from)
{
    const struct recovery_options options = {
        .log = store->log,
        .from = from,
        .selected_db = store->selected_db,
        .replay = replay_one,
        .on_record = freeze_on_the_way,
        .context = store,
    };
    struct recovery_result result;
    uint64_t start_us = clock_monotonic_us();
    enum status status;

    store->frozen_offset = from.offset;
    store->statistics.checkpoint_offset = from.offset;
    keyspace_set_clock(store->keyspace, 0, false); /* Nothing is due: each command sees what its master saw. */
    status = recovery_run(&options, &result);
    if (status != STATUS_OK) {
        diag(DIAG_WARNING, "%s: recovery failed: %s", store->directory, status_name(status));
        return status;
    }
    keyspace_warm_up(store->keyspace);
    store->selected_db = result.selected_db;
    store->statistics.recovered_bytes = result.position.offset - from.offset;
    store->statistics.recovery_us = clock_monotonic_us() - start_us;
    if (result.command_count > 0) {
        diag(DIAG_NOTICE, "Replayed %" PRIu64 " commands (%" PRIu64 " bytes from offset %" PRIu64 ") in %.3f s",
             result.command_count, store->statistics.recovered_bytes, from.offset,
             (double)store->statistics.recovery_us / 1e6);
    }
    return STATUS_OK;
}

/* Possible loss. */

/* What the sync marker said before the log was opened. */
struct loss {
    enum sync_marker marker;
    char successor[HISTORY_ID_LEN + 1]; /* The history that an earlier start was to begin for it, or empty. */
};

static enum status begin_forked_history(struct store *store)
{
    struct history history = store->history;
    struct history_position end = log_end(store->log);
    enum status status;

    history_fork(&history, end.offset);
    status = sync_marker_set_lost(store->options.files, store->directory, history.id);
    crash_point("store.fork.before");
    if (status == STATUS_OK) {
        status = store_begin_history(store, &history, clock_wall_ms());
    }
    crash_point("store.fork.after");
    if (status == STATUS_OK) {
        store->statistics.history_forked_at_open = true;
        diag(DIAG_NOTICE,
             "The system stopped while changes were not synced (appendfsync is not always): what replicas have beyond "
             "offset %" PRIu64 " is lost here, so a new history %s begins",
             end.offset, history.id);
    } else {
        diag(DIAG_WARNING,
             "%s: a new history must begin, since replicas may have what is lost here, and cannot: %s. Nothing was "
             "changed; the next start tries again",
             store->directory, status_name(status));
    }
    return status;
}

/* S8, before the log is opened: whether it was closed is known then, but known no more if that open fails and closes it
 * in turn. So the worst is written down first. */
static enum status expect_loss(const struct store *store, struct loss *loss)
{
    enum status status = sync_marker_read(store->options.files, store->directory, store->options.boot_id, &loss->marker,
                                          loss->successor);

    if (status == STATUS_OK && loss->marker == SYNC_MARKER_REBOOTED) {
        status = sync_marker_set_lost(store->options.files, store->directory, NULL);
    }
    if (status != STATUS_OK) {
        diag(DIAG_WARNING, "%s/" SYNC_MARKER_NAME ": cannot be read or written: %s", store->directory,
             status_name(status));
    }
    return status;
}

enum status store_settle_marker(struct store *store, bool is_kept)
{
    struct file_system *files = store->options.files;
    enum status status = STATUS_OK;

    store->is_lost = false;
    store->is_relaxed = false;
    if (store->options.policy == LOG_SYNC_ALWAYS) {
        return sync_marker_clear(files, store->directory);
    }
    if (!is_kept) {
        status = sync_marker_set(files, store->directory, store->options.boot_id);
    }
    if (status == STATUS_NO_SPACE) {
        diag(DIAG_WARNING, "%s: the disk is full, so that appendfsync stays always until it is set again",
             store->directory);
        store->options.policy = LOG_SYNC_ALWAYS;
        log_set_policy(store->log, LOG_SYNC_ALWAYS);
        return STATUS_OK;
    }
    store->is_relaxed = status == STATUS_OK;
    return status;
}

/* After the log was opened; nothing has been appended yet. */
static enum status face_loss(struct store *store, const struct loss *loss)
{
    bool is_dealt_with = strcmp(loss->successor, store->history.id) == 0; /* By a start that came no further. */
    enum status status = STATUS_OK;

    store->statistics.may_have_lost_at_open =
        loss->marker == SYNC_MARKER_LOST || (loss->marker == SYNC_MARKER_REBOOTED && !log_was_closed(store->log));
    if (store->statistics.may_have_lost_at_open && !is_dealt_with) {
        if (store->options.is_replica) {
            store->is_lost = true;
            return STATUS_OK;
        }
        status = begin_forked_history(store);
    }
    return status == STATUS_OK ? store_settle_marker(store, loss->marker == SYNC_MARKER_KEPT) : status;
}

static enum status open_parts(struct store *store)
{
    struct loss loss = {0};
    struct env_meta meta = {0};
    const char *archive = store->options.archive_directory;
    enum status status = open_data(store, &meta);

    if (status == STATUS_OK && archive != NULL) {
        status = log_archive_prepare(store->options.files, archive);
    }
    if (status == STATUS_OK) {
        status = open_keyspace(store, &meta);
    }
    if (status == STATUS_OK) {
        status = expect_loss(store, &loss);
    }
    if (status == STATUS_OK) {
        status = open_log(store, &meta);
    }
    if (status == STATUS_OK) {
        status = face_loss(store, &loss);
    }
    if (status == STATUS_OK) {
        status = mark_unclean(store, &meta);
    }
    if (status == STATUS_OK) {
        status = store_start_checkpoints(store);
    }
    if (status == STATUS_OK) {
        status = recover(store, meta.position);
    }
    env_meta_release(&meta);
    return status;
}

static void note_state(struct store *store)
{
    struct env_usage usage;

    store->now_ms = clock_monotonic_us() / 1000;
    store->last_freeze_ms = store->now_ms;
    store->statistics.saved_wall_ms = clock_wall_ms();
    store->statistics.last_checkpoint_ok = true;
    if (env_measure(store->env, &usage) == STATUS_OK) {
        store->statistics.data_file_bytes = usage.file_bytes;
        store->statistics.map_used_bytes = usage.used_bytes;
        store->statistics.orphan_count = usage.orphan_count;
        store->has_orphans = usage.orphan_count > 0;
    }
}

static struct store *make_store(const struct store_options *options)
{
    struct store *store = memory_allocate_zeroed(sizeof(*store));
    size_t len = strlen(options->directory);

    store->options = *options;
    store->directory = memory_copy_text(options->directory);
    while (len > 1 && store->directory[len - 1] == '/') {
        store->directory[--len] = '\0';
    }
    store->options.directory = store->directory;
    store->data_path = file_join(store->directory, STORE_DATA);
    store->log_path = file_join(store->directory, STORE_LOG);
    store->leftover_paths[0] = file_join(store->directory, STORE_DATA_OLD);
    store->leftover_paths[1] = file_join(store->directory, STORE_LOG_OLD);
    store->leftover_paths[2] = file_join(store->directory, STORE_LOG_NEW);
    store->lock.fd = -1;
    store->now_ms = clock_monotonic_us() / 1000;
    return store;
}

enum status store_open(const struct store_options *options, struct store **store, long *holder_pid)
{
    struct store *opened = make_store(options);
    struct store_layout layout;
    enum status status = inspect(opened, &layout); /* Before anything is touched. */

    if (status == STATUS_OK) {
        store_layout_release(&layout);
        status = acquire(opened, holder_pid);
    }
    if (status == STATUS_OK) {
        status = settle_layout(opened);
    }
    if (status == STATUS_OK) {
        status = open_parts(opened);
    }
    if (status != STATUS_OK) {
        store_close(opened, false);
        return status;
    }
    note_state(opened);
    *store = opened;
    return STATUS_OK;
}
