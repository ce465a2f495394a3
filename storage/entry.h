/* An entry: what the keyspace knows of one key, and its encoding in TABLE_KEYS (docs/formats/keyspace.md). */
#ifndef STORAGE_ENTRY_H
#define STORAGE_ENTRY_H

#include "base/buf.h"
#include <stdint.h>

enum entry_type {
    ENTRY_STRING = 0,
    ENTRY_LIST = 1,
    ENTRY_SET = 2,
    ENTRY_ZSET = 3,
    ENTRY_HASH = 4,
    ENTRY_STREAM = 5,
};

struct entry {
    enum entry_type type;
    uint8_t encoding;      /* The type's own: ENTRY_INLINE, or one of the type's store. */
    uint64_t expire_at_ms; /* Wall clock; 0 is never. */
    uint64_t generation;   /* Finds its content in TABLE_FIELDS and TABLE_SCORES; 0 when it has none there. */
    uint64_t count;        /* Elements of a collection; bytes of a chunked string. */
    struct slice body;     /* Inline value or the type's own header; borrowed (see keyspace_find). */
};

#define ENTRY_INLINE 0 /* The whole value is in body. */

#endif
