/* A snapshot's blocks, one after the other, each verified before it is given: the base of verifying, unpacking and
 * resuming (snapshot_read.h). Trusts nothing; bounded memory: two blocks. */
#ifndef STORAGE_SNAPSHOT_SNAPSHOT_READER_H
#define STORAGE_SNAPSHOT_SNAPSHOT_READER_H

#include "storage/snapshot/snapshot_format.h"

/* Where the bytes come from, in order: a file, a pipe, or a file that is still growing (then it waits for more). */
struct snapshot_source {
    /* Read `len` bytes; `*read_len` is less only at the end. */
    enum status (*read)(void *context, char *to, size_t len, size_t *read_len);
    void *context;
};

/* What is wrong, and where. */
struct snapshot_problem {
    uint64_t offset; /* In the file. */
    char text[160];  /* "block 17 at byte 123456: checksum mismatch". */
};

/* What was read, once it is known to be whole. */
struct snapshot_contents {
    struct snapshot_header header;
    uint64_t raw_bytes;
    uint64_t file_bytes;
    char name[SNAPSHOT_NAME_LEN + 1]; /* The digest in hex. */
};

struct snapshot_reader; /* Opaque; one thread. */

/* Read and check the header. `source` is copied, its context borrowed. No problem is filled in for STATUS_IO.
 *   STATUS_CORRUPT, STATUS_UNSUPPORTED: `*problem` is filled. */
MUST_CHECK enum status snapshot_reader_open(const struct snapshot_source *source, struct snapshot_reader **reader,
                                            struct snapshot_problem *problem);
void snapshot_reader_close(struct snapshot_reader *reader);
/* Of the open reader; borrowed from it. */
const struct snapshot_header *snapshot_reader_header(const struct snapshot_reader *reader);

/* The next block's raw bytes, borrowed until the next call.
 *   STATUS_END      The trailer has been read, everything agrees, and nothing follows.
 *   STATUS_CORRUPT  `*problem` is filled.
 *   What the source gave. */
MUST_CHECK enum status snapshot_reader_next(struct snapshot_reader *reader, struct slice *raw,
                                            struct snapshot_problem *problem);

/* File bytes read so far; after a block, its end. */
uint64_t snapshot_reader_offset(const struct snapshot_reader *reader);
/* Raw bytes given so far. */
uint64_t snapshot_reader_raw_bytes(const struct snapshot_reader *reader);
/* All of it; only after STATUS_END. */
void snapshot_reader_contents(const struct snapshot_reader *reader, struct snapshot_contents *contents);

#endif
