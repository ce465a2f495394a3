/* The archive of the log: a folder that discarded segments go to, under their names, so that a snapshot and what was
 * archived since go to any point in time (tools/hearth_restore.c). It may lie on another file system. Nothing here
 * reads it again, and nothing is ever removed from it: that is its owner's. */
#ifndef STORAGE_LOG_LOG_ARCHIVE_H
#define STORAGE_LOG_LOG_ARCHIVE_H

#include "base/file.h"

/* Make the folder if it is missing, durably. Diag names what is wrong.
 *   STATUS_NOT_FOUND  The folder that is to hold it is missing. STATUS_IO, STATUS_NO_SPACE. */
MUST_CHECK enum status log_archive_prepare(struct file_system *files, const char *archive);

/* Move the segment that begins at `start` out of `directory`, where no one writes it any more. A crash leaves it in one
 * of the two folders, or whole in both; what has its name in the archive and is another segment (of a log that was
 * restored or made anew) is kept under a name of its own. On error it stays where it was, and may be tried again. */
MUST_CHECK enum status log_archive_take(struct file_system *files, const char *archive, const char *directory,
                                        uint64_t start);

#endif
