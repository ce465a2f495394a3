/* The two clocks. Code that decides takes times as values; only edges call these. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

/* Milliseconds since 1970, by the wall clock: expiry and log records. */
uint64_t clock_wall_ms(void);
/* Microseconds since 1970, by the wall clock: TIME. */
uint64_t clock_wall_us(void);
/* Microseconds since some fixed point, never backwards: time-outs and measurements. */
uint64_t clock_monotonic_us(void);

#endif
