/* What a node alone holds, saved before a full sync drops it.
 *
 * A demoted master may have logged changes that its new master never saw. They become
 *     <data-dir>/diverged-<history>-<from>-<to>.log
 * which holds the changes as RESP requests, as they stood in the log: `redis-cli --pipe` can replay them somewhere. A
 * SELECT comes before them: the one that a reader of the log would have seen last. */
#ifndef REPLICATION_LONE_TAIL_H
#define REPLICATION_LONE_TAIL_H

#include "base/file.h"
#include "storage/log/log_cursor.h"

#define LONE_TAIL_NAME_BYTES 128

/* What a reader of the log has selected at `offset`; `db` -1: that is not known, or it is nothing yet. */
struct lone_tail_reader {
    uint64_t offset;
    int32_t db;
};

struct lone_tail {
    struct log_cursor *cursor; /* Stands at `from`; owned. NULL: there is no tail. */
    struct log_cursor *before; /* Stands where `reader` does; owned. NULL: that is at `from`. */
    struct lone_tail_reader reader;
    uint64_t from;
    uint64_t to;
    char name[LONE_TAIL_NAME_BYTES]; /* Of the file. */
};

/* Describe the tail of the log from `from`, or from where it begins if that is later, to `to`, and open it for reading.
 * With nothing to save, the cursor is NULL. `known` spares reading the whole log for what is selected at `from`, if it
 * is before that. On the loop. STATUS_IO, STATUS_CORRUPT. */
MUST_CHECK enum status lone_tail_open(struct lone_tail *tail, struct log *log, uint64_t from, uint64_t to,
                                      const struct lone_tail_reader *known);
/* Write the file into `directory`, durable when this returns; a file of that name is replaced. Any thread.
 *   STATUS_IO, STATUS_NO_SPACE, STATUS_CORRUPT: no file is left. */
MUST_CHECK enum status lone_tail_save(struct lone_tail *tail, struct file_system *files, const char *directory);
void lone_tail_close(struct lone_tail *tail);

#endif
