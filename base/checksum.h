/* Checksums and hashes, each with the one purpose it serves. */
#ifndef BASE_CHECKSUM_H
#define BASE_CHECKSUM_H

#include "base/slice.h"
#include <stdint.h>

/* CRC-32 (zlib's): log records and snapshot blocks. Chain by passing the former result; begin with 0. */
uint32_t checksum_crc32(uint32_t crc, struct slice bytes);

/* CRC-64 (Jones, reflected, no xor; "123456789" gives e9c6d914c4b8d9ca): RDB files, DUMP payloads, and the running hash
 * of a history. Its state is its value, so it can be resumed at any byte. Begin with 0. Computed 8 bytes at a time. */
uint64_t checksum_crc64(uint64_t crc, struct slice bytes);

/* 64-bit hash for tables in memory; never stored. */
uint64_t checksum_hash64(struct slice bytes, uint64_t seed);

/* 128-bit hash that stands for a long key on disk (docs/formats/keyspace.md). */
struct checksum_hash128 {
    uint64_t high;
    uint64_t low;
};
struct checksum_hash128 checksum_hash128(struct slice bytes, uint64_t seed);

#endif
