/* A run of items in one value: how small collections lie in their entry's body. Each item is its length (a number of
 * storage/keyspace/keycode.h) and its bytes. */
#ifndef STORAGE_KEYSPACE_PACKED_H
#define STORAGE_KEYSPACE_PACKED_H

#include "base/buf.h"
#include "base/slice.h"

/* Take the next item off the front of `run`; false at its end. A run that is cut short is our own damage: ASSERT. */
bool packed_next(struct slice *run, struct slice *item);
/* The same where an item must follow, as a value follows its field. */
struct slice packed_take(struct slice *run);

/* Where a record lies: `record_items` items in a row, of which the first is its name. */
struct packed_place {
    size_t start;
    size_t len;
    struct slice values; /* A run of its items after the name; borrowed from the run. */
};

/* Find the record `name` in a run of records of `record_items` items each. If there is none, `*place` is the end of
 * the run with no length, where packed_splice() would add it. Costs a walk up to the record. */
bool packed_find(struct slice run, struct slice name, size_t record_items, struct packed_place *place);

/* Append an item. */
void packed_put(struct buf *run, struct slice item);
/* Bytes that an item takes. */
size_t packed_bytes(size_t item_len);

/* Replace the `old_len` bytes at `start` of the run by the `count` items; none deletes them. */
void packed_splice(struct buf *run, size_t start, size_t old_len, const struct slice *items, size_t count);

#endif
