/* What the status page shows, gathered once, so that the page itself is a pure text of it. */
#ifndef SERVER_HTTP_STATUS_VIEW_H
#define SERVER_HTTP_STATUS_VIEW_H

#include "replication/replication.h"

#define STATUS_REPLICAS_MAX 12 /* Drawn; how many more there are is said. */
#define STATUS_EVENTS_MAX   6
#define STATUS_LINE_BYTES   160

struct services;

/* Texts are borrowed until the turn ends. */
struct status_view {
    /* This node. */
    const char *version;
    uint16_t port;
    bool is_healthy;
    char health[STATUS_LINE_BYTES];
    uint64_t uptime_s;
    uint64_t now_ms; /* By the wall. */
    uint64_t client_count;
    uint64_t commands_per_second;
    uint64_t key_count;    /* Of all databases. */
    uint64_t memory_bytes; /* Anonymous. */

    /* Durability. */
    const char *sync_policy;
    uint64_t log_end;
    uint64_t log_released;
    uint64_t log_durable;
    uint64_t log_disk_bytes;
    uint64_t last_sync_us;
    uint64_t mean_sync_us;
    uint64_t checkpoint_count;
    uint64_t checkpoint_failures;
    uint64_t checkpoint_wall_ms; /* 0: none yet. */
    uint64_t checkpoint_us;
    uint64_t changes_since_checkpoint;
    uint64_t data_file_bytes;
    uint64_t disk_free_bytes;
    uint64_t disk_total_bytes;

    /* Replication. */
    const char *history;
    bool is_replica;
    const char *master_host;
    uint16_t master_port;
    struct replication_link link; /* As a replica. */
    struct replication_peer replicas[STATUS_REPLICAS_MAX];
    size_t replica_count;                               /* Of replicas[], */
    size_t replica_total;                               /* and all. */
    struct replication_event events[STATUS_EVENTS_MAX]; /* Oldest first. */
    size_t event_count;
};

void status_view_gather(struct services *services, struct status_view *view);

#endif
