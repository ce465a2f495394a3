/* Replaying the log's records from a checkpoint's offset on. */
#ifndef STORAGE_RECOVERY_H
#define STORAGE_RECOVERY_H

#include "storage/history.h"
#include "storage/log/log.h"

struct recovery_options {
    struct log *log;
    struct history_position from; /* X, with its hash. */
    int32_t selected_db;          /* At X; -1 none. */
    /* Execute one command; MULTI, EXEC and SELECT come as they are. It keeps track of `*selected_db`. False: it cannot
     * be executed, which is damage. */
    bool (*replay)(void *context, uint32_t *selected_db, const struct slice *argv, size_t argc);
    /* A record has been replayed, wholly: the memtable may be frozen here. A failure ends the recovery. */
    enum status (*on_record)(void *context, struct history_position position, int32_t selected_db);
    void *context;
};

struct recovery_result {
    struct history_position position; /* The log's end. */
    int32_t selected_db;              /* There. */
    uint64_t command_count;
};

/* Replay all that the log has beyond `from`.
 *   STATUS_CORRUPT  The log does not hold `from`, or not with that hash; a record is no commands, or one of them cannot
 *                   be executed. diag has named the offset.
 *   STATUS_IO, and what on_record says. */
MUST_CHECK enum status recovery_run(const struct recovery_options *options, struct recovery_result *result);

#endif
