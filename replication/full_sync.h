/* The payloads of full syncs: files in <data-dir>/snapshots/, made once, off the loop, and shared by all who wait (P5).
 *
 *     <name>.snapshot   whole and synced; stays while somebody receives it, and a while after, so that a broken
 *                       transfer goes on, also over a restart
 *     <number>.rdb      for stock Redis; gone with its last receiver
 *     making.tmp        being made (making.h)
 *
 * A payload is made of the last checkpoint, which comes first when the log has more. Nothing is gathered in memory
 * meanwhile: the log holds the rest (R5).
 *
 * Threads: the loop's; the files are written by a worker inside. */
#ifndef REPLICATION_FULL_SYNC_H
#define REPLICATION_FULL_SYNC_H

#include "base/list.h"
#include "replication/worker.h"
#include "storage/snapshot/snapshot_write.h"
#include "storage/store.h"

#define FULL_SYNC_DIRECTORY     "snapshots"
#define FULL_SYNC_PROBLEM_BYTES 160

enum full_sync_kind {
    FULL_SYNC_SNAPSHOT,
    FULL_SYNC_RDB,
    FULL_SYNC_RDB_WITHOUT_KEYS, /* For who wants the stream alone. */
};

/* A file to be sent. Owned by full_sync; held by those who have asked for it, until full_sync_release(). */
struct full_sync_payload {
    struct list_node node;
    enum full_sync_kind kind;
    char *path;
    char name[SNAPSHOT_NAME_LEN + 1]; /* Snapshots only. */
    struct history history;
    struct history_position position; /* The data is exact here. */
    uint64_t total_bytes;
    uint64_t making_number; /* Which making it came of, counted from 1; 0 for an earlier process's. */
    bool is_empty;          /* No key is in it. */
    bool is_adopted;        /* An earlier process made it: whether it is empty is not known. */
    uint32_t user_count;
    uint64_t idle_since_ms; /* When the last user left. */
};

/* Somebody who waits for a payload. Told once: `payload` is held for him, or NULL with `problem` saying why. */
struct full_sync_waiter {
    struct list_node node;
    enum full_sync_kind kind;
    uint64_t at_least;    /* The data must reach this offset: what was acknowledged when he asked. */
    uint64_t made_before; /* The last making that had begun when he asked. */
    void (*ready)(void *context, struct full_sync_payload *payload, const char *problem);
    void *context;
};

struct full_sync; /* Opaque; owned by master. */

struct full_sync_options {
    struct store *store;
    struct file_system *files;
    const char *data_directory;
    void (*wake)(void *context); /* From the worker: full_sync_turn() has something to do. */
    void *context;
};

/* Make the folder ready: whole snapshots of our present history whose rest the log still has are kept, all else goes.
 *   STATUS_IO, STATUS_NO_SPACE. */
MUST_CHECK enum status full_sync_open(const struct full_sync_options *options, uint64_t now_ms,
                                      struct full_sync **full_sync);
/* Nobody may wait or hold. Snapshots stay for a transfer that goes on after a restart. */
void full_sync_close(struct full_sync *full_sync);

/* Wait for a payload of waiter->kind; the answer comes in full_sync_turn(). A receiver who gets no stream after it
 * (`is_alone`) gets data that is exact now; others may get an older file if the log has the rest. The waiter is
 * borrowed until he is told or cancels. */
void full_sync_ask(struct full_sync *full_sync, struct full_sync_waiter *waiter, bool is_alone);
void full_sync_cancel(struct full_sync_waiter *waiter);
/* The snapshot of that name, held for the caller; NULL if it is gone or the log has not all that follows it. */
struct full_sync_payload *full_sync_find(struct full_sync *full_sync, struct slice name);
void full_sync_release(struct full_sync *full_sync, struct full_sync_payload *payload, uint64_t now_ms);

/* Go on with what is under way; remove what nobody has held for `keep_ms`. Each tick, and after a wake. After a failure
 * those who ask wait a while, longer each time, before the next payload is tried. */
void full_sync_turn(struct full_sync *full_sync, uint64_t now_ms, uint64_t keep_ms);
/* The lowest offset from which somebody will still need the log; UINT64_MAX for none. */
uint64_t full_sync_lowest_offset(const struct full_sync *full_sync);
/* Our data is about to be replaced: end the worker, tell all who wait, forget all payloads. Receivers must have let go.
 */
void full_sync_reset(struct full_sync *full_sync);

/* Progress for INFO: whether one is being made, and raw bytes done. */
bool full_sync_is_making(const struct full_sync *full_sync, uint64_t *done_bytes);

#endif
