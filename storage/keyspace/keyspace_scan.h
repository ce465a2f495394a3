/* Walking the keys of a database: in one go (KEYS) or by SCAN's cursors. */
#ifndef STORAGE_KEYSPACE_KEYSPACE_SCAN_H
#define STORAGE_KEYSPACE_KEYSPACE_SCAN_H

#include "storage/keyspace/keyspace.h"

/* A walk over the live keys that begin with `prefix`, in byte order of their encoded form (long keys last among
 * equals). It ends with the command that began it. */
struct keyspace_walk;
struct keyspace_walk *keyspace_walk_begin(struct keyspace *keyspace, uint32_t db, struct slice prefix);
/* False at the end. `*key` is borrowed until the next call; the entry's body too. */
bool keyspace_walk_next(struct keyspace_walk *walk, struct slice *key, struct entry *entry);
void keyspace_walk_end(struct keyspace_walk *walk);

/* SCAN: visit about `count` keys from `cursor` (0 begins) and return the next cursor (0 when done). Every key that is
 * there from the first call to the last is visited at least once, whatever is written between the calls.
 *
 * Cursors are numbers that stand for remembered places (bounded, least recently used go). An unknown cursor, as after a
 * restart, starts again from the beginning, which keeps the guarantee. */
struct keyspace_scan_visitor {
    void (*visit)(void *context, struct slice key, const struct entry *entry);
    void *context;
};
uint64_t keyspace_scan(struct keyspace *keyspace, uint32_t db, uint64_t cursor, struct slice prefix, size_t count,
                       const struct keyspace_scan_visitor *visitor);

#endif
