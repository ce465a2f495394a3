/* Making a key of what a visitor is told: RESTORE, and the import of whole files.
 *
 * The key comes to be at its end, in place of what was there; until then nothing of it is seen, so that a value that
 * turns out to be damaged leaves no trace. */
#ifndef STORAGE_KEYSPACE_KEY_LOAD_H
#define STORAGE_KEYSPACE_KEY_LOAD_H

#include "storage/keyspace/key_visitor.h"
#include "storage/value/collection.h"
#include "storage/value/stream_tell.h"

struct key_load {
    struct keyspace *keyspace; /* Borrowed. */
    void *owner;               /* Its user's; handed to after_element. */
    /* Hears of each element of a collection, and may call key_load_pause(). NULL for none. */
    enum status (*after_element)(void *owner);
    const char *problem; /* Static text, when a function of the visitor gives STATUS_CORRUPT or STATUS_UNSUPPORTED. */
    /* The key under way. */
    uint32_t db;
    struct buf name; /* Owned. */
    enum entry_type type;
    uint64_t expire_at_ms;
    struct collection collection;
    struct stream_load stream; /* Instead of the collection. */
    bool is_open;              /* The one or the other is. */
    bool has_begun;            /* A key was told of. */
};

void key_load_init(struct key_load *load, struct keyspace *keyspace);
/* Drop the key under way, if there is one. */
void key_load_release(struct key_load *load);

/* The visitor, whose context is `load`. Its user may put functions of its own over those that begin and end a key, and
 * call ours from them.
 *   STATUS_CORRUPT      An element is there twice. Whether a key is there twice is for the user to find.
 *   STATUS_UNSUPPORTED  A type that cannot be stored. */
struct key_visitor key_load_visitor(struct key_load *load);
MUST_CHECK enum status key_load_begin(struct key_load *load, const struct key_visit *key);
void key_load_end(struct key_load *load);

/* Commit the collection as far as it has come, so that a checkpoint can be made, and go on with it. From then on the
 * key is seen. */
void key_load_pause(struct key_load *load);
MUST_CHECK enum status key_load_resume(struct key_load *load);

#endif
