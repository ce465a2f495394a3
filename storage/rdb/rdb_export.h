/* An environment's last checkpoint as an RDB file: full syncs of stock replicas, hearth-dump --format rdb. */
#ifndef STORAGE_RDB_RDB_EXPORT_H
#define STORAGE_RDB_RDB_EXPORT_H

#include "storage/env/env_visit.h"
#include "storage/rdb/rdb_write.h"

/* What was exported. */
struct rdb_export_summary {
    struct history history;
    struct history_position position; /* The file's exact offset. */
    int32_t selected_db;              /* Of the stream's reader at the offset; -1 none. The file says it too. */
    uint64_t key_count;
    uint64_t file_bytes;
};

/* Write all keys to `sink` in RDB `version` (9 or 10), with history, offset and selected db as auxiliary fields, by
 * which a stock replica goes on with the stream. Runs on the calling thread, which is not the event loop. Errors as
 * env_visit_keys() and env_visit_begin(), and what the sink gave; `*problem`'s text is "" if there is none. */
MUST_CHECK enum status rdb_export(struct env *env, const struct rdb_sink *sink, uint32_t version,
                                  const struct env_visit_options *options, struct rdb_export_summary *summary,
                                  struct env_visit_problem *problem);

#endif
