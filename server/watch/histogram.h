/* How long things took: counts in buckets of which each is at most 1/16 wider than its lower bound. */
#ifndef SERVER_WATCH_HISTOGRAM_H
#define SERVER_WATCH_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_SUB_BUCKETS 16u /* Of each power of two. */
#define HISTOGRAM_POWERS      31u /* Up to 2^34 microseconds, nearly five hours; longer times count as the longest. */
#define HISTOGRAM_BUCKETS     (HISTOGRAM_SUB_BUCKETS * (HISTOGRAM_POWERS + 1))

/* Zeroed memory is an empty histogram; memory_free() frees one that was allocated. */
struct histogram {
    uint64_t count;
    uint32_t buckets[HISTOGRAM_BUCKETS];
};

void histogram_add(struct histogram *histogram, uint64_t microseconds);
/* The time that `percent` of all did not pass: the upper bound of its bucket; 0 when there is none. */
uint64_t histogram_percentile(const struct histogram *histogram, double percent);
/* How many took at most `microseconds`, as exactly as buckets can tell. */
uint64_t histogram_count_up_to(const struct histogram *histogram, uint64_t microseconds);

#endif
