/* Making an environment of a received payload, off the loop: verify, unpack or load, judge, save what would be lost.
 *
 * The environment that comes out is not yet ours: store_replace() swaps it in, on the loop. */
#ifndef REPLICATION_INSTALL_H
#define REPLICATION_INSTALL_H

#include "replication/lone_tail.h"
#include "replication/replica_fsm.h"
#include <stdatomic.h>

/* The job and its outcome. One owner: the loop before and after, the worker between. */
struct install {
    struct file_system *files;
    const char *data_directory; /* Where a tail is saved. */
    const char *payload_path;
    const char *data_path; /* Where the environment is made. */
    struct replica_payload payload;
    uint32_t database_count; /* An RDB file with more is refused. */
    uint64_t own_key_count;  /* P7: what would be wiped. */
    bool may_wipe;           /* The operator allows it, or the histories are related. */
    struct lone_tail tail;
    const atomic_bool *cancelled;

    enum replica_install_result result;
    char problem[REPLICA_PROBLEM_BYTES];
    uint64_t key_count; /* Of the new data. */
};

/* The worker's job: `context` is a struct install. */
void install_run(void *context);

#endif
