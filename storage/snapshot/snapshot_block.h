/* One block of a snapshot: compressing and decompressing it. The one place of the format that knows zlib. */
#ifndef STORAGE_SNAPSHOT_SNAPSHOT_BLOCK_H
#define STORAGE_SNAPSHOT_SNAPSHOT_BLOCK_H

#include "storage/snapshot/snapshot_format.h"

/* Reusable state of one thread. */
struct snapshot_deflater;
struct snapshot_inflater;

/* `level` is zlib's, 1 to 9; 0 stores. */
struct snapshot_deflater *snapshot_deflater_create(int level);
void snapshot_deflater_free(struct snapshot_deflater *deflater);
/* Make block `number` of `raw` (1 to SNAPSHOT_BLOCK_BYTES): fills `*block`, and `*stored` with what follows the block's
 * header: bytes in `room` (SNAPSHOT_BLOCK_BYTES of it), or `raw` itself when compression does not make it shorter. */
void snapshot_block_make(struct snapshot_deflater *deflater, uint64_t number, struct slice raw, char *room,
                         struct snapshot_block_header *block, struct slice *stored);

struct snapshot_inflater *snapshot_inflater_create(void);
void snapshot_inflater_free(struct snapshot_inflater *inflater);
/* Check `stored` (block->stored_len bytes) against the header and give the raw bytes: in `room` (SNAPSHOT_BLOCK_BYTES
 * of it), or `stored` itself. STATUS_CORRUPT, then `*reason` is static text. */
MUST_CHECK enum status snapshot_block_open(struct snapshot_inflater *inflater,
                                           const struct snapshot_block_header *block, struct slice stored, char *room,
                                           struct slice *raw, const char **reason);

#endif
