/* The four forms behind rdb_packed.h, each in its own file. `*_open` checks the head and sets position and
 * stated_count;
 * `*_next` gives the item at the position and moves it. */
#ifndef STORAGE_RDB_RDB_PACKED_FORMS_H
#define STORAGE_RDB_RDB_PACKED_FORMS_H

#include "storage/rdb/rdb_packed.h"

bool rdb_listpack_open(struct rdb_packed *packed);
enum rdb_packed_outcome rdb_listpack_next(struct rdb_packed *packed, struct rdb_packed_item *item);
bool rdb_ziplist_open(struct rdb_packed *packed);
enum rdb_packed_outcome rdb_ziplist_next(struct rdb_packed *packed, struct rdb_packed_item *item);
bool rdb_intset_open(struct rdb_packed *packed);
enum rdb_packed_outcome rdb_intset_next(struct rdb_packed *packed, struct rdb_packed_item *item);
bool rdb_zipmap_open(struct rdb_packed *packed);
enum rdb_packed_outcome rdb_zipmap_next(struct rdb_packed *packed, struct rdb_packed_item *item);

/* Bytes from the position to the end. */
static inline size_t rdb_packed_rest(const struct rdb_packed *packed)
{
    return packed->bytes.len - packed->position;
}

static inline unsigned char rdb_packed_byte(const struct rdb_packed *packed, size_t at)
{
    return (unsigned char)packed->bytes.data[at];
}

static inline void rdb_packed_set_integer(struct rdb_packed_item *item, int64_t integer)
{
    item->is_integer = true;
    item->integer = integer;
}

static inline void rdb_packed_set_string(struct rdb_packed_item *item, const char *data, size_t len)
{
    item->is_integer = false;
    item->string = slice_make(data, len);
}

/* A little-endian signed integer of 1, 2, 3, 4 or 8 bytes. */
int64_t rdb_packed_read_integer(const char *from, size_t width);

#endif
