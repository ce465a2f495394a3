/* As in geohash.c, the order of floating point operations is Redis'. */
#include "base/geo_shape.h"
#include <math.h>

#define EARTH_RADIUS_M 6372797.560856
#define RADIANS        (M_PI / 180.0)
#define MERCATOR_MAX_M 20037726.37 /* Half the length of the equator in the projection. */

/* Beyond these latitudes cells are so much narrower that they have to be larger ones. */
#define NARROW_LATITUDE   66
#define NARROWER_LATITUDE 80

bool geo_shape_holds(const struct geo_shape *shape, struct geohash_point point, double *distance_m)
{
    double distance;

    if (shape->is_box) {
        /* Along the meridian first: it is less work. */
        struct geohash_point beside = {.longitude = shape->center.longitude, .latitude = point.latitude};

        if (geohash_latitude_distance_m(point.latitude, shape->center.latitude) > shape->height * shape->unit_m / 2 ||
            geohash_distance_m(point, beside) > shape->width * shape->unit_m / 2) {
            return false;
        }
        *distance_m = geohash_distance_m(shape->center, point);
        return true;
    }
    distance = geohash_distance_m(shape->center, point);
    if (distance > shape->radius * shape->unit_m) {
        return false;
    }
    *distance_m = distance;
    return true;
}

/* The degrees between which the shape lies. */
static struct geohash_box bounds_of(const struct geo_shape *shape)
{
    double height_m = shape->unit_m * (shape->is_box ? shape->height / 2 : shape->radius);
    double width_m = shape->unit_m * (shape->is_box ? shape->width / 2 : shape->radius);
    double latitude = shape->center.latitude;
    double longitude = shape->center.longitude;
    double north = height_m / EARTH_RADIUS_M / RADIANS;
    /* A meter has more degrees of longitude towards the pole, so the edge that is nearer to it decides. */
    double edge = latitude < 0 ? latitude - north : latitude + north;
    double east = width_m / EARTH_RADIUS_M / cos(edge * RADIANS) / RADIANS;

    return (struct geohash_box){
        .min = {.longitude = longitude - east, .latitude = latitude - north},
        .max = {.longitude = longitude + east, .latitude = latitude + north},
    };
}

/* The step at which a cell and its neighbours should hold the shape. */
static unsigned estimate_step(const struct geo_shape *shape)
{
    double reach_m = shape->radius;
    double latitude = fabs(shape->center.latitude);
    int step = 1;

    if (shape->is_box) {
        reach_m = sqrt((shape->width / 2) * (shape->width / 2) + (shape->height / 2) * (shape->height / 2));
    }
    reach_m *= shape->unit_m;
    if (reach_m == 0) {
        return GEOHASH_STEP_MAX;
    }
    while (reach_m < MERCATOR_MAX_M) {
        reach_m *= 2;
        step++;
    }
    step -= 2;
    step -= (latitude > NARROW_LATITUDE) + (latitude > NARROWER_LATITUDE);
    return step < 1 ? 1 : step > GEOHASH_STEP_MAX ? GEOHASH_STEP_MAX : (unsigned)step;
}

/* Whether the cell and its neighbours reach as far as the shape. */
static bool reaches(struct geohash_cell cell, const struct geohash_box *bounds)
{
    struct geohash_box north = geohash_cell_box(geohash_cell_moved(cell, 0, 1));
    struct geohash_box south = geohash_cell_box(geohash_cell_moved(cell, 0, -1));
    struct geohash_box east = geohash_cell_box(geohash_cell_moved(cell, 1, 0));
    struct geohash_box west = geohash_cell_box(geohash_cell_moved(cell, -1, 0));

    /* Of an endless shape the longitudes are no numbers, and nothing is less than those. */
    return !(north.max.latitude < bounds->max.latitude || south.min.latitude > bounds->min.latitude ||
             east.max.longitude < bounds->max.longitude || west.min.longitude > bounds->min.longitude);
}

/* Whether the shape may lie in the neighbour of the center's cell in that direction, too. */
static bool needs(const struct geohash_box *box, const struct geohash_box *bounds, int east, int north)
{
    return !((north < 0 && box->min.latitude < bounds->min.latitude) ||
             (north > 0 && box->max.latitude > bounds->max.latitude) ||
             (east < 0 && box->min.longitude < bounds->min.longitude) ||
             (east > 0 && box->max.longitude > bounds->max.longitude));
}

size_t geo_shape_cells(const struct geo_shape *shape, struct geohash_cell cells[GEO_SHAPE_CELLS_MAX])
{
    static const struct {
        int east;
        int north;
    } directions[] = {{0, 1}, {0, -1}, {1, 0}, {-1, 0}, {1, 1}, {-1, 1}, {1, -1}, {-1, -1}};
    struct geohash_box bounds = bounds_of(shape);
    struct geohash_cell center = geohash_cell_at(shape->center, estimate_step(shape));
    struct geohash_box box;
    size_t count = 1;

    if (center.step > 1 && !reaches(center, &bounds)) {
        center = geohash_cell_at(shape->center, center.step - 1);
    }
    box = geohash_cell_box(center);
    cells[0] = center;
    for (size_t i = 0; i < sizeof(directions) / sizeof(directions[0]); i++) {
        struct geohash_cell cell = geohash_cell_moved(center, directions[i].east, directions[i].north);

        if (center.step >= 2 && !needs(&box, &bounds, directions[i].east, directions[i].north)) {
            continue;
        }
        /* At the lowest steps neighbours are the same cell. The first one may be the center's, which Redis walks twice.
         */
        if (count == 1 || cells[count - 1].bits != cell.bits) {
            cells[count++] = cell;
        }
    }
    return count;
}
