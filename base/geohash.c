/* Results have to be Redis' to the last bit, so the order of floating point operations is part of what is done here. */
#include "base/geohash.h"
#include "base/assert.h"
#include <math.h>

#define EARTH_RADIUS_M 6372797.560856
#define RADIANS        (M_PI / 180.0) /* Of a degree. */

/* The latitudes that the standard's first digit divides. */
#define STANDARD_LATITUDE_MAX 90.0

bool geohash_holds(struct geohash_point point)
{
    return point.longitude >= -GEOHASH_LONGITUDE_MAX && point.longitude <= GEOHASH_LONGITUDE_MAX &&
           point.latitude >= -GEOHASH_LATITUDE_MAX && point.latitude <= GEOHASH_LATITUDE_MAX;
}

/* The bits of `value` at every other place, the lowest at the lowest. */
static uint64_t spread(uint32_t value)
{
    static const uint64_t masks[] = {UINT64_C(0x0000ffff0000ffff), UINT64_C(0x00ff00ff00ff00ff),
                                     UINT64_C(0x0f0f0f0f0f0f0f0f), UINT64_C(0x3333333333333333),
                                     UINT64_C(0x5555555555555555)};
    uint64_t spread = value;

    for (unsigned i = 0; i < 5; i++) {
        spread = (spread | spread << (16u >> i)) & masks[i];
    }
    return spread;
}

static uint32_t gather(uint64_t spread)
{
    static const uint64_t masks[] = {UINT64_C(0x3333333333333333), UINT64_C(0x0f0f0f0f0f0f0f0f),
                                     UINT64_C(0x00ff00ff00ff00ff), UINT64_C(0x0000ffff0000ffff),
                                     UINT64_C(0x00000000ffffffff)};

    spread &= UINT64_C(0x5555555555555555);
    for (unsigned i = 0; i < 5; i++) {
        spread = (spread | spread >> (1u << i)) & masks[i];
    }
    return (uint32_t)spread;
}

static uint64_t interleave(uint32_t latitude, uint32_t longitude)
{
    return spread(latitude) | spread(longitude) << 1;
}

/* How many of 2^step equal parts of [-max, max] lie before `value`. The end of the range gives 2^step, one part too
 * many, as it does in Redis. */
static uint32_t part_of(double value, double max, unsigned step)
{
    double offset = (value + max) / (max + max);

    return (uint32_t)(offset * (double)(UINT64_C(1) << step));
}

static double part_begin(uint64_t part, double max, unsigned step)
{
    return -max + (double)part / (double)(UINT64_C(1) << step) * (max + max);
}

struct geohash_cell geohash_cell_at(struct geohash_point point, unsigned step)
{
    ASSERT(step >= 1 && step <= GEOHASH_STEP_MAX);
    return (struct geohash_cell){.bits = interleave(part_of(point.latitude, GEOHASH_LATITUDE_MAX, step),
                                                    part_of(point.longitude, GEOHASH_LONGITUDE_MAX, step)),
                                 .step = step};
}

struct geohash_box geohash_cell_box(struct geohash_cell cell)
{
    uint64_t latitude = gather(cell.bits);
    uint64_t longitude = gather(cell.bits >> 1);

    return (struct geohash_box){
        .min = {.longitude = part_begin(longitude, GEOHASH_LONGITUDE_MAX, cell.step),
                .latitude = part_begin(latitude, GEOHASH_LATITUDE_MAX, cell.step)},
        .max = {.longitude = part_begin(longitude + 1, GEOHASH_LONGITUDE_MAX, cell.step),
                .latitude = part_begin(latitude + 1, GEOHASH_LATITUDE_MAX, cell.step)},
    };
}

struct geohash_cell geohash_cell_moved(struct geohash_cell cell, int east, int north)
{
    uint32_t latitude = gather(cell.bits);
    uint32_t longitude = gather(cell.bits >> 1);
    uint32_t mask = (UINT32_C(1) << cell.step) - 1;

    if (north != 0) {
        latitude = (latitude + (uint32_t)north) & mask;
    }
    if (east != 0) {
        longitude = (longitude + (uint32_t)east) & mask;
    }
    return (struct geohash_cell){.bits = interleave(latitude, longitude), .step = cell.step};
}

void geohash_cell_range(struct geohash_cell cell, uint64_t *first, uint64_t *end)
{
    unsigned shift = GEOHASH_BITS - 2 * cell.step;

    *first = cell.bits << shift;
    *end = (cell.bits + 1) << shift;
}

uint64_t geohash_encode(struct geohash_point point)
{
    return geohash_cell_at(point, GEOHASH_STEP_MAX).bits;
}

static double clamp(double value, double max)
{
    return value > max ? max : value < -max ? -max : value;
}

struct geohash_point geohash_decode(uint64_t hash)
{
    struct geohash_box box = geohash_cell_box((struct geohash_cell){.bits = hash, .step = GEOHASH_STEP_MAX});

    return (struct geohash_point){
        .longitude = clamp((box.min.longitude + box.max.longitude) / 2, GEOHASH_LONGITUDE_MAX),
        .latitude = clamp((box.min.latitude + box.max.latitude) / 2, GEOHASH_LATITUDE_MAX),
    };
}

void geohash_text(uint64_t hash, char text[GEOHASH_TEXT_BYTES])
{
    static const char digits[] = "0123456789bcdefghjkmnpqrstuvwxyz";
    struct geohash_point point = geohash_decode(hash);
    uint64_t bits = interleave(part_of(point.latitude, STANDARD_LATITUDE_MAX, GEOHASH_STEP_MAX),
                               part_of(point.longitude, GEOHASH_LONGITUDE_MAX, GEOHASH_STEP_MAX));

    for (unsigned i = 0; i < GEOHASH_TEXT_BYTES - 2; i++) {
        text[i] = digits[(bits >> (GEOHASH_BITS - 5 * (i + 1))) & 0x1f];
    }
    text[GEOHASH_TEXT_BYTES - 2] = digits[0];
    text[GEOHASH_TEXT_BYTES - 1] = '\0';
}

double geohash_latitude_distance_m(double a, double b)
{
    return EARTH_RADIUS_M * fabs(b * RADIANS - a * RADIANS);
}

double geohash_distance_m(struct geohash_point a, struct geohash_point b)
{
    double latitude_a = a.latitude * RADIANS;
    double latitude_b = b.latitude * RADIANS;
    double v = sin((b.longitude * RADIANS - a.longitude * RADIANS) / 2);
    double u;

    if (v == 0) {
        return geohash_latitude_distance_m(a.latitude, b.latitude);
    }
    u = sin((latitude_b - latitude_a) / 2);
    return 2.0 * EARTH_RADIUS_M * asin(sqrt(u * u + cos(latitude_a) * cos(latitude_b) * v * v));
}
