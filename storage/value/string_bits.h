/* Bits of a string, counted from the highest one of its first byte. A long value is walked chunk by chunk, and its
 * unstored bytes cost nothing; only the chunks concerned are read or written. */
#ifndef STORAGE_VALUE_STRING_BITS_H
#define STORAGE_VALUE_STRING_BITS_H

#include "base/bits.h"
#include "storage/keyspace/keyspace.h"

/* Ones among the bits from `first` to `end` - 1, which lie inside. */
uint64_t string_bits_count(const struct keyspace *keyspace, const struct entry *entry, uint64_t first, uint64_t end);
/* The first of those bits that is `bit`; `end` if none is. */
uint64_t string_bits_find(const struct keyspace *keyspace, const struct entry *entry, bool bit, uint64_t first,
                          uint64_t end);

/* Where a number lies in a string. */
struct string_bits_place {
    uint64_t first;
    unsigned width; /* 1 to 64 bits. */
};

/* The number there. What lies beyond the value's end, or in no value (NULL), is 0. */
uint64_t string_bits_get(struct keyspace *keyspace, const struct entry *entry, struct string_bits_place place);
/* Write one there; the value must reach as far. The entry is dead after it, but its length stays. */
void string_bits_put(struct keyspace *keyspace, uint32_t db, struct slice key, struct string_bits_place place,
                     uint64_t value);
/* Make the string under `key` (`entry`, NULL to create) reach to bit `end` - 1 with zero bytes; false if it does. */
bool string_bits_reach(struct keyspace *keyspace, uint32_t db, struct slice key, const struct entry *entry,
                       uint64_t end);

/* Combine `count` strings, NULL for absent ones, into a new string under `key` as long as the longest, which is not
 * empty. One of them may be the one under `key`. */
struct string_bits_sources {
    const struct entry *const *entries;
    size_t count;
};
void string_bits_combine(struct keyspace *keyspace, uint32_t db, struct slice key, enum bits_operation operation,
                         const struct string_bits_sources *sources);
/* The same of one string's inverted bits. */
void string_bits_invert(struct keyspace *keyspace, uint32_t db, struct slice key, const struct entry *source);

#endif
