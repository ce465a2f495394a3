/* One piece of work beside the event loop that may take long: making a payload, installing one, writing a file. One job
 * at a time for each worker.
 *
 * The loop starts it and takes it back; between the two the job's context is the thread's alone, but for `cancelled`.
 */
#ifndef REPLICATION_WORKER_H
#define REPLICATION_WORKER_H

#include "base/status.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

struct worker {
    pthread_t thread;
    bool is_running;       /* Started and not taken back. */
    atomic_bool is_done;   /* The job has returned. */
    atomic_bool cancelled; /* The job should end soon; it looks at it now and then. */
    void (*run)(void *context);
    void *run_context;
    void (*wake)(void *context); /* Called on the thread when the job has returned: an eventfd write. */
    void *wake_context;
};

void worker_init(struct worker *worker, void (*wake)(void *context), void *wake_context);
/* Begin `run`; none may be running. STATUS_NO_MEMORY: no thread is to be had. */
MUST_CHECK enum status worker_start(struct worker *worker, void (*run)(void *context), void *context);
/* True once for each job, when it has ended: its context is the caller's again. */
bool worker_take(struct worker *worker);
/* Ask the job to end, and take it as ever. Nothing if none runs. */
void worker_ask_to_end(struct worker *worker);
/* The same, and wait until it has. */
void worker_cancel(struct worker *worker);

#endif
