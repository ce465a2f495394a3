/* A row at random among those that begin with a prefix: a key of a database, a field of a hash.
 *
 * Costs O(log n) seeks, some tens of microseconds, whatever their number. Which row it is depends on how their bytes
 * spread, though far less than plain steps through the tree of bytes would make it: row_random.c. */
#ifndef STORAGE_KEYSPACE_ROW_RANDOM_H
#define STORAGE_KEYSPACE_ROW_RANDOM_H

#include "storage/keyspace/keycode.h"
#include "storage/memtable/view.h"

struct random;

struct row_range {
    struct view *view;
    enum table table;
    struct keycode prefix; /* Whole rows have more than this. */
    uint64_t count;        /* Rows that begin with it: at least one. */
};

void row_random(const struct row_range *range, struct random *random, struct keycode *chosen);

#endif
