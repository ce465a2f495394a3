/* A zeroed table that is read at random, in huge pages from a certain size on, and not to be used before all of its
 * memory is present: its first users would take a fault each. For tables that one can do without for a while. */
#ifndef BASE_WARM_TABLE_H
#define BASE_WARM_TABLE_H

#include "base/prefault.h"
#include <stdbool.h>

struct warm_table {
    void *start;             /* Aligned to a cache line. */
    void *owned;             /* What to free. */
    prefault_ticket awaited; /* Until this is served the memory is not present. */
};

/* No table as yet: it is never warm, and needs no release. */
#define WARM_TABLE_NONE ((struct warm_table){.awaited = PREFAULT_NEVER})

/* `size_bytes` is a power of two. A table of less than a huge page is warm at once. */
void warm_table_allocate(struct warm_table *table, size_t size_bytes);
void warm_table_release(struct warm_table *table);

static inline bool warm_table_is_warm(const struct warm_table *table)
{
    return table->awaited == PREFAULT_SERVED || prefault_is_served(table->awaited);
}

#endif
