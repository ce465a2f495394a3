/* Shapes that places are searched in: circles, and boxes of given width and height, around a point. Pure. */
#ifndef BASE_GEO_SHAPE_H
#define BASE_GEO_SHAPE_H

#include "base/geohash.h"
#include <stddef.h>

struct geo_shape {
    struct geohash_point center;
    bool is_box;
    double radius; /* Of a circle. In units. */
    double width;  /* Of a box. */
    double height;
    double unit_m; /* Meters that a unit has. */
};

/* Whether the point is inside, and how far from the center. `*distance_m` is untouched if not. */
bool geo_shape_holds(const struct geo_shape *shape, struct geohash_point point, double *distance_m);

#define GEO_SHAPE_CELLS_MAX 9
/* Cells of one step that hold all of the shape: that of the center, then those around it that are needed, in Redis'
 * order, which is that of its unsorted results. Returns their number. */
size_t geo_shape_cells(const struct geo_shape *shape, struct geohash_cell cells[GEO_SHAPE_CELLS_MAX]);

#endif
