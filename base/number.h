/* Numbers as text, by Redis' rules: strict on input, shortest faithful form on output. */
#ifndef BASE_NUMBER_H
#define BASE_NUMBER_H

#include "base/slice.h"
#include <stdint.h>

#define NUMBER_INTEGER_TEXT_MAX     21   /* Bytes of the longest int64 with sign and NUL. */
#define NUMBER_DOUBLE_TEXT_MAX      32   /* Bytes of the longest %.17g with NUL. */
#define NUMBER_LONG_DOUBLE_TEXT_MAX 5120 /* Bytes of the longest %.17Lf with NUL: 4,933 digits before the point. */

/* Parse the whole slice as a canonical decimal int64: no spaces, no plus sign, no leading zeros, no "-0" (what Redis'
 * string2ll takes). False, and `*value` untouched, otherwise. */
bool number_parse_int64(struct slice text, int64_t *value);
/* Digits only, at most UINT64_MAX, leading zeros refused but for "0". */
bool number_parse_uint64(struct slice text, uint64_t *value);
/* Parse the whole slice as a double as Redis' getDoubleFromObject does: strtod's forms with inf, no leading space,
 * not NaN. */
bool number_parse_double(struct slice text, double *value);
/* The same for long double, for INCRBYFLOAT. */
bool number_parse_long_double(struct slice text, long double *value);

/* Write the decimal form and its NUL to `text` and return its length. */
size_t number_format_int64(char text[NUMBER_INTEGER_TEXT_MAX], int64_t value);
size_t number_format_uint64(char text[NUMBER_INTEGER_TEXT_MAX], uint64_t value);
/* "%.17g", or "inf", "-inf", "nan"; whole numbers that fit print as integers (Redis' d2string). */
size_t number_format_double(char text[NUMBER_DOUBLE_TEXT_MAX], double value);
/* "%.17Lf" with trailing zeros and point removed (Redis' ld2string, LD_STR_HUMAN). */
size_t number_format_long_double(char text[NUMBER_LONG_DOUBLE_TEXT_MAX], long double value);

/* Sizes with units as Redis' configuration has them: "1k" 1000, "1kb" 1024, "5mb", "1g", "2gb", "100b", case folded.
 * No digits and what passes UINT64_MAX are refused, where Redis takes 0 and some other number. */
bool number_parse_size(struct slice text, uint64_t *bytes);

#endif
