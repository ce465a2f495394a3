/* Ziplist: total bytes (u32), offset of the last item (u32), count (u16, 65535 not known), items, 255. An item begins
 * with the length of the one before it (one byte, or 254 and a u32), then an encoding and its data. */
#include "storage/rdb/rdb_packed_forms.h"

#include "base/bytes.h"

#define HEAD_BYTES 10
#define END_BYTE   255u
#define BIG_LEN    254u

bool rdb_ziplist_open(struct rdb_packed *packed)
{
    uint16_t count;

    if (packed->bytes.len <= HEAD_BYTES || bytes_get_le32(packed->bytes.data) != packed->bytes.len ||
        bytes_get_le32(packed->bytes.data + 4) >= packed->bytes.len ||
        rdb_packed_byte(packed, packed->bytes.len - 1) != END_BYTE) {
        return false;
    }
    count = bytes_get_le16(packed->bytes.data + 8);
    packed->stated_count = count == UINT16_MAX ? RDB_COUNT_UNKNOWN : count;
    packed->position = HEAD_BYTES;
    return true;
}

/* Skip the former item's length, which must be right. The one byte may be written in the long form. */
static bool take_previous_len(struct rdb_packed *packed)
{
    unsigned first = rdb_packed_byte(packed, packed->position);

    if (first < BIG_LEN) {
        packed->position++;
        return first == packed->previous_len;
    }
    if (first != BIG_LEN || rdb_packed_rest(packed) < 5 ||
        bytes_get_le32(packed->bytes.data + packed->position + 1) != packed->previous_len) {
        return false;
    }
    packed->position += 5;
    return true;
}

/* An integer of `width` bytes after the encoding's one byte. */
static bool take_integer(struct rdb_packed *packed, size_t width, struct rdb_packed_item *item)
{
    if (rdb_packed_rest(packed) < 1 + width) {
        return false;
    }
    rdb_packed_set_integer(item, rdb_packed_read_integer(packed->bytes.data + packed->position + 1, width));
    packed->position += 1 + width;
    return true;
}

static bool take_any_integer(struct rdb_packed *packed, unsigned first, struct rdb_packed_item *item)
{
    switch (first) {
    case 0xc0:
        return take_integer(packed, 2, item);
    case 0xd0:
        return take_integer(packed, 4, item);
    case 0xe0:
        return take_integer(packed, 8, item);
    case 0xf0:
        return take_integer(packed, 3, item);
    case 0xfe:
        return take_integer(packed, 1, item);
    default:
        if (first < 0xf1 || first > 0xfd) {
            return false;
        }
        rdb_packed_set_integer(item, (int64_t)(first & 0x0f) - 1);
        packed->position++;
        return true;
    }
}

static bool take_string(struct rdb_packed *packed, unsigned first, struct rdb_packed_item *item)
{
    const char *from = packed->bytes.data + packed->position;
    size_t head_len = first < 0x40 ? 1 : first < 0x80 ? 2 : 5;
    size_t len;

    if (rdb_packed_rest(packed) < head_len) {
        return false;
    }
    /* These lengths are the one thing here that is big endian. */
    len = head_len == 1 ? first & 0x3f : head_len == 2 ? bytes_get_be16(from) & 0x3fffu : bytes_get_be32(from + 1);
    if (len > rdb_packed_rest(packed) - head_len) {
        return false;
    }
    rdb_packed_set_string(item, from + head_len, len);
    packed->position += head_len + len;
    return true;
}

enum rdb_packed_outcome rdb_ziplist_next(struct rdb_packed *packed, struct rdb_packed_item *item)
{
    size_t start = packed->position;
    unsigned first;

    if (start == packed->bytes.len - 1) {
        return RDB_PACKED_END;
    }
    /* The last byte is the end's, so an item that would reach it is cut. */
    if (start >= packed->bytes.len || !take_previous_len(packed) || rdb_packed_rest(packed) < 2) {
        return RDB_PACKED_DAMAGED;
    }
    first = rdb_packed_byte(packed, packed->position);
    if (first < 0xc0 ? !take_string(packed, first, item) : !take_any_integer(packed, first, item)) {
        return RDB_PACKED_DAMAGED;
    }
    packed->previous_len = packed->position - start;
    return RDB_PACKED_ITEM;
}
