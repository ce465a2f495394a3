/* The store: data, log and checkpoints of one data directory, opened and closed as one.
 *
 *     <data-dir>/lock          held while open; holds the owner's pid
 *     <data-dir>/data/         LMDB's environment: the last checkpoint
 *     <data-dir>/log/          segments
 *     <data-dir>/snapshots/    snapshot files for full syncs
 *     <data-dir>/incoming/     a snapshot being received; never read by recovery
 *
 * Crash-exact (P2): opening recovers, whatever the last process did. Durability argument and invariants S1..Sn:
 * storage/README.md. All calls are the event loop's. */
#ifndef STORAGE_STORE_H
#define STORAGE_STORE_H

#include "storage/keyspace/keyspace.h"
#include "storage/log/log.h"

struct env;
struct store;

struct store_options {
    struct file_system *files;
    const char *directory;
    uint32_t database_count;
    enum log_sync_policy policy;
    uint64_t segment_bytes;
    const char *archive_directory;    /* See log_options. NULL: discarded segments are removed. */
    uint64_t checkpoint_memory_bytes; /* Freeze when the active memtable passes this. */
    uint64_t checkpoint_interval_ms;  /* Freeze at least this often if anything changed; 0 never by time. */
    bool is_replica;                  /* Its master has what a crash may have taken from it: no new history at open. */
    /* For tests; NULL is the kernel's, and 0 what checkpoint_apply.h says. */
    const char *boot_id;
    uint32_t checkpoint_whole_pages;
    uint32_t checkpoint_step_pages;
    /* Replays one logged command during recovery: executes it in the keyspace without logging it. Returns false if the
     * command cannot be executed, which is damage. */
    bool (*replay)(void *context, struct store *store, uint32_t *selected_db, const struct slice *argv, size_t argc);
    /* Called from other threads when store_poll() has something to do, and when the log has moved on (released more, or
     * failed): an eventfd write. */
    void (*wake)(void *context);
    void *context;
};

struct store_statistics {
    uint64_t recovered_bytes; /* Log bytes replayed at open. */
    uint64_t recovery_us;
    uint64_t checkpoint_count;
    uint64_t checkpoint_failures;
    uint64_t checkpoint_last_us; /* Duration of the last one. */
    uint64_t checkpoint_wall_ms; /* When the last one was committed. */
    uint64_t saved_wall_ms;      /* The same, or when the store was opened, as Redis counts: LASTSAVE. */
    uint64_t checkpoint_offset;  /* Its offset X. */
    uint64_t changes_since_checkpoint;
    uint64_t data_file_bytes;
    uint64_t map_used_bytes;
    uint64_t purged_count; /* Orphans that were purged since the start. */
    uint64_t orphan_count;
    uint64_t checkpoint_commits; /* Transactions of the last one: more than 1 if it went in steps. */
    bool checkpoint_running;
    bool last_checkpoint_ok;
    bool may_have_lost_at_open;  /* An unclean stop may have taken back bytes that replicas have ... */
    bool history_forked_at_open; /* ... so that a new history began. Not on a replica. */
};

/* Open the directory, creating it if it is missing or empty.
 *   STATUS_BUSY         Another process holds it; `*holder_pid` says which.
 *   STATUS_INVALID      It has foreign files and no Hearth data; nothing was touched.
 *   STATUS_UNSUPPORTED  Its format version is unknown.
 *   STATUS_CORRUPT      The log is damaged before its tail, or misses what the data needs; diag has named the place.
 *   STATUS_IO, STATUS_NO_SPACE. */
MUST_CHECK enum status store_open(const struct store_options *options, struct store **store, long *holder_pid);
/* Checkpoint if `checkpoint`, then close. Nothing acknowledged depends on the checkpoint. NULL is fine. */
void store_close(struct store *store, bool checkpoint);

/* The same for the store's life. */
struct keyspace *store_keyspace(struct store *store);
/* Another one after store_replace(), also when that failed: cursors in it must have been closed before. Not to be asked
 * for when store_has_failed() says so after store_replace(). */
struct log *store_log(struct store *store);
/* The environment of the last checkpoint: what snapshots are made of. Another one after store_replace(), which closes
 * it: whoever reads it on a thread must have ended before. */
struct env *store_env(struct store *store);
const char *store_directory(const struct store *store);
const struct store_statistics *store_get_statistics(struct store *store);

/* Whether a write may be executed now.
 *   STATUS_BUSY      The memtable is full and the checkpoint thread is not free to take it, or the log is making room:
 *                    park the client until store_poll() says otherwise.
 *   STATUS_NO_SPACE  The disk is full, and so is the memory that could wait for it.
 *   STATUS_IO        The store has failed: see store_has_failed(). */
MUST_CHECK enum status store_admit_write(struct store *store, size_t change_bytes_estimate);
/* Whether such a write would be refused because the disk is full. Asking has it looked at again, soon. */
bool store_is_disk_full(struct store *store, size_t change_bytes);

/* Whether the disk has failed for good, in the log or in a checkpoint (diag has said so). Nothing more may be
 * acknowledged; the process ends, and the next start recovers. */
bool store_has_failed(const struct store *store);

/* Append a change that was executed in `db` (the caller has put SELECT into it where the db changes). */
MUST_CHECK enum status store_append(struct store *store, struct slice change, uint64_t *end);
/* The db that the log's reader has selected at its end; -1: none yet. */
int32_t store_selected_db(const struct store *store);
/* The same for who is about to log a change of its own: -1 when that must begin with SELECT, as the first one after
 * each checkpoint does, since a reader that begins with the checkpoint may not know what was selected before. */
int32_t store_told_db(const struct store *store);
void store_set_selected_db(struct store *store, int32_t db);

/* Once per loop turn, between commands: cut the batch, stamped `wall_ms`, and freeze the memtable if it is time; pauses
 * and intervals are counted by `monotonic_ms`. */
void store_turn(struct store *store, uint64_t wall_ms, uint64_t monotonic_ms);
/* After a wake: take over a finished checkpoint. Returns true if writers that were parked may go on. */
bool store_poll(struct store *store);

/* Ask for a checkpoint of all that was executed so far; it begins with the next store_turn(). STATUS_BUSY if one runs
 * (it is then followed by another if `queue`). */
MUST_CHECK enum status store_begin_checkpoint(struct store *store, bool queue);
/* Wait for a checkpoint of everything: SAVE, shutdown. Blocks the loop.
 *   STATUS_NO_SPACE, STATUS_NO_MEMORY  It is tried again by itself.  STATUS_IO  The store has failed. */
MUST_CHECK enum status store_checkpoint_now(struct store *store, uint64_t now_ms);

void store_set_checkpoint_limits(struct store *store, uint64_t memory_bytes, uint64_t interval_ms);
/* Change the log's policy, here and not at the log itself: before changes may be shown unsynced, the data directory
 * must say so (sync_marker.h). Blocks for two syncs when it leaves LOG_SYNC_ALWAYS. On error the policy is as it was.
 *   STATUS_NO_SPACE, STATUS_IO. */
MUST_CHECK enum status store_set_sync_policy(struct store *store, enum log_sync_policy policy);
/* Let go the log before `offset`, as far as no recovery needs it: never past the last checkpoint (S7). */
void store_discard_log_before(struct store *store, uint64_t offset);

/* Replace all data by the verified environment folder `path` (a full sync's result, which holds its own history and
 * offset): swaps it in by rename, starts an empty log at its position, and renews the keyspace. `path` must be on the
 * data directory's file system, and not open. The old data is served until the rename and removed after it. A crash at
 * any point leaves the old or the new data, never a mix.
 *
 *   STATUS_IO       With store_has_failed(): it failed past the point of no return, or the old log would not open
 *                   again. The next start has the new data, or the old.
 *   STATUS_INVALID  `path` holds an unfinished checkpoint, or lies on another file system.
 *   STATUS_NOT_FOUND, STATUS_CORRUPT, STATUS_UNSUPPORTED, STATUS_NO_SPACE.
 *
 * Unless the store has failed, the old data is still there and served, and `path` too. */
MUST_CHECK enum status store_replace(struct store *store, const char *path);

/* Whether there is room for a history to begin: log_reserve_history(). STATUS_NO_SPACE, STATUS_IO. */
MUST_CHECK enum status store_reserve_history(struct store *store, uint64_t now_ms);
/* Promotion, and any other begin of a new history (log_begin_history), recorded in log and next checkpoint.
 *   STATUS_NO_SPACE  The disk is full; the present history goes on.  STATUS_IO. */
MUST_CHECK enum status store_begin_history(struct store *store, const struct history *history, uint64_t now_ms);

#endif
