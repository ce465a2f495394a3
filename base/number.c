#include "base/number.h"
#include "base/memory.h"
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

bool number_parse_uint64(struct slice text, uint64_t *value)
{
    uint64_t parsed = 0;

    if (text.len == 0 || text.len > 20 || (text.data[0] == '0' && text.len > 1)) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        unsigned digit = (unsigned)(unsigned char)text.data[i] - '0';

        if (digit > 9 || __builtin_mul_overflow(parsed, (uint64_t)10, &parsed) ||
            __builtin_add_overflow(parsed, (uint64_t)digit, &parsed)) {
            return false;
        }
    }
    *value = parsed;
    return true;
}

bool number_parse_int64(struct slice text, int64_t *value)
{
    uint64_t magnitude;

    if (text.len > 0 && text.data[0] == '-') {
        if (!number_parse_uint64(slice_after(text, 1), &magnitude) || magnitude == 0 ||
            magnitude > (uint64_t)INT64_MAX + 1) {
            return false;
        }
        *value = (int64_t)(0 - magnitude);
        return true;
    }
    if (!number_parse_uint64(text, &magnitude) || magnitude > INT64_MAX) {
        return false;
    }
    *value = (int64_t)magnitude;
    return true;
}

/* Up to 15 digits with a sign are exact in a double; most scores are such numbers, and need no strtod. */
static bool parse_short_integer(struct slice text, double *value)
{
    bool negative = text.len > 0 && text.data[0] == '-';
    int64_t parsed = 0;

    if (negative) {
        text = slice_after(text, 1);
    }
    if (text.len == 0 || text.len > 15) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        unsigned digit = (unsigned)(unsigned char)text.data[i] - '0';

        if (digit > 9) {
            return false;
        }
        parsed = parsed * 10 + digit;
    }
    *value = negative ? -(double)parsed : (double)parsed; /* "-0" is the negative zero. */
    return true;
}

/* strtod wants a NUL. A number longer than `local` is legal (1.000...0), so it gets a block of its own. */
static char *terminate(struct slice text, char *local, size_t local_bytes)
{
    char *copy = text.len < local_bytes ? local : memory_try_allocate(text.len + 1);

    if (copy != NULL) {
        memcpy(copy, text.data, text.len);
        copy[text.len] = '\0';
    }
    return copy;
}

bool number_parse_double(struct slice text, double *value)
{
    char local[128];
    char *copy;
    char *end;
    double parsed;
    bool is_valid;

    if (parse_short_integer(text, value)) {
        return true;
    }
    if (text.len == 0 || isspace((unsigned char)text.data[0])) {
        return false;
    }
    copy = terminate(text, local, sizeof(local));
    if (copy == NULL) {
        return false;
    }
    errno = 0;
    parsed = strtod(copy, &end);
    is_valid = (size_t)(end - copy) == text.len && !isnan(parsed) &&
               !(errno == ERANGE && (isinf(parsed) || fpclassify(parsed) == FP_ZERO));
    if (copy != local) {
        memory_free(copy);
    }
    if (is_valid) {
        *value = parsed;
    }
    return is_valid;
}

bool number_parse_long_double(struct slice text, long double *value)
{
    char copy[NUMBER_LONG_DOUBLE_TEXT_MAX]; /* Redis' own limit: longer text is no number. */
    char *end;
    long double parsed;

    if (text.len == 0 || text.len >= sizeof(copy) || isspace((unsigned char)text.data[0])) {
        return false;
    }
    memcpy(copy, text.data, text.len);
    copy[text.len] = '\0';
    errno = 0;
    parsed = strtold(copy, &end);
    if ((size_t)(end - copy) != text.len || isnan(parsed) ||
        (errno == ERANGE && (isinf(parsed) || fpclassify(parsed) == FP_ZERO))) {
        return false;
    }
    *value = parsed;
    return true;
}

size_t number_format_uint64(char text[NUMBER_INTEGER_TEXT_MAX], uint64_t value)
{
    static const char pairs[] = "00010203040506070809101112131415161718192021222324252627282930313233343536373839"
                                "40414243444546474849505152535455565758596061626364656667686970717273747576777879"
                                "8081828384858687888990919293949596979899";
    char digits[NUMBER_INTEGER_TEXT_MAX];
    size_t at = sizeof(digits);
    size_t len;

    while (value >= 100) {
        at -= 2;
        memcpy(digits + at, pairs + value % 100 * 2, 2);
        value /= 100;
    }
    if (value >= 10) {
        at -= 2;
        memcpy(digits + at, pairs + value * 2, 2);
    } else {
        digits[--at] = (char)('0' + value);
    }
    len = sizeof(digits) - at;
    memcpy(text, digits + at, len);
    text[len] = '\0';
    return len;
}

size_t number_format_int64(char text[NUMBER_INTEGER_TEXT_MAX], int64_t value)
{
    char digits[NUMBER_INTEGER_TEXT_MAX];
    size_t len;

    if (value >= 0) {
        return number_format_uint64(text, (uint64_t)value);
    }
    len = number_format_uint64(digits, 0 - (uint64_t)value);
    text[0] = '-';
    memcpy(text + 1, digits, len + 1);
    return len + 1;
}

static size_t copy_word(char *text, const char *word)
{
    size_t len = strlen(word);

    memcpy(text, word, len + 1);
    return len;
}

size_t number_format_double(char text[NUMBER_DOUBLE_TEXT_MAX], double value)
{
    if (isnan(value)) {
        return copy_word(text, "nan");
    }
    if (isinf(value)) {
        return copy_word(text, value > 0 ? "inf" : "-inf");
    }
    if (value == 0) {
        return copy_word(text, signbit(value) ? "-0" : "0");
    }
    /* Within 52 bits %.17g prints a whole number as an integer, only slower. */
    if (value > -0x1p52 && value < 0x1p52 && value == (double)(int64_t)value) {
        return number_format_int64(text, (int64_t)value);
    }
    return (size_t)snprintf(text, NUMBER_DOUBLE_TEXT_MAX, "%.17g", value);
}

size_t number_format_long_double(char text[NUMBER_LONG_DOUBLE_TEXT_MAX], long double value)
{
    size_t len;

    if (isnan(value)) {
        return copy_word(text, "nan");
    }
    if (isinf(value)) {
        return copy_word(text, value > 0 ? "inf" : "-inf");
    }
    len = (size_t)snprintf(text, NUMBER_LONG_DOUBLE_TEXT_MAX, "%.17Lf", value);
    while (text[len - 1] == '0') { /* The point stops it. */
        len--;
    }
    if (text[len - 1] == '.') {
        len--;
    }
    text[len] = '\0';
    if (strcmp(text, "-0") == 0) {
        return copy_word(text, "0");
    }
    return len;
}

bool number_parse_size(struct slice text, uint64_t *bytes)
{
    static const struct {
        const char *unit;
        uint64_t bytes;
    } units[] = {
        {"", 1},
        {"b", 1},
        {"k", 1000},
        {"kb", 1024},
        {"m", 1000 * 1000},
        {"mb", 1024 * 1024},
        {"g", 1000 * 1000 * 1000},
        {"gb", 1024 * 1024 * 1024},
    };
    uint64_t parsed = 0;
    size_t digits = 0;

    while (digits < text.len && isdigit((unsigned char)text.data[digits])) {
        if (__builtin_mul_overflow(parsed, (uint64_t)10, &parsed) ||
            __builtin_add_overflow(parsed, (uint64_t)(text.data[digits] - '0'), &parsed)) {
            return false;
        }
        digits++;
    }
    if (digits == 0) {
        return false;
    }
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (slice_is_word(slice_after(text, digits), units[i].unit)) {
            if (__builtin_mul_overflow(parsed, units[i].bytes, &parsed)) {
                return false;
            }
            *bytes = parsed;
            return true;
        }
    }
    return false;
}
