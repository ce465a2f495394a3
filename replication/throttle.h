/* At most so many bytes a second: a bucket that fills with time. Pure. */
#ifndef REPLICATION_THROTTLE_H
#define REPLICATION_THROTTLE_H

#include <stdint.h>

#define THROTTLE_BURST_MS 200 /* What may gather while nobody takes. */

struct throttle {
    uint64_t filled_us; /* When it was last looked at. */
    uint64_t bytes;     /* To be had now. */
};

/* Bytes that may be sent now under `rate` bytes a second (0: no limit). */
static inline uint64_t throttle_room(struct throttle *throttle, uint64_t rate, uint64_t now_us)
{
    uint64_t most = rate * THROTTLE_BURST_MS / 1000 + 1;
    uint64_t passed_us = now_us - throttle->filled_us;

    if (rate == 0) {
        return UINT64_MAX;
    }
    if (passed_us > THROTTLE_BURST_MS * 1000) {
        passed_us = THROTTLE_BURST_MS * 1000;
    }
    throttle->filled_us = now_us;
    throttle->bytes += rate * passed_us / 1000000;
    if (throttle->bytes > most) {
        throttle->bytes = most;
    }
    return throttle->bytes;
}

static inline void throttle_take(struct throttle *throttle, uint64_t bytes)
{
    throttle->bytes -= bytes < throttle->bytes ? bytes : throttle->bytes;
}

#endif
