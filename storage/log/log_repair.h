/* Making the end of a log that was found on disk durable and ready for writing, before anything is appended. */
#ifndef STORAGE_LOG_LOG_REPAIR_H
#define STORAGE_LOG_LOG_REPAIR_H

#include "storage/log/log_scan.h"

/* See that the newest segment is on disk up to the end that log_scan() found in `tail`, and holds zeros behind it; open
 * it for writing in `*file`, the caller's. On error the next log_scan() finds the same end or, if power fails, one that
 * is not before what was known to be durable. Diag has said why.
 *   STATUS_CORRUPT  The records are no longer those that were scanned.  STATUS_IO, STATUS_NO_SPACE. */
MUST_CHECK enum status log_repair(struct log_chain *chain, const struct log_tail *tail, struct file **file);

#endif
