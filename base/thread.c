#include "base/thread.h"

#include "base/assert.h"

#include <errno.h>
#include <linux/ioprio.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define BACKGROUND_NICENESS 10

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

/* Linux gives both to a single thread when asked with 0 for "this one"; glibc has no name for the second. The idle
 * class would starve beside a disk that is never idle, but for the scheduler's own limit (mq-deadline: 10 s). */
void thread_stand_back(void)
{
    (void)setpriority(PRIO_PROCESS, 0, BACKGROUND_NICENESS);
    (void)syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, IOPRIO_PRIO_VALUE(IOPRIO_CLASS_IDLE, 0));
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
