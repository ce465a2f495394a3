/* Making a snapshot of the last checkpoint, beside a running server or offline.
 *
 * It takes a read transaction only while it copies (compact copy through a pipe), so a slow receiver of the file never
 * pins LMDB's pages. Compression runs on worker threads. Runs on the calling thread, which is not the event loop. */
#ifndef STORAGE_SNAPSHOT_WRITE_H
#define STORAGE_SNAPSHOT_WRITE_H

#include "base/status.h"
#include "storage/snapshot_format.h"
#include <stdatomic.h>

struct env;

struct snapshot_write_options {
    enum snapshot_compression compression;
    int level;          /* zlib's, 1 to 9. */
    int thread_count;   /* Of compression workers; at least 1. */
    int output_fd;      /* A new file or a pipe; not closed here. */
    const atomic_bool *cancelled;                                             /* May be NULL. */
    void (*on_progress)(void *context, uint64_t done_bytes, uint64_t total_bytes); /* Raw bytes; may be NULL. */
    void *context;
};

/* Write the snapshot of `env`'s last checkpoint and store what its header says in `*header`.
 *   STATUS_CLOSED  Cancelled.  STATUS_NO_SPACE, STATUS_IO: what was written so far is of no use. */
MUST_CHECK enum status snapshot_write(struct env *env, const struct snapshot_write_options *options,
                                      struct snapshot_header *header);

#endif
