/* Runs of bytes as runs of bits, as Redis' bit commands number them: bit 0 is the highest of the first byte. Pure. */
#ifndef BASE_BITS_H
#define BASE_BITS_H

#include "base/slice.h"
#include <stdint.h>

/* Ones among the bits from `first` to `end` - 1 of `bytes`; `end` is at most bytes.len * 8. */
uint64_t bits_count(struct slice bytes, uint64_t first, uint64_t end);
/* The first of those bits that is `bit`; `end` if none is. */
uint64_t bits_find(struct slice bytes, bool bit, uint64_t first, uint64_t end);

/* Numbers of up to 64 bits, highest bit first, anywhere in a run of bytes that holds them wholly. */

uint64_t bits_get(const char *bytes, uint64_t first, unsigned width);
/* The lowest `width` bits of `value`. */
void bits_put(char *bytes, uint64_t first, unsigned width, uint64_t value);
/* The number that `width` bits stand for as two's complement. */
int64_t bits_extend_sign(uint64_t value, unsigned width);

enum bits_overflow { BITS_OVERFLOW_WRAP, BITS_OVERFLOW_SATURATE, BITS_OVERFLOW_FAIL };

/* A number's form: 1 to 64 bits if signed, 1 to 63 if not. */
struct bits_form {
    bool is_signed;
    unsigned width;
};

/* `value` + `increment` in that form: `value` is any int64 if signed, else any uint64. False if it does not fit and
 * `overflow` says to fail; else `*sum` holds the bits of what fits, wrapped or saturated. As in Redis, signed values
 * below INT64_MIN plus the form's highest saturate to that. */
bool bits_add(struct bits_form form, uint64_t value, int64_t increment, enum bits_overflow overflow, uint64_t *sum);

enum bits_operation { BITS_AND, BITS_OR, BITS_XOR };

/* Combine `len` bytes of `from` into `to`. */
void bits_combine(enum bits_operation operation, char *to, const char *from, size_t len);
void bits_invert(char *bytes, size_t len);

#endif
