/* LMDB's handles, for the few files of this folder that speak LMDB themselves: env*, view*, checkpoint, snapshot_write.
 *
 * Rules that those files keep: no DUPSORT (0.9.24 crashes on it); the checkpoint thread is the only writer; a read
 * transaction is short, or renewed at each checkpoint, because pages that it pins cannot be used again and the file
 * grows; the same environment is never opened twice in one process (that would drop LMDB's file locks). */
#ifndef STORAGE_ENV_ENV_LMDB_H
#define STORAGE_ENV_ENV_LMDB_H

#include "storage/env/env.h"
#include <lmdb.h>

/* Most pages that one write transaction may touch: LMDB's dirty list. Beyond it 0.9.24 writes pages early and leaks
 * their list, 8 bytes a page and at least a megabyte each time (docs/adr/0001-memtable-log-checkpoint.md). */
#define ENV_DIRTY_PAGES_MAX 131071u

/* A data file larger than this part of memory is taken not to fit. Reading ahead helps while it does, and throws out
 * what is hot when it does not. */
#define ENV_MEMORY_SHARE 2

/* As LMDB has it, and messages. */
const char *env_table_name(enum table table);
MDB_env *env_handle(const struct env *env);
MDB_dbi env_table_handle(const struct env *env, enum table table);

/* The status that fits what LMDB returned. STATUS_NO_SPACE is a full disk or map: abort, and try again when space has
 * returned. STATUS_IO is for good, MDB_PANIC too. */
enum status env_status(int result);
/* The same for a write transaction's failure. LMDB says EIO of a write that the disk took in part, as a disk that has
 * just run full does: if there is indeed no room it is STATUS_NO_SPACE. Safe, since nobody reads a commit's pages until
 * its meta page is written, and a meta page that fails is MDB_PANIC. */
enum status env_write_status(const struct env *env, int result);

/* Begin a read transaction; MDB_NOTLS, so any one thread at a time may use it. End it by mdb_txn_abort().
 *   STATUS_NO_MEMORY, STATUS_BUSY (all reader slots taken), STATUS_IO. */
MUST_CHECK enum status env_begin_read(const struct env *env, MDB_txn **txn);

/* The meta as of the transaction; release with env_meta_release(). */
MUST_CHECK enum status env_get_meta(const struct env *env, MDB_txn *txn, struct env_meta *meta);
MUST_CHECK enum status env_put_meta(const struct env *env, MDB_txn *txn, const struct env_meta *meta);

/* Whether a row's key, at its place in the map, is the last of its page, so that the next row is on a page that may
 * have to be read from the disk. `page_bytes` is LMDB's (MDB_stat). True of a page that is not laid out as expected. */
bool env_is_last_on_page(const char *key, size_t page_bytes);

/* Whether LMDB's own list of free pages can be read. STATUS_CORRUPT  It is damaged; the transaction can only be ended.
 */
MUST_CHECK enum status env_check_free_pages(MDB_txn *txn);
/* Whether the data file, of `file_bytes`, holds all pages that the transaction can reach (env_tail.c). Makes it as long
 * as LMDB thinks it is, unless `read_only`. STATUS_CORRUPT  It was cut short, and is as long as it was.  STATUS_IO. */
MUST_CHECK enum status env_check_tail(MDB_txn *txn, const char *file_path, uint64_t file_bytes, bool read_only);

/* env_open() with a map of at most `map_bytes`: tests of a full map. */
MUST_CHECK enum status env_open_with_map(const char *path, bool read_only, size_t map_bytes, struct env **env);

#endif
