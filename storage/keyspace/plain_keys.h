/* Keys known to be there with a plain entry: no expiry and no content of their own.
 *
 * Whoever overwrites such a key, as SET mostly does, has nothing to find out: no count changes, no expiry ends, no
 * content becomes orphaned. Finding that out in LMDB costs more than the write itself, and each checkpoint makes the
 * places in LMDB's map void, while this knowledge stays.
 *
 * A key is known by 128 bits of a hash with a secret seed, as long names are on disk (storage/keyspace/keycode.h): that
 * two keys agree is left out of account. It may forget any key at any time. Private to storage/keyspace*.c; the loop's
 * alone. */
#ifndef STORAGE_KEYSPACE_PLAIN_KEYS_H
#define STORAGE_KEYSPACE_PLAIN_KEYS_H

#include "base/checksum.h"
#include "base/warm_table.h"

#define PLAIN_KEYS_BYTES_MAX ((size_t)32 * 1024 * 1024) /* Two million keys. */

struct plain_keys {
    struct warm_table memory; /* The sets; nothing is known while they are not warm. */
    uint64_t set_mask;        /* Count of sets, a power of two, less one. */
    uint64_t lost_count;      /* Keys that had to go for others since the last growth. */
    uint64_t seed;
};

/* `seed` is secret: a peer chooses the keys. It knows none, whatever is added, before plain_keys_start(). */
void plain_keys_init(struct plain_keys *keys, uint64_t seed);
void plain_keys_release(struct plain_keys *keys);
/* Begin anew, with memory for `key_count` keys, and for more when they come. */
void plain_keys_start(struct plain_keys *keys, uint64_t key_count);

struct checksum_hash128 plain_keys_hash(const struct plain_keys *keys, struct slice coded_key);
bool plain_keys_know(const struct plain_keys *keys, struct checksum_hash128 hash);
void plain_keys_add(struct plain_keys *keys, struct checksum_hash128 hash);
void plain_keys_remove(struct plain_keys *keys, struct checksum_hash128 hash);
/* Ask for the memory that the others read first. */
void plain_keys_prefetch(const struct plain_keys *keys, struct checksum_hash128 hash);

#endif
