/* What lists, sets, hashes, sorted sets and streams have in common: an entry that is read once, edited, and written
 * back once, whatever the number of elements that a command touches.
 *
 * A small collection lies inline in its entry's body; a larger one has a generation, and its elements are rows of their
 * own. The type's store says when it outgrows its body. Life: collection_open, edits, collection_commit,
 * collection_close. */
#ifndef STORAGE_VALUE_COLLECTION_H
#define STORAGE_VALUE_COLLECTION_H

#include "base/buf.h"
#include "storage/keyspace/keyspace.h"

/* A body up to this long stays inline: rewriting it at each change costs less than a row of its own, and LMDB keeps it
 * within the page. */
#define COLLECTION_INLINE_BYTES_MAX 1024
#define COLLECTION_INLINE_ITEMS_MAX 128

#define COLLECTION_ROWS 1 /* Encoding: elements are rows under the generation. */

struct collection {
    struct keyspace *keyspace;
    uint32_t db;
    struct slice key;   /* Borrowed from the caller. */
    struct entry entry; /* entry.body is borrowed from the keyspace until the first write. */
    struct buf body;    /* Owned: the body once it is edited. */
    bool owns_body;     /* body stands for entry.body. */
    bool was_there;     /* The key existed when it was opened. */
    uint64_t old_count; /* Elements when it was opened. */
};

/* Open the collection under `key`. Also with STATUS_NOT_FOUND it is open, empty, and may be filled.
 *   STATUS_NOT_FOUND   The key is absent.
 *   STATUS_WRONG_TYPE  It holds something else; nothing to close. */
MUST_CHECK enum status collection_open(struct keyspace *keyspace, uint32_t db, struct slice key, enum entry_type type,
                                       struct collection *collection);
/* Begin an empty collection that will replace whatever is under `key` when it is committed: STORE commands. What is
 * there may be read until then. */
void collection_begin(struct keyspace *keyspace, uint32_t db, struct slice key, enum entry_type type,
                      struct collection *collection);
/* Open the collection that `entry` is known to be, under a key whose entry it is (of keyspace_find() or a walk), to be
 * read only. */
void collection_look(struct keyspace *keyspace, uint32_t db, struct slice key, const struct entry *entry,
                     struct collection *collection);
/* Write the entry back if it has changed: the key is created, updated, or deleted if it has no element left. (Rows
 * are written by the edits themselves; overwriting one leaves the entry as it was.) */
void collection_commit(struct collection *collection);
/* Instead: forget one that collection_begin() began, and leave what was written of it to be purged. */
void collection_abandon(struct collection *collection);
void collection_close(struct collection *collection);

static inline bool collection_is_inline(const struct collection *collection)
{
    return collection->entry.encoding == ENTRY_INLINE;
}

/* The body as it is now. Borrowed until the next edit, write or commit. */
struct slice collection_body(const struct collection *collection);
/* The body for editing: a copy that collection_commit() writes. */
struct buf *collection_edit(struct collection *collection);
/* Take all elements out at once, at no cost however many they are; it is inline again. It must be committed. */
void collection_clear(struct collection *collection);
/* Go over to rows: take a generation and empty the body. The caller has read the items before. */
void collection_use_rows(struct collection *collection);
/* Whether `extra_items` more items of `extra_bytes` in all would outgrow an inline body. */
bool collection_outgrows(const struct collection *collection, size_t extra_items, size_t extra_bytes);

#endif
