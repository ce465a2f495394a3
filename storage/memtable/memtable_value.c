#include "storage/memtable/memtable_value.h"
#include "base/assert.h"
#include "base/memory.h"

/* Class 2k holds 16 * 2^k bytes, class 2k + 1 half as much again. The last one holds MEMTABLE_VALUE_SPACE_BYTES_MAX. */
#define SMALLEST_BYTES ((size_t)16)
#define SMALLEST_BITS  4

struct free_place {
    struct free_place *next;
};

struct memtable_large_value {
    struct memtable_large_value *next;
    struct memtable_large_value *prev;
    char bytes[];
};

static size_t class_bytes(unsigned class)
{
    size_t bytes = SMALLEST_BYTES << (class / 2);

    return class % 2 == 0 ? bytes : bytes + bytes / 2;
}

/* The largest class that a place of `bytes` (at least SMALLEST_BYTES) can serve. */
static unsigned class_within(size_t bytes)
{
    unsigned bits = 63u - (unsigned)__builtin_clzll(bytes);
    unsigned class = (bits - SMALLEST_BITS) * 2;

    return class_bytes(class + 1) <= bytes ? class + 1 : class;
}

/* The smallest class whose places have room for `len` bytes. */
static unsigned class_for(size_t len)
{
    unsigned class;

    if (len <= SMALLEST_BYTES) {
        return 0;
    }
    class = class_within(len);
    return class_bytes(class) == len ? class : class + 1;
}

void memtable_values_init(struct memtable_values *values, struct memtable_space *space)
{
    *values = (struct memtable_values){.space = space};
}

void memtable_values_release(struct memtable_values *values)
{
    while (values->large != NULL) {
        struct memtable_large_value *next = values->large->next;

        memory_free(values->large);
        values->large = next;
    }
}

static struct memtable_value allocate_large(struct memtable_values *values, size_t len)
{
    struct memtable_large_value *large = memory_allocate(sizeof(*large) + len);

    large->prev = NULL;
    large->next = values->large;
    if (large->next != NULL) {
        large->next->prev = large;
    }
    values->large = large;
    values->large_bytes += len;
    return (struct memtable_value){.place = large->bytes, .capacity = (uint32_t)len};
}

struct memtable_value memtable_values_allocate(struct memtable_values *values, size_t len)
{
    struct free_place *free_place;
    unsigned class;
    uint32_t reference;
    void *place;

    ASSERT(len <= UINT32_MAX);
    if (len > MEMTABLE_VALUE_SPACE_BYTES_MAX) {
        return allocate_large(values, len);
    }
    class = class_for(len);
    free_place = values->free_places[class];
    if (free_place != NULL) {
        values->free_places[class] = free_place->next;
        place = free_place;
    } else {
        place = memtable_space_allocate(values->space, class_bytes(class), MEMTABLE_SPACE_UNIT_BYTES, &reference);
    }
    return (struct memtable_value){.place = place, .capacity = (uint32_t)class_bytes(class)};
}

static void free_large(struct memtable_values *values, struct memtable_value value)
{
    struct memtable_large_value *large =
        (struct memtable_large_value *)(void *)(value.place - offsetof(struct memtable_large_value, bytes));

    if (large->prev != NULL) {
        large->prev->next = large->next;
    } else {
        values->large = large->next;
    }
    if (large->next != NULL) {
        large->next->prev = large->prev;
    }
    values->large_bytes -= value.capacity;
    memory_free(large);
}

void memtable_values_free(struct memtable_values *values, struct memtable_value value)
{
    size_t misalignment = (uintptr_t)value.place % MEMTABLE_SPACE_UNIT_BYTES;
    size_t lost = misalignment == 0 ? 0 : MEMTABLE_SPACE_UNIT_BYTES - misalignment;
    struct free_place *free_place;
    unsigned class;

    if (value.capacity > MEMTABLE_VALUE_SPACE_BYTES_MAX) {
        free_large(values, value);
        return;
    }
    if (value.capacity < SMALLEST_BYTES + lost) {
        return; /* Too small to serve again. */
    }
    /* What lies behind a key begins anywhere; a place begins on a unit. */
    class = class_within(value.capacity - lost);
    free_place = (struct free_place *)(void *)(value.place + lost);
    free_place->next = values->free_places[class];
    values->free_places[class] = free_place;
}
