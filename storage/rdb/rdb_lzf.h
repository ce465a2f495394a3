/* LZF as RDB files and DUMP payloads have it. Files of ours are written plain, which a writer may always do; payloads
 * of DUMP are compressed to the very bytes that Redis makes. */
#ifndef STORAGE_RDB_RDB_LZF_H
#define STORAGE_RDB_RDB_LZF_H

#include "base/slice.h"
#include <stdint.h>

/* Most that one byte can become, rounded up: three bytes make at most 264. */
#define RDB_LZF_RATIO_MAX 88

/* Decompress `packed` into exactly `len` bytes at `to`. False if it is damaged or makes another length. */
bool rdb_lzf_expand(struct slice packed, char *to, size_t len);

/* A compressor: what it needs from one string to the next. */
struct rdb_lzf {
    uint32_t *places; /* Owned: by hash, the place after which the same bytes stood last, counted from `begin`. */
    uint32_t begin;   /* What is not beyond it is of an earlier string. */
};

void rdb_lzf_init(struct rdb_lzf *lzf);
void rdb_lzf_release(struct rdb_lzf *lzf);
/* Compress `bytes` to `to`, which has room for `capacity` bytes; 0 if it does not fit. */
size_t rdb_lzf_compress(struct rdb_lzf *lzf, struct slice bytes, char *to, size_t capacity);

#endif
