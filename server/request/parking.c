#include "server/request/parking.h"
#include "server/request/transaction.h"
#include "storage/store.h"

#define WORD_BYTES 32 /* Of RESP around a word, at most. */

bool parking_is_paused(const struct dispatch_gate *gate, const struct session *session, uint32_t flags)
{
    switch (gate->pause) {
    case DISPATCH_PAUSE_NONE:
        return false;
    case DISPATCH_PAUSE_WRITE:
        return flags & (COMMAND_WRITE | COMMAND_MAY_REPLICATE);
    case DISPATCH_PAUSE_ALL:
        return !(session->flags & SESSION_REPLICA);
    }
    return false;
}

size_t parking_request_bytes(const struct request *request)
{
    size_t bytes = request->raw.len;

    if (bytes == 0) {
        for (size_t i = 0; i < request->argc; i++) {
            bytes += request->argv[i].len + WORD_BYTES;
        }
    }
    return bytes;
}

enum status parking_admit_write(struct store *store, const struct session *session, uint32_t flags,
                                const struct request *request)
{
    enum status status;
    size_t bytes;

    if (!(flags & (COMMAND_WRITE | COMMAND_RUNS_SCRIPT))) {
        return STATUS_OK;
    }
    bytes = (flags & COMMAND_RUNS_QUEUED) ? transaction_bytes(session) : parking_request_bytes(request);
    /* What is logged instead of the request may be longer, but not twice as long. */
    status = bytes > LOG_RECORD_BYTES_MAX / 2 ? STATUS_TOO_BIG : store_admit_write(store, bytes);
    /* A script that may or may not write is told when it does; but it can wait only now. */
    return (flags & COMMAND_WRITE) || status == STATUS_BUSY ? status : STATUS_OK;
}
