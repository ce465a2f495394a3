/* INFO: sections and fields of Redis 7.0, where they mean something here, and a section of Hearth's own.
 *
 * The mapping: the log stands where Redis has its AOF (aof_*), checkpoints where it has RDB files (rdb_*), the part of
 * the log that replicas can resume from is the backlog (repl_backlog_*). Fields that tools read and that have no
 * meaning here are there with the value that says so. */
#ifndef SERVER_WATCH_INFO_H
#define SERVER_WATCH_INFO_H

#include "base/buf.h"
#include "base/slice.h"

struct services;

/* Append the sections that `names` ask for: names of sections, "default" (also when there is none), "all",
 * "everything". */
void info_compose(struct services *services, const struct slice *names, size_t count, struct buf *out);

#endif
