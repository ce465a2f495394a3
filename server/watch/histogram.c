#include "server/watch/histogram.h"
#include <math.h>
#include <stddef.h>

/* Below 16 a time is its own bucket; above, the top five bits are: the power of two, and 16 steps inside it. */
static size_t bucket_of(uint64_t microseconds)
{
    unsigned power;

    if (microseconds < HISTOGRAM_SUB_BUCKETS) {
        return (size_t)microseconds;
    }
    power = 63u - (unsigned)__builtin_clzll(microseconds) - 4u;
    if (power >= HISTOGRAM_POWERS) {
        return HISTOGRAM_BUCKETS - 1;
    }
    return (size_t)((power + 1) * HISTOGRAM_SUB_BUCKETS + ((microseconds >> power) & (HISTOGRAM_SUB_BUCKETS - 1)));
}

static uint64_t upper_bound(size_t bucket)
{
    size_t power = bucket / HISTOGRAM_SUB_BUCKETS;
    uint64_t step = bucket % HISTOGRAM_SUB_BUCKETS;

    if (power == 0) {
        return step;
    }
    return ((HISTOGRAM_SUB_BUCKETS + step + 1) << (power - 1)) - 1;
}

void histogram_add(struct histogram *histogram, uint64_t microseconds)
{
    uint32_t *bucket = &histogram->buckets[bucket_of(microseconds)];

    if (*bucket != UINT32_MAX) {
        *bucket += 1;
    }
    histogram->count++;
}

uint64_t histogram_percentile(const struct histogram *histogram, double percent)
{
    uint64_t wanted = (uint64_t)ceil((double)histogram->count * percent / 100.0);
    uint64_t seen = 0;

    if (histogram->count == 0) {
        return 0;
    }
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        seen += histogram->buckets[i];
        if (seen >= wanted && seen > 0) {
            return upper_bound(i);
        }
    }
    return upper_bound(HISTOGRAM_BUCKETS - 1);
}

uint64_t histogram_count_up_to(const struct histogram *histogram, uint64_t microseconds)
{
    size_t last = bucket_of(microseconds);
    uint64_t seen = 0;

    for (size_t i = 0; i <= last; i++) {
        seen += histogram->buckets[i];
    }
    return seen;
}
