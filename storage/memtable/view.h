/* The merged view: active memtable, then frozen memtable, then LMDB as of the last checkpoint.
 *
 * Threads: the loop's alone. Slices that it gives are dead after the next write of the same key, and after
 * view_renew() / view_drop_frozen(): both run between commands only. */
#ifndef STORAGE_MEMTABLE_VIEW_H
#define STORAGE_MEMTABLE_VIEW_H

#include "base/status.h"
#include "storage/memtable/memtable.h"

struct env;
struct view; /* Opaque; owned by store. */

/* `env` is borrowed and must outlive the view. */
MUST_CHECK enum status view_open(struct env *env, struct view **view);
void view_close(struct view *view);
/* Take memory for what makes lookups quick. Not before recovery is over, which has little use for it and needs the
 * processor that makes it present; the first renewal does it otherwise. */
void view_warm_up(struct view *view);

/* Keys are 1 to TABLE_KEY_BYTES_MAX bytes, the tables all but TABLE_META. */

/* Whether (table, key) is there; `*value` borrowed as said above. An I/O failure under LMDB's map is fatal (SIGBUS). */
bool view_get(struct view *view, enum table table, struct slice key, struct slice *value);
/* Write to the active memtable. `value` may point into the view itself. */
void view_put(struct view *view, enum table table, struct slice key, struct slice value);
/* The same, the value's `len` bytes being the caller's to fill at the returned place before the next call. A slice of
 * the key's former value is dead when this returns: what is to be kept of it must have been copied away before. */
char *view_put_space(struct view *view, enum table table, struct slice key, size_t len);
/* Write `bytes` over a part of a value, from `start` on, if it lies in the active memtable and reaches so far: the
 * cheap way to change a little of much. False, and nothing done, otherwise. Slices of the value are dead as after any
 * write. */
bool view_overwrite(struct view *view, enum table table, struct slice key, size_t start, struct slice bytes);
void view_delete(struct view *view, enum table table, struct slice key);

/* Say which keys will soon be asked for or written, as those of a pipeline's next commands, so that their cache misses
 * overlap: a lookup that waits for memory four times costs a third then. It has no effect but on time. */
#define VIEW_ANNOUNCE_MAX 32u
struct view_announced {
    enum table table;
    struct slice key;
};
void view_announce(struct view *view, const struct view_announced *keys, size_t count);

/* Bytes in the active memtable. */
size_t view_active_bytes(const struct view *view);
size_t view_active_count(const struct view *view);
/* Freeze the active memtable and start an empty one. There must be no frozen one. The frozen one is the view's until
 * view_drop_frozen(); the checkpoint thread reads it meanwhile. */
const struct memtable *view_freeze(struct view *view);
bool view_has_frozen(const struct view *view);
/* Renew LMDB's read transaction to see the checkpoint that has been committed. The frozen memtable is the view's alone
 * again: it serves gets as a cache until the next one wants its memory.
 *   STATUS_IO  LMDB has failed for good; the process has to stop. */
MUST_CHECK enum status view_drop_frozen(struct view *view);
/* Renew LMDB's read transaction alone, after a commit that changed nothing that can be found (purging), so that its
 * pages come free. There must be no frozen memtable. */
MUST_CHECK enum status view_renew(struct view *view);
/* Give back some of the memory that is kept for the next memtable, in at most 200 us; false when none is left. For when
 * writing has ceased, some seconds ago. */
bool view_trim(struct view *view);

#endif
