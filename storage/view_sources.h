/* What a view is made of; view*.c only. */
#ifndef STORAGE_VIEW_SOURCES_H
#define STORAGE_VIEW_SOURCES_H

#include "storage/env_lmdb.h"
#include "storage/view.h"

struct view {
    struct env *env;         /* Borrowed. */
    MDB_txn *txn;            /* The loop's read transaction: LMDB as of the last checkpoint. */
    struct memtable *active; /* Owned. */
    struct memtable *frozen; /* Owned; NULL when there is none. */
    struct memtable *spare;  /* Owned: emptied, keeps its memory for the next freeze. */
    uint64_t hash_seed;      /* Of all memtables, so that one hash serves both. */
};

#endif
