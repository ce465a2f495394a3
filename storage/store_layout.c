#include "storage/store_layout.h"
#include "base/crash_point.h"
#include "base/memory.h"
#include "storage/data_lock.h"
#include "storage/sync_marker.h"
#include <fnmatch.h>
#include <stdio.h>

#define SWAP_BYTES_MAX 4096

static const char *const own_names[] = {
    STORE_DATA, STORE_DATA_OLD,  "data.new",     STORE_LOG,      STORE_LOG_NEW,    STORE_LOG_OLD, STORE_SWAP,
    "swap.tmp", STORE_SNAPSHOTS, STORE_INCOMING, DATA_LOCK_NAME, SYNC_MARKER_NAME, "relaxed.tmp",
};

/* What is at home beside data: hidden files, a file system's own, configuration, what the
 * server writes, and what a redis-server left in a folder that is now given to us. */
static const char *const kept_patterns[] = {".*",    "lost+found", "*.conf", "*.conf.tmp",    "*.log", "*.pid",
                                            "*.acl", "*.acl.tmp",  "*.rdb",  "appendonlydir", "*.aof"};

static bool is_own(const char *name)
{
    for (size_t i = 0; i < sizeof(own_names) / sizeof(own_names[0]); i++) {
        if (strcmp(name, own_names[i]) == 0) {
            return true;
        }
    }
    for (size_t i = 0; i < sizeof(kept_patterns) / sizeof(kept_patterns[0]); i++) {
        if (fnmatch(kept_patterns[i], name, 0) == 0) {
            return true;
        }
    }
    return false;
}

static void visit_name(void *context, const char *name)
{
    struct store_layout *layout = context;

    if (!is_own(name)) {
        if (layout->foreign == NULL) {
            layout->foreign = memory_copy_text(name);
        }
        return;
    }
    layout->has_data |= strcmp(name, STORE_DATA) == 0;
    layout->has_swap |= strcmp(name, STORE_SWAP) == 0;
}

static void visit_segment(void *context, const char *name)
{
    struct store_layout *layout = context;
    const char *dot = strrchr(name, '.');

    layout->has_segments |= dot != NULL && strcmp(dot, ".log") == 0;
}

enum status store_layout_inspect(struct file_system *files, const char *directory, struct store_layout *layout)
{
    struct store_layout found = {.exists = true};
    char *log_path = file_join(directory, STORE_LOG);
    enum status status = file_list(files, directory, visit_name, &found);

    if (status == STATUS_NOT_FOUND) {
        found.exists = false;
        status = STATUS_OK;
    } else if (status == STATUS_OK) {
        status = file_list(files, log_path, visit_segment, &found);
        status = status == STATUS_NOT_FOUND ? STATUS_OK : status;
    }
    memory_free(log_path);
    if (status == STATUS_OK) {
        *layout = found;
    } else {
        store_layout_release(&found);
    }
    return status;
}

void store_layout_release(struct store_layout *layout)
{
    memory_free(layout->foreign);
    layout->foreign = NULL;
}

/* What the marker speaks of must be on disk before it, by name too: else a power cut might leave the marker and nothing
 * to swap in, which looks as if that was done.
 *
 * The marker holds the path as it is told, but from the data directory on if it lies in there, so that the directory
 * may be moved between the crash and the next start. */
enum status store_layout_begin_swap(struct file_system *files, const char *directory, const char *path)
{
    size_t len = strlen(directory);
    enum status status = file_sync_parent(files, path);

    if (strncmp(path, directory, len) == 0 && path[len] == '/') {
        path += len + 1;
    }
    if (strlen(path) > SWAP_BYTES_MAX) {
        return STATUS_TOO_BIG;
    }
    if (status == STATUS_OK) {
        status = file_sync_directory(files, directory);
    }
    if (status == STATUS_OK) {
        status = file_replace(files, directory, STORE_SWAP, slice_of(path));
    }
    crash_point("store.swap.marker.after");
    return status;
}

/* Put the folder `from` in the place of `to`, whose folder becomes `aside`. Done already if `from` is gone. */
static enum status move_in(struct file_system *files, const char *from, const char *to, const char *aside)
{
    bool from_exists = false;
    bool to_exists = false;
    enum status status = file_exists(files, from, &from_exists);

    if (status == STATUS_OK) {
        status = file_exists(files, to, &to_exists);
    }
    if (status != STATUS_OK || !from_exists) {
        return status;
    }
    if (to_exists) {
        status = file_remove_tree(files, aside);
        if (status == STATUS_OK) {
            status = file_rename(files, to, aside);
        }
        crash_point("store.swap.aside.after");
    }
    if (status == STATUS_OK) {
        status = file_rename(files, from, to);
    }
    crash_point("store.swap.rename.after");
    return status;
}

static enum status move_in_by_name(struct file_system *files, const char *directory, const char *from,
                                   const char *const names[2])
{
    char *to = file_join(directory, names[0]);
    char *aside = file_join(directory, names[1]);
    enum status status = move_in(files, from, to, aside);

    memory_free(aside);
    memory_free(to);
    return status;
}

static enum status read_swap(struct file_system *files, const char *directory, char **path)
{
    char *marker_path = file_join(directory, STORE_SWAP);
    char *text;
    size_t len;
    enum status status = file_read_whole(files, marker_path, SWAP_BYTES_MAX, &text, &len);

    memory_free(marker_path);
    if (status != STATUS_OK) {
        return status == STATUS_TOO_BIG ? STATUS_CORRUPT : status;
    }
    if (len == 0 || strlen(text) != len) {
        memory_free(text);
        return STATUS_CORRUPT;
    }
    *path = text[0] == '/' ? memory_copy_text(text) : file_join(directory, text);
    memory_free(text);
    return STATUS_OK;
}

static enum status remove_swap(struct file_system *files, const char *directory)
{
    char *marker_path = file_join(directory, STORE_SWAP);
    enum status status = file_remove(files, marker_path);

    memory_free(marker_path);
    if (status == STATUS_OK) {
        status = file_sync_directory(files, directory);
    }
    return status;
}

enum status store_layout_finish_swap(struct file_system *files, const char *directory)
{
    static const char *const data_names[2] = {STORE_DATA, STORE_DATA_OLD};
    static const char *const log_names[2] = {STORE_LOG, STORE_LOG_OLD};
    char *log_new;
    char *path;
    enum status status = read_swap(files, directory, &path);

    if (status != STATUS_OK) {
        return status;
    }
    log_new = file_join(directory, STORE_LOG_NEW);
    status = move_in_by_name(files, directory, path, data_names);
    if (status == STATUS_OK) {
        status = move_in_by_name(files, directory, log_new, log_names);
    }
    if (status == STATUS_OK) {
        status = file_sync_parent(files, path);
        status = status == STATUS_NOT_FOUND ? STATUS_OK : status; /* Somebody has tidied up since. */
    }
    if (status == STATUS_OK) {
        status = file_sync_directory(files, directory);
    }
    crash_point("store.swap.unmark.before");
    if (status == STATUS_OK) {
        status = remove_swap(files, directory);
    }
    memory_free(log_new);
    memory_free(path);
    return status;
}
