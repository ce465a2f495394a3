#include "storage/env/checkpoint.h"
#include "base/assert.h"
#include "base/clock.h"
#include "base/crash_point.h"
#include "base/diag.h"
#include "base/memory.h"
#include "base/thread.h"
#include "storage/env/checkpoint_apply.h"
#include "storage/env/env_map.h"
#include "storage/env/purge.h"

enum phase {
    PHASE_IDLE,    /* The loop may hand a job in. */
    PHASE_RUNNING, /* The job is the thread's. */
    PHASE_DONE,    /* The result is the loop's. */
};

struct checkpoint {
    struct checkpoint_options options;
    pthread_t thread;
    pthread_mutex_t mutex; /* Guards phase and is_closing. What else is shared belongs to the phase's owner. */
    pthread_cond_t changed;
    enum phase phase;
    bool is_closing;
    atomic_bool hurry;   /* Leave out of the job what can be left out. */
    bool has_failed_job; /* The loop's: apply may be tried again. */
    struct checkpoint_apply apply;
    struct env_meta meta; /* Owned: of the job to apply. */
    struct checkpoint_result result;
};

/* The data may not be ahead of the log: it would hold changes that the log, and so the replicas, lack (S3). */
static enum status run_apply(struct checkpoint *checkpoint)
{
    enum status status;

    status = log_wait_durable(checkpoint->options.log, checkpoint->meta.position.offset);
    crash_point("checkpoint.apply.before");
    return status == STATUS_OK ? checkpoint_apply(&checkpoint->apply) : status;
}

/* Large files take their time to remove, which is not the loop's. */
static void remove_leftovers(const struct checkpoint_options *options)
{
    for (size_t i = 0; i < CHECKPOINT_LEFTOVERS_MAX; i++) {
        const char *path = options->leftover_paths[i];

        if (path != NULL && file_remove_tree(options->files, path) != STATUS_OK) {
            diag(DIAG_WARNING, "%s: is left over and cannot be removed", path);
        }
    }
}

static void run_job(struct checkpoint *checkpoint)
{
    struct checkpoint_result *result = &checkpoint->result;
    uint64_t start_us = clock_monotonic_us();
    bool more;

    env_check_readers(checkpoint->options.env); /* A tool that died would pin the pages that this job frees. */
    result->commit_count = 0;
    switch (result->job) {
    case CHECKPOINT_CLEAN:
        remove_leftovers(&checkpoint->options);
        result->status = STATUS_OK;
        break;
    case CHECKPOINT_APPLY:
        result->status = run_apply(checkpoint);
        result->commit_count = checkpoint->apply.commit_count;
        break;
    case CHECKPOINT_PURGE:
        result->status = purge_step(checkpoint->options.env, &more);
        break;
    }
    result->usage = (struct env_usage){0};
    if (result->status == STATUS_OK) {
        result->status = env_measure(checkpoint->options.env, &result->usage);
    }
    if (result->status == STATUS_OK) {
        env_tend_map(checkpoint->options.env, &checkpoint->hurry);
    }
    result->duration_us = clock_monotonic_us() - start_us;
    result->wall_ms = clock_wall_ms();
}

static void *run_thread(void *context)
{
    struct checkpoint *checkpoint = context;

    thread_stand_back(); /* For the loop, and for the log's syncs. */
    pthread_mutex_lock(&checkpoint->mutex);
    for (;;) {
        while (checkpoint->phase != PHASE_RUNNING && !checkpoint->is_closing) {
            pthread_cond_wait(&checkpoint->changed, &checkpoint->mutex);
        }
        if (checkpoint->phase != PHASE_RUNNING) {
            break;
        }
        pthread_mutex_unlock(&checkpoint->mutex);
        run_job(checkpoint);
        pthread_mutex_lock(&checkpoint->mutex);
        checkpoint->phase = PHASE_DONE;
        pthread_cond_broadcast(&checkpoint->changed);
        pthread_mutex_unlock(&checkpoint->mutex);
        checkpoint->options.wake(checkpoint->options.context);
        pthread_mutex_lock(&checkpoint->mutex);
    }
    pthread_mutex_unlock(&checkpoint->mutex);
    return NULL;
}

enum status checkpoint_open(const struct checkpoint_options *options, struct checkpoint **checkpoint)
{
    struct checkpoint *opened = memory_allocate_zeroed(sizeof(*opened));
    enum status status;

    opened->options = *options;
    opened->phase = PHASE_RUNNING;
    opened->result.job = CHECKPOINT_CLEAN;
    opened->apply = (struct checkpoint_apply){
        .files = options->files,
        .env = options->env,
        .meta = &opened->meta,
        .whole_pages_max = options->whole_pages_max == 0 ? CHECKPOINT_WHOLE_PAGES : options->whole_pages_max,
        .step_pages_max = options->step_pages_max == 0 ? CHECKPOINT_STEP_PAGES : options->step_pages_max,
    };
    pthread_mutex_init(&opened->mutex, NULL);
    pthread_cond_init(&opened->changed, NULL);
    status = thread_start(&opened->thread, "checkpoint", run_thread, opened);
    if (status != STATUS_OK) {
        pthread_cond_destroy(&opened->changed);
        pthread_mutex_destroy(&opened->mutex);
        memory_free(opened);
        return status;
    }
    *checkpoint = opened;
    return STATUS_OK;
}

void checkpoint_close(struct checkpoint *checkpoint)
{
    if (checkpoint == NULL) {
        return;
    }
    pthread_mutex_lock(&checkpoint->mutex);
    checkpoint->is_closing = true;
    atomic_store(&checkpoint->hurry, true);
    pthread_cond_broadcast(&checkpoint->changed);
    pthread_mutex_unlock(&checkpoint->mutex);
    pthread_join(checkpoint->thread, NULL);
    pthread_cond_destroy(&checkpoint->changed);
    pthread_mutex_destroy(&checkpoint->mutex);
    env_meta_release(&checkpoint->meta);
    memory_free(checkpoint);
}

static enum phase get_phase(const struct checkpoint *checkpoint)
{
    pthread_mutex_t *mutex = (pthread_mutex_t *)(uintptr_t)&checkpoint->mutex;
    enum phase phase;

    pthread_mutex_lock(mutex);
    phase = checkpoint->phase;
    pthread_mutex_unlock(mutex);
    return phase;
}

static void run(struct checkpoint *checkpoint, enum checkpoint_job job)
{
    pthread_mutex_lock(&checkpoint->mutex);
    ASSERT(checkpoint->phase == PHASE_IDLE);
    checkpoint->phase = PHASE_RUNNING;
    checkpoint->result.job = job;
    atomic_store(&checkpoint->hurry, false);
    pthread_cond_broadcast(&checkpoint->changed);
    pthread_mutex_unlock(&checkpoint->mutex);
}

void checkpoint_begin(struct checkpoint *checkpoint, const struct memtable *frozen, struct env_meta *meta)
{
    ASSERT(get_phase(checkpoint) == PHASE_IDLE && !checkpoint->has_failed_job);
    env_meta_release(&checkpoint->meta);
    checkpoint->meta = *meta;
    *meta = (struct env_meta){0};
    checkpoint->apply.frozen = frozen;
    checkpoint->apply.has_redo = false;
    checkpoint->apply.commit_count = 0;
    run(checkpoint, CHECKPOINT_APPLY);
}

void checkpoint_retry(struct checkpoint *checkpoint)
{
    ASSERT(checkpoint->has_failed_job);
    checkpoint->has_failed_job = false;
    run(checkpoint, CHECKPOINT_APPLY);
}

void checkpoint_begin_purge(struct checkpoint *checkpoint)
{
    ASSERT(!checkpoint->has_failed_job);
    run(checkpoint, CHECKPOINT_PURGE);
}

void checkpoint_hurry(struct checkpoint *checkpoint)
{
    atomic_store(&checkpoint->hurry, true);
}

void checkpoint_set_log(struct checkpoint *checkpoint, struct log *log)
{
    ASSERT(get_phase(checkpoint) == PHASE_IDLE);
    checkpoint->options.log = log;
}

bool checkpoint_is_busy(const struct checkpoint *checkpoint)
{
    return get_phase(checkpoint) != PHASE_IDLE;
}

/* With the mutex held and the phase PHASE_DONE. */
static void take_result(struct checkpoint *checkpoint, struct checkpoint_result *result)
{
    *result = checkpoint->result;
    checkpoint->phase = PHASE_IDLE;
    checkpoint->has_failed_job = result->job == CHECKPOINT_APPLY && result->status != STATUS_OK;
}

bool checkpoint_poll(struct checkpoint *checkpoint, struct checkpoint_result *result)
{
    bool is_done;

    pthread_mutex_lock(&checkpoint->mutex);
    is_done = checkpoint->phase == PHASE_DONE;
    if (is_done) {
        take_result(checkpoint, result);
    }
    pthread_mutex_unlock(&checkpoint->mutex);
    return is_done;
}

void checkpoint_wait(struct checkpoint *checkpoint, struct checkpoint_result *result)
{
    pthread_mutex_lock(&checkpoint->mutex);
    ASSERT(checkpoint->phase != PHASE_IDLE);
    atomic_store(&checkpoint->hurry, true);
    while (checkpoint->phase != PHASE_DONE) {
        pthread_cond_wait(&checkpoint->changed, &checkpoint->mutex);
    }
    take_result(checkpoint, result);
    pthread_mutex_unlock(&checkpoint->mutex);
}
