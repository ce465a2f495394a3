/* Memory that need not stay in memory: a block in a file without a name, mapped.
 *
 * For bytes that are written once and read once much later, of which there may be more than memory: a reply of millions
 * of elements to a client that reads slowly. The kernel writes its pages out as it needs their room, and what the
 * process has finished with leaves its resident set at once. The file's space is reserved ahead, so that a full disk
 * is a status here and no signal later. After a crash nothing is left of it.
 *
 * Reading a page that was written out waits for the disk, like a cold read of LMDB's. */
#ifndef BASE_SPILL_H
#define BASE_SPILL_H

#include "base/status.h"
#include <stddef.h>

/* Capacities are multiples of this: what one block keeps resident, about. */
#define SPILL_STEP_BYTES ((size_t)8 * 1024 * 1024)

struct spill {
    char *memory; /* Moves when the block grows. */
    size_t capacity;
    int fd; /* -1: lost. */
};

/* A block of at least `needed` bytes in a file in `folder`.
 *   STATUS_NO_SPACE  The folder's disk is full, but for a reserve that is left to others.
 *   Others           The file cannot be made, or its file system cannot reserve space. */
MUST_CHECK enum status spill_open(struct spill *spill, const char *folder, size_t needed);
/* Let it have at least `needed` bytes; the content stays. Same errors; the block is as it was then. */
MUST_CHECK enum status spill_grow(struct spill *spill, size_t needed);
/* Give up the file and with it the content, since it cannot grow: the block becomes at least `needed` bytes of memory
 * that cost nothing but what is written to them from now on, and grows as such.
 *   STATUS_NO_MEMORY  The block is as it was. */
MUST_CHECK enum status spill_lose(struct spill *spill, size_t needed);
/* The first `len` bytes are not needed for a while: they leave the resident set, and come back when they are read. */
void spill_rest(const struct spill *spill, size_t len);
void spill_close(struct spill *spill);

#endif
