/* The digest of data, by which two servers are known to hold the same: that of Redis' DEBUG DIGEST.
 *
 * 160 bits that depend on what is stored and not on how, nor in which order unless it means something. A key's digest
 * goes on from a given one, so that it may begin with the key's name:
 *
 *     xor(d, bytes)   d ^= SHA1(bytes)                 for what has no order
 *     mix(d, bytes)   d = SHA1(d ^ SHA1(bytes))        for what has
 *
 *     key             mix type, 4 bytes big endian; the value; xor "!!expire!!" if it has an expiry, whichever
 *     string, list    mix the value; mix each element
 *     set             xor each member
 *     hash            xor of (from zero: mix field, mix value)
 *     sorted set      xor of (from zero: mix member, mix score as %.17g)
 *     stream          of each item: mix "ms.sequence", then mix each field and value
 *     all             for each database that is not empty: mix its number, 4 bytes big endian; for each of its keys
 *                     xor of (from zero: mix name, then the key)
 *
 * The mixing of a database's number comes after the keys of those before it, so databases have an order. */
#ifndef STORAGE_KEYSPACE_DIGEST_H
#define STORAGE_KEYSPACE_DIGEST_H

#include "base/sha1.h"
#include "storage/keyspace/keyspace.h"

struct digest {
    unsigned char bytes[SHA1_BYTES];
};

/* Go on from `digest` with the key's type, value and expiry; `entry` is that of `key`, as for key_tell(). Costs a hash
 * or two an element and the memory of the longest one. STATUS_NO_MEMORY if that is not there; `*digest` is then
 * undefined. */
MUST_CHECK enum status digest_add_key(struct digest *digest, struct keyspace *keyspace, uint32_t db, struct slice key,
                                      const struct entry *entry);
/* The digest of all live keys; those that are due count as gone. STATUS_NO_MEMORY as above. */
MUST_CHECK enum status digest_keyspace(struct digest *digest, struct keyspace *keyspace);

#endif
