#include "base/geo_shape.h"
#include "base/random.h"
#include <math.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static bool cells_hold(const struct geohash_cell *cells, size_t count, struct geohash_point point)
{
    uint64_t hash = geohash_encode(point);

    for (size_t i = 0; i < count; i++) {
        uint64_t first;
        uint64_t end;

        geohash_cell_range(cells[i], &first, &end);
        if (hash >= first && hash < end) {
            return true;
        }
    }
    return false;
}

static double between(struct random *random, double low, double high)
{
    return low + (high - low) * (double)random_below(random, 1000001) / 1e6;
}

/* What is inside lies in one of the cells. Far from the poles and the date line, where Redis misses some. */
static void test_cells_hold_all_of_a_shape(void **state)
{
    struct random random;
    int inside_count = 0;

    (void)state;
    random_init(&random, 61);
    for (int i = 0; i < 3000; i++) {
        double reach = pow(10, between(&random, 0, 6));
        struct geo_shape shape = {
            .center = {.longitude = between(&random, -100, 100), .latitude = between(&random, -60, 60)},
            .is_box = random_below(&random, 2) == 0,
            .radius = reach,
            .width = between(&random, 0.1, 2) * reach,
            .height = between(&random, 0.1, 2) * reach,
            .unit_m = 1,
        };
        struct geohash_cell cells[GEO_SHAPE_CELLS_MAX];
        size_t count = geo_shape_cells(&shape, cells);

        assert_in_range(count, 1, GEO_SHAPE_CELLS_MAX);
        for (int k = 0; k < 30; k++) {
            double degrees = reach / 111000 * 2;
            struct geohash_point point = {.longitude = shape.center.longitude + between(&random, -degrees, degrees),
                                          .latitude = shape.center.latitude + between(&random, -degrees, degrees)};
            double distance_m;

            if (geohash_holds(point) && geo_shape_holds(&shape, point, &distance_m)) {
                assert_true(cells_hold(cells, count, point));
                inside_count++;
            }
        }
    }
    assert_true(inside_count > 10000);
}

static void test_a_circle_ends_at_its_radius(void **state)
{
    struct geo_shape circle = {.center = {.longitude = 10, .latitude = 0}, .radius = 100, .unit_m = 1000};
    struct geohash_point inside = {.longitude = 10, .latitude = 0.89};
    struct geohash_point outside = {.longitude = 10, .latitude = 0.91};
    double distance_m = -1;

    (void)state;
    assert_false(geo_shape_holds(&circle, outside, &distance_m));
    assert_true(distance_m == -1);
    assert_true(geo_shape_holds(&circle, inside, &distance_m));
    assert_in_range(distance_m, 98000, 100000);
}

static void test_a_box_ends_at_its_sides(void **state)
{
    struct geo_shape box = {
        .center = {.longitude = 10, .latitude = 0}, .is_box = true, .width = 100, .height = 400, .unit_m = 1000};
    double distance_m;

    (void)state;
    assert_true(geo_shape_holds(&box, (struct geohash_point){.longitude = 10, .latitude = 1.7}, &distance_m));
    assert_false(geo_shape_holds(&box, (struct geohash_point){.longitude = 10, .latitude = 1.9}, &distance_m));
    assert_true(geo_shape_holds(&box, (struct geohash_point){.longitude = 10.44, .latitude = 0}, &distance_m));
    assert_false(geo_shape_holds(&box, (struct geohash_point){.longitude = 10.46, .latitude = 0}, &distance_m));
}

static void test_shapes_without_size_or_without_end_have_cells(void **state)
{
    struct geo_shape point = {.center = {.longitude = 1, .latitude = 1}, .radius = 0, .unit_m = 1};
    struct geo_shape endless = {.center = {.longitude = 1, .latitude = 1}, .radius = INFINITY, .unit_m = 1};
    struct geohash_cell cells[GEO_SHAPE_CELLS_MAX];

    (void)state;
    assert_true(geo_shape_cells(&point, cells) >= 1);
    assert_int_equal(cells[0].step, GEOHASH_STEP_MAX);
    assert_int_equal(geo_shape_cells(&endless, cells), 4); /* The four quarters of the world. */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cells_hold_all_of_a_shape),
        cmocka_unit_test(test_a_circle_ends_at_its_radius),
        cmocka_unit_test(test_a_box_ends_at_its_sides),
        cmocka_unit_test(test_shapes_without_size_or_without_end_have_cells),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
