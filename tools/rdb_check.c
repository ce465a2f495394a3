#include "tools/rdb_check.h"

#include "storage/rdb/rdb_read.h"

static enum status count_key(void *context, const struct key_visit *key)
{
    (void)key;
    (*(uint64_t *)context)++;
    return STATUS_OK;
}

enum status rdb_check(const struct rdb_source *source, uint64_t *key_count, struct rdb_problem *problem)
{
    struct key_visitor visitor = key_visitor_passing;

    visitor.context = key_count;
    visitor.key_begin = count_key;
    *key_count = 0;
    return rdb_read(source, &visitor, problem);
}
