/* Applying a frozen memtable to LMDB: in one commit, or step by step behind a redo file.
 *
 * LMDB copies each page that a commit touches, in memory that it never gives back, up to 512 MB; beyond that it writes
 * early and leaks. A memtable of random keys over a large keyspace touches hundreds of thousands of pages. So a
 * commit is bounded in pages: what is expected to touch more goes in steps, each of a run of keys, and the redo file
 * makes the state between two steps exact again after a crash (redo.h). Figures:
 * docs/adr/0001-memtable-log-checkpoint.md. */
#ifndef STORAGE_ENV_CHECKPOINT_APPLY_H
#define STORAGE_ENV_CHECKPOINT_APPLY_H

#include "storage/env/env.h"
#include "storage/memtable/memtable.h"

struct checkpoint_apply {
    struct file_system *files;
    struct env *env;               /* Borrowed; the calling thread is its only writer. */
    const struct memtable *frozen; /* Every row that changed since the env's meta. */
    const struct env_meta *meta;   /* What is true at X. */
    uint32_t whole_pages_max;      /* Up to so many expected pages one commit does it all. */
    uint32_t step_pages_max;       /* Else each step is to touch about so many. */
    bool has_redo;         /* In: the redo file of this very memtable is there, from a failed attempt. Out: it is. */
    uint32_t commit_count; /* Out. */
};

#define CHECKPOINT_WHOLE_PAGES 16384u /* 64 MB. */
#define CHECKPOINT_STEP_PAGES  8192u  /* 32 MB. */

/* When this returns STATUS_OK the data is that of X, durable. On error it is that of W or between (is_pending); calling
 * again with the same memtable and has_redo goes on.
 *   STATUS_NO_SPACE, STATUS_NO_MEMORY  Try again later.
 *   STATUS_IO, STATUS_CORRUPT          For good. */
MUST_CHECK enum status checkpoint_apply(struct checkpoint_apply *apply);

#endif
