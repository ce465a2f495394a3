/* Verifying a snapshot and making an environment of it. The reader trusts nothing: it is fuzzed in test/fuzz/. */
#ifndef STORAGE_SNAPSHOT_SNAPSHOT_READ_H
#define STORAGE_SNAPSHOT_SNAPSHOT_READ_H

#include "base/file.h"
#include "base/status.h"
#include "storage/snapshot/snapshot_reader.h"

struct snapshot_read_options {
    struct file_system *files;
    /* File bytes done, of how many (0 not known); may be NULL. */
    void (*on_progress)(void *context, uint64_t done_bytes, uint64_t total_bytes);
    void *context;
};

/* An open file as a source: set `file`, the rest zero, and use as the context of snapshot_read_from_file(). */
struct snapshot_file_source {
    struct file *file; /* Borrowed. */
    uint64_t offset;
};
enum status snapshot_read_from_file(void *context, char *to, size_t len, size_t *read_len);

/* Read and check the header alone.
 *   STATUS_CORRUPT, STATUS_UNSUPPORTED: `*problem` is filled. */
MUST_CHECK enum status snapshot_read_header(struct file *file, struct snapshot_header *header,
                                            struct snapshot_problem *problem);
/* Check every block, the trailer and the digest without writing anything. */
MUST_CHECK enum status snapshot_verify(struct file *file, const struct snapshot_read_options *options,
                                       struct snapshot_contents *contents, struct snapshot_problem *problem);
/* How far a part of a snapshot is sound: the end of its last whole block that verifies, 0 if not even the header is.
 * A transfer goes on from there. STATUS_IO. */
MUST_CHECK enum status snapshot_find_resume(struct file *file, uint64_t *offset);

/* Unpack into the new environment folder `path`, verifying as it goes, sync it, and check that LMDB opens it and that
 * its meta agrees with the header. The folder's own name is not yet synced: that is for who renames it into place.
 *
 * On any error nothing is left at `path`, but for STATUS_EXISTS: there was something before.
 *   STATUS_CORRUPT, STATUS_UNSUPPORTED: `*problem` is filled.
 *   STATUS_EXISTS, STATUS_IO, STATUS_NO_SPACE, and what the source gave (`*problem`'s text is ""). */
MUST_CHECK enum status snapshot_unpack_from(const struct snapshot_source *source, const char *path,
                                            const struct snapshot_read_options *options,
                                            struct snapshot_contents *contents, struct snapshot_problem *problem);
MUST_CHECK enum status snapshot_unpack(struct file *file, const char *path, const struct snapshot_read_options *options,
                                       struct snapshot_contents *contents, struct snapshot_problem *problem);

#endif
