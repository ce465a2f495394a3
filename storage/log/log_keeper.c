#include "storage/log/log_keeper.h"

#include "base/assert.h"
#include "base/clock.h"
#include "base/crash_point.h"
#include "base/diag.h"
#include "base/list.h"
#include "base/memory.h"
#include "base/thread.h"
#include "storage/log/log_segment.h"
#include "storage/log/log_spare.h"

#include <inttypes.h>
#include <stdatomic.h>

/* Something to do with a segment. */
struct job {
    struct list_node node;
    enum job_kind { JOB_SYNC, JOB_TRIM } kind;
    uint64_t start;                                  /* Names the segment. */
    uint64_t size_bytes;                             /* JOB_TRIM: to what. */
    void (*done)(void *context, enum status status); /* JOB_SYNC. */
    void *context;
};

struct log_keeper {
    struct file_system *files;
    char *directory;
    uint64_t segment_bytes;
    void (*on_ready)(void *context); /* May be NULL. */
    void *context;
    pthread_t thread;

    pthread_mutex_t lock;
    pthread_cond_t work;   /* The keeper waits here. */
    pthread_cond_t change; /* Those who wait for the spare. */
    struct list jobs;
    bool stop;
    bool gave_up;
    uint32_t waiters;       /* For the spare. */
    uint64_t wanted_bytes;  /* Size that the last of them waits for; 0: there is none. */
    uint64_t target_bytes;  /* Size that the spare shall have. */
    uint64_t asked_bytes;   /* Size that somebody will ask for again, at on_ready; 0: nobody. */
    bool stepping;          /* The keeper is in a step, without the lock. */
    bool paused;            /* The spare is taken and still has its name. */
    uint64_t step_count;    /* Steps that have ended. */
    enum status trouble;    /* What the last of them ended with, */
    uint64_t tried_bytes;   /* and the size that it was to reach. */
    uint64_t not_before_us; /* Of the next step. */

    struct log_spare spare; /* The keeper's while stepping, else under the lock. */
    _Atomic uint64_t ready_bytes;
    atomic_bool stuck;
};

static uint64_t choose_first(const struct log_keeper_options *options)
{
    uint64_t wanted = options->first_bytes == 0 ? LOG_SPARE_BYTES_FIRST : options->first_bytes;

    return wanted < options->segment_bytes ? wanted : options->segment_bytes;
}

/* An idle server keeps to its first small segment, a busy one soon has big ones: each doubles the one before. */
static uint64_t choose_next(const struct log_keeper *keeper, uint64_t taken_bytes)
{
    uint64_t wanted = taken_bytes * 2;

    if (wanted < LOG_SPARE_BYTES_FIRST) {
        wanted = LOG_SPARE_BYTES_FIRST;
    }
    wanted = wanted < keeper->segment_bytes ? wanted : keeper->segment_bytes;
    return wanted > keeper->asked_bytes ? wanted : keeper->asked_bytes;
}

static void trim(struct log_keeper *keeper, const struct job *job)
{
    char *path = log_segment_path(keeper->directory, job->start);
    struct file *file;

    /* Only space is at stake: zeros behind the last record mean the same as nothing. */
    if (file_open(keeper->files, path, FILE_WRITE, &file) == STATUS_OK) {
        (void)!file_truncate(file, job->size_bytes);
        file_close(file);
    }
    memory_free(path);
}

static void sync_segment(struct log_keeper *keeper, const struct job *job)
{
    char *path = log_segment_path(keeper->directory, job->start);
    struct file *file;
    enum status status = STATUS_BUSY;

    if (file_open(keeper->files, path, FILE_WRITE, &file) == STATUS_OK) {
        status = file_sync(file);
        file_close(file);
    }
    memory_free(path);
    crash_point("log.background_sync.after");
    job->done(job->context, status);
}

static void run_job(struct log_keeper *keeper, struct job *job)
{
    switch (job->kind) {
    case JOB_SYNC:
        sync_segment(keeper, job);
        break;
    case JOB_TRIM:
        trim(keeper, job);
        break;
    }
    memory_free(job);
}

static void note_trouble(struct log_keeper *keeper, enum status status)
{
    if (status != STATUS_OK && keeper->trouble == STATUS_OK) {
        diag(DIAG_WARNING,
             "log: cannot make a spare segment in %s: %s. Writes are refused when the present segment is full.",
             keeper->directory, status_name(status));
    }
    if (status == STATUS_OK && keeper->trouble != STATUS_OK) {
        diag(DIAG_NOTICE, "log: there is room in %s again.", keeper->directory);
    }
    keeper->trouble = status;
}

/* Whoever asked without waiting can have an answer now: it is long enough, or cannot be made so. */
static void answer(struct log_keeper *keeper)
{
    if (keeper->asked_bytes == 0 || (keeper->trouble == STATUS_OK && keeper->spare.ready_bytes < keeper->asked_bytes)) {
        return;
    }
    keeper->asked_bytes = 0;
    if (keeper->on_ready != NULL) {
        (void)pthread_mutex_unlock(&keeper->lock);
        keeper->on_ready(keeper->context);
        (void)pthread_mutex_lock(&keeper->lock);
    }
}

/* Make the spare a step longer. Where a full disk has no room for a step there may be enough for who waits; not for
 * others, lest they take the last bytes that somebody needs to make space. */
static enum status extend(struct log_spare *spare, uint64_t target_bytes, uint64_t wanted_bytes, uint64_t *tried_bytes)
{
    uint64_t step_end = spare->ready_bytes + LOG_SPARE_STEP_BYTES;
    enum status status = log_spare_step(spare, LOG_SPARE_STEP_BYTES, target_bytes);

    *tried_bytes = step_end < target_bytes ? step_end : target_bytes;
    if (status == STATUS_NO_SPACE && wanted_bytes > spare->ready_bytes && wanted_bytes < *tried_bytes) {
        *tried_bytes = wanted_bytes;
        (void)!log_spare_step(spare, LOG_SPARE_STEP_BYTES, wanted_bytes); /* The disk is full all the same. */
    }
    return status;
}

static void step(struct log_keeper *keeper)
{
    uint64_t target_bytes = keeper->target_bytes;
    uint64_t wanted_bytes = keeper->wanted_bytes;
    uint64_t tried_bytes;
    uint64_t begin_us = clock_monotonic_us();
    uint64_t end_us;
    enum status status;

    keeper->stepping = true;
    (void)pthread_mutex_unlock(&keeper->lock);
    status = extend(&keeper->spare, target_bytes, wanted_bytes, &tried_bytes);
    end_us = clock_monotonic_us();
    (void)pthread_mutex_lock(&keeper->lock);
    keeper->stepping = false;
    keeper->step_count++;
    keeper->tried_bytes = tried_bytes;
    atomic_store(&keeper->ready_bytes, keeper->spare.ready_bytes);
    note_trouble(keeper, status);
    /* As long at rest as at work, so that commits get their share of the disk. */
    keeper->not_before_us = end_us + (status == STATUS_OK ? end_us - begin_us : LOG_SPARE_RETRY_US);
    (void)pthread_cond_broadcast(&keeper->change);
    answer(keeper);
}

/* How long to wait before the next step: 0 not at all, UINT64_MAX until somebody asks. */
static uint64_t wait_for_step_us(const struct log_keeper *keeper)
{
    bool is_wanted = keeper->waiters > 0 || keeper->asked_bytes != 0;
    uint64_t now_us;

    if (keeper->paused || keeper->spare.ready_bytes >= keeper->target_bytes) {
        return UINT64_MAX;
    }
    if (keeper->trouble == STATUS_OK && is_wanted) {
        return 0;
    }
    if (keeper->trouble != STATUS_OK && !is_wanted) {
        return UINT64_MAX;
    }
    now_us = clock_monotonic_us();
    return now_us >= keeper->not_before_us ? 0 : keeper->not_before_us - now_us;
}

static struct job *take_job(struct log_keeper *keeper)
{
    struct job *job;

    if (list_is_empty(&keeper->jobs)) {
        return NULL;
    }
    job = LIST_ENTRY(keeper->jobs.head.next, struct job, node);
    list_remove(&job->node);
    return job;
}

static void *run(void *context)
{
    struct log_keeper *keeper = context;
    struct job *job;

    (void)pthread_mutex_lock(&keeper->lock);
    for (;;) {
        uint64_t wait_us;

        job = take_job(keeper);
        if (job != NULL) {
            (void)pthread_mutex_unlock(&keeper->lock);
            run_job(keeper, job);
            (void)pthread_mutex_lock(&keeper->lock);
            continue;
        }
        if (keeper->stop) {
            break;
        }
        wait_us = wait_for_step_us(keeper);
        if (wait_us == 0) {
            step(keeper);
        } else if (wait_us == UINT64_MAX) {
            (void)pthread_cond_wait(&keeper->work, &keeper->lock);
        } else {
            (void)thread_wait_us(&keeper->work, &keeper->lock, wait_us);
        }
    }
    (void)pthread_mutex_unlock(&keeper->lock);
    return NULL;
}

struct log_keeper *log_keeper_start(const struct log_keeper_options *options)
{
    struct log_keeper *made = memory_allocate_zeroed(sizeof(*made));
    enum status status;

    made->files = options->files;
    made->directory = memory_copy_text(options->directory);
    made->segment_bytes = options->segment_bytes;
    made->on_ready = options->on_ready;
    made->context = options->context;
    made->target_bytes = choose_first(options);
    ASSERT(pthread_mutex_init(&made->lock, NULL) == 0);
    thread_condition_init(&made->work);
    thread_condition_init(&made->change);
    list_init(&made->jobs);
    log_spare_init(&made->spare, options->files, options->directory);
    status = thread_start(&made->thread, "log-keeper", run, made);
    ASSERT(status == STATUS_OK);
    return made;
}

void log_keeper_stop(struct log_keeper *keeper)
{
    if (keeper == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&keeper->lock);
    keeper->stop = true;
    (void)pthread_cond_signal(&keeper->work);
    (void)pthread_mutex_unlock(&keeper->lock);
    (void)pthread_join(keeper->thread, NULL);
    log_spare_release(&keeper->spare);
    (void)pthread_cond_destroy(&keeper->change);
    (void)pthread_cond_destroy(&keeper->work);
    (void)pthread_mutex_destroy(&keeper->lock);
    memory_free(keeper->directory);
    memory_free(keeper);
}

uint64_t log_keeper_spare_bytes(const struct log_keeper *keeper)
{
    return atomic_load(&keeper->ready_bytes);
}

/* Whether one who waits for `size_bytes` since `begin_count` steps had ended must take the trouble for an answer. */
static bool must_give_up(const struct log_keeper *keeper, uint64_t size_bytes, uint64_t begin_count, bool is_patient)
{
    if (keeper->trouble == STATUS_OK || keeper->stepping) {
        return false;
    }
    if (is_patient && keeper->trouble == STATUS_NO_SPACE && !keeper->gave_up) {
        return false;
    }
    if (keeper->step_count != begin_count) {
        return true;
    }
    /* It, or less, was tried a moment ago. */
    return !is_patient && keeper->tried_bytes <= size_bytes && clock_monotonic_us() < keeper->not_before_us;
}

/* Wait until the spare is `size_bytes` long. The patient wait through a full disk. */
static enum status wait_for_spare(struct log_keeper *keeper, uint64_t size_bytes, bool is_patient)
{
    uint64_t begin_count = keeper->step_count;
    enum status status = STATUS_OK;

    keeper->waiters++;
    while (keeper->stepping || keeper->spare.ready_bytes < size_bytes) {
        if (keeper->target_bytes < size_bytes) {
            keeper->target_bytes = size_bytes; /* Each time: somebody else may have taken the spare meanwhile. */
        }
        keeper->wanted_bytes = size_bytes;
        if (must_give_up(keeper, size_bytes, begin_count, is_patient)) {
            status = keeper->trouble;
            break;
        }
        if (is_patient) {
            atomic_store(&keeper->stuck, keeper->trouble == STATUS_NO_SPACE);
        }
        (void)pthread_cond_signal(&keeper->work);
        (void)pthread_cond_wait(&keeper->change, &keeper->lock);
    }
    keeper->waiters--;
    keeper->wanted_bytes = 0;
    if (is_patient) {
        atomic_store(&keeper->stuck, false);
    }
    return status;
}

enum status log_keeper_reserve(struct log_keeper *keeper, uint64_t size_bytes)
{
    enum status status;

    (void)pthread_mutex_lock(&keeper->lock);
    status = wait_for_spare(keeper, size_bytes, false);
    (void)pthread_mutex_unlock(&keeper->lock);
    return status;
}

enum status log_keeper_ask(struct log_keeper *keeper, uint64_t size_bytes)
{
    enum status status = STATUS_OK;

    (void)pthread_mutex_lock(&keeper->lock);
    if (atomic_load(&keeper->ready_bytes) < size_bytes) {
        keeper->target_bytes = keeper->target_bytes < size_bytes ? size_bytes : keeper->target_bytes;
        keeper->asked_bytes = keeper->asked_bytes < size_bytes ? size_bytes : keeper->asked_bytes;
        status = keeper->trouble == STATUS_OK ? STATUS_BUSY : keeper->trouble;
        (void)pthread_cond_signal(&keeper->work);
    }
    (void)pthread_mutex_unlock(&keeper->lock);
    return status;
}

enum status log_keeper_take_spare(struct log_keeper *keeper, uint64_t size_bytes, bool is_patient, struct file **file,
                                  uint64_t *capacity)
{
    enum status status;

    (void)pthread_mutex_lock(&keeper->lock);
    status = wait_for_spare(keeper, size_bytes, is_patient);
    if (status == STATUS_OK) {
        *capacity = keeper->spare.ready_bytes;
        *file = log_spare_take(&keeper->spare);
        atomic_store(&keeper->ready_bytes, 0);
        keeper->target_bytes = choose_next(keeper, *capacity);
        keeper->paused = true;
    }
    (void)pthread_mutex_unlock(&keeper->lock);
    return status;
}

void log_keeper_make_next(struct log_keeper *keeper)
{
    (void)pthread_mutex_lock(&keeper->lock);
    keeper->paused = false;
    (void)pthread_cond_signal(&keeper->work);
    (void)pthread_mutex_unlock(&keeper->lock);
}

bool log_keeper_is_stuck(const struct log_keeper *keeper)
{
    return atomic_load(&keeper->stuck);
}

void log_keeper_give_up(struct log_keeper *keeper)
{
    (void)pthread_mutex_lock(&keeper->lock);
    keeper->gave_up = true;
    (void)pthread_cond_broadcast(&keeper->change);
    (void)pthread_mutex_unlock(&keeper->lock);
}

static void add_job(struct log_keeper *keeper, struct job job)
{
    struct job *kept = memory_copy(&job, sizeof(job));

    (void)pthread_mutex_lock(&keeper->lock);
    list_append(&keeper->jobs, &kept->node);
    (void)pthread_cond_signal(&keeper->work);
    (void)pthread_mutex_unlock(&keeper->lock);
}

void log_keeper_sync(struct log_keeper *keeper, uint64_t start, void (*done)(void *context, enum status status),
                     void *context)
{
    add_job(keeper, (struct job){.kind = JOB_SYNC, .start = start, .done = done, .context = context});
}

void log_keeper_trim(struct log_keeper *keeper, uint64_t start, uint64_t size_bytes)
{
    add_job(keeper, (struct job){.kind = JOB_TRIM, .start = start, .size_bytes = size_bytes});
}
