/* What a replica tells of itself before PSYNC, by REPLCONF. Pure. */
#ifndef REPLICATION_HANDSHAKE_H
#define REPLICATION_HANDSHAKE_H

#include "replication/replication.h"

/* Take the options of one REPLCONF into `handshake` and append +OK, or Redis' error for the first that is not right, to
 * `reply`; what stood before it is taken. */
void handshake_take(struct replica_handshake *handshake, const struct slice *argv, size_t argc, struct buf *reply);

#endif
