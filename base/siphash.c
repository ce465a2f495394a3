#include "base/siphash.h"
#include "base/bytes.h"

struct state {
    uint64_t v0, v1, v2, v3;
};

static inline uint64_t rotate(uint64_t word, int bits)
{
    return (word << bits) | (word >> (64 - bits));
}

static inline void scramble(struct state *s, int rounds)
{
    for (int i = 0; i < rounds; i++) {
        s->v0 += s->v1;
        s->v1 = rotate(s->v1, 13) ^ s->v0;
        s->v0 = rotate(s->v0, 32);
        s->v2 += s->v3;
        s->v3 = rotate(s->v3, 16) ^ s->v2;
        s->v0 += s->v3;
        s->v3 = rotate(s->v3, 21) ^ s->v0;
        s->v2 += s->v1;
        s->v1 = rotate(s->v1, 17) ^ s->v2;
        s->v2 = rotate(s->v2, 32);
    }
}

static inline void absorb(struct state *s, uint64_t word)
{
    s->v3 ^= word;
    scramble(s, 2);
    s->v0 ^= word;
}

static inline uint64_t squeeze(struct state *s)
{
    scramble(s, 4);
    return s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
}

void siphash(struct slice bytes, struct siphash_key key, char hash[SIPHASH_BYTES])
{
    /* "somepseudorandomlygeneratedbytes", and the mark of the 128-bit variant in v1 and below in v2. */
    struct state s = {
        .v0 = key.first ^ 0x736f6d6570736575u,
        .v1 = key.second ^ 0x646f72616e646f6du ^ 0xee,
        .v2 = key.first ^ 0x6c7967656e657261u,
        .v3 = key.second ^ 0x7465646279746573u,
    };
    size_t whole = bytes.len & ~(size_t)7;
    uint64_t last = (uint64_t)bytes.len << 56;

    for (size_t i = 0; i < whole; i += 8) {
        absorb(&s, bytes_get_le64(bytes.data + i));
    }
    for (size_t i = whole; i < bytes.len; i++) {
        last |= (uint64_t)(unsigned char)bytes.data[i] << (8 * (i - whole));
    }
    absorb(&s, last);
    s.v2 ^= 0xee;
    bytes_put_le64(hash, squeeze(&s));
    s.v1 ^= 0xdd;
    bytes_put_le64(hash + 8, squeeze(&s));
}
