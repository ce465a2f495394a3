/* The redo file: a whole frozen memtable, durable, so that it may enter LMDB in several commits (checkpoint_apply.h).
 *
 * A crash between those commits leaves data that is partly at the old offset W and partly at the new one X. The file
 * makes that exact again: its rows, read into the active memtable, hide all that differs, and what LMDB holds below
 * them is the same at W and at X. It lies in the environment's folder as "redo" and is of use only while the meta says
 * is_pending; then it must be there and begin at the meta's position (S5).
 *
 * Little endian:
 *     "HEARTHRD" | u32 version | u32 len of meta | u64 W offset | u64 W hash | u64 count of rows | u32 crc of these 40
 *     the meta at X, as env_meta_encode() has it
 *     blocks: u32 len | u32 crc of the rows | rows
 *     row: u8 table, 0x80 set for a deletion | u16 len of key | u32 len of value | key | value */
#ifndef STORAGE_ENV_REDO_H
#define STORAGE_ENV_REDO_H

#include "base/file.h"
#include "storage/env/env.h"
#include "storage/memtable/memtable.h"

/* Write the file for the environment folder `env_path`, replacing a former one; durable when this returns. `base` is W,
 * `meta` what is true at X; `frozen` has every row that changed between.
 *   STATUS_NO_SPACE, STATUS_IO: the former file, if any, is as it was, or the new one has taken its place and a crash
 *   may bring it back. */
MUST_CHECK enum status redo_write(struct file_system *files, const char *env_path, struct history_position base,
                                  const struct env_meta *meta, const struct memtable *frozen);

/* Check the whole file, then give its rows in order and store the meta at X in `*meta` (env_meta_release()).
 *   STATUS_NOT_FOUND
 *   STATUS_CORRUPT   Damaged, or not for `base`. Nothing was visited.
 *   STATUS_UNSUPPORTED, STATUS_IO. */
struct redo_visitor {
    void (*put)(void *context, enum table table, struct slice key, struct slice value);
    void (*remove)(void *context, enum table table, struct slice key);
    void *context;
};
MUST_CHECK enum status redo_read(struct file_system *files, const char *env_path, struct history_position base,
                                 const struct redo_visitor *visitor, struct env_meta *meta);

/* Remove the file and what a crash left of an unfinished one; absent is fine. Need not be durable: a stale one is not
 * looked at. */
MUST_CHECK enum status redo_remove(struct file_system *files, const char *env_path);

#endif
