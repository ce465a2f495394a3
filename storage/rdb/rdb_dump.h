/* One key's value as DUMP gives it: its type, its bytes as in an RDB file of Redis 7, and a footer of version and
 * checksum.
 *
 * In the forms that Redis chooses, so that its bytes and ours are the same where the value tells the form: strings,
 * lists that were filled from the left to the right, small hashes, sets of integers, sorted sets. Not so large hashes
 * and sets, whose order is chance there, and streams, whose blocks show how they came to be. */
#ifndef STORAGE_RDB_RDB_DUMP_H
#define STORAGE_RDB_RDB_DUMP_H

#include "base/buf.h"
#include "storage/keyspace/keyspace.h"

/* What is dumped, and how. */
struct rdb_dump_options {
    uint32_t db;
    struct slice key;
    const struct entry *entry; /* The key's, as for key_tell(). */
    bool is_compact; /* A hash or sorted set as one listpack, a set as an intset: it must be small, or all integers. */
    int64_t list_limit; /* list-max-listpack-size, for the nodes of a list. */
};

/* Append the payload to `out`, made with BUF_NO_CEILING.
 *   STATUS_TOO_BIG    A stream's items do not fit into its nodes.  STATUS_NO_MEMORY. */
MUST_CHECK enum status rdb_dump(struct keyspace *keyspace, const struct rdb_dump_options *options, struct buf *out);

#endif
