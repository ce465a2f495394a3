/* What a view is made of; view*.c only. */
#ifndef STORAGE_MEMTABLE_VIEW_SOURCES_H
#define STORAGE_MEMTABLE_VIEW_SOURCES_H

#include "storage/env/env_lmdb.h"
#include "storage/memtable/view.h"
#include "storage/memtable/view_cache.h"

struct view {
    struct env *env;                  /* Borrowed. */
    MDB_txn *txn;                     /* The loop's read transaction: LMDB as of the last checkpoint. */
    MDB_cursor *lookups[TABLE_COUNT]; /* Owned: for gets; NULL for TABLE_META. */
    struct memtable *active;          /* Owned. */
    struct memtable *frozen;          /* Owned; NULL when there is none. */
    struct memtable *settled;         /* Owned; NULL with frozen: what it holds, LMDB holds too. */
    size_t page_bytes;                /* LMDB's. */
    struct view_cache cache;          /* Places in LMDB's map as of txn. */
    uint64_t hash_seed;               /* Of all memtables and the cache, so that one hash serves them. */
};

/* LMDB has failed where it cannot unless its file is damaged: say so and stop. Going on would show a key as absent that
 * is there. */
_Noreturn void view_stop(const struct view *view, const char *operation, int result);

#endif
