#include "base/partial_sort.h"
#include <string.h>

#define INSERTION_COUNT 7  /* Fewer items are sorted by insertion. */
#define NINTHER_COUNT   40 /* More have the pivot chosen from nine of them. */

struct sort {
    char *wanted; /* End of those that are wanted. */
    size_t item_bytes;
    int (*compare)(const void *, const void *);
};

static void swap(const struct sort *sort, char *a, char *b)
{
    for (size_t i = 0; i < sort->item_bytes; i++) {
        char byte = a[i];

        a[i] = b[i];
        b[i] = byte;
    }
}

/* Exchange `count` items at `a` and at `b`, which do not overlap. */
static void swap_runs(const struct sort *sort, char *a, char *b, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        swap(sort, a + i * sort->item_bytes, b + i * sort->item_bytes);
    }
}

static void insert_all(const struct sort *sort, char *items, size_t count)
{
    size_t bytes = sort->item_bytes;

    for (char *next = items + bytes; next < items + count * bytes; next += bytes) {
        for (char *at = next; at > items && sort->compare(at - bytes, at) > 0; at -= bytes) {
            swap(sort, at, at - bytes);
        }
    }
}

static char *median(const struct sort *sort, char *a, char *b, char *c)
{
    if (sort->compare(a, b) < 0) {
        return sort->compare(b, c) < 0 ? b : sort->compare(a, c) < 0 ? c : a;
    }
    return sort->compare(b, c) > 0 ? b : sort->compare(a, c) < 0 ? a : c;
}

static char *choose_pivot(const struct sort *sort, char *items, size_t count)
{
    size_t bytes = sort->item_bytes;
    char *low = items;
    char *middle = items + count / 2 * bytes;
    char *high = items + (count - 1) * bytes;

    if (count > NINTHER_COUNT) {
        size_t gap = count / 8 * bytes;

        low = median(sort, low, low + gap, low + 2 * gap);
        middle = median(sort, middle - gap, middle, middle + gap);
        high = median(sort, high - 2 * gap, high - gap, high);
    }
    return count > INSERTION_COUNT ? median(sort, low, middle, high) : middle;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Part the items around a pivot: `*less_count` ones less than it come to the front, `*more_count` greater ones to the
 * end, and between them those that are equal. */
static void part(const struct sort *sort, char *items, size_t count, size_t *less_count, size_t *more_count)
{
    size_t bytes = sort->item_bytes;
    char *end = items + count * bytes;
    char *equal_low = items + bytes; /* End of the equal ones in front. */
    char *low = equal_low;           /* The next one from the front. */
    char *high = end - bytes;        /* The next one from the end. */
    char *equal_high = end - bytes;  /* Before it, the equal ones at the end begin. */
    size_t moved;

    swap(sort, items, choose_pivot(sort, items, count));
    for (;;) {
        int order;

        while (low <= high && (order = sort->compare(low, items)) <= 0) {
            if (order == 0) {
                swap(sort, equal_low, low);
                equal_low += bytes;
            }
            low += bytes;
        }
        while (low <= high && (order = sort->compare(high, items)) >= 0) {
            if (order == 0) {
                swap(sort, high, equal_high);
                equal_high -= bytes;
            }
            high -= bytes;
        }
        if (low > high) {
            break;
        }
        swap(sort, low, high);
        low += bytes;
        high -= bytes;
    }
    *less_count = (size_t)(low - equal_low) / bytes;
    *more_count = (size_t)(equal_high - high) / bytes;
    moved = least((size_t)(equal_low - items) / bytes, *less_count);
    swap_runs(sort, items, low - moved * bytes, moved);
    moved = least(*more_count, (size_t)(end - equal_high) / bytes - 1);
    swap_runs(sort, low, end - moved * bytes, moved);
}

static void sort_part(const struct sort *sort, char *items, size_t count)
{
    while (count > 1 && items < sort->wanted) {
        size_t less_count;
        size_t more_count;

        if (count < INSERTION_COUNT) {
            insert_all(sort, items, count);
            return;
        }
        part(sort, items, count, &less_count, &more_count);
        sort_part(sort, items, less_count);
        items += (count - more_count) * sort->item_bytes;
        count = more_count;
    }
}

void partial_sort(void *items, size_t count, size_t item_bytes, int (*compare)(const void *, const void *),
                  size_t wanted_count)
{
    struct sort sort = {.item_bytes = item_bytes, .compare = compare};

    sort.wanted = (char *)items + wanted_count * item_bytes;
    sort_part(&sort, items, count);
}
