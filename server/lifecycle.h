/* Pauses and the end: CLIENT PAUSE, and a shutdown that waits for replicas. Event loop only. */
#ifndef SERVER_LIFECYCLE_H
#define SERVER_LIFECYCLE_H

#include "server/request/dispatch.h"

struct lifecycle; /* Opaque; owned by server, one of services. */

struct lifecycle_options {
    struct services *services;
    /* End the process after this turn. */
    void (*stop)(void *context);
    void *context;
};

struct lifecycle *lifecycle_create(const struct lifecycle_options *options);
void lifecycle_free(struct lifecycle *lifecycle);
/* Some times a second. */
void lifecycle_tick(struct lifecycle *lifecycle, uint64_t now_us);

/* CLIENT PAUSE until `until_us` (monotonic): of two pauses the stricter mode and the later end hold. And its end. */
void lifecycle_pause(struct lifecycle *lifecycle, enum dispatch_pause pause, uint64_t until_us);
void lifecycle_unpause(struct lifecycle *lifecycle);

/* A failover may have begun or ended: writes wait while there is one. */
void lifecycle_update_pause(struct lifecycle *lifecycle);

struct lifecycle_shutdown {
    bool is_without_checkpoint; /* NOSAVE: the log has all there is, so nothing is lost. */
    bool is_now;                /* Does not wait for replicas. */
};
/* Stop once the replicas have what was written, or after shutdown-timeout; writes wait meanwhile. While that is under
 * way, only one that is_now changes anything. */
void lifecycle_shut_down(struct lifecycle *lifecycle, const struct lifecycle_shutdown *shutdown);
/* Take that back; false if there is none under way. */
bool lifecycle_abort_shutdown(struct lifecycle *lifecycle);
bool lifecycle_is_shutting_down(const struct lifecycle *lifecycle);
/* Whether the end is to make a checkpoint. */
bool lifecycle_wants_checkpoint(const struct lifecycle *lifecycle);

#endif
