/* The expiry index: which keys have an expiry, soonest first (TABLE_EXPIRY). It knows rows; what they mean for
 * databases and who deletes keys is keyspace_expire.c's.
 *
 * Rows before the floor are gone, so looking for the first skips the tombstones of what has expired since the last
 * checkpoint instead of walking over them again each time. */
#ifndef STORAGE_KEYSPACE_EXPIRY_H
#define STORAGE_KEYSPACE_EXPIRY_H

#include "storage/keyspace/keycode.h"
#include "storage/memtable/view.h"

struct expiry {
    struct view *view;     /* Borrowed. */
    uint64_t floor_due_ms; /* Due time in `floor`; no row is due earlier. UINT64_MAX: the index is empty. */
    struct keycode floor;  /* No row lies before this key. */
};

void expiry_init(struct expiry *expiry, struct view *view);

/* Add or remove the row of the key that is coded `coded_key` in TABLE_KEYS. */
void expiry_add(struct expiry *expiry, uint64_t due_ms, struct slice coded_key);
void expiry_remove(struct expiry *expiry, uint64_t due_ms, struct slice coded_key);

/* Copy the first row to `row`, and raise the floor to it. False if there is none. */
bool expiry_first(struct expiry *expiry, struct keycode *row);

#endif
