/* Hashes: fields with values. Small ones lie inline (field, value, field, ...) in order of insertion; larger ones have
 * a row a field, so that HGET and HSET cost the same in a hash of ten million fields. Layout: docs/formats/keyspace.md.
 */
#ifndef STORAGE_VALUE_HASH_STORE_H
#define STORAGE_VALUE_HASH_STORE_H

#include "storage/value/collection.h"

/* Open with collection_open(..., ENTRY_HASH, ...); after changes collection_commit(). */

static inline uint64_t hash_count(const struct collection *hash)
{
    return hash->entry.count;
}

/* Whether the field is there; `*value` is borrowed until the next change. */
bool hash_get(const struct collection *hash, struct slice field, struct slice *value);
/* Set the field; `*created` tells whether it is new. Arguments must not point into the hash itself. */
void hash_put(struct collection *hash, struct slice field, struct slice value, bool *created);
/* False if it was not there. */
bool hash_delete(struct collection *hash, struct slice field);

/* A walk over all fields, in the order of insertion (inline) or of bytes (rows). The hash must not change meanwhile. */
struct view_cursor;
struct hash_walk {
    const struct collection *hash;
    struct slice rest;          /* Inline: what is still to come. */
    struct view_cursor *cursor; /* Rows: owned. */
    uint64_t left;              /* Rows still to come: deletions behind the last are not passed. */
};
void hash_walk_begin(struct hash_walk *walk, const struct collection *hash);
/* False at the end; slices are borrowed until the next call. */
bool hash_walk_next(struct hash_walk *walk, struct slice *field, struct slice *value);
void hash_walk_end(struct hash_walk *walk);

/* A field at random of a hash in rows: a few seeks, whatever its size (row_random.h says how fair). `place` keeps the
 * field's bytes; both slices are borrowed until it or the hash changes. */
struct random;
struct keycode;
void hash_draw(const struct collection *hash, struct random *random, struct keycode *place, struct slice *field,
               struct slice *value);

/* HSCAN: about `count` fields from `cursor` on; returns the next cursor, 0 when done. A small hash is one page. */
struct hash_visitor {
    void (*visit)(void *context, struct slice field, struct slice value);
    void *context;
};
uint64_t hash_scan(const struct collection *hash, uint64_t cursor, size_t count, const struct hash_visitor *visitor);

#endif
