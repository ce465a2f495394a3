/* How many rows of a large sorted set lie before a place: the counts of runs of its rows in TABLE_SCORES, in memory.
 *
 * The rows are cut into blocks by keys; of each block its first key and its count are known. A rank is the sum of the
 * counts before a block, and a walk inside it. Some 250 rows share a block, so that a set of a million members costs
 * about 200 kB, and the walk some tens of microseconds.
 *
 * It is built by one walk over the rows and then told of each row that comes or goes; it is right as long as it hears
 * of all. Order here is that of coded keys, in which long members with one score may lie otherwise than by their full
 * bytes (storage/value/zset_walk.h puts that right). */
#ifndef STORAGE_VALUE_ZSET_RANK_H
#define STORAGE_VALUE_ZSET_RANK_H

#include "storage/memtable/view.h"
#include "storage/memtable/view_cursor.h"
#include <stdint.h>

struct zset_rank; /* Opaque; owned by the memo. */

/* Count the rows of `generation`. Costs a walk over them. `view` is borrowed. */
struct zset_rank *zset_rank_build(struct view *view, uint64_t generation);
void zset_rank_free(struct zset_rank *rank);

/* Rows in all. */
uint64_t zset_rank_total(const struct zset_rank *rank);
size_t zset_rank_bytes(const struct zset_rank *rank);

/* A row with this coded key has come: it is in the view already and was not there before. */
void zset_rank_added(struct zset_rank *rank, struct slice key);
/* A row has gone. */
void zset_rank_removed(struct zset_rank *rank, struct slice key);

/* Rows whose coded key is less than `key`. */
uint64_t zset_rank_before(const struct zset_rank *rank, struct slice key);
/* Put `cursor`, which walks the rows of the generation, on the row with `index` rows before it; false if there is
 * none. */
bool zset_rank_seek(const struct zset_rank *rank, uint64_t index, struct view_cursor *cursor);

#endif
