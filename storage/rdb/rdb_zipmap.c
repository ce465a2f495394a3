/* Zipmap: count of pairs (one byte, 254 and more not known), pairs, 255. A field is its length and its bytes; a value
 * is its length, a byte that tells how many unused bytes follow it, its bytes, and the unused ones. A length is one
 * byte, or 254 and a u32. */
#include "storage/rdb/rdb_packed_forms.h"

#include "base/bytes.h"

#define END_BYTE 255u
#define BIG_LEN  254u

bool rdb_zipmap_open(struct rdb_packed *packed)
{
    unsigned count;

    if (packed->bytes.len < 2 || rdb_packed_byte(packed, packed->bytes.len - 1) != END_BYTE) {
        return false;
    }
    count = rdb_packed_byte(packed, 0);
    packed->stated_count = count >= BIG_LEN ? RDB_COUNT_UNKNOWN : 2 * count;
    packed->position = 1;
    return true;
}

static bool take_len(struct rdb_packed *packed, size_t *len)
{
    unsigned first = rdb_packed_byte(packed, packed->position);

    if (first < BIG_LEN) {
        *len = first;
        packed->position++;
        return true;
    }
    if (first != BIG_LEN || rdb_packed_rest(packed) < 5) {
        return false;
    }
    *len = bytes_get_le32(packed->bytes.data + packed->position + 1);
    packed->position += 5;
    return true;
}

enum rdb_packed_outcome rdb_zipmap_next(struct rdb_packed *packed, struct rdb_packed_item *item)
{
    bool is_value = packed->given_count % 2 == 1;
    size_t unused_len = 0;
    size_t len;

    if (packed->position == packed->bytes.len - 1) {
        return is_value ? RDB_PACKED_DAMAGED : RDB_PACKED_END; /* A field without a value. */
    }
    if (packed->position >= packed->bytes.len || !take_len(packed, &len)) {
        return RDB_PACKED_DAMAGED;
    }
    if (is_value) {
        if (rdb_packed_rest(packed) < 1) {
            return RDB_PACKED_DAMAGED;
        }
        unused_len = rdb_packed_byte(packed, packed->position++);
    }
    if (len > rdb_packed_rest(packed) || unused_len > rdb_packed_rest(packed) - len) {
        return RDB_PACKED_DAMAGED;
    }
    rdb_packed_set_string(item, packed->bytes.data + packed->position, len);
    packed->position += len + unused_len;
    return RDB_PACKED_ITEM;
}
