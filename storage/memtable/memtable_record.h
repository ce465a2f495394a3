/* One key of a memtable, and what is kept under it. Private to storage/memtable*.c. */
#ifndef STORAGE_MEMTABLE_MEMTABLE_RECORD_H
#define STORAGE_MEMTABLE_MEMTABLE_RECORD_H

#include "base/slice.h"
#include <stdint.h>

/* Lives where it was made until the memtable ends, so that the index, the order and cursors may point to it. */
struct memtable_record {
    char *value;             /* Right behind the key, or a place of memtable_values. */
    uint32_t value_len;      /* In bytes. */
    uint32_t value_capacity; /* Bytes at value. */
    uint16_t key_len;        /* In bytes; at most TABLE_KEY_BYTES_MAX. */
    uint8_t table;           /* enum table. */
    bool is_deleted;         /* A tombstone: it has no value. */
    char key[];
};

static inline struct slice memtable_record_key(const struct memtable_record *record)
{
    return slice_make(record->key, record->key_len);
}

#endif
