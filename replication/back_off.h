/* How long to wait before the next try. Pure. */
#ifndef REPLICATION_BACK_OFF_H
#define REPLICATION_BACK_OFF_H

#include <stdint.h>

/* `first_ms`, doubled so often, but no more than `max_ms`. */
static inline uint64_t back_off_ms(uint64_t first_ms, uint32_t doublings, uint64_t max_ms)
{
    uint64_t delay_ms = first_ms;

    while (doublings-- > 0 && delay_ms < max_ms) {
        delay_ms *= 2;
    }
    return delay_ms < max_ms ? delay_ms : max_ms;
}

#endif
