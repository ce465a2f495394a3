#include "storage/env/env_exact.h"

#include "base/clock.h"
#include <time.h>

/* STATUS_END: it is pending. */
static enum status try_begin(const struct env *env, MDB_txn **begun, struct env_meta *meta)
{
    struct env_meta found;
    MDB_txn *txn;
    enum status status = env_begin_read(env, &txn);

    if (status != STATUS_OK) {
        return status;
    }
    status = env_get_meta(env, txn, &found);
    if (status == STATUS_OK && found.is_pending) {
        env_meta_release(&found);
        status = STATUS_END;
    }
    if (status != STATUS_OK) {
        mdb_txn_abort(txn);
        return status;
    }
    *begun = txn;
    *meta = found;
    return STATUS_OK;
}

enum status env_begin_exact(const struct env *env, const atomic_bool *cancelled, MDB_txn **txn, struct env_meta *meta)
{
    const struct timespec pause = {.tv_nsec = 1000000};
    uint64_t deadline_us = clock_monotonic_us() + ENV_EXACT_MS_MAX * 1000ull;
    enum status status;

    while ((status = try_begin(env, txn, meta)) == STATUS_END) {
        if (cancelled != NULL && atomic_load(cancelled)) {
            return STATUS_CLOSED;
        }
        if (clock_monotonic_us() >= deadline_us) {
            return STATUS_BUSY;
        }
        nanosleep(&pause, NULL);
    }
    return status;
}
