#include "storage/log/log_remover.h"

#include "base/assert.h"
#include "base/crash_point.h"
#include "base/diag.h"
#include "base/list.h"
#include "base/memory.h"
#include "base/thread.h"
#include "storage/log/log_archive.h"
#include "storage/log/log_segment.h"

struct leaving {
    struct list_node node;
    uint64_t start; /* Names the segment. */
};

struct log_remover {
    struct file_system *files;
    char *directory;
    char *archive_directory; /* NULL: none. */
    pthread_t thread;

    pthread_mutex_t lock;
    pthread_cond_t work;
    struct list leaving; /* Oldest first; the thread alone takes the first out. */
    uint64_t try_count;  /* How often they shall be tried: once for each that came. */
    bool stop;
};

static enum status archive_or_remove(struct log_remover *remover, uint64_t start)
{
    bool is_kept = remover->archive_directory != NULL;
    char *path = log_segment_path(remover->directory, start);
    enum status status = is_kept
                             ? log_archive_take(remover->files, remover->archive_directory, remover->directory, start)
                             : file_remove(remover->files, path);

    crash_point("log.discard.after");
    if (status == STATUS_OK) {
        status = file_sync_directory(remover->files, remover->directory);
    }
    if (status != STATUS_OK) {
        diag(DIAG_WARNING, "log: cannot %s segment %s: %s. It is tried again with the next one.",
             is_kept ? "archive" : "remove", path, status_name(status));
    }
    memory_free(path);
    return status;
}

/* Under the lock, but for the work itself. */
static void try_all(struct log_remover *remover)
{
    while (!list_is_empty(&remover->leaving)) {
        struct leaving *oldest = LIST_ENTRY(remover->leaving.head.next, struct leaving, node);
        enum status status;

        (void)pthread_mutex_unlock(&remover->lock);
        status = archive_or_remove(remover, oldest->start);
        (void)pthread_mutex_lock(&remover->lock);
        if (status != STATUS_OK && status != STATUS_NOT_FOUND) {
            return;
        }
        list_remove(&oldest->node);
        memory_free(oldest);
    }
}

static void *run(void *context)
{
    struct log_remover *remover = context;

    thread_stand_back();
    (void)pthread_mutex_lock(&remover->lock);
    for (;;) {
        if (remover->try_count > 0) {
            remover->try_count--;
            try_all(remover);
        } else if (remover->stop) {
            break;
        } else {
            (void)pthread_cond_wait(&remover->work, &remover->lock);
        }
    }
    (void)pthread_mutex_unlock(&remover->lock);
    return NULL;
}

struct log_remover *log_remover_start(struct file_system *files, const char *directory, const char *archive_directory)
{
    struct log_remover *made = memory_allocate_zeroed(sizeof(*made));
    enum status status;

    made->files = files;
    made->directory = memory_copy_text(directory);
    made->archive_directory = archive_directory == NULL ? NULL : memory_copy_text(archive_directory);
    ASSERT(pthread_mutex_init(&made->lock, NULL) == 0);
    thread_condition_init(&made->work);
    list_init(&made->leaving);
    status = thread_start(&made->thread, "log-remover", run, made);
    ASSERT(status == STATUS_OK);
    return made;
}

void log_remover_stop(struct log_remover *remover)
{
    if (remover == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&remover->lock);
    remover->stop = true;
    (void)pthread_cond_signal(&remover->work);
    (void)pthread_mutex_unlock(&remover->lock);
    (void)pthread_join(remover->thread, NULL);
    while (!list_is_empty(&remover->leaving)) {
        struct leaving *left = LIST_ENTRY(remover->leaving.head.next, struct leaving, node);

        list_remove(&left->node);
        memory_free(left);
    }
    (void)pthread_cond_destroy(&remover->work);
    (void)pthread_mutex_destroy(&remover->lock);
    memory_free(remover->archive_directory);
    memory_free(remover->directory);
    memory_free(remover);
}

void log_remover_add(struct log_remover *remover, uint64_t start)
{
    struct leaving *added = memory_allocate_zeroed(sizeof(*added));

    added->start = start;
    (void)pthread_mutex_lock(&remover->lock);
    list_append(&remover->leaving, &added->node);
    remover->try_count++;
    (void)pthread_cond_signal(&remover->work);
    (void)pthread_mutex_unlock(&remover->lock);
}
