/* Listpack: total bytes (u32), count (u16, 65535 not known), items, 255. An item is an encoding with its data, and
 * after it the length of both once more, for walking backwards: 7 bits a byte, most significant first, the high bit on
 * all but the first. */
#include "storage/rdb/rdb_packed_forms.h"

#include "base/bytes.h"
#include "storage/rdb/rdb_format.h"

#define HEAD_BYTES 6
#define END_BYTE   255u

bool rdb_listpack_open(struct rdb_packed *packed)
{
    uint16_t count;

    if (packed->bytes.len <= HEAD_BYTES || bytes_get_le32(packed->bytes.data) != packed->bytes.len ||
        rdb_packed_byte(packed, packed->bytes.len - 1) != END_BYTE) {
        return false;
    }
    count = bytes_get_le16(packed->bytes.data + 4);
    packed->stated_count = count == UINT16_MAX ? RDB_COUNT_UNKNOWN : count;
    packed->position = HEAD_BYTES;
    return true;
}

/* Bytes that say the length of an item of `len` bytes, and check that they say it. 0 if not. */
static size_t check_back_length(const struct rdb_packed *packed, size_t at, size_t len)
{
    size_t width = rdb_listpack_back_width(len);

    if (width > packed->bytes.len - at) {
        return 0;
    }
    for (size_t i = width; i-- > 0; len >>= 7) {
        if (rdb_packed_byte(packed, at + i) != ((len & 127) | (i == 0 ? 0 : 128u))) {
            return 0;
        }
    }
    return width;
}

struct encoding {
    size_t head_len; /* Bytes before the data. */
    size_t data_len; /* Of a string, or of an integer that lies in bytes of its own; else 0. */
    bool is_integer;
    int64_t integer; /* When data_len is 0. */
};

static bool read_wide(const struct rdb_packed *packed, unsigned first, struct encoding *encoding)
{
    static const unsigned char widths[] = {0, 2, 3, 4, 8}; /* Of F1 to F4. */

    encoding->head_len = 1;
    if (first == 0xf0) {
        encoding->head_len = 5;
        if (rdb_packed_rest(packed) < 5) {
            return false;
        }
        encoding->data_len = bytes_get_le32(packed->bytes.data + packed->position + 1);
        return true;
    }
    if (first > 0xf4) {
        return false;
    }
    encoding->is_integer = true;
    encoding->data_len = widths[first - 0xf0];
    return true;
}

static bool read_encoding(const struct rdb_packed *packed, struct encoding *encoding)
{
    unsigned first = rdb_packed_byte(packed, packed->position);
    unsigned second = rdb_packed_rest(packed) > 1 ? rdb_packed_byte(packed, packed->position + 1) : 0;

    *encoding = (struct encoding){.head_len = 1};
    if (first < 0x80) {
        encoding->is_integer = true;
        encoding->integer = first;
    } else if (first < 0xc0) {
        encoding->data_len = first & 0x3f;
    } else if (first < 0xe0) {
        unsigned value = (first & 0x1f) << 8 | second;

        encoding->head_len = 2;
        encoding->is_integer = true;
        encoding->integer = value < 1u << 12 ? (int64_t)value : (int64_t)value - (1 << 13);
    } else if (first < 0xf0) {
        encoding->head_len = 2;
        encoding->data_len = (first & 0x0f) << 8 | second;
    } else {
        return read_wide(packed, first, encoding);
    }
    return true;
}

enum rdb_packed_outcome rdb_listpack_next(struct rdb_packed *packed, struct rdb_packed_item *item)
{
    const char *data;
    struct encoding encoding;
    size_t len;
    size_t back_len;

    if (packed->position == packed->bytes.len - 1) {
        return RDB_PACKED_END; /* The last byte was looked at when it was opened. */
    }
    if (packed->position >= packed->bytes.len || !read_encoding(packed, &encoding)) {
        return RDB_PACKED_DAMAGED;
    }
    len = encoding.head_len + encoding.data_len;
    if (len > rdb_packed_rest(packed)) {
        return RDB_PACKED_DAMAGED;
    }
    back_len = check_back_length(packed, packed->position + len, len);
    if (back_len == 0) {
        return RDB_PACKED_DAMAGED;
    }
    data = packed->bytes.data + packed->position + encoding.head_len;
    if (!encoding.is_integer) {
        rdb_packed_set_string(item, data, encoding.data_len);
    } else if (encoding.data_len == 0) {
        rdb_packed_set_integer(item, encoding.integer);
    } else {
        rdb_packed_set_integer(item, rdb_packed_read_integer(data, encoding.data_len));
    }
    packed->position += len + back_len;
    return RDB_PACKED_ITEM;
}
