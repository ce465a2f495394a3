/* Reading an RDB file through, to see whether it is whole. */
#ifndef TOOLS_RDB_CHECK_H
#define TOOLS_RDB_CHECK_H

#include "storage/rdb/rdb_input.h"

/* Statuses as rdb_read() has them; `*key_count` counts the keys told. */
MUST_CHECK enum status rdb_check(const struct rdb_source *source, uint64_t *key_count, struct rdb_problem *problem);

#endif
