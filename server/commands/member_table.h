/* Members by name, each once, with a score: what unions and differences know of the sets they have walked. Memory grows
 * with the members that are in it. */
#ifndef SERVER_COMMANDS_MEMBER_TABLE_H
#define SERVER_COMMANDS_MEMBER_TABLE_H

#include "storage/value/zset_batch.h"
#include <stdbool.h>

struct member_table {
    struct zset_batch members; /* In the order in which they came; scores may be changed. */
    uint64_t *slots;           /* Owned. 0: free; else index + 1, and above it bits of the member's hash. */
    size_t capacity;           /* A power of two, or 0. */
    uint64_t seed;
};

/* Whoever knows the seed can make the table slow. */
void member_table_init(struct member_table *table, uint64_t seed);
void member_table_release(struct member_table *table);

/* Add the member with that score, unless it is there. `*index` is its place among the members. Returns whether it is
 * new. */
bool member_table_add(struct member_table *table, struct slice member, double score, size_t *index);
/* Whether the member is there, and where. */
bool member_table_find(const struct member_table *table, struct slice member, size_t *index);

#endif
