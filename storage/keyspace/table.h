/* The tables of the keyspace: each is an LMDB named database and a part of the memtable's order.
 * What their keys and values hold: docs/formats/keyspace.md and storage/keyspace/keycode.h. */
#ifndef STORAGE_KEYSPACE_TABLE_H
#define STORAGE_KEYSPACE_TABLE_H

#define TABLE_KEY_BYTES_MAX 511 /* LMDB's limit in Debian's build. */

enum table {
    TABLE_META,    /* name -> value; written by checkpoints only, never through the memtable. */
    TABLE_KEYS,    /* space, key -> entry. */
    TABLE_FIELDS,  /* generation, field -> value: chunks of strings, hash fields, list positions, ... */
    TABLE_SCORES,  /* generation, ordered score, member -> nothing. */
    TABLE_EXPIRY,  /* due time, space, key -> nothing. */
    TABLE_ORPHANS, /* generation or space whose content is to be purged -> nothing. */
    TABLE_COUNT
};

#endif
