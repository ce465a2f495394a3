/* Making a snapshot of the last checkpoint, beside a running server or offline.
 *
 * It takes a read transaction only while it copies (compact copy through a pipe), so a slow receiver of the file never
 * pins LMDB's pages: let the sink be a file, and send that. Compression runs on worker threads. Runs on the calling
 * thread, which is not the event loop. */
#ifndef STORAGE_SNAPSHOT_SNAPSHOT_WRITE_H
#define STORAGE_SNAPSHOT_SNAPSHOT_WRITE_H

#include "base/file.h"
#include "base/status.h"
#include "storage/snapshot/snapshot_format.h"
#include <stdatomic.h>

struct env;

struct snapshot_write_options {
    int level;                    /* zlib's, 1 to 9; 0 stores without compressing. */
    int thread_count;             /* Of compression workers; 0 compresses on the calling thread. */
    const atomic_bool *cancelled; /* May be NULL. */
    void (*on_progress)(void *context, uint64_t done_bytes, uint64_t total_bytes); /* Raw bytes; may be NULL. */
    void *context;
};

/* Where the bytes go, in order. A status other than STATUS_OK ends the snapshot with that status. */
struct snapshot_sink {
    enum status (*write)(void *context, const struct slice *pieces, size_t count);
    void *context;
};

/* What was made. */
struct snapshot_summary {
    struct snapshot_header header;
    uint64_t raw_bytes;
    uint64_t file_bytes;
    char name[SNAPSHOT_NAME_LEN + 1]; /* The digest in hex. */
};

/* Write the snapshot of `env`'s last checkpoint and fill `*summary`. On any error what was written so far is of no use.
 *   STATUS_CLOSED   Cancelled.
 *   STATUS_BUSY     A checkpoint that was begun did not end for ENV_EXACT_MS_MAX, or checkpoints came faster
 *                   than a copy could begin, many times over.
 *   STATUS_CORRUPT  LMDB cannot walk its own tree.
 *   STATUS_NO_SPACE, STATUS_IO, and what the sink gave. */
MUST_CHECK enum status snapshot_write(struct env *env, const struct snapshot_sink *sink,
                                      const struct snapshot_write_options *options, struct snapshot_summary *summary);
/* The same into an empty file, synced when this returns. */
MUST_CHECK enum status snapshot_write_file(struct env *env, struct file *file,
                                           const struct snapshot_write_options *options,
                                           struct snapshot_summary *summary);

#endif
