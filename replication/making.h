/* One payload of a full sync being made of the last checkpoint: a snapshot, or an RDB file for stock Redis.
 *
 * The job and its outcome. One owner: the loop before and after, full_sync's worker between. */
#ifndef REPLICATION_MAKING_H
#define REPLICATION_MAKING_H

#include "base/file.h"
#include "replication/full_sync.h"
#include <stdatomic.h>

struct env;

struct making {
    struct env *env;
    struct file_system *files;
    char *path; /* Of the file. Owned by full_sync. */
    enum full_sync_kind kind;
    uint64_t number;   /* Of this making; they count from 1. */
    uint64_t empty_at; /* The last checkpoint was there, and without a key; else UINT64_MAX. */
    const atomic_bool *cancelled;
    atomic_uint_fast64_t done_bytes;
    enum status status;
    char problem[FULL_SYNC_PROBLEM_BYTES];
    /* What was made: */
    struct history history;
    struct history_position position;
    uint64_t file_bytes;
    char name[SNAPSHOT_NAME_LEN + 1]; /* "" for an RDB file. */
    uint64_t took_us;
};

/* The worker's job: `context` is a struct making. */
void making_run(void *context);

#endif
