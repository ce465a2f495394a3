/* What Redis would call the representation of a value: OBJECT ENCODING, and the size limits that decide it.
 *
 * Values lie on disk in forms of their own; the answer follows from the value and from the *-max-listpack-* and
 * *-max-intset-* directives. Redis remembers that a value was once larger ("hashtable" stays); here the value as it is
 * now decides. */
#ifndef SERVER_COMMANDS_OBJECT_ENCODING_H
#define SERVER_COMMANDS_OBJECT_ENCODING_H

#include "base/slice.h"
#include "storage/keyspace/entry.h"

struct call;

/* "int", "embstr", "raw", "listpack", "hashtable", "intset", "quicklist", "skiplist", "stream". Static storage. Costs a
 * walk over a collection that is small enough to be compact. */
const char *object_encoding(struct call *call, struct slice key, const struct entry *entry);

/* Whether a hash, set or sorted set would be in its compact form: a listpack, or an intset. False for other types. Same
 * cost. */
bool object_is_compact(struct call *call, struct slice key, const struct entry *entry);

/* Whether a string is an integer as Redis keeps one, and which. */
bool object_is_integer(const struct entry *entry, int64_t *value);

#endif
