/* Places on earth as geohashes: numbers of 52 bits whose first bits are those of every place near. Pure.
 *
 * A cell of step n is one of 4^n rectangles of equal degrees. Its number is made of n bits of latitude and n of
 * longitude by turns, longitude's first. A sorted set's scores hold them exactly (Redis' GEO commands). */
#ifndef BASE_GEOHASH_H
#define BASE_GEOHASH_H

#include <stdbool.h>
#include <stdint.h>

#define GEOHASH_STEP_MAX   26
#define GEOHASH_BITS       (2 * GEOHASH_STEP_MAX)
#define GEOHASH_TEXT_BYTES 12 /* Of a standard geohash, with NUL. */

/* The range of Web Mercator (EPSG:900913): the poles are outside. */
#define GEOHASH_LONGITUDE_MAX 180.0
#define GEOHASH_LATITUDE_MAX  85.05112878

struct geohash_point {
    double longitude; /* Degrees. */
    double latitude;
};

struct geohash_box {
    struct geohash_point min;
    struct geohash_point max;
};

struct geohash_cell {
    uint64_t bits;
    unsigned step; /* 1 to GEOHASH_STEP_MAX. */
};

/* Whether the point can be encoded: false for NaN, too. */
bool geohash_holds(struct geohash_point point);

struct geohash_cell geohash_cell_at(struct geohash_point point, unsigned step);
struct geohash_box geohash_cell_box(struct geohash_cell cell);
/* The cell that lies so many cells to the east and to the north, around the world. */
struct geohash_cell geohash_cell_moved(struct geohash_cell cell, int east, int north);
/* The hashes of GEOHASH_BITS inside the cell: from `*first` to `*end` - 1. */
void geohash_cell_range(struct geohash_cell cell, uint64_t *first, uint64_t *end);

/* A place's hash, and the middle of its cell: some 0.6 m exact. */
uint64_t geohash_encode(struct geohash_point point);
struct geohash_point geohash_decode(uint64_t hash);
/* The standard geohash of that middle: 10 digits and a 0, since 11 digits would need 55 bits. */
void geohash_text(uint64_t hash, char text[GEOHASH_TEXT_BYTES]);

/* Meters between two points on a sphere (haversine), and between two latitudes. */
double geohash_distance_m(struct geohash_point a, struct geohash_point b);
double geohash_latitude_distance_m(double a, double b);

#endif
