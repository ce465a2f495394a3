/* Making an environment of an RDB file: restoring one, and full syncs from a stock master.
 *
 * The keys go through a keyspace of their own into a memtable, and from there by checkpoints into LMDB, so memory is
 * bounded whatever the file's size. Runs on the calling thread, which is not the event loop. */
#ifndef STORAGE_RDB_RDB_IMPORT_H
#define STORAGE_RDB_RDB_IMPORT_H

#include "base/file.h"
#include "storage/history.h"
#include "storage/rdb/rdb_input.h"
#include <stdatomic.h>

#define RDB_IMPORT_MEMORY_BYTES (64u * 1024 * 1024)

struct rdb_import_options {
    struct file_system *files;
    const struct history *history;    /* What the data will be known as, */
    struct history_position position; /* and where in it. */
    uint32_t database_count;          /* A key of a database beyond these is refused. */
    uint64_t memory_bytes;            /* Of the memtable; 0: RDB_IMPORT_MEMORY_BYTES. */
    const atomic_bool *cancelled;     /* May be NULL. */
    void (*on_progress)(void *context, uint64_t done_keys, uint64_t done_bytes); /* May be NULL. */
    void *context;
};

struct rdb_import_summary {
    uint64_t key_count;
    uint64_t file_bytes;
    int32_t selected_db; /* Of the stream that follows, as the file says; -1: it does not. Also in the meta. */
};

/* Load the file into the new environment folder `path`, durable when this returns, clean (its log may be absent). Keys
 * that are due are kept: who becomes a master expires them. On any error nothing is left at `path`, but for
 * STATUS_EXISTS.
 *   STATUS_CORRUPT      Damaged, or a key is there twice: `*problem` says where.
 *   STATUS_UNSUPPORTED  It holds what cannot be stored here: `*problem` says what.
 *   STATUS_INVALID      A key of a database beyond database_count: `*problem` says which.
 *   STATUS_TOO_BIG, STATUS_CLOSED (cancelled), STATUS_EXISTS, STATUS_NO_SPACE, STATUS_IO, STATUS_NO_MEMORY. */
MUST_CHECK enum status rdb_import(const struct rdb_source *source, const char *path,
                                  const struct rdb_import_options *options, struct rdb_import_summary *summary,
                                  struct rdb_problem *problem);

#endif
