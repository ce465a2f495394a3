#include "storage/keyspace/keycode.h"
#include "base/siphash.h"

/* The longest header before a name, due time and space or generation and score, leaves room to spare. */
_Static_assert(8 + KEYCODE_NUMBER_BYTES_MAX + KEYCODE_NAME_BYTES_MAX <= TABLE_KEY_BYTES_MAX, "a coded key fits");
_Static_assert(KEYCODE_NAME_PREFIX_BYTES + SIPHASH_BYTES == KEYCODE_NAME_BYTES_MAX, "prefix and hash");

#define SIGN_BIT (UINT64_C(1) << 63)

/* First bytes: 0 to 240 are the number itself, 241 to 248 begin two bytes, 249 three; 250 to 255 say that 3 to 8 bytes
 * follow. Each form begins where the shorter one ends, so that a number has one code only. */
#define TWO_BYTES_FROM   241u
#define THREE_BYTES_FROM 2288u
#define COUNTED_FROM     67824u

size_t keycode_put_number(char to[KEYCODE_NUMBER_BYTES_MAX], uint64_t number)
{
    size_t count = 3;

    if (number < TWO_BYTES_FROM) {
        to[0] = (char)number;
        return 1;
    }
    if (number < THREE_BYTES_FROM) {
        to[0] = (char)(241 + ((number - 240) >> 8));
        to[1] = (char)((number - 240) & 255);
        return 2;
    }
    if (number < COUNTED_FROM) {
        to[0] = (char)249;
        bytes_put_be16(to + 1, (uint16_t)(number - THREE_BYTES_FROM));
        return 3;
    }
    while (count < 8 && (number >> (8 * count)) != 0) {
        count++;
    }
    to[0] = (char)(247 + count);
    for (size_t i = 0; i < count; i++) {
        to[1 + i] = (char)(number >> (8 * (count - 1 - i)));
    }
    return 1 + count;
}

bool keycode_take_number_slow(struct slice *bytes, uint64_t *number)
{
    const unsigned char *at = (const unsigned char *)bytes->data;
    size_t count;
    uint64_t value = 0;

    if (bytes->len == 0) {
        return false;
    }
    if (at[0] <= 240) {
        count = 0;
        value = at[0];
    } else {
        count = at[0] <= 248 ? 1 : at[0] == 249 ? 2 : (size_t)(at[0] - 247);
        if (bytes->len < 1 + count) {
            return false;
        }
        for (size_t i = 0; i < count; i++) {
            value = (value << 8) | at[1 + i];
        }
        value += at[0] <= 248 ? 240 + 256 * (uint64_t)(at[0] - 241) : at[0] == 249 ? THREE_BYTES_FROM : 0;
    }
    *number = value;
    *bytes = slice_after(*bytes, 1 + count);
    return true;
}

uint64_t keycode_order_int64(int64_t value)
{
    return (uint64_t)value ^ SIGN_BIT;
}

int64_t keycode_unorder_int64(uint64_t ordered)
{
    return (int64_t)(ordered ^ SIGN_BIT);
}

/* IEEE's bits sort as the value among positives and against it among negatives, which are therefore inverted. */
uint64_t keycode_order_double(double value)
{
    uint64_t bits;

    if (value == 0) {
        value = 0; /* Drop the sign of -0.0. */
    }
    memcpy(&bits, &value, sizeof(bits));
    return (bits & SIGN_BIT) != 0 ? ~bits : bits | SIGN_BIT;
}

double keycode_unorder_double(uint64_t ordered)
{
    uint64_t bits = (ordered & SIGN_BIT) != 0 ? ordered & ~SIGN_BIT : ~ordered;
    double value;

    memcpy(&value, &bits, sizeof(value));
    return value;
}

void keycode_put_long_name(char to[KEYCODE_NAME_BYTES_MAX], struct slice name, uint64_t seed)
{
    /* The second half of the key is fixed: what has to be secret is the seed. */
    struct siphash_key key = {.first = seed, .second = 0x686561727468206b};

    memcpy(to, name.data, KEYCODE_NAME_PREFIX_BYTES);
    siphash(name, key, to + KEYCODE_NAME_PREFIX_BYTES);
}

bool keycode_parse_key(struct slice coded, uint64_t *space, struct slice *name)
{
    if (!keycode_take_number(&coded, space) || coded.len > KEYCODE_NAME_BYTES_MAX) {
        return false;
    }
    *name = coded;
    return true;
}

bool keycode_parse_expiry(struct slice coded, uint64_t *due_ms, struct slice *coded_key)
{
    if (coded.len <= KEYCODE_DUE_BYTES) {
        return false;
    }
    *due_ms = bytes_get_be64(coded.data);
    *coded_key = slice_after(coded, KEYCODE_DUE_BYTES);
    return true;
}

bool keycode_parse_position(struct slice coded, uint64_t *generation, int64_t *position)
{
    if (!keycode_take_number(&coded, generation) || coded.len != 8) {
        return false;
    }
    *position = keycode_unorder_int64(bytes_get_be64(coded.data));
    return true;
}

bool keycode_parse_score(struct slice coded, uint64_t *generation, double *score, struct slice *name)
{
    if (!keycode_take_number(&coded, generation) || coded.len < 8 || coded.len > 8 + KEYCODE_NAME_BYTES_MAX) {
        return false;
    }
    *score = keycode_unorder_double(bytes_get_be64(coded.data));
    *name = slice_after(coded, 8);
    return true;
}

bool keycode_parse_orphan(struct slice coded, enum keycode_orphan_kind *kind, uint64_t *number)
{
    if (coded.len == 0) {
        return false;
    }
    *kind = (enum keycode_orphan_kind)(unsigned char)coded.data[0];
    coded = slice_after(coded, 1);
    return (*kind == KEYCODE_ORPHAN_GENERATION || *kind == KEYCODE_ORPHAN_SPACE) &&
           keycode_take_number(&coded, number) && coded.len == 0;
}

bool keycode_take_full_name(struct slice coded_name, struct slice *value, struct slice *full)
{
    struct slice rest = *value;
    uint64_t len;

    if (!keycode_name_is_long(coded_name)) {
        *full = coded_name;
        return true;
    }
    if (!keycode_take_number(&rest, &len) || len > rest.len) {
        return false;
    }
    *full = slice_first(rest, (size_t)len);
    *value = slice_after(rest, (size_t)len);
    return true;
}
