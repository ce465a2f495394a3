/* The compacted LMDB image of the last checkpoint, as a stream of bytes, with what is true of exactly that image.
 *
 * LMDB pushes its compact copy into a file descriptor; a thread inside runs it into a pipe, and the owner reads. The
 * copy's read transaction lives from open to close. */
#ifndef STORAGE_SNAPSHOT_SNAPSHOT_IMAGE_H
#define STORAGE_SNAPSHOT_SNAPSHOT_IMAGE_H

#include "storage/env/env.h"
#include <stdatomic.h>

struct snapshot_image; /* Opaque; one owner thread. */

/* Facts that hold for the image's transaction. */
struct snapshot_image_facts {
    struct history history;
    struct history_position position;
    uint64_t raw_bytes; /* Length of the image; 0 if LMDB did not tell. */
    uint32_t page_bytes;
};

/* Begin to copy. `env` is borrowed until close; `cancelled` may be NULL.
 *   STATUS_BUSY     A checkpoint that was begun does not end, or they come faster than a copy can begin.
 *   STATUS_CLOSED   Cancelled.
 *   STATUS_CORRUPT  What comes is no LMDB image.  STATUS_IO, STATUS_NO_MEMORY. */
MUST_CHECK enum status snapshot_image_open(struct env *env, const atomic_bool *cancelled, struct snapshot_image **image,
                                           struct snapshot_image_facts *facts);
/* Read up to `len` bytes; less only at the end.
 *   STATUS_CORRUPT  LMDB could not walk its tree (a page is lost or damaged).  STATUS_IO. */
MUST_CHECK enum status snapshot_image_read(struct snapshot_image *image, char *to, size_t len, size_t *read_len);
/* Stop, wherever it is. NULL is fine. */
void snapshot_image_close(struct snapshot_image *image);

#endif
