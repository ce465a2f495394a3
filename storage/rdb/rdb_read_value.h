/* What the files of the value reader share: rdb_read_value.c (the types), rdb_read_stream.c (the one long one). */
#ifndef STORAGE_RDB_RDB_READ_VALUE_H
#define STORAGE_RDB_RDB_READ_VALUE_H

#include "storage/rdb/rdb_read.h"

/* One value being read. */
struct rdb_value {
    struct rdb_input *input;
    const struct key_visitor *visitor;
    const struct key_visit *key;
    unsigned type;     /* The file's. */
    uint64_t bytes;    /* Of the elements so far. */
    bool has_begun;    /* key_begin was told. */
    struct buf first;  /* Scratch: an element, or a packed run. */
    struct buf second; /* Scratch: a value beside its field. */
};

/* Tell key_begin, if it was not told. */
MUST_CHECK enum status rdb_value_begin(struct rdb_value *value);
/* Count an element of `bytes` bytes, before it is told.
 *   STATUS_CORRUPT  The value comes to more than the input lets it. */
MUST_CHECK enum status rdb_value_add(struct rdb_value *value, uint64_t bytes);
/* Types 15, 19 and 21. */
MUST_CHECK enum status rdb_read_stream(struct rdb_value *value);

#endif
