/* Whether the server serves, in one line: what /healthz says, and who else asks whether the disk is full. */
#ifndef SERVER_WATCH_HEALTH_H
#define SERVER_WATCH_HEALTH_H

#include "base/buf.h"
#include <stdbool.h>
#include <stdint.h>

struct services;

struct health_facts {
    bool has_log_failed;
    bool is_disk_full; /* Writes are refused. */
    bool is_shutting_down;
    bool is_replica;
    bool is_link_up;
    bool serves_stale_data; /* replica-serve-stale-data. */
    int64_t link_down_s;    /* -1: it never was up. */
};

void health_gather(const struct services *services, struct health_facts *facts);
/* Append one line without its end; returns whether the server serves all that it is there for. */
bool health_write(const struct health_facts *facts, struct buf *line);

bool health_is_disk_full(const struct services *services);

#endif
