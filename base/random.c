#include "base/random.h"
#include "base/assert.h"
#include <errno.h>
#include <sys/random.h>

/* Seeds are often small and alike; splitmix64 spreads them over the whole state, as the authors of xoshiro advise. */
static uint64_t split_mix(uint64_t *state)
{
    uint64_t mixed = *state += 0x9e3779b97f4a7c15u;

    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
    return mixed ^ (mixed >> 31);
}

void random_init(struct random *random, uint64_t seed)
{
    for (size_t i = 0; i < 4; i++) {
        random->state[i] = split_mix(&seed);
    }
}

static void read_system(void *to, size_t len)
{
    char *at = to;

    while (len > 0) {
        ssize_t got = getrandom(at, len, 0);

        ASSERT(got > 0 || (got < 0 && errno == EINTR));
        if (got > 0) {
            at += got;
            len -= (size_t)got;
        }
    }
}

void random_init_from_system(struct random *random)
{
    uint64_t seed;

    read_system(&seed, sizeof(seed));
    random_init(random, seed);
}

static uint64_t rotate_left(uint64_t value, int count)
{
    return (value << count) | (value >> (64 - count));
}

uint64_t random_next(struct random *random)
{
    uint64_t *state = random->state;
    uint64_t result = rotate_left(state[1] * 5, 7) * 9;
    uint64_t shifted = state[1] << 17;

    state[2] ^= state[0];
    state[3] ^= state[1];
    state[1] ^= state[2];
    state[0] ^= state[3];
    state[2] ^= shifted;
    state[3] = rotate_left(state[3], 45);
    return result;
}

/* Lemire's multiply and shift: the high half of a 128-bit product is uniform once the few low halves that would favour
 * some results are thrown away. */
uint64_t random_below(struct random *random, uint64_t bound)
{
    unsigned __int128 product;
    uint64_t threshold;

    ASSERT(bound > 0);
    product = (unsigned __int128)random_next(random) * bound;
    if ((uint64_t)product < bound) {
        threshold = (0 - bound) % bound;
        while ((uint64_t)product < threshold) {
            product = (unsigned __int128)random_next(random) * bound;
        }
    }
    return (uint64_t)(product >> 64);
}

void random_hex(char *hex, size_t count)
{
    static const char digits[] = "0123456789abcdef";

    read_system(hex, count);
    for (size_t i = 0; i < count; i++) {
        hex[i] = digits[(unsigned char)hex[i] & 15];
    }
    hex[count] = '\0';
}
