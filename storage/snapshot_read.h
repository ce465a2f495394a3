/* Verifying a snapshot and making an environment of it. The reader trusts nothing: it is fuzzed in test/fuzz/. */
#ifndef STORAGE_SNAPSHOT_READ_H
#define STORAGE_SNAPSHOT_READ_H

#include "base/file.h"
#include "base/status.h"
#include "storage/snapshot_format.h"

struct snapshot_problem {
    uint64_t offset; /* In the file. */
    char text[160];  /* "block 17: checksum mismatch". */
};

struct snapshot_read_options {
    struct file_system *files;
    void (*on_progress)(void *context, uint64_t done_bytes, uint64_t total_bytes); /* File bytes; may be NULL. */
    void *context;
};

/* Read and check the header alone.
 *   STATUS_CORRUPT, STATUS_UNSUPPORTED: `*problem` is filled. */
MUST_CHECK enum status snapshot_read_header(struct file *file, struct snapshot_header *header,
                                            struct snapshot_problem *problem);
/* Check every block, the trailer and the digest without writing anything. */
MUST_CHECK enum status snapshot_verify(struct file *file, const struct snapshot_read_options *options,
                                       struct snapshot_header *header, struct snapshot_problem *problem);
/* Unpack into the new environment folder `path`, verifying as it goes, sync it, and check that LMDB opens it and that its
 * meta agrees with the header. On any error nothing is left at `path`. */
MUST_CHECK enum status snapshot_unpack(struct file *file, const char *path,
                                       const struct snapshot_read_options *options, struct snapshot_header *header,
                                       struct snapshot_problem *problem);

#endif
