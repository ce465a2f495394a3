/* One record of the log: a header of LOG_RECORD_HEADER_BYTES, then the payload. Pure. Layout: docs/formats/log.md.
 *
 * Header and payload have a crc each, both chained to the crc of the segment's header. That one covers a random salt,
 * so a record is valid in its own segment only, and nobody who chooses payloads can forge a header inside one. */
#ifndef STORAGE_LOG_LOG_RECORD_H
#define STORAGE_LOG_LOG_RECORD_H

#include "base/slice.h"
#include <stdint.h>

#define LOG_RECORD_HEADER_BYTES 44

struct log_record_header {
    uint32_t payload_len; /* In bytes; 0 is a seal: log_close() was here, and all before it is synced. */
    uint32_t payload_crc; /* Of the payload, chained to the segment header's. */
    uint64_t offset;      /* Of the payload's first byte. */
    uint64_t synced;      /* How far the log was known to be durable when this record was written; <= offset. */
    uint64_t wall_ms;     /* When the newest change in it was cut. */
    uint64_t hash;        /* Running hash at `offset`, before the payload. */
};

/* Write the header with its crc to `bytes`. `seed` is the crc of the segment's header. */
void log_record_encode(const struct log_record_header *header, uint32_t seed, char bytes[LOG_RECORD_HEADER_BYTES]);

/* False, and `*header` untouched, if the bytes fail their crc or their fields contradict each other. */
bool log_record_decode(const char bytes[LOG_RECORD_HEADER_BYTES], uint32_t seed, struct log_record_header *header);

/* Whether the bytes could be a header that has `synced` above `offset`, by a comparison or two: nearly no others pass.
 * For trying every position of a torn tail. */
bool log_record_may_prove(const char bytes[LOG_RECORD_HEADER_BYTES], uint64_t offset);

#endif
