/* HSCAN, SSCAN and ZSCAN over the rows of a generation: pages in the order of their bytes, with keyspace_scan()'s
 * guarantees and cursors. */
#ifndef STORAGE_KEYSPACE_ROW_SCAN_H
#define STORAGE_KEYSPACE_ROW_SCAN_H

#include "storage/keyspace/keyspace.h"

struct row_scan_visitor {
    /* A row's key and value, borrowed for the call. */
    void (*visit)(void *context, struct slice coded_key, struct slice value);
    void *context;
};

/* Visit up to `count` rows of TABLE_FIELDS under `generation` from `cursor` (0 begins; an unknown one begins anew) and
 * return the next cursor, 0 when done. */
uint64_t row_scan(struct keyspace *keyspace, uint64_t generation, uint64_t cursor, size_t count,
                  const struct row_scan_visitor *visitor);

#endif
