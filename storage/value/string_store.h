/* Strings: inline up to STRING_INLINE_BYTES_MAX, beyond that in chunks found by their generation, so that APPEND,
 * SETRANGE, SETBIT and GETRANGE of a long value touch only the chunks that they name. */
#ifndef STORAGE_VALUE_STRING_STORE_H
#define STORAGE_VALUE_STRING_STORE_H

#include "base/buf.h"
#include "storage/keyspace/keyspace.h"

#define STRING_BYTES_MAX        (512u * 1024 * 1024)
#define STRING_INLINE_BYTES_MAX (16u * 1024)
/* Four pages with LMDB's overflow header: a chunk fills its pages. */
#define STRING_CHUNK_BYTES (16u * 1024 - 16)

/* Length of the value of a string entry. */
size_t string_len(const struct entry *entry);
/* Append `len` bytes of the value from `start` on to `out`; the range must lie inside. */
MUST_CHECK enum status string_read(struct keyspace *keyspace, const struct entry *entry, size_t start, size_t len,
                                   struct buf *out);
/* The whole value: borrowed when inline, else assembled in `scratch`. Dead after the next write. */
MUST_CHECK enum status string_value(struct keyspace *keyspace, const struct entry *entry, struct buf *scratch,
                                    struct slice *value);

/* The part of the value from `start`, which lies inside, to the end of its chunk or of the value: returns its length.
 * `*stored` is its beginning, borrowed as the entry is; what is missing of it are zero bytes. To walk a long value. */
size_t string_part(const struct keyspace *keyspace, const struct entry *entry, size_t start, struct slice *stored);

/* Store `value` under `key` as a string with that expiry (0 none), replacing whatever was there. `value` may not be
 * borrowed from there. */
void string_set(struct keyspace *keyspace, uint32_t db, struct slice key, struct slice value, uint64_t expire_at_ms);
/* The same for a value of `len` bytes that is made in parts, in order: `make` writes `part_len` bytes from `start` on
 * to `to`. It may read the keyspace, and `key` there, which is replaced at the end. */
struct string_maker {
    void (*make)(void *context, size_t start, char *to, size_t part_len);
    void *context;
};
void string_set_made(struct keyspace *keyspace, uint32_t db, struct slice key, size_t len,
                     const struct string_maker *maker);
/* Overwrite from `start` on, growing with zero bytes as needed; keeps the expiry. `entry` is the key's present entry,
 * or NULL to create. The caller has checked the final length against STRING_BYTES_MAX. `*len` is the new length. */
void string_write(struct keyspace *keyspace, uint32_t db, struct slice key, const struct entry *entry, size_t start,
                  struct slice bytes, size_t *len);

#endif
