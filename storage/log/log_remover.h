/* Segments that are let go: removed or moved to the archive, on a thread of its own, since an archive on a slow disk
 * takes its time and neither syncs nor the spare may wait for it. */
#ifndef STORAGE_LOG_LOG_REMOVER_H
#define STORAGE_LOG_LOG_REMOVER_H

#include "base/file.h"

struct log_remover; /* Opaque; owned by log. */

/* Segments of `directory` go to `archive_directory` (log_archive.h); NULL: they are removed. Like an allocation: never
 * NULL. */
struct log_remover *log_remover_start(struct file_system *files, const char *directory, const char *archive_directory);
/* Finish what was asked for (what fails stays, and the next start finds it in the chain), end the thread. NULL is fine.
 */
void log_remover_stop(struct log_remover *remover);

/* Let the segment go that begins at `start`. One by one and oldest first, also on disk: a gap in the chain would look
 * like damage. So one that cannot go keeps those after it, and is tried again with the next. */
void log_remover_add(struct log_remover *remover, uint64_t start);

#endif
