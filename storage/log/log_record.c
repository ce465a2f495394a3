#include "storage/log/log_record.h"

#include "base/assert.h"
#include "base/bytes.h"
#include "base/checksum.h"

/* Where the fields lie. */
enum {
    AT_PAYLOAD_LEN = 0,
    AT_CRC = 4, /* Of all the others. */
    AT_OFFSET = 8,
    AT_SYNCED = 16,
    AT_WALL_MS = 24,
    AT_HASH = 32,
    AT_PAYLOAD_CRC = 40,
};

static uint32_t compute_crc(const char *bytes, uint32_t seed)
{
    uint32_t crc = checksum_crc32(seed, slice_make(bytes, AT_CRC));

    return checksum_crc32(crc, slice_make(bytes + AT_OFFSET, LOG_RECORD_HEADER_BYTES - AT_OFFSET));
}

void log_record_encode(const struct log_record_header *header, uint32_t seed, char bytes[LOG_RECORD_HEADER_BYTES])
{
    ASSERT(header->synced <= header->offset); /* L2 (log_sync.c). */
    bytes_put_le32(bytes + AT_PAYLOAD_LEN, header->payload_len);
    bytes_put_le64(bytes + AT_OFFSET, header->offset);
    bytes_put_le64(bytes + AT_SYNCED, header->synced);
    bytes_put_le64(bytes + AT_WALL_MS, header->wall_ms);
    bytes_put_le64(bytes + AT_HASH, header->hash);
    bytes_put_le32(bytes + AT_PAYLOAD_CRC, header->payload_crc);
    bytes_put_le32(bytes + AT_CRC, compute_crc(bytes, seed));
}

bool log_record_decode(const char bytes[LOG_RECORD_HEADER_BYTES], uint32_t seed, struct log_record_header *header)
{
    struct log_record_header found = {
        .payload_len = bytes_get_le32(bytes + AT_PAYLOAD_LEN),
        .payload_crc = bytes_get_le32(bytes + AT_PAYLOAD_CRC),
        .offset = bytes_get_le64(bytes + AT_OFFSET),
        .synced = bytes_get_le64(bytes + AT_SYNCED),
        .wall_ms = bytes_get_le64(bytes + AT_WALL_MS),
        .hash = bytes_get_le64(bytes + AT_HASH),
    };

    /* Offsets are signed 64-bit numbers to everybody who speaks PSYNC. */
    if (found.synced > found.offset || found.offset > (uint64_t)INT64_MAX - found.payload_len ||
        compute_crc(bytes, seed) != bytes_get_le32(bytes + AT_CRC)) {
        return false;
    }
    *header = found;
    return true;
}

bool log_record_may_prove(const char bytes[LOG_RECORD_HEADER_BYTES], uint64_t offset)
{
    uint64_t synced = bytes_get_le64(bytes + AT_SYNCED);

    return synced > offset && synced <= bytes_get_le64(bytes + AT_OFFSET);
}
