/* The names in a data directory, and what state the last process left them in.
 *
 *     lock                     data_lock.h
 *     relaxed                  sync_marker.h
 *     data, data.new, data.old the environment; an unfinished one; one that was replaced
 *     log, log.new, log.old    the same for the log
 *     swap                     a replacement is under way (below)
 *     snapshots, incoming      files for full syncs; never read by recovery
 *
 * Creation: data.new grows up, is renamed to data with is_clean set, then log gets its first segment. A crash between
 * leaves data without a log, which is_clean allows.
 *
 * Replacement (store_replace): the new environment stands verified at some path, an empty log at log.new. Then "swap"
 * is written, durably, with that path in it: from then on the new data holds. Both are renamed into place, the former
 * ones to .old; "swap" goes last. Each step looks whether it was done, so whoever finds "swap" does what is left. */
#ifndef STORAGE_STORE_LAYOUT_H
#define STORAGE_STORE_LAYOUT_H

#include "base/file.h"

#define STORE_DATA      "data"
#define STORE_DATA_OLD  "data.old"
#define STORE_LOG       "log"
#define STORE_LOG_NEW   "log.new"
#define STORE_LOG_OLD   "log.old"
#define STORE_SNAPSHOTS "snapshots"
#define STORE_INCOMING  "incoming"
#define STORE_SWAP      "swap"

struct store_layout {
    bool exists; /* The directory does. */
    bool has_data;
    bool has_segments; /* The log has a file. */
    bool has_swap;
    char *foreign; /* The first name that is not ours, nor what one keeps beside data; NULL if none. Owned. */
};

/* Look at the directory without touching it. STATUS_IO. Release with store_layout_release(). */
MUST_CHECK enum status store_layout_inspect(struct file_system *files, const char *directory,
                                            struct store_layout *layout);
void store_layout_release(struct store_layout *layout);

/* Write the swap marker for the environment folder `path`: the point of no return; durable when this returns.
 * On an error the old data still holds. STATUS_IO, STATUS_NO_SPACE. */
MUST_CHECK enum status store_layout_begin_swap(struct file_system *files, const char *directory, const char *path);
/* Do what is left of a swap: names first, the marker last. Nothing may have them open but environments (by descriptor).
 * STATUS_IO, STATUS_NO_SPACE: call it again, at the next start. STATUS_CORRUPT: the marker is no marker. */
MUST_CHECK enum status store_layout_finish_swap(struct file_system *files, const char *directory);

#endif
