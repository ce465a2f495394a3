#include "server/request/parking.h"
#include "server/request/pubsub.h"
#include "server/request/transaction.h"
#include "server/services.h"
#include "storage/store.h"

#define WORD_BYTES     32 /* Of RESP around a word, at most. */
#define DELETION_BYTES 16 /* Of DEL, beyond its word. */

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

/* Whether it may be more than a change holds: its words, and a DEL for each of its keys that has fallen due. Where
 * something else is logged, which may be longer, the handler bounds that itself (change_has_room()). */
static bool is_too_big(size_t bytes, const struct request *request)
{
    return 2 * bytes + request->argc * DELETION_BYTES > LOG_RECORD_BYTES_MAX;
}

enum status parking_admit_write(const struct services *services, const struct session *session, uint32_t flags,
                                const struct request *request)
{
    bool is_script = (flags & COMMAND_RUNS_SCRIPT) != 0;
    bool is_message =
        !is_script && (flags & COMMAND_MAY_REPLICATE) && !(flags & COMMAND_READONLY) && pubsub_is_logged(services);
    enum status status;
    size_t bytes;

    if (!(flags & COMMAND_WRITE) && !is_script && !is_message) {
        return STATUS_OK;
    }
    bytes = (flags & COMMAND_RUNS_QUEUED) ? transaction_bytes(session) : parking_request_bytes(request);
    if (is_too_big(bytes, request)) {
        return is_script && !(flags & COMMAND_RUNS_QUEUED) ? STATUS_OK : STATUS_TOO_BIG; /* A script is not logged. */
    }
    status = store_admit_write(services->store, bytes);
    /* A script that may or may not write is told when it does, and a message that cannot be logged is heard here all
     * the same; but both can wait only now. */
    return (flags & COMMAND_WRITE) || status == STATUS_BUSY ? status : STATUS_OK;
}
