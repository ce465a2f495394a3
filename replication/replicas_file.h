/* hearth.replicas: which replicas the log is kept for, over a restart (R5).
 *
 * Written beside the loop, as a whole, soon after somebody has come or left, and now and then while offsets move. An
 * offset in it may be older than what was acknowledged since: then a little more log is kept, until the replica is
 * back. Its loss costs the absent a full sync and nothing else, so no error here stops anybody.
 *
 *     history <id>                    whose offsets these are
 *     replica <address> <offset> <t>  away since wall-clock ms t; 0: connected when this was written
 */
#ifndef REPLICATION_REPLICAS_FILE_H
#define REPLICATION_REPLICAS_FILE_H

#include "base/buf.h"
#include "base/file.h"
#include "replication/acks.h"
#include "replication/worker.h"
#include "storage/history.h"

#define REPLICAS_FILE_NAME      "hearth.replicas"
#define REPLICAS_FILE_BYTES_MAX (64u * 1024)

/* Now, by both clocks in ms: acks count by the monotonic one, which begins anew with the machine. */
struct replicas_now {
    uint64_t monotonic_ms;
    uint64_t wall_ms;
};

/* Append the file's text. */
void replicas_format(const struct acks *acks, const struct history *history, const struct replicas_now *now,
                     struct buf *out);
/* Remember as absent whom the text names, those who were connected then since now. Nobody, if it is about another
 * history.
 *   STATUS_CORRUPT  It is not ours or damaged; who stood before the bad line is remembered. */
MUST_CHECK enum status replicas_parse(struct slice text, const struct history *history, const struct replicas_now *now,
                                      struct acks *acks);

struct replicas_file {
    struct file_system *files;
    char *directory; /* Owned. */
    struct worker worker;
    struct buf text; /* The worker's, while it runs. */
    enum status status;
    uint64_t mark;       /* Of who is there and who is away, as last written; */
    uint64_t offset_sum; /* and how far they all were. */
    uint64_t written_ms;
};

/* Load what was kept in `directory` into `acks`. `wake` is called on the worker's thread. */
void replicas_file_open(struct replicas_file *file, struct file_system *files, const char *directory,
                        void (*wake)(void *context), void *context);
void replicas_file_load(struct replicas_file *file, const struct history *history, const struct replicas_now *now,
                        struct acks *acks);
/* Once a second: write it if it is due. */
void replicas_file_tick(struct replicas_file *file, const struct history *history, const struct replicas_now *now,
                        const struct acks *acks);
/* Write it a last time, and wait for that. */
void replicas_file_close(struct replicas_file *file, const struct history *history, const struct replicas_now *now,
                         const struct acks *acks);

#endif
