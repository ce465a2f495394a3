/* What is remembered of large sorted sets, by generation, in bounded memory: where their rows in TABLE_SCORES begin and
 * end, and how many lie before a place (storage/value/zset_rank.h). All of it can be found anew by walking, and none of
 * it is on disk.
 *
 * Why where they begin: who takes from one end again and again (a queue by due time) leaves deletions in the memtable,
 * and finding the first row would pass all of them each time.
 *
 * A memo is right because each edit of a row goes through zset_memo_added() and zset_memo_removed(), a generation is
 * never used twice, and keyspace_reload() forgets all. It goes when its generation is orphaned or all databases are
 * flushed, when memory runs out (the one longest unused), or when keeping it up has cost more than making it anew
 * would. */
#ifndef STORAGE_VALUE_ZSET_MEMO_H
#define STORAGE_VALUE_ZSET_MEMO_H

#include "storage/value/collection.h"

struct view_cursor;
struct zset_memos; /* Opaque; owned by the keyspace. */
struct zset_rank;

#define ZSET_MEMOS_BYTES_MAX (64u * 1024 * 1024)

struct zset_memos *zset_memos_create(void);
void zset_memos_free(struct zset_memos *memos);
void zset_memos_clear(struct zset_memos *memos);
/* The generation's content is being dropped or replaced. */
void zset_memos_forget(struct zset_memos *memos, uint64_t generation);
size_t zset_memos_bytes(const struct zset_memos *memos);

/* A row of the sorted set's in TABLE_SCORES, by its coded key, has been put (and was not there), or deleted. */
void zset_memo_added(const struct collection *zset, struct slice key);
void zset_memo_removed(const struct collection *zset, struct slice key);

/* Put `cursor`, over the set's rows in TABLE_SCORES, on the first or last of them; false if there is none. */
bool zset_memo_seek_first(const struct collection *zset, struct view_cursor *cursor);
bool zset_memo_seek_last(const struct collection *zset, struct view_cursor *cursor);
/* Put it on the first row whose coded key is not less than `key`, or on the last one whose is less. */
bool zset_memo_seek(const struct collection *zset, struct slice key, struct view_cursor *cursor);
bool zset_memo_seek_before(const struct collection *zset, struct slice key, struct view_cursor *cursor);
/* The counts of the set's rows, made now if there are none; borrowed until the next call of any of these. */
const struct zset_rank *zset_memo_rank(const struct collection *zset);

#endif
