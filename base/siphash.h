/* SipHash-2-4 with 128 bits of output: a hash that nobody can steer who does not know its key.
 *
 * What names bytes on disk by their hash needs it: with an ordinary hash a client could make two long keys that
 * collide. https://www.aumasson.jp/siphash/siphash.pdf */
#ifndef BASE_SIPHASH_H
#define BASE_SIPHASH_H

#include "base/slice.h"
#include <stdint.h>

#define SIPHASH_BYTES 16

struct siphash_key {
    uint64_t first;  /* The key's first 8 bytes, little endian. */
    uint64_t second; /* The other 8. */
};

/* Write the hash of `bytes` to `hash`, in the reference implementation's byte order. */
void siphash(struct slice bytes, struct siphash_key key, char hash[SIPHASH_BYTES]);

#endif
