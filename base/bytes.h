/* Fixed-width integers in byte runs: little endian for records and headers, big endian where bytes must sort. */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include <endian.h>
#include <stdint.h>
#include <string.h>

#define BYTES_DEFINE(name, type, encode, decode)                                                                       \
    static inline void bytes_put_##name(void *to, type value)                                                          \
    {                                                                                                                  \
        type wire = encode(value);                                                                                     \
        memcpy(to, &wire, sizeof(wire));                                                                               \
    }                                                                                                                  \
    static inline type bytes_get_##name(const void *from)                                                              \
    {                                                                                                                  \
        type wire;                                                                                                     \
        memcpy(&wire, from, sizeof(wire));                                                                             \
        return decode(wire);                                                                                           \
    }

BYTES_DEFINE(le16, uint16_t, htole16, le16toh)
BYTES_DEFINE(le32, uint32_t, htole32, le32toh)
BYTES_DEFINE(le64, uint64_t, htole64, le64toh)
BYTES_DEFINE(be16, uint16_t, htobe16, be16toh)
BYTES_DEFINE(be32, uint32_t, htobe32, be32toh)
BYTES_DEFINE(be64, uint64_t, htobe64, be64toh)

#endif
