/* Random numbers. A generator is a value with a seed, so that tests repeat. */
#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

struct random {
    uint64_t state[4]; /* xoshiro256**. */
};

void random_init(struct random *random, uint64_t seed);
/* Seed from the kernel. */
void random_init_from_system(struct random *random);
uint64_t random_next(struct random *random);
/* Uniform in [0, bound); bound > 0. No modulo bias. */
uint64_t random_below(struct random *random, uint64_t bound);

/* Fill `hex` with `count` lower-case hex digits from the kernel's generator, and a NUL: history and run ids. */
void random_hex(char *hex, size_t count);

#endif
