#include "base/warm_table.h"
#include "base/memory.h"
#include <stdint.h>

#define CACHE_LINE 64

void warm_table_allocate(struct warm_table *table, size_t size_bytes)
{
    bool is_huge = size_bytes >= MEMORY_HUGE_PAGE_BYTES;
    size_t align_bytes = is_huge ? MEMORY_HUGE_PAGE_BYTES : CACHE_LINE;

    /* Zeroed by the allocator, which knows what is fresh from the kernel and needs no touch. */
    table->owned = memory_allocate_zeroed(size_bytes + align_bytes);
    table->start = (void *)(((uintptr_t)table->owned + align_bytes - 1) / align_bytes * align_bytes);
    table->awaited = PREFAULT_SERVED;
    if (is_huge) {
        table->awaited = prefault(table->start, size_bytes);
    }
}

void warm_table_release(struct warm_table *table)
{
    memory_free(table->owned);
}
