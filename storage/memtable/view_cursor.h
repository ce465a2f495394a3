/* Ordered walks over the merged view, both ways, within one table and key range.
 *
 * The view may change during the walk: the cursor keeps a copy of the key it stands on and finds its place again. It
 * sees changes beyond its place. It must not live across a checkpoint switch (it never does within one command). */
#ifndef STORAGE_MEMTABLE_VIEW_CURSOR_H
#define STORAGE_MEMTABLE_VIEW_CURSOR_H

#include "storage/memtable/view.h"

struct view_cursor; /* Opaque; heap object, reusable by seeking anew. */

/* A cursor over the keys of `table` that begin with `prefix` (at most TABLE_KEY_BYTES_MAX bytes; copied). */
struct view_cursor *view_cursor_create(struct view *view, enum table table, struct slice prefix);
void view_cursor_free(struct view_cursor *cursor);

/* Stand on the first key >= `key` (whole, prefix included) within the prefix; false if none. */
bool view_cursor_seek(struct view_cursor *cursor, struct slice key);
/* Stand on the last key <= `key` within the prefix. */
bool view_cursor_seek_last(struct view_cursor *cursor, struct slice key);
bool view_cursor_first(struct view_cursor *cursor);
bool view_cursor_last(struct view_cursor *cursor);
bool view_cursor_next(struct view_cursor *cursor);
bool view_cursor_prev(struct view_cursor *cursor);
/* What it stands on: the whole key (copied into the cursor, borrowed until it moves) and the value (borrowed as in
 * view_get()). */
struct slice view_cursor_key(const struct view_cursor *cursor);
struct slice view_cursor_value(const struct view_cursor *cursor);

#endif
