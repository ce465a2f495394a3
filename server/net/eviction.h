/* Clients whose buffers cost too much memory together (maxmemory-clients). */
#ifndef SERVER_NET_EVICTION_H
#define SERVER_NET_EVICTION_H

#include <stdint.h>

struct config;
struct services;

/* Bytes that all clients together may cost; 0 is no limit. A percentage is one of maxmemory, as in Redis, and so none
 * as long as that is not set. */
uint64_t eviction_limit_bytes(const struct config *config);
/* Close those that cost the most until the others cost no more than `limit_bytes`. Spared, and not counted, are feeds,
 * the master, and who said CLIENT NO-EVICT. */
void eviction_run(const struct services *services, uint64_t limit_bytes);

/* The same once a turn, by the configured limit. Looking at every client costs, so it is not done at each turn:
 * `*looked_us` keeps when it was, by the monotonic clock. */
void eviction_turn(const struct services *services, uint64_t now_us, uint64_t *looked_us);

#endif
