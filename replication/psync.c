#include "replication/psync.h"

#include "base/assert.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#define SHORT_ID 8 /* Digits of an id that messages show. */

__attribute__((format(printf, 2, 3))) static void explain(struct psync_decision *decision, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(decision->reason, sizeof(decision->reason), format, arguments);
    va_end(arguments);
}

static bool is_id(struct slice id, const char *text)
{
    return slice_equal(id, slice_make(text, HISTORY_ID_LEN));
}

static bool has_previous(const struct history *history)
{
    return history->previous_end >= 0;
}

/* Whether the bytes up to `position` of the history `id` are ours too. Fills the reason when not. */
static bool shares(const struct history *ours, struct slice id, uint64_t position, struct psync_decision *decision)
{
    if (is_id(id, ours->id)) {
        return true;
    }
    if (!has_previous(ours) || !is_id(id, ours->previous_id)) {
        if (position == 0) {
            explain(decision, "first sync: the replica holds nothing");
        } else {
            explain(decision, "history %.*s is unknown here", SHORT_ID, id.data);
        }
        return false;
    }
    if (position > (uint64_t)ours->previous_end) {
        explain(decision, "history %.*s ended at offset %" PRId64 " here, the replica is at %" PRIu64, SHORT_ID,
                id.data, ours->previous_end, position);
        return false;
    }
    return true;
}

/* R3: equal id and offset count as equal data only if the running hashes agree, when both are known. */
static bool agrees(const struct psync_request *request, const struct psync_log *log, uint64_t position,
                   struct psync_decision *decision)
{
    uint64_t hash;
    enum status status;

    if (!request->has_hash) {
        return true;
    }
    status = log->hash_at(log->context, position, &hash);
    if (status != STATUS_OK) {
        explain(decision, "running hash at offset %" PRIu64 " cannot be read: %s", position, status_name(status));
        return false;
    }
    if (hash != request->hash) {
        explain(decision, "diverged at offset %" PRIu64 ": running hash %016" PRIx64 " there, %016" PRIx64 " here",
                position, request->hash, hash);
        return false;
    }
    return true;
}

static void decide_in_log(const struct psync_request *request, const struct psync_log *log, uint64_t position,
                          struct psync_decision *decision)
{
    if (position < log->first) {
        explain(decision, "offset %" PRIu64 " is before the log, which begins at %" PRIu64, position, log->first);
        return;
    }
    if (position > log->end) {
        explain(decision, "offset %" PRIu64 " is past the log, which ends at %" PRIu64, position, log->end);
        /* A sister that was fed by our own master may be a little ahead of us: a full sync would be a waste. */
        if (log->is_catching_up && is_id(request->id, log->history->id)) {
            decision->outcome = PSYNC_LATER;
        }
        return;
    }
    if (!agrees(request, log, position, decision)) {
        return;
    }
    decision->outcome = PSYNC_PARTIAL;
    decision->position = position;
    explain(decision, "%" PRIu64 " bytes to catch up", log->end - position);
}

void psync_decide(const struct psync_request *request, const struct psync_log *log, struct psync_decision *decision)
{
    uint64_t position;

    *decision = (struct psync_decision){.outcome = PSYNC_FULL};
    if (!history_id_is_valid(request->id)) {
        explain(decision, "first sync: the replica has no history");
        return;
    }
    if (request->offset < 1) {
        explain(decision, "offset %" PRId64 " is none", request->offset);
        return;
    }
    position = (uint64_t)request->offset - 1;
    if (!shares(log->history, request->id, position, decision) &&
        !(history_id_is_valid(request->also_id) && shares(log->history, request->also_id, position, decision))) {
        return;
    }
    decide_in_log(request, log, position, decision);
    ASSERT(decision->outcome != PSYNC_PARTIAL || (position >= log->first && position <= log->end));
}

struct psync_offer psync_offer_make(const struct history *history, uint64_t end)
{
    struct psync_offer offer = {.id = history->id, .also_id = NULL, .offset = (int64_t)end + 1};

    if (has_previous(history) && (uint64_t)history->previous_end == end) {
        /* The previous one goes first: only our own masters know it, and stock Redis reads one id alone. */
        offer.id = history->previous_id;
        offer.also_id = history->id;
    }
    return offer;
}

uint64_t psync_lone_tail(const struct history *own, uint64_t end, const struct history *theirs, uint64_t their_end,
                         bool *is_related)
{
    uint64_t shared;

    *is_related = true;
    if (strcmp(own->id, theirs->id) == 0) {
        shared = their_end; /* Same history: they lack what is past their end (or the hash differs: see caller). */
    } else if (has_previous(theirs) && strcmp(own->id, theirs->previous_id) == 0) {
        shared = (uint64_t)theirs->previous_end;
    } else if (has_previous(own) && strcmp(own->previous_id, theirs->id) == 0) {
        shared = (uint64_t)own->previous_end;
    } else if (has_previous(own) && has_previous(theirs) && strcmp(own->previous_id, theirs->previous_id) == 0) {
        shared = (uint64_t)(own->previous_end < theirs->previous_end ? own->previous_end : theirs->previous_end);
    } else {
        *is_related = false;
        return end;
    }
    return shared < end ? shared : end;
}
