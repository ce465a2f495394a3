/* Telling a visitor all keys of an environment, as of its last checkpoint: exports, and full syncs of stock replicas.
 *
 * Beside the store and not through its view: any thread, any process, while the store goes on. The read transaction
 * lasts as long as the walk, and LMDB cannot reuse pages that it sees meanwhile: let the visitor write to a file and
 * not to a peer. Damage is a status here, never an ASSERT. */
#ifndef STORAGE_ENV_ENV_VISIT_H
#define STORAGE_ENV_ENV_VISIT_H

#include "storage/env/env.h"
#include "storage/keyspace/key_visitor.h"
#include <stdatomic.h>

struct env_visit_options {
    const atomic_bool *cancelled;                                                /* May be NULL. */
    bool is_without_keys;                                                        /* Tell none: the meta is enough. */
    void (*on_progress)(void *context, uint64_t done_keys, uint64_t total_keys); /* May be NULL. */
    void *context;
};

/* What is damaged: "database 0, key 'user:1': ...", cut to fit. */
struct env_visit_problem {
    char text[240];
};

struct env_visit; /* A walk that was begun; one thread. */

/* Begin: wait for an exact state (a checkpoint of several commits is let end) and keep its meta, which is borrowed from
 * the walk by env_visit_meta().
 *   STATUS_BUSY  A checkpoint that was begun does not end.  STATUS_CLOSED  Cancelled.
 *   STATUS_NO_MEMORY, STATUS_CORRUPT, STATUS_IO. */
MUST_CHECK enum status env_visit_begin(struct env *env, const struct env_visit_options *options,
                                       struct env_visit **visit);
const struct env_meta *env_visit_meta(const struct env_visit *visit);
/* Tell all libraries of functions, then all keys, by database and then in the order of their codes; keys that are due
 * too. STATUS_CORRUPT, STATUS_UNSUPPORTED: `*problem` is filled.  STATUS_CLOSED, STATUS_NO_MEMORY, STATUS_IO, and what
 * the visitor gave. */
MUST_CHECK enum status env_visit_keys(struct env_visit *visit, const struct key_visitor *visitor,
                                      struct env_visit_problem *problem);
void env_visit_end(struct env_visit *visit);

#endif
