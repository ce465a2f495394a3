#include "base/thread.h"

#include "base/assert.h"

#include <errno.h>
#include <signal.h>
#include <time.h>

enum status thread_start(pthread_t *thread, const char *name, void *(*run)(void *context), void *context)
{
    sigset_t all;
    sigset_t before;
    int result;

    sigfillset(&all);
    /* The new thread inherits the mask, so there is no moment in which a signal could choose it. */
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    result = pthread_create(thread, NULL, run, context);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (result != 0) {
        return STATUS_NO_MEMORY;
    }
    (void)pthread_setname_np(*thread, name);
    return STATUS_OK;
}

void thread_condition_init(pthread_cond_t *condition)
{
    pthread_condattr_t attributes;

    ASSERT(pthread_condattr_init(&attributes) == 0);
    ASSERT(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0);
    ASSERT(pthread_cond_init(condition, &attributes) == 0);
    (void)pthread_condattr_destroy(&attributes);
}

bool thread_wait_us(pthread_cond_t *condition, pthread_mutex_t *lock, uint64_t timeout_us)
{
    struct timespec until;

    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += (time_t)(timeout_us / 1000000);
    until.tv_nsec += (long)(timeout_us % 1000000) * 1000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_nsec -= 1000000000;
        until.tv_sec++;
    }
    return pthread_cond_timedwait(condition, lock, &until) != ETIMEDOUT;
}
