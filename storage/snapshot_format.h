/* The snapshot file: docs/formats/snapshot.md is the prose, this is the numbers.
 *
 *     header, fixed size | block 0 | block 1 | ... | trailer
 *
 * A block is up to SNAPSHOT_BLOCK_BYTES of the compacted LMDB image, compressed on its own, so that blocks compress on
 * several threads and a transfer resumes at any byte. All integers are little endian. */
#ifndef STORAGE_SNAPSHOT_FORMAT_H
#define STORAGE_SNAPSHOT_FORMAT_H

#include "storage/history.h"

#define SNAPSHOT_MAGIC       "HEARTHSN" /* 8 bytes. */
#define SNAPSHOT_VERSION     1
#define SNAPSHOT_BLOCK_BYTES (1024u * 1024)
#define SNAPSHOT_SUFFIX      ".snapshot"

enum snapshot_compression {
    SNAPSHOT_STORED = 0,
    SNAPSHOT_ZLIB = 1,
};

/* What the header says. */
struct snapshot_header {
    uint32_t version;
    struct history history;
    struct history_position position; /* The data is exact at this offset. */
    uint64_t created_ms;              /* Wall clock. */
    uint64_t raw_bytes;               /* Of the image; 0 if it was not known when the header was written (a pipe). */
    enum snapshot_compression compression;
};

#endif
