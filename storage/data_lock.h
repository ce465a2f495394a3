/* The data directory's lock: one process at a time, by flock() on <data-dir>/lock, which holds the owner's pid. The
 * kernel lets go when the process ends, however it ends; the file stays and means nothing by itself. */
#ifndef STORAGE_DATA_LOCK_H
#define STORAGE_DATA_LOCK_H

#include "base/status.h"

#define DATA_LOCK_NAME "lock"

struct data_lock {
    int fd; /* -1 when not held. */
};

/* Take the lock of `directory`.
 *   STATUS_BUSY  Another process holds it; `*holder_pid` is its pid, 0 if unknown.
 *   STATUS_IO, STATUS_NO_SPACE. */
MUST_CHECK enum status data_lock_acquire(const char *directory, struct data_lock *lock, long *holder_pid);
/* Not held is fine. */
void data_lock_release(struct data_lock *lock);

#endif
