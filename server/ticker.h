/* What is done hz times a second. Event loop only. */
#ifndef SERVER_TICKER_H
#define SERVER_TICKER_H

#include <stdbool.h>
#include <stdint.h>

struct connections;
struct event_base;
struct services;
struct ticker; /* Opaque; owned by server. */

struct ticker_options {
    struct event_base *base;
    struct services *services;
    struct connections *connections;
    /* The server's own part of the tick. */
    void (*tick)(void *context, uint64_t now_us, uint64_t now_ms);
    void *context;
};

/* Starts at once, at `hz`. */
struct ticker *ticker_create(const struct ticker_options *options, uint32_t hz);
void ticker_free(struct ticker *ticker);
void ticker_set_hz(struct ticker *ticker, uint32_t hz);
/* Whether keys are expired actively (DEBUG SET-ACTIVE-EXPIRE). */
void ticker_set_active_expire(struct ticker *ticker, bool is_on);

#endif
