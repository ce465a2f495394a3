/* The checkpoint thread: LMDB's only writer while a store is open.
 *
 * It has one job at a time: to apply a frozen memtable, or to purge a step of orphans. The loop hands a job in, is
 * woken when it has ended, and takes the result. A job that failed for want of space or memory is kept and may be tried
 * again; any other failure is for good (STATUS_IO: after a failed sync nobody knows what the disk holds). */
#ifndef STORAGE_ENV_CHECKPOINT_H
#define STORAGE_ENV_CHECKPOINT_H

#include "storage/env/env.h"
#include "storage/log/log.h"
#include "storage/memtable/memtable.h"

#define CHECKPOINT_LEFTOVERS_MAX 3

struct checkpoint; /* Opaque; owned by store. All calls are the loop's. */

struct checkpoint_options {
    struct file_system *files;
    struct env *env; /* Borrowed, as the log is. */
    struct log *log;
    void (*wake)(void *context); /* Called on the thread when a job has ended. */
    void *context;
    const char *leftover_paths[CHECKPOINT_LEFTOVERS_MAX]; /* Folders for CHECKPOINT_CLEAN; borrowed; NULL: none. */
    uint32_t whole_pages_max;                             /* See checkpoint_apply.h; 0 is the default. */
    uint32_t step_pages_max;
};

enum checkpoint_job {
    CHECKPOINT_CLEAN, /* Remove what is left over: under way when checkpoint_open() returns. */
    CHECKPOINT_APPLY,
    CHECKPOINT_PURGE,
};

struct checkpoint_result {
    enum checkpoint_job job;
    enum status status;
    uint64_t duration_us;
    uint64_t wall_ms;       /* When it ended. */
    uint64_t commit_count;  /* Transactions that it took. */
    struct env_usage usage; /* After it; all 0 if the job failed. */
};

/* Start the thread. STATUS_NO_MEMORY if the system has none to give. */
MUST_CHECK enum status checkpoint_open(const struct checkpoint_options *options, struct checkpoint **checkpoint);
/* Wait for the running job, then stop the thread. NULL is fine. */
void checkpoint_close(struct checkpoint *checkpoint);

/* Begin to store `frozen` (borrowed until a successful result is taken), which has all changes from the env's meta up
 * to `meta` (taken, and left empty). The thread first makes the log durable up to its offset. No job may be there. */
void checkpoint_begin(struct checkpoint *checkpoint, const struct memtable *frozen, struct env_meta *meta);
/* Begin the job that failed once more. */
void checkpoint_retry(struct checkpoint *checkpoint);
/* Begin to purge a step. No job may be there, nor may one have failed. */
void checkpoint_begin_purge(struct checkpoint *checkpoint);

/* Somebody waits for the running job: leave out what can be left out. */
void checkpoint_hurry(struct checkpoint *checkpoint);

/* Another log from now on. No job may be there, but one may have failed. */
void checkpoint_set_log(struct checkpoint *checkpoint, struct log *log);

/* Whether a job runs, or its result waits to be taken. */
bool checkpoint_is_busy(const struct checkpoint *checkpoint);
/* Take the result of a job that has ended; false if there is none. */
bool checkpoint_poll(struct checkpoint *checkpoint, struct checkpoint_result *result);
/* Block until the job has ended and take its result. checkpoint_is_busy() must hold. */
void checkpoint_wait(struct checkpoint *checkpoint, struct checkpoint_result *result);

#endif
