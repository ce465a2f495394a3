/* The command log: every change, in order, exactly once.
 *
 * One format serves three readers. Recovery replays it after a crash, feeds (replication/replica.h) stream it to
 * replicas, and checkpoints say how much of it may go. On-disk layout: docs/formats/log.md.
 *
 * Life of a change: log_append() copies it into the open batch; log_flush(), once per loop turn, cuts the batch as one
 * record and hands it to the sync thread, which writes and (by policy) syncs it and then calls on_progress. The offset
 * counts payload bytes. Three offsets matter:
 *     log_end >= log_written_offset >= log_durable_offset
 *
 * Threads: all calls are the event loop's unless they say otherwise; inside are the sync thread (log_sync.h), the
 * keeper (log_keeper.h) and the remover (log_remover.h). */
#ifndef STORAGE_LOG_LOG_H
#define STORAGE_LOG_LOG_H

#include "base/file.h"
#include "storage/history.h"

#define LOG_SEGMENT_BYTES_DEFAULT (64u * 1024 * 1024)
#define LOG_SEGMENT_BYTES_MIN     (16u * 1024)
#define LOG_RECORD_BYTES_MAX      (1024u * 1024 * 1024) /* One change: a 512 MB value and then some. */

enum log_sync_policy {
    LOG_SYNC_ALWAYS,   /* Each batch is synced before it counts as released. */
    LOG_SYNC_EVERYSEC, /* Written at once, synced once a second. */
    LOG_SYNC_NO,       /* Written at once, synced when the kernel likes and at checkpoints. */
};

struct log; /* Opaque; owned by store. */

struct log_options {
    struct file_system *files;
    const char *directory; /* "<data-dir>/log"; must exist. */
    enum log_sync_policy policy;
    uint64_t segment_bytes; /* Most that an ordinary segment takes on disk; a longer record gets one of its own size. */
    const char *archive_directory; /* Discarded segments are moved here (log_archive.h); NULL: removed. */
    /* Called on the sync thread when the written or durable offset has moved, or the log has failed, and on
     * another when room was made that log_reserve() had not. Must be quick: an eventfd write. */
    void (*on_progress)(void *context);
    void *context;
};

/* Where a new log begins. */
struct log_origin {
    struct history history;
    struct history_position position;
};

/* Make an empty log that begins at `origin`; existing segments in the folder are an error.
 *   STATUS_EXISTS, STATUS_IO, STATUS_NO_SPACE. Nothing is left behind on error. */
MUST_CHECK enum status log_create(const struct log_options *options, const struct log_origin *origin, struct log **log);
/* The same in a folder that is made anew, whatever it held, and closed: for one that will be renamed into place. Its
 * content is durable; its name is the caller's to sync. */
MUST_CHECK enum status log_make(const struct log_options *options, const struct log_origin *origin);

/* Open the log in the folder: check the chain of segments and every record from `check_from` (the checkpoint's offset)
 * on, and cut a torn tail with a diagnostic.
 *
 * A record that fails its checksum is a torn tail if nothing proves that it was ever synced, else it is damage: a
 * later valid record says in its header how far the log was synced when it was written.
 *   STATUS_NOT_FOUND  There is no segment.
 *   STATUS_CORRUPT    Damage before the tail, or a gap; diag has named file and offset. Nothing was changed.
 *   STATUS_UNSUPPORTED  A segment's format version is unknown.
 *   STATUS_IO. */
MUST_CHECK enum status log_open(const struct log_options *options, uint64_t check_from, struct log **log);

/* Flush, sync, stop the threads, close. The log is durable to its end if it had not failed. NULL is fine. */
void log_close(struct log *log);

/* Whether log_open() found a log that had been closed by log_close(), so that nothing can be missing at its end. False
 * after a crash: under LOG_SYNC_EVERYSEC and LOG_SYNC_NO bytes may be lost that a replica has. True after log_create().
 */
bool log_was_closed(const struct log *log);

const struct history *log_history(const struct log *log);

/* Whether there is room on disk for a change of `len` bytes beyond what was appended. Asked before a write is executed,
 * so that a full disk refuses the write before it has any effect (P8). Nearly always a comparison; it never waits for
 * the disk. What was appended without room, because `len` was less than the change or nobody asked, is written as soon
 * as there is room.
 *   STATUS_BUSY      The spare segment is being made long enough: ask again when `on_progress` was called.
 *   STATUS_NO_SPACE  The disk is full now; ask again later.
 *   STATUS_IO        The log has failed for good. */
MUST_CHECK enum status log_reserve(struct log *log, size_t len);

/* Append `change` to the open batch and store the offset past it in `*end`.
 *
 * It is ordered but not yet durable. `change` is one command, or MULTI..EXEC whole: a batch is cut between changes
 * only. It is borrowed until this returns.
 *   STATUS_TOO_BIG    Longer than LOG_RECORD_BYTES_MAX.
 *   STATUS_IO         The disk failed now or earlier; the log stays failed until reopened: after a failed fsync the
 *                     kernel may have dropped the pages, so retrying would lie. */
MUST_CHECK enum status log_append(struct log *log, struct slice change, uint64_t *end);

/* Cut the open batch, stamped `now_ms` (wall clock), and hand it to the sync thread. An empty batch is nothing. */
void log_flush(struct log *log, uint64_t now_ms);

/* End of what was appended. */
uint64_t log_end_offset(const struct log *log);
/* The same with the running hash there: hashes what is not yet written, so it is not for each command. */
struct history_position log_end(const struct log *log);
/* On disk past a sync. Any thread. */
uint64_t log_durable_offset(const struct log *log);
/* Given to the kernel: survives kill -9. Any thread. */
uint64_t log_written_offset(const struct log *log);
/* What may be shown to clients and replicas: durable under LOG_SYNC_ALWAYS, else written. Any thread. */
uint64_t log_released_offset(const struct log *log);
/* Whether a write or sync has failed for good. Any thread. */
bool log_has_failed(const struct log *log);
/* Syncs of what was appended, since the log was opened, for INFO and metrics. Any thread. */
struct log_sync_statistics {
    uint64_t last_us;  /* How long the last one took, */
    uint64_t total_us; /* and all of them. */
    uint64_t count;
};
void log_sync_statistics(const struct log *log, struct log_sync_statistics *statistics);

/* Ask for the log to be made durable up to `offset`, whatever the policy, and do not wait: on_progress tells. Any
 * thread. */
void log_ask_durable(struct log *log, uint64_t offset);

/* Wait until the log is durable up to `offset`, asking for a sync whatever the policy. Any thread but the sync thread;
 * the loop only at shutdown and in recovery.
 *   STATUS_IO, STATUS_NO_SPACE  It cannot be made durable. */
MUST_CHECK enum status log_wait_durable(struct log *log, uint64_t offset);

void log_set_policy(struct log *log, enum log_sync_policy policy);

/* Flush, and see that there is room on disk for a history to begin, so that whoever decides it may first write that
 * down elsewhere: if log_begin_history() finds none after all, before the next change, the log fails.
 *   STATUS_NO_SPACE, STATUS_IO. */
MUST_CHECK enum status log_reserve_history(struct log *log, uint64_t now_ms);
/* Flush, then start a new segment with `history`, whose id is new and whose previous one ends here (promotion, or
 * recovery after possible loss). Durable when it returns.
 *   STATUS_NO_SPACE  The disk is full; the present history goes on.
 *   STATUS_IO        The log has failed for good. */
MUST_CHECK enum status log_begin_history(struct log *log, const struct history *history, uint64_t now_ms);

/* First offset that can still be read. */
uint64_t log_first_offset(const struct log *log);
/* Bytes that the segments take on disk, the newest with what is ready in it for later. */
uint64_t log_disk_bytes(const struct log *log);
/* Let go the segments that lie wholly before `offset`; open cursors in them end with STATUS_NOT_FOUND. The newest
 * segment always stays. Removal, or the move to the archive, runs on a thread inside. */
void log_discard_before(struct log *log, uint64_t offset);
/* Remove all segments in `directory` and the spare, of a log that nobody has open: one that could not be made, say. */
MUST_CHECK enum status log_remove_all(struct file_system *files, const char *directory);

/* The running hash at `offset`, a command boundary between log_first_offset and the released end: reads the record
 * that holds it.
 *   STATUS_NOT_FOUND  The offset is outside. STATUS_CORRUPT, STATUS_IO. */
MUST_CHECK enum status log_hash_at(struct log *log, uint64_t offset, uint64_t *hash);

#endif
