/* The log's housework, on a thread of its own: a commit waits for it only where the spare is not ready yet.
 *
 * It keeps one spare segment ahead of use: a file written full of zeros in steps, each synced, at half speed unless
 * somebody waits for it. Overwriting such a file needs no new blocks and no new metadata: a commit's sync is quicker
 * (docs/adr/0003-log.md), and the disk cannot be full under it: the spare is the reserve of P8. It may be taken before
 * it has its full size; it is then a smaller segment.
 *
 * It also syncs for the policies that do not wait for it, and gives back the unused end of closed segments. */
#ifndef STORAGE_LOG_LOG_KEEPER_H
#define STORAGE_LOG_LOG_KEEPER_H

#include "base/file.h"

#define LOG_SPARE_NAME        "spare.tmp"
#define LOG_SPARE_STEP_BYTES  (1024u * 1024)
#define LOG_SPARE_BYTES_FIRST (1024u * 1024) /* A new log's first segment; sizes double up to segment_bytes. */
#define LOG_SPARE_RETRY_US    (100u * 1000)  /* At most this often is a full disk asked again. */

struct log_keeper; /* Opaque; owned by log. */

struct log_keeper_options {
    struct file_system *files;
    const char *directory;
    uint64_t segment_bytes;          /* The ordinary size of a spare, at most. */
    uint64_t first_bytes;            /* Of the first spare; 0: as segment_bytes and LOG_SPARE_BYTES_FIRST say. */
    void (*on_ready)(void *context); /* An answer other than STATUS_BUSY may be had from log_keeper_ask(). On the
                                        keeper's thread; NULL for none. */
    void *context;
};

/* Like an allocation: never NULL, the process stops if there is no thread to be had. */
struct log_keeper *log_keeper_start(const struct log_keeper_options *options);
/* Finish the jobs that were asked for, remove the spare, end the thread. NULL is fine. */
void log_keeper_stop(struct log_keeper *keeper);

/* Bytes of the spare that are ready. Any thread. */
uint64_t log_keeper_spare_bytes(const struct log_keeper *keeper);

/* See that the spare has `size_bytes`, waiting for it while it is being made. Who waits gets what there is room for,
 * also where there is none for a whole step. STATUS_NO_SPACE, STATUS_IO  The last try to make it so long failed; it is
 * tried again soon. */
MUST_CHECK enum status log_keeper_reserve(struct log_keeper *keeper, uint64_t size_bytes);

/* The same without waiting, for the loop.
 *   STATUS_BUSY                 It is being made so long, at full speed; ask again at `on_ready`.
 *   STATUS_NO_SPACE, STATUS_IO  The last try to make it so long failed; asking has it tried again soon. */
MUST_CHECK enum status log_keeper_ask(struct log_keeper *keeper, uint64_t size_bytes);

/* Take the spare, open and at least `size_bytes` long, waiting while it is being made; the patient one waits through a
 * full disk, too. The caller gives it another name, calls log_keeper_make_next(), and closes it some day.
 *   STATUS_IO        It cannot be made.
 *   STATUS_NO_SPACE  The disk is full; to the patient one it is after log_keeper_give_up() only. */
MUST_CHECK enum status log_keeper_take_spare(struct log_keeper *keeper, uint64_t size_bytes, bool is_patient,
                                             struct file **file, uint64_t *capacity);
/* The spare that was taken has another name now, or will never be used: the next may have its name. */
void log_keeper_make_next(struct log_keeper *keeper);
/* Whether somebody patient waits for space on a full disk. Any thread. */
bool log_keeper_is_stuck(const struct log_keeper *keeper);
/* Let no one wait for space from now on: the log is being closed. */
void log_keeper_give_up(struct log_keeper *keeper);

/* Sync the segment that begins at `start` through a file of its own, beside whoever writes it, and then call `done` on
 * the keeper's thread, with STATUS_BUSY if it could not be opened, and so was not tried. */
void log_keeper_sync(struct log_keeper *keeper, uint64_t start, void (*done)(void *context, enum status status),
                     void *context);

/* Cut the closed segment that begins at `start` to `size_bytes`. */
void log_keeper_trim(struct log_keeper *keeper, uint64_t start, uint64_t size_bytes);

#endif
