/* Text that is a number comes back from its printed form. */
#include "base/assert.h"
#include "base/number.h"
#include "fuzz.h"

#include <math.h>

static void check_integers(struct slice text)
{
    char formatted[NUMBER_INTEGER_TEXT_MAX];
    int64_t value;
    uint64_t unsigned_value;

    if (number_parse_int64(text, &value)) {
        size_t len = number_format_int64(formatted, value);

        ASSERT(slice_equal(slice_make(formatted, len), text)); /* Only the canonical form is taken. */
    }
    if (number_parse_uint64(text, &unsigned_value)) {
        size_t len = number_format_uint64(formatted, unsigned_value);

        ASSERT(slice_equal(slice_make(formatted, len), text));
    }
}

static void check_double(struct slice text)
{
    char formatted[NUMBER_DOUBLE_TEXT_MAX];
    double value;
    double back;
    size_t len;

    if (number_parse_double(text, &value)) {
        ASSERT(!isnan(value));
        len = number_format_double(formatted, value);
        ASSERT(len < NUMBER_DOUBLE_TEXT_MAX && formatted[len] == '\0');
        ASSERT(number_parse_double(slice_make(formatted, len), &back));
        ASSERT(back == value && signbit(back) == signbit(value));
    }
}

static void check_long_double(struct slice text)
{
    char formatted[NUMBER_LONG_DOUBLE_TEXT_MAX];
    long double value;
    long double back;
    size_t len;

    if (number_parse_long_double(text, &value)) {
        len = number_format_long_double(formatted, value);
        ASSERT(len < NUMBER_LONG_DOUBLE_TEXT_MAX && formatted[len] == '\0');
        ASSERT(number_parse_long_double(slice_make(formatted, len), &back));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct slice text = slice_make(data, len);
    uint64_t bytes;

    check_integers(text);
    check_double(text);
    check_long_double(text);
    if (number_parse_size(text, &bytes)) {
        ASSERT(len > 0 && data[0] >= '0' && data[0] <= '9');
    }
    return 0;
}
