/* An entry: what the keyspace knows of one key, and its encoding in TABLE_KEYS (docs/formats/keyspace.md). */
#ifndef STORAGE_KEYSPACE_ENTRY_H
#define STORAGE_KEYSPACE_ENTRY_H

#include "base/bytes.h"
#include "base/slice.h"

enum entry_type {
    ENTRY_STRING = 0,
    ENTRY_LIST = 1,
    ENTRY_SET = 2,
    ENTRY_ZSET = 3,
    ENTRY_HASH = 4,
    ENTRY_STREAM = 5,
    ENTRY_TYPE_COUNT
};

struct entry {
    enum entry_type type;
    uint8_t encoding;      /* The type's own: ENTRY_INLINE, or one of the type's store. */
    uint64_t expire_at_ms; /* Wall clock; 0 is never. */
    uint64_t index_at_ms;  /* The keyspace's own: see entry_indexed_at_ms(). */
    uint64_t generation;   /* Finds its content in TABLE_FIELDS and TABLE_SCORES; 0 when it has none there. */
    uint64_t count;        /* Elements of a collection; bytes of a chunked string. */
    struct slice body;     /* Inline value or the type's own header; borrowed (see keyspace_find). */
};

#define ENTRY_INLINE 0 /* The whole value is in body. */

/* The most that an entry's code is longer than its body. */
#define ENTRY_HEADER_BYTES_MAX 36

/* The due time under which a key with expiry stands in TABLE_EXPIRY: that of its expiry, or an earlier one from before
 * the expiry was put off (invariant K1). */
static inline uint64_t entry_indexed_at_ms(const struct entry *entry)
{
    return entry->index_at_ms != 0 ? entry->index_at_ms : entry->expire_at_ms;
}

/* Write the entry's code but its body to `header`; returns its length. The body's bytes follow it. */
size_t entry_encode_header(const struct entry *entry, char header[ENTRY_HEADER_BYTES_MAX]);

/* Read an entry's code. The body is borrowed from `code`. False, with `*entry` undefined, if it is damaged. */
bool entry_decode(struct slice code, struct entry *entry);

/* Read a whole row of TABLE_KEYS: its key, borrowed from either slice, and its entry. False if it is damaged. */
bool entry_decode_row(struct slice coded_key, struct slice value, struct slice *key, struct entry *entry);

#endif
