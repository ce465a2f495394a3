/* Sorting no more than what is wanted of the order. */
#ifndef BASE_PARTIAL_SORT_H
#define BASE_PARTIAL_SORT_H

#include <stddef.h>

/* Bring the first `wanted_count` items of the order to the front, in order; the others stay in any order behind them.
 *
 * It is the quicksort of Bentley and McIlroy (Engineering a sort function, 1993) that leaves out parts that are not
 * wanted. Items that compare equal come out in the order in which they do in Redis, which does the same. */
void partial_sort(void *items, size_t count, size_t item_bytes, int (*compare)(const void *, const void *),
                  size_t wanted_count);

#endif
