/* LZF as RDB files have it: decompression only. We never write it: a writer may always store plain. */
#ifndef STORAGE_RDB_LZF_H
#define STORAGE_RDB_LZF_H

#include "base/slice.h"

/* Most that one byte can become, rounded up: three bytes make at most 264. */
#define RDB_LZF_RATIO_MAX 88

/* Decompress `packed` into exactly `len` bytes at `to`. False if it is damaged or makes another length. */
bool rdb_lzf_expand(struct slice packed, char *to, size_t len);

#endif
