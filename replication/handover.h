/* FAILOVER carried out: does what failover.h says, with our replicas, our link and the role on disk. */
#ifndef REPLICATION_HANDOVER_H
#define REPLICATION_HANDOVER_H

#include "replication/events.h"
#include "replication/failover.h"
#include "replication/master.h"
#include "replication/replica_link.h"

/* What the handover does to its owner. */
struct handover_hooks {
    /* Take up and keep the role of a replica. */
    enum status (*follow)(void *context, const struct role *role);
    /* Become a master again. */
    enum status (*promote)(void *context);
    /* The target is our master for good: keep that. */
    void (*settle)(void *context);
    /* It has begun or ended: writes have to wait, or need not any more. */
    void (*changed)(void *context);
    void *context;
};

/* All borrowed. */
struct handover {
    struct failover failover;
    bool is_request_deferred; /* Of acknowledgements, until the end. */
    const struct role *role;  /* Ours. */
    struct store *store;
    struct master *master;
    struct replica_link *link;
    struct events *events;
    struct handover_hooks hooks;
};

/* FAILOVER, and FAILOVER ABORT. NULL if that was done, else the error's text. */
const char *handover_begin(struct handover *handover, const struct failover_request *request);
const char *handover_abort(struct handover *handover);
/* Each loop turn. */
void handover_turn(struct handover *handover);
/* Whether replicas' acknowledgements may be asked for in the log now; if not, they are asked at the end. */
bool handover_lets_ask(struct handover *handover);

#endif
