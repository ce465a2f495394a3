/* A run of items in one value: how small collections lie in their entry's body. Each item is its length (a number of
 * storage/keycode.h) and its bytes. */
#ifndef STORAGE_PACKED_H
#define STORAGE_PACKED_H

#include "base/buf.h"
#include "base/slice.h"

/* Take the next item off the front of `run`; false at its end. A run that is cut short is our own damage: ASSERT. */
bool packed_next(struct slice *run, struct slice *item);
/* Append an item. */
void packed_put(struct buf *run, struct slice item);
/* Bytes that an item takes. */
size_t packed_bytes(size_t item_len);

/* Replace the `old_len` bytes at `start` of the run by the `count` items; none deletes them. */
void packed_splice(struct buf *run, size_t start, size_t old_len, const struct slice *items, size_t count);

#endif
