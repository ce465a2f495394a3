/* A link's full sync: the payload received and made into an environment, with all that must be known before our data
 * may go (R6). Event loop only, but for the worker inside. */
#ifndef REPLICATION_LINK_SYNC_H
#define REPLICATION_LINK_SYNC_H

#include "replication/incoming.h"
#include "replication/install.h"
#include "replication/replication.h"
#include "replication/worker.h"

struct link_sync_options {
    struct store *store;
    struct file_system *files;
    const char *directory;                       /* The data directory. */
    const struct replication_settings *settings; /* Borrowed; may change under it. */
    void (*wake)(void *context);                 /* From the worker: link_sync_take_installed() has an outcome. */
    void *context;
};

struct link_sync {
    struct store *store;
    struct file_system *files;
    char *directory; /* Owned. */
    const struct replication_settings *settings;
    struct incoming incoming;
    struct install install;
    struct worker worker;
    bool is_stale;                          /* The worker's outcome is no longer wanted. */
    char was_master_of[HISTORY_ID_LEN + 1]; /* As in the role, */
    uint64_t shared_to;                     /* for what we hold alone. */
};

/* STATUS_IO, STATUS_NO_SPACE: incoming/ cannot be made ready. */
MUST_CHECK enum status link_sync_open(struct link_sync *sync, const struct link_sync_options *options);
/* Waits for the worker. */
void link_sync_close(struct link_sync *sync);

/* What our settings, our log and a part of a full sync have to say in the handshake. The hash at the log's end, which
 * costs a look at all that was appended since it was last asked for, only `with_hash`. */
void link_sync_fill_facts(const struct link_sync *sync, bool with_hash, struct replica_facts *facts);

/* Begin to install what sync->incoming has received whole. `wants_full`: we asked for it because our data is wrong.
 *   STATUS_NO_MEMORY, STATUS_CORRUPT, STATUS_IO: it cannot even begin. */
MUST_CHECK enum status link_sync_install(struct link_sync *sync, const struct replica_payload *payload,
                                         bool wants_full);
/* Once, when the install has ended: its outcome, borrowed until the next one begins. NULL: not yet, or not wanted. */
const struct install *link_sync_take_installed(struct link_sync *sync);
/* The install that may be under way is no longer wanted: it is told to end, and its outcome will be dropped. */
void link_sync_abandon(struct link_sync *sync);
/* Whether an abandoned one still runs: nothing new may be received. */
bool link_sync_is_stale(const struct link_sync *sync);
/* Remove what was received and made. */
void link_sync_discard(struct link_sync *sync);

#endif
