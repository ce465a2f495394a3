/* Intset: bytes an item (u32: 2, 4 or 8), count (u32), the items in ascending order. */
#include "storage/rdb/rdb_packed_forms.h"

#include "base/bytes.h"

#define HEAD_BYTES 8

bool rdb_intset_open(struct rdb_packed *packed)
{
    uint32_t width;
    uint64_t count;

    if (packed->bytes.len < HEAD_BYTES) {
        return false;
    }
    width = bytes_get_le32(packed->bytes.data);
    count = bytes_get_le32(packed->bytes.data + 4);
    if ((width != 2 && width != 4 && width != 8) || packed->bytes.len - HEAD_BYTES != count * width) {
        return false;
    }
    packed->position = HEAD_BYTES;
    return true;
}

enum rdb_packed_outcome rdb_intset_next(struct rdb_packed *packed, struct rdb_packed_item *item)
{
    size_t width = bytes_get_le32(packed->bytes.data);
    int64_t value;

    if (packed->position == packed->bytes.len) {
        return RDB_PACKED_END;
    }
    value = rdb_packed_read_integer(packed->bytes.data + packed->position, width);
    if (packed->given_count > 0 && value <= packed->previous) {
        return RDB_PACKED_DAMAGED; /* Out of order, or twice the same. */
    }
    packed->previous = value;
    packed->position += width;
    rdb_packed_set_integer(item, value);
    return RDB_PACKED_ITEM;
}
