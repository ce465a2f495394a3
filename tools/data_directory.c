#include "tools/data_directory.h"

#include "base/file.h"
#include "base/memory.h"
#include "storage/log/log.h"
#include "storage/store_layout.h"
#include "storage/sync_marker.h"
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <sys/file.h>
#include <unistd.h>

#define BUILD_NAME "restore"

bool data_directory_is_in_use(const char *path)
{
    char *lock_path = file_join(path, DATA_LOCK_NAME);
    int fd = open(lock_path, O_RDONLY | O_CLOEXEC);
    bool is_held = false;

    if (fd >= 0) {
        is_held = flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
        close(fd);
    }
    memory_free(lock_path);
    return is_held;
}

/* Names that may be in a directory that counts as empty. */
static bool means_nothing(const char *name)
{
    static const char *const names[] = {"incoming", "lost+found", DATA_LOCK_NAME};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(name, names[i]) == 0) {
            return true;
        }
    }
    return false;
}

static void note_name(void *context, const char *name)
{
    struct data_directory *directory = context;

    if (strcmp(name, STORE_DATA) == 0 || strcmp(name, STORE_LOG) == 0 || strcmp(name, STORE_SWAP) == 0) {
        directory->has_data = true;
    } else if (!means_nothing(name)) {
        directory->has_other = true;
    }
}

enum status data_directory_look(const char *path, struct data_directory *directory)
{
    enum status status;

    *directory = (struct data_directory){.path = path, .lock = {.fd = -1}};
    status = file_list(file_system_posix(), path, note_name, directory);
    directory->was_there = status == STATUS_OK;
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

static enum status make_directory(const char *path)
{
    enum status status = file_make_directory(file_system_posix(), path);

    return status == STATUS_EXISTS ? STATUS_OK : status;
}

/* Make the name of the directory itself durable. */
static enum status sync_parent(const char *path)
{
    char *copy = memory_copy_text(path);
    enum status status = file_sync_directory(file_system_posix(), dirname(copy));

    memory_free(copy);
    return status;
}

/* Make an empty place to build in, below what recovery never reads. */
static enum status prepare_place(struct data_directory *directory)
{
    char *incoming = file_join(directory->path, STORE_INCOMING);
    enum status status = make_directory(incoming);

    if (status == STATUS_OK) {
        directory->build_path = file_join(incoming, BUILD_NAME);
        status = file_remove_tree(file_system_posix(), directory->build_path);
    }
    memory_free(incoming);
    return status;
}

/* A swap that somebody else has not ended: its data is replaced like any, but not while its marker stands. */
static enum status end_former_swap(const struct data_directory *directory)
{
    struct file_system *files = file_system_posix();
    struct store_layout layout;
    enum status status = store_layout_inspect(files, directory->path, &layout);

    if (status != STATUS_OK) {
        return status;
    }
    if (layout.has_swap) {
        status = store_layout_finish_swap(files, directory->path);
    }
    store_layout_release(&layout);
    return status;
}

enum status data_directory_begin(struct data_directory *directory)
{
    enum status status = make_directory(directory->path);

    if (status == STATUS_OK) {
        status = sync_parent(directory->path);
    }
    if (status == STATUS_OK) {
        status = data_lock_acquire(directory->path, &directory->lock, &directory->holder_pid);
    }
    if (status == STATUS_OK) {
        status = end_former_swap(directory); /* What it left in log.new and incoming/ is needed for that. */
    }
    if (status == STATUS_OK) {
        status = prepare_place(directory);
    }
    if (status != STATUS_OK) {
        int saved_errno = errno;

        data_directory_end(directory);
        errno = saved_errno;
    }
    return status;
}

char *data_directory_log_path(const struct data_directory *directory)
{
    return file_join(directory->path, STORE_LOG_NEW);
}

enum status data_directory_make_log(const struct data_directory *directory, const struct history *history,
                                    const struct history_position *position)
{
    struct file_system *files = file_system_posix();
    char *path = data_directory_log_path(directory);
    const struct log_options options = {
        .files = files,
        .directory = path,
        .policy = LOG_SYNC_ALWAYS,
        .segment_bytes = LOG_SEGMENT_BYTES_DEFAULT,
    };
    const struct log_origin origin = {.history = *history, .position = *position};
    enum status status = log_make(&options, &origin);

    if (status == STATUS_OK) {
        status = file_sync_directory(files, directory->path);
    }
    memory_free(path);
    return status;
}

/* Remove what the swap has put aside. What cannot be removed does no harm: the next start does it. */
static void remove_replaced(const struct data_directory *directory)
{
    static const char *const names[] = {STORE_DATA_OLD, STORE_LOG_OLD};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char *path = file_join(directory->path, names[i]);
        enum status status = file_remove_tree(file_system_posix(), path);

        (void)status;
        memory_free(path);
    }
}

enum status data_directory_install(const struct data_directory *directory)
{
    struct file_system *files = file_system_posix();
    enum status status = file_sync_directory(files, directory->path);

    if (status == STATUS_OK) {
        status = store_layout_begin_swap(files, directory->path, directory->build_path);
    }
    if (status == STATUS_OK) {
        status = store_layout_finish_swap(files, directory->path);
    }
    if (status == STATUS_OK) {
        /* It spoke of the former log; the new one is synced. */
        status = sync_marker_clear(files, directory->path);
        remove_replaced(directory);
    }
    return status;
}

/* Remove what was built and not installed. A marker that could not be removed still needs it. */
static void remove_built(const struct data_directory *directory)
{
    struct file_system *files = file_system_posix();
    char *marker_path = file_join(directory->path, STORE_SWAP);
    char *log_path = data_directory_log_path(directory);
    bool is_marked = true;

    if (file_exists(files, marker_path, &is_marked) == STATUS_OK && !is_marked) {
        (void)!file_remove_tree(files, directory->build_path); /* What is left is removed by the next to come. */
        (void)!file_remove_tree(files, log_path);
    }
    memory_free(log_path);
    memory_free(marker_path);
}

/* Take a directory away again that was made here for nothing. */
static void remove_if_made_here(const struct data_directory *directory)
{
    char *lock_path = file_join(directory->path, DATA_LOCK_NAME);
    struct data_directory now;

    if (!directory->was_there && directory->lock.fd >= 0 && data_directory_look(directory->path, &now) == STATUS_OK &&
        !now.has_data && !now.has_other) {
        (void)unlink(lock_path);
        (void)rmdir(directory->path);
    }
    memory_free(lock_path);
}

void data_directory_end(struct data_directory *directory)
{
    char *incoming = file_join(directory->path, STORE_INCOMING);

    if (directory->build_path != NULL) {
        remove_built(directory);
        memory_free(directory->build_path);
        directory->build_path = NULL;
    }
    (void)rmdir(incoming);
    remove_if_made_here(directory);
    data_lock_release(&directory->lock);
    memory_free(incoming);
}
