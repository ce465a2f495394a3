/* The facade's state, for its own files alone: replication.c acts, replication_look.c tells. */
#ifndef REPLICATION_REPLICATION_STATE_H
#define REPLICATION_REPLICATION_STATE_H

#include "replication/handover.h"
#include "replication/master.h"
#include "replication/replica_link.h"
#include "replication/replication.h"
#include "replication/role_file.h"

struct event;

struct replication {
    struct store *store;
    struct file_system *files;
    char *directory; /* Owned. */
    struct replication_settings settings;
    struct replication_hooks hooks;
    struct role role;         /* As in hearth.auto.conf, */
    uint64_t keep_role_at_ms; /* or, when this is not 0, to be kept there then. */
    struct events events;
    struct master *master;
    struct replica_link *link;
    struct handover handover;
    struct event *tick;
    struct event *woken;
    int wake_fd;          /* Workers write to it. */
    bool is_acknowledged; /* Since the last turn; the server is to be told. */
    uint64_t durable;     /* What our own disk had then. */
};

#endif
