#include "replication/worker.h"

#include "base/assert.h"

void worker_init(struct worker *worker, void (*wake)(void *context), void *wake_context)
{
    worker->is_running = false;
    worker->wake = wake;
    worker->wake_context = wake_context;
    atomic_init(&worker->is_done, false);
    atomic_init(&worker->cancelled, false);
}

static void *work(void *argument)
{
    struct worker *worker = argument;

    worker->run(worker->run_context);
    atomic_store_explicit(&worker->is_done, true, memory_order_release);
    worker->wake(worker->wake_context);
    return NULL;
}

enum status worker_start(struct worker *worker, void (*run)(void *context), void *context)
{
    ASSERT(!worker->is_running);
    worker->run = run;
    worker->run_context = context;
    atomic_store(&worker->is_done, false);
    atomic_store(&worker->cancelled, false);
    if (pthread_create(&worker->thread, NULL, work, worker) != 0) {
        return STATUS_NO_MEMORY;
    }
    worker->is_running = true;
    return STATUS_OK;
}

static void join(struct worker *worker)
{
    int error = pthread_join(worker->thread, NULL);

    ASSERT(error == 0);
    worker->is_running = false;
}

bool worker_take(struct worker *worker)
{
    if (!worker->is_running || !atomic_load_explicit(&worker->is_done, memory_order_acquire)) {
        return false;
    }
    join(worker);
    return true;
}

void worker_ask_to_end(struct worker *worker)
{
    if (worker->is_running) {
        atomic_store(&worker->cancelled, true);
    }
}

void worker_cancel(struct worker *worker)
{
    worker_ask_to_end(worker);
    if (worker->is_running) {
        join(worker);
    }
}
