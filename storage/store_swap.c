/* Replacing all data by a received environment (store_replace). What is on disk when: storage/store_layout.h.
 *
 * All that may fail for want of anything comes first, beside the old data. Then the old log is closed, as its threads
 * make files by name. Then the marker; from there on only renames and the opening of an empty log can fail, and if they
 * do the process ends and the next start goes on. */
#include "base/assert.h"
#include "base/diag.h"
#include "base/memory.h"
#include "storage/store_layout.h"
#include "storage/store_state.h"
#include <errno.h>
#include <inttypes.h>
#include <sys/stat.h>

/* What is to come, opened and ready. */
struct successor {
    struct env *env;
    struct view *view;
    struct env_meta meta;
};

static void release_successor(struct successor *next)
{
    view_close(next->view);
    env_close(next->env);
    env_meta_release(&next->meta);
}

/* A rename does not cross file systems, and must not fail for that when there is no way back. */
static enum status check_place(const struct store *store, const char *path)
{
    struct stat ours;
    struct stat theirs;

    if (stat(store->data_path, &ours) != 0 || stat(path, &theirs) != 0) {
        return file_status_from_errno(errno);
    }
    return ours.st_dev == theirs.st_dev ? STATUS_OK : STATUS_INVALID;
}

static enum status open_successor(const struct store *store, const char *path, struct successor *next)
{
    enum status status = check_place(store, path);

    if (status == STATUS_OK) {
        status = env_open(path, false, &next->env);
    }
    if (status == STATUS_OK) {
        status = env_read_meta(next->env, &next->meta);
    }
    if (status == STATUS_OK && next->meta.is_pending) {
        status = STATUS_INVALID;
    }
    if (status == STATUS_OK && next->meta.is_clean) {
        status = env_mark_clean(next->env, false); /* Here it may still fail; a log goes with it all the way. */
    }
    if (status == STATUS_OK) {
        status = view_open(next->env, &next->view);
    }
    if (status != STATUS_OK) {
        release_successor(next);
    }
    return status;
}

/* An empty log at the successor's position, durable, closed, in log.new. */
static enum status prepare_log(const struct store *store, const struct env_meta *meta)
{
    struct file_system *files = store->options.files;
    char *path = file_join(store->directory, STORE_LOG_NEW);
    const struct log_options options = store_log_options(store, path);
    const struct log_origin origin = {.history = meta->history, .position = meta->position};
    enum status status = log_make(&options, &origin);

    if (status == STATUS_OK) {
        status = file_sync_directory(files, store->directory);
    }
    memory_free(path);
    return status;
}

static enum status open_log_at(struct store *store, uint64_t offset)
{
    const struct log_options options = store_log_options(store, store->log_path);

    return log_open(&options, offset, &store->log);
}

/* Take the successor's parts for the store's. The keyspace stays the same object. */
static void take(struct store *store, struct successor *next)
{
    struct view *old_view = store->view;
    struct env *old_env = store->env;

    checkpoint_close(store->checkpoint);
    store->checkpoint = NULL;
    env_relocate(next->env, store->data_path);
    store->env = next->env;
    store->view = next->view;
    keyspace_reload(store->keyspace, store->view, &next->meta);
    view_close(old_view);
    env_close(old_env);
    store->history = next->meta.history;
    store->key_hash_seed = next->meta.key_hash_seed;
    store->selected_db = next->meta.selected_db;
    store->selected_db_is_told = false;
    store->frozen_offset = next->meta.position.offset;
    store->retry_at_ms = 0;
    store->is_queued = false;
    store->has_orphans = true; /* Unknown: the first look tells. */
    store->statistics.checkpoint_offset = next->meta.position.offset;
    store->statistics.changes_since_checkpoint = 0;
    env_meta_release(&next->meta);
    *next = (struct successor){0};
}

/* The marker could not be written. If it may be on disk all the same, the next start would take over the new data, and
 * nothing may be added to the old. Else the old log goes on. */
static enum status stay(struct store *store, uint64_t end_offset, enum status status)
{
    char *marker_path = file_join(store->directory, STORE_SWAP);
    bool is_marked = true;

    if (file_exists(store->options.files, marker_path, &is_marked) != STATUS_OK || is_marked ||
        open_log_at(store, end_offset) != STATUS_OK) {
        store_fail(store, "staying with the old data", status);
        status = STATUS_IO;
    } else {
        checkpoint_set_log(store->checkpoint, store->log);
    }
    memory_free(marker_path);
    return status;
}

static enum status swap(struct store *store, struct successor *next, const char *path)
{
    uint64_t end_offset = log_end_offset(store->log);
    enum status status;

    log_close(store->log);
    store->log = NULL;
    status = store_layout_begin_swap(store->options.files, store->directory, path);
    if (status != STATUS_OK) {
        return stay(store, end_offset, status);
    }
    status = store_layout_finish_swap(store->options.files, store->directory);
    if (status == STATUS_OK) {
        status = open_log_at(store, next->meta.position.offset);
    }
    if (status == STATUS_OK) {
        take(store, next);
        status = store_start_checkpoints(store);
    }
    if (status == STATUS_OK && store->is_lost) {
        status = store_settle_marker(store, false);
    }
    if (status != STATUS_OK) {
        store_fail(store, "taking over a full sync", status);
        return STATUS_IO;
    }
    return STATUS_OK;
}

enum status store_replace(struct store *store, const char *path)
{
    struct successor next = {0};
    enum status status;

    if (checkpoint_is_busy(store->checkpoint)) {
        (void)store_await_job(store); /* Its data is about to go; what failed for good is remembered. */
    }
    if (store->has_failed) {
        return STATUS_IO;
    }
    status = open_successor(store, path, &next);
    if (status != STATUS_OK) {
        return status;
    }
    status = prepare_log(store, &next.meta);
    if (status == STATUS_OK) {
        status = swap(store, &next, path);
    }
    if (next.env != NULL) {
        release_successor(&next);
    }
    if (status == STATUS_OK) {
        diag(DIAG_NOTICE, "%s: the data is now that of history %s at offset %" PRIu64, store->directory,
             store->history.id, store->frozen_offset);
    }
    return status;
}
