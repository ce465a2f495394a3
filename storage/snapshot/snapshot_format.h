/* The snapshot file: docs/formats/snapshot.md is the prose, this is the numbers.
 *
 *     header, fixed size | block header, block | ... | trailer
 *
 * A block is up to SNAPSHOT_BLOCK_BYTES of the compacted LMDB image, compressed on its own, so that blocks compress on
 * several threads and a transfer resumes at any byte. All integers are little endian. Pure functions, any thread. */
#ifndef STORAGE_SNAPSHOT_SNAPSHOT_FORMAT_H
#define STORAGE_SNAPSHOT_SNAPSHOT_FORMAT_H

#include "base/checksum.h"
#include "base/status.h"
#include "storage/history.h"

#define SNAPSHOT_MAGIC              "HEARTHSN" /* 8 bytes. */
#define SNAPSHOT_VERSION            1
#define SNAPSHOT_BLOCK_BYTES        (1024u * 1024)
#define SNAPSHOT_HEADER_BYTES       192
#define SNAPSHOT_BLOCK_HEADER_BYTES 40
#define SNAPSHOT_TRAILER_BYTES      48
#define SNAPSHOT_NAME_LEN           32 /* Hex digits of the digest. */
#define SNAPSHOT_SUFFIX             ".snapshot"

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
    uint64_t raw_bytes;               /* Of the image; 0 if it was not known when the header was written. */
    enum snapshot_compression compression;
    uint32_t env_version; /* Of the keyspace inside: ENV_FORMAT_VERSION. */
    uint32_t page_bytes;  /* Of the image. */
};

/* What stands before each block. */
struct snapshot_block_header {
    uint32_t raw_len;    /* 1 to SNAPSHOT_BLOCK_BYTES; 0 marks the trailer. */
    uint32_t stored_len; /* 1 to raw_len; equal: not compressed. */
    uint64_t number;     /* From 0. */
    struct checksum_hash128 raw_hash;
    uint32_t stored_crc;
};

struct snapshot_trailer {
    uint64_t block_count;
    struct checksum_hash128 digest;
    uint64_t raw_bytes;
};

void snapshot_header_encode(const struct snapshot_header *header, char bytes[SNAPSHOT_HEADER_BYTES]);
/* STATUS_CORRUPT or STATUS_UNSUPPORTED, then `*reason` is static text. */
MUST_CHECK enum status snapshot_header_decode(const char bytes[SNAPSHOT_HEADER_BYTES], struct snapshot_header *header,
                                              const char **reason);

void snapshot_block_header_encode(const struct snapshot_block_header *block, char bytes[SNAPSHOT_BLOCK_HEADER_BYTES]);
/* Whether these bytes begin a trailer and not a block. */
bool snapshot_is_trailer(const char bytes[SNAPSHOT_BLOCK_HEADER_BYTES]);
/* Decode and check everything that the header alone shows. STATUS_CORRUPT. */
MUST_CHECK enum status snapshot_block_header_decode(const char bytes[SNAPSHOT_BLOCK_HEADER_BYTES],
                                                    struct snapshot_block_header *block, const char **reason);

void snapshot_trailer_encode(const struct snapshot_trailer *trailer, char bytes[SNAPSHOT_TRAILER_BYTES]);
/* STATUS_CORRUPT. */
MUST_CHECK enum status snapshot_trailer_decode(const char bytes[SNAPSHOT_TRAILER_BYTES],
                                               struct snapshot_trailer *trailer, const char **reason);

/* The digest's chain: begin with the encoded header, add each block's encoded header in order. */
struct checksum_hash128 snapshot_digest_begin(const char header[SNAPSHOT_HEADER_BYTES]);
struct checksum_hash128 snapshot_digest_add(struct checksum_hash128 digest,
                                            const char block_header[SNAPSHOT_BLOCK_HEADER_BYTES]);
/* The digest as hex digits and a NUL: the snapshot's name. */
void snapshot_name(struct checksum_hash128 digest, char name[SNAPSHOT_NAME_LEN + 1]);
/* Whether `name` has the form of one. */
bool snapshot_name_is_valid(struct slice name);

#endif
