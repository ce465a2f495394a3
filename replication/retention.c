#include "replication/retention.h"

#include "base/assert.h"

static uint64_t lower(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static enum retention_loss judge(const struct retention_log *log, const struct retention_limits *limits,
                                 uint64_t now_ms, const struct retention_hold *hold)
{
    uint64_t held_bytes = hold->offset < log->end ? log->end - hold->offset : 0;

    if (hold->is_away && hold->offset < log->first) {
        return RETENTION_LOST_GONE;
    }
    if (held_bytes <= limits->backlog_bytes) {
        return RETENTION_KEPT; /* Costs nothing: it is kept anyway. */
    }
    if (limits->bytes_max != 0 && held_bytes > limits->bytes_max) {
        return RETENTION_LOST_BYTES;
    }
    if (hold->is_away && now_ms - hold->away_since_ms > limits->away_ms_max) {
        return RETENTION_LOST_TIME;
    }
    return RETENTION_KEPT;
}

uint64_t retention_decide(const struct retention_log *log, const struct retention_limits *limits, uint64_t now_ms,
                          struct retention_hold *holds, size_t count)
{
    uint64_t keep_from = log->end > limits->backlog_bytes ? log->end - limits->backlog_bytes : 0;

    for (size_t i = 0; i < count; i++) {
        holds[i].loss = judge(log, limits, now_ms, &holds[i]);
        if (holds[i].loss == RETENTION_KEPT) {
            keep_from = lower(keep_from, holds[i].offset);
        }
    }
    keep_from = lower(keep_from, log->checkpoint);
    ASSERT(keep_from <= log->checkpoint); /* R5: recovery never misses a byte, whatever replicas need. */
    return keep_from;
}

const char *retention_loss_text(enum retention_loss loss)
{
    switch (loss) {
    case RETENTION_KEPT:
        return "kept";
    case RETENTION_LOST_BYTES:
        return "it held back more log than repl-retention-max-size allows";
    case RETENTION_LOST_GONE:
        return "the log no longer holds what it needs";
    case RETENTION_LOST_TIME:
        return "it was away for longer than repl-retention-max-time allows";
    }
    return "";
}
