#include "storage/rdb/rdb_packed_forms.h"

#include "base/assert.h"

int64_t rdb_packed_read_integer(const char *from, size_t width)
{
    uint64_t value = 0;
    unsigned unused_bits = 64 - 8 * (unsigned)width;

    for (size_t i = 0; i < width; i++) {
        value |= (uint64_t)(unsigned char)from[i] << 8 * i;
    }
    /* Up to the sign bit and arithmetically down again. */
    return (int64_t)(value << unused_bits) >> unused_bits;
}

bool rdb_packed_open(struct rdb_packed *packed, enum rdb_packed_form form, struct slice bytes)
{
    *packed = (struct rdb_packed){.form = form, .bytes = bytes, .stated_count = RDB_COUNT_UNKNOWN};
    switch (form) {
    case RDB_LISTPACK:
        return rdb_listpack_open(packed);
    case RDB_ZIPLIST:
        return rdb_ziplist_open(packed);
    case RDB_INTSET:
        return rdb_intset_open(packed);
    case RDB_ZIPMAP:
        return rdb_zipmap_open(packed);
    }
    ASSERT(false);
}

static enum rdb_packed_outcome next_of_form(struct rdb_packed *packed, struct rdb_packed_item *item)
{
    switch (packed->form) {
    case RDB_LISTPACK:
        return rdb_listpack_next(packed, item);
    case RDB_ZIPLIST:
        return rdb_ziplist_next(packed, item);
    case RDB_INTSET:
        return rdb_intset_next(packed, item);
    case RDB_ZIPMAP:
        return rdb_zipmap_next(packed, item);
    }
    ASSERT(false);
}

enum rdb_packed_outcome rdb_packed_next(struct rdb_packed *packed, struct rdb_packed_item *item)
{
    enum rdb_packed_outcome outcome = next_of_form(packed, item);

    if (outcome == RDB_PACKED_ITEM) {
        packed->given_count++;
        if (item->is_integer) {
            item->text_len = (unsigned char)number_format_int64(item->text, item->integer);
        }
    } else if (outcome == RDB_PACKED_END && packed->stated_count != RDB_COUNT_UNKNOWN &&
               packed->stated_count != packed->given_count) {
        return RDB_PACKED_DAMAGED;
    }
    return outcome;
}
