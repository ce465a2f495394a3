/* Places for values that outgrew or left the one behind their key. Private to storage/memtable*.c.
 *
 * Places come in classes, two for each doubling. A place given back serves the next value of its class, so that keys
 * that are rewritten in growing sizes, and queues, do not grow the memtable by all that ever went through them. */
#ifndef STORAGE_MEMTABLE_MEMTABLE_VALUE_H
#define STORAGE_MEMTABLE_MEMTABLE_VALUE_H

#include "storage/memtable/memtable_space.h"

/* Beyond this a value has an allocation of its own, given back when it is replaced. */
#define MEMTABLE_VALUE_SPACE_BYTES_MAX ((size_t)32 * 1024)
#define MEMTABLE_VALUE_CLASS_COUNT     23

struct memtable_value {
    char *place;       /* NULL if capacity is 0. */
    uint32_t capacity; /* In bytes. */
};

struct memtable_values {
    struct memtable_space *space; /* Borrowed: where small places come from. */
    void *free_places[MEMTABLE_VALUE_CLASS_COUNT];
    struct memtable_large_value *large; /* Owned: all of them, newest first. */
    size_t large_bytes;                 /* Their sum. */
};

void memtable_values_init(struct memtable_values *values, struct memtable_space *space);
void memtable_values_release(struct memtable_values *values);

/* A place of at least `len` bytes; its content is anything. */
struct memtable_value memtable_values_allocate(struct memtable_values *values, size_t len);
/* Give back a place; any of the space's memory may be given, as what lies behind a key. Its content is lost. */
void memtable_values_free(struct memtable_values *values, struct memtable_value value);

#endif
