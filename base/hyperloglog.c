#include "base/hyperloglog.h"
#include "base/assert.h"
#include "base/bytes.h"
#include "base/hyperloglog_sparse.h"
#include <math.h>

/* Bits of the hash that choose the register, and the others, whose zeros are counted. */
#define INDEX_BITS 14u
#define RANK_BITS  50u

#define HASH_SEED       UINT64_C(0xadc83b19)
#define HASH_MULTIPLIER UINT64_C(0xc6a4a7935bd1e995)
#define HASH_SHIFT      47

/* In the header. */
#define AT_FORM         4
#define COUNT_IS_STALE  (UINT64_C(1) << 63)
#define REGISTER_BITS   6
#define GROUP_BYTES     3u /* That hold whole registers: */
#define GROUP_REGISTERS 4u

bool hyperloglog_is_one(struct slice bytes)
{
    if (bytes.len < HYPERLOGLOG_HEADER_BYTES || memcmp(bytes.data, "HYLL", 4) != 0) {
        return false;
    }
    return bytes.data[AT_FORM] == HYPERLOGLOG_SPARSE ||
           (bytes.data[AT_FORM] == HYPERLOGLOG_DENSE && bytes.len == HYPERLOGLOG_DENSE_BYTES);
}

enum hyperloglog_form hyperloglog_form(struct slice hll)
{
    return hll.data[AT_FORM] == HYPERLOGLOG_DENSE ? HYPERLOGLOG_DENSE : HYPERLOGLOG_SPARSE;
}

void hyperloglog_create(struct buf *hll)
{
    char header[HYPERLOGLOG_HEADER_BYTES] = "HYLL";

    ASSERT(hll->len == 0);
    header[AT_FORM] = HYPERLOGLOG_SPARSE;
    buf_put(hll, slice_make(header, sizeof(header)));
    hyperloglog_sparse_create(hll);
}

/* MurmurHash64A, by its published description. */
static uint64_t hash(struct slice bytes)
{
    uint64_t hashed = HASH_SEED ^ ((uint64_t)bytes.len * HASH_MULTIPLIER);
    uint64_t word = 0;

    for (; bytes.len >= 8; bytes = slice_after(bytes, 8)) {
        word = bytes_get_le64(bytes.data) * HASH_MULTIPLIER;
        word ^= word >> HASH_SHIFT;
        hashed = (hashed ^ (word * HASH_MULTIPLIER)) * HASH_MULTIPLIER;
    }
    if (bytes.len > 0) {
        char last[8] = {0};

        memcpy(last, bytes.data, bytes.len);
        hashed = (hashed ^ bytes_get_le64(last)) * HASH_MULTIPLIER;
    }
    hashed = (hashed ^ (hashed >> HASH_SHIFT)) * HASH_MULTIPLIER;
    return hashed ^ (hashed >> HASH_SHIFT);
}

struct hyperloglog_place hyperloglog_place(struct slice element)
{
    uint64_t hashed = hash(element);
    uint64_t rank = hashed >> INDEX_BITS | UINT64_C(1) << RANK_BITS; /* The bit ends the search. */

    return (struct hyperloglog_place){.index = (uint32_t)(hashed % HYPERLOGLOG_REGISTERS),
                                      .value = (uint8_t)(__builtin_ctzll(rank) + 1)};
}

/* The four registers in three bytes, the first in the lowest bits. */
static uint32_t group_at(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16;
}

static void put_group(uint8_t *bytes, uint32_t group)
{
    bytes[0] = (uint8_t)group;
    bytes[1] = (uint8_t)(group >> 8);
    bytes[2] = (uint8_t)(group >> 16);
}

static unsigned shift_of(uint32_t index)
{
    return index % GROUP_REGISTERS * REGISTER_BITS;
}

static size_t group_of(uint32_t index)
{
    return HYPERLOGLOG_HEADER_BYTES + index / GROUP_REGISTERS * GROUP_BYTES;
}

static uint8_t dense_get(const uint8_t *bytes, uint32_t index)
{
    return (uint8_t)((group_at(bytes + group_of(index)) >> shift_of(index)) & HYPERLOGLOG_VALUE_MAX);
}

static void dense_put(uint8_t *bytes, uint32_t index, uint8_t value)
{
    uint8_t *at = bytes + group_of(index);
    uint32_t group = group_at(at);

    group = (group & ~(HYPERLOGLOG_VALUE_MAX << shift_of(index))) | (uint32_t)value << shift_of(index);
    put_group(at, group);
}

static const uint8_t *bytes_of(struct slice hll)
{
    return (const uint8_t *)hll.data;
}

static uint8_t *content(struct buf *hll)
{
    return (uint8_t *)hll->memory + hll->start;
}

bool hyperloglog_holds(struct slice dense, struct hyperloglog_place place)
{
    return dense_get(bytes_of(dense), place.index) >= place.value;
}

enum hyperloglog_outcome hyperloglog_raise(struct buf *hll, struct hyperloglog_place place, size_t sparse_bytes_max)
{
    ASSERT(place.index < HYPERLOGLOG_REGISTERS && place.value >= 1 && place.value <= HYPERLOGLOG_VALUE_MAX);
    if (hyperloglog_form(buf_slice(hll)) == HYPERLOGLOG_SPARSE) {
        enum hyperloglog_sparse_outcome outcome = HYPERLOGLOG_SPARSE_TOO_LONG;

        if (place.value <= HYPERLOGLOG_SPARSE_VALUE_MAX) {
            outcome = hyperloglog_sparse_raise(hll, place, sparse_bytes_max);
        }
        if (outcome != HYPERLOGLOG_SPARSE_TOO_LONG) {
            return outcome == HYPERLOGLOG_SPARSE_UNCHANGED ? HYPERLOGLOG_UNCHANGED
                   : outcome == HYPERLOGLOG_SPARSE_CHANGED ? HYPERLOGLOG_CHANGED
                                                           : HYPERLOGLOG_CORRUPT;
        }
        if (!hyperloglog_make_dense(hll)) {
            return HYPERLOGLOG_CORRUPT;
        }
    }
    if (hyperloglog_holds(buf_slice(hll), place)) {
        return HYPERLOGLOG_UNCHANGED;
    }
    dense_put(content(hll), place.index, place.value);
    return HYPERLOGLOG_CHANGED;
}

static void take_raised(void *context, uint32_t first, uint32_t count, uint8_t value)
{
    uint8_t *registers = context;

    for (uint32_t i = first; i < first + count && value != 0; i++) {
        registers[i] = registers[i] < value ? value : registers[i];
    }
}

bool hyperloglog_merge(struct slice hll, uint8_t registers[HYPERLOGLOG_REGISTERS])
{
    const uint8_t *bytes = bytes_of(hll) + HYPERLOGLOG_HEADER_BYTES;

    if (hyperloglog_form(hll) == HYPERLOGLOG_SPARSE) {
        return hyperloglog_sparse_walk(hll, take_raised, registers);
    }
    for (uint32_t i = 0; i < HYPERLOGLOG_REGISTERS; i += GROUP_REGISTERS, bytes += GROUP_BYTES) {
        uint32_t group = group_at(bytes);

        for (uint32_t k = 0; k < GROUP_REGISTERS; k++) {
            uint8_t value = (uint8_t)((group >> shift_of(k)) & HYPERLOGLOG_VALUE_MAX);

            registers[i + k] = registers[i + k] < value ? value : registers[i + k];
        }
    }
    return true;
}

void hyperloglog_set_dense(struct buf *hll, const uint8_t registers[HYPERLOGLOG_REGISTERS])
{
    uint8_t *bytes;

    buf_truncate(hll, HYPERLOGLOG_HEADER_BYTES);
    bytes = (uint8_t *)buf_put_space(hll, HYPERLOGLOG_DENSE_BYTES - HYPERLOGLOG_HEADER_BYTES);
    buf_commit(hll, HYPERLOGLOG_DENSE_BYTES - HYPERLOGLOG_HEADER_BYTES);
    content(hll)[AT_FORM] = HYPERLOGLOG_DENSE;
    for (uint32_t i = 0; i < HYPERLOGLOG_REGISTERS; i += GROUP_REGISTERS, bytes += GROUP_BYTES) {
        put_group(bytes, (uint32_t)registers[i] | (uint32_t)registers[i + 1] << 6 | (uint32_t)registers[i + 2] << 12 |
                             (uint32_t)registers[i + 3] << 18);
    }
}

bool hyperloglog_make_dense(struct buf *hll)
{
    uint8_t registers[HYPERLOGLOG_REGISTERS] = {0};

    if (hyperloglog_form(buf_slice(hll)) == HYPERLOGLOG_DENSE) {
        return true;
    }
    if (!hyperloglog_merge(buf_slice(hll), registers)) {
        return false;
    }
    hyperloglog_set_dense(hll, registers);
    return true;
}

bool hyperloglog_cached(struct slice hll, uint64_t *count)
{
    uint64_t cached = bytes_get_le64(hll.data + HYPERLOGLOG_AT_COUNT);

    if (cached & COUNT_IS_STALE) {
        return false;
    }
    *count = cached;
    return true;
}

void hyperloglog_forget(struct buf *hll)
{
    bytes_put_le64(content(hll) + HYPERLOGLOG_AT_COUNT,
                   bytes_get_le64(content(hll) + HYPERLOGLOG_AT_COUNT) | COUNT_IS_STALE);
}

static void take_counted(void *context, uint32_t first, uint32_t count, uint8_t value)
{
    uint32_t *histogram = context;

    (void)first;
    histogram[value] += count;
}

/* Four histograms, so that equal neighbours, of which there are many, do not wait for each other. */
static void count_dense(const uint8_t *bytes, uint32_t histogram[HYPERLOGLOG_VALUE_MAX + 1])
{
    uint32_t counts[GROUP_REGISTERS][HYPERLOGLOG_VALUE_MAX + 1] = {{0}};

    for (uint32_t i = 0; i < HYPERLOGLOG_REGISTERS; i += GROUP_REGISTERS, bytes += GROUP_BYTES) {
        uint32_t group = group_at(bytes);

        counts[0][group & HYPERLOGLOG_VALUE_MAX]++;
        counts[1][(group >> 6) & HYPERLOGLOG_VALUE_MAX]++;
        counts[2][(group >> 12) & HYPERLOGLOG_VALUE_MAX]++;
        counts[3][group >> 18]++;
    }
    for (uint32_t value = 0; value <= HYPERLOGLOG_VALUE_MAX; value++) {
        histogram[value] = counts[0][value] + counts[1][value] + counts[2][value] + counts[3][value];
    }
}

bool hyperloglog_count(struct slice hll, uint64_t *count)
{
    uint32_t histogram[HYPERLOGLOG_VALUE_MAX + 1] = {0};

    if (hyperloglog_form(hll) == HYPERLOGLOG_DENSE) {
        count_dense(bytes_of(hll) + HYPERLOGLOG_HEADER_BYTES, histogram);
    } else if (!hyperloglog_sparse_walk(hll, take_counted, histogram)) {
        return false;
    }
    *count = hyperloglog_estimate(histogram);
    return true;
}

uint64_t hyperloglog_count_registers(const uint8_t registers[HYPERLOGLOG_REGISTERS])
{
    uint32_t histogram[HYPERLOGLOG_VALUE_MAX + 1] = {0};

    for (uint32_t i = 0; i < HYPERLOGLOG_REGISTERS; i++) {
        histogram[registers[i]]++;
    }
    return hyperloglog_estimate(histogram);
}

/* Ertl's sigma: x + sum over k >= 1 of x^(2^k) 2^(k-1); its terms shrink until they change nothing. */
static double sigma(double x)
{
    double weight = 1;
    double sum = x;
    double before;

    if (x == 1) {
        return INFINITY;
    }
    do {
        before = sum;
        x *= x;
        sum += x * weight;
        weight += weight;
    } while (sum != before);
    return sum;
}

/* Ertl's tau: (1 - x - sum over k >= 1 of (1 - x^(2^-k))^2 2^-k) / 3. */
static double tau(double x)
{
    double weight = 1;
    double sum = 1 - x;
    double before;

    if (x == 0 || x == 1) {
        return 0;
    }
    do {
        before = sum;
        x = sqrt(x);
        weight *= 0.5;
        sum -= (1 - x) * (1 - x) * weight;
    } while (sum != before);
    return sum / 3;
}

uint64_t hyperloglog_estimate(const uint32_t histogram[HYPERLOGLOG_VALUE_MAX + 1])
{
    const double alpha = 0.721347520444481703680; /* 1 / (2 ln 2) */
    const double count = HYPERLOGLOG_REGISTERS;
    double z = count * tau((count - histogram[RANK_BITS + 1]) / count);

    for (uint32_t value = RANK_BITS; value >= 1; value--) {
        z = (z + histogram[value]) * 0.5;
    }
    z += count * sigma(histogram[0] / count);
    return (uint64_t)llroundl(alpha * count * count / z);
}
