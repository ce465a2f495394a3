/* Starting a thread the house's way. */
#ifndef BASE_THREAD_H
#define BASE_THREAD_H

#include "base/status.h"
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* Start `run(context)` on a thread called `name` (at most 15 bytes: what top and gdb show), with all signals blocked,
 * so that they reach the event loop's thread only. The caller joins it. STATUS_NO_MEMORY  The kernel refused. */
MUST_CHECK enum status thread_start(pthread_t *thread, const char *name, void *(*run)(void *context), void *context);

/* Let the calling thread stand back: other threads get the processor first, and their disk requests go before its own
 * (where the I/O scheduler knows priorities: mq-deadline, bfq). For work in bulk that nobody waits for. Best effort. */
void thread_stand_back(void);

/* Wait on `condition` until signalled or `timeout_us` microseconds have passed, by the monotonic clock (the condition
 * must be made by thread_condition_init()). False: timed out. */
bool thread_wait_us(pthread_cond_t *condition, pthread_mutex_t *lock, uint64_t timeout_us);
void thread_condition_init(pthread_cond_t *condition);

#endif
