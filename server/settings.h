/* Bringing the configuration's values to the parts that they are for, at start and when CONFIG SET changes them. */
#ifndef SERVER_SETTINGS_H
#define SERVER_SETTINGS_H

#include "replication/replication.h"

struct config;
struct connections;
struct entrance;
struct services;
struct session;
struct ticker;

/* Why replica-read-only no is refused (R2, P6): what is told to whoever sets it. */
#define SETTINGS_WHY_READ_ONLY                                                                                         \
    "a replica's log holds its master's changes alone, and a write that is in no log would be lost at a restart and "  \
    "make the replica silently different: write to its master, or promote it with REPLICAOF NO ONE"

struct settings_targets {
    struct config *config;
    struct services *services;
    struct connections *connections;
    struct ticker *ticker;
    struct entrance *entrance;
};

/* Let the process open as many files as maxclients needs, or lower maxclients to what it can: diag says so. */
void settings_limit_clients(struct config *config);

/* Do what rename-command says; false if it cannot be done: diag has said why. */
bool settings_rename_commands(const struct services *services);

/* Apply everything once. The targets must be complete. */
void settings_apply_all(struct settings_targets *targets);
/* Apply what changes from now on; the targets must live as long as the config. */
void settings_observe(struct settings_targets *targets);

/* Give the session the output limits of its class: normal, replica or pubsub. */
void settings_limit_session(const struct config *config, struct session *session);

/* Whether the configuration names a master. */
bool settings_is_replica(const struct config *config);
/* What replication is told; the texts are the config's, and TLS is the credentials'. */
void settings_fill_replication(const struct services *services, struct replication_settings *settings);
/* The values that decide what commands are let in, beside the role. */
void settings_fill_gate(const struct services *services);

#endif
