#include "base/checksum.h"
#include "base/bytes.h"
#include <zlib.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

/* Slicing by 16: table k holds the effect of a byte that is followed by k more, so sixteen bytes are folded by sixteen
 * independent lookups. 32 KiB of tables; made before main() and never written again. */
#define CRC64_POLYNOMIAL 0x95ac9329ac4bc9b5u /* Jones, 0xad93d23594c935a9, reflected. */
#define CRC64_SLICES     16

static uint64_t crc64_tables[CRC64_SLICES][256];

__attribute__((constructor)) static void make_crc64_tables(void)
{
    for (uint64_t byte = 0; byte < 256; byte++) {
        uint64_t crc = byte;

        for (int bit = 0; bit < 8; bit++) {
            crc = (crc >> 1) ^ ((crc & 1) != 0 ? CRC64_POLYNOMIAL : 0);
        }
        crc64_tables[0][byte] = crc;
    }
    for (size_t slice = 1; slice < CRC64_SLICES; slice++) {
        for (size_t byte = 0; byte < 256; byte++) {
            uint64_t crc = crc64_tables[slice - 1][byte];

            crc64_tables[slice][byte] = (crc >> 8) ^ crc64_tables[0][crc & 255];
        }
    }
}

static inline uint64_t fold(uint64_t word, size_t first)
{
    return crc64_tables[first][word & 255] ^ crc64_tables[first - 1][(word >> 8) & 255] ^
           crc64_tables[first - 2][(word >> 16) & 255] ^ crc64_tables[first - 3][(word >> 24) & 255] ^
           crc64_tables[first - 4][(word >> 32) & 255] ^ crc64_tables[first - 5][(word >> 40) & 255] ^
           crc64_tables[first - 6][(word >> 48) & 255] ^ crc64_tables[first - 7][word >> 56];
}

uint64_t checksum_crc64(uint64_t crc, struct slice bytes)
{
    const char *at = bytes.data;
    size_t left = bytes.len;

    while (left >= 16) {
        crc = fold(crc ^ bytes_get_le64(at), 15) ^ fold(bytes_get_le64(at + 8), 7);
        at += 16;
        left -= 16;
    }
    if (left >= 8) {
        crc = fold(crc ^ bytes_get_le64(at), 7);
        at += 8;
        left -= 8;
    }
    while (left > 0) {
        crc = (crc >> 8) ^ crc64_tables[0][(crc ^ (unsigned char)*at) & 255];
        at++;
        left--;
    }
    return crc;
}

uint32_t checksum_crc32(uint32_t crc, struct slice bytes)
{
    if (bytes.len == 0) {
        return crc; /* zlib takes a null pointer for a request to begin anew. */
    }
    return (uint32_t)crc32_z(crc, (const unsigned char *)bytes.data, bytes.len);
}

uint64_t checksum_hash64(struct slice bytes, uint64_t seed)
{
    return XXH3_64bits_withSeed(bytes.data, bytes.len, seed);
}

struct checksum_hash128 checksum_hash128(struct slice bytes, uint64_t seed)
{
    XXH128_hash_t hash = XXH3_128bits_withSeed(bytes.data, bytes.len, seed);

    return (struct checksum_hash128){.high = hash.high64, .low = hash.low64};
}
