/* Expected values are those of redis-server 7.0.15, where nothing else is said. */
#include "base/geohash.h"
#include "base/random.h"
#include <math.h>
#include <stdio.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static const struct geohash_point palermo = {.longitude = 13.361389, .latitude = 38.115556};
static const struct geohash_point catania = {.longitude = 15.087269, .latitude = 37.502669};

static struct geohash_point random_point(struct random *random)
{
    return (struct geohash_point){.longitude = (double)random_below(random, 360000000) / 1e6 - 180,
                                  .latitude = (double)random_below(random, 170000000) / 1e6 - 85};
}

static void test_known_places_have_redis_hashes(void **state)
{
    char text[GEOHASH_TEXT_BYTES];

    (void)state;
    assert_true(geohash_encode(palermo) == 3479099956230698);
    assert_true(geohash_encode(catania) == 3479447370796909);
    geohash_text(geohash_encode(palermo), text);
    assert_string_equal(text, "sqc8b49rny0");
    geohash_text(geohash_encode(catania), text);
    assert_string_equal(text, "sqdtr74hyu0");
}

static void test_decoding_gives_redis_doubles(void **state)
{
    struct geohash_point point = geohash_decode(geohash_encode(palermo));
    char text[64];

    (void)state;
    (void)snprintf(text, sizeof(text), "%.17Lf %.17Lf", (long double)point.longitude, (long double)point.latitude);
    assert_string_equal(text, "13.36138933897018433 38.11555639549629859");
    (void)snprintf(text, sizeof(text), "%.4f", geohash_distance_m(point, geohash_decode(geohash_encode(catania))));
    assert_string_equal(text, "166274.1516");
}

static void test_a_decoded_place_is_near_and_encodes_to_the_same(void **state)
{
    struct random random;

    (void)state;
    random_init(&random, 51);
    for (int i = 0; i < 10000; i++) {
        struct geohash_point point = random_point(&random);
        uint64_t hash = geohash_encode(point);
        struct geohash_point near = geohash_decode(hash);

        assert_true(hash < UINT64_C(1) << GEOHASH_BITS);
        assert_true(fabs(near.longitude - point.longitude) < 5.4e-6 / 2 + 1e-9);
        assert_true(fabs(near.latitude - point.latitude) < 2.6e-6 / 2 + 1e-9);
        assert_true(geohash_encode(near) == hash);
    }
}

static void test_cells_hold_their_points_and_nest(void **state)
{
    struct random random;

    (void)state;
    random_init(&random, 52);
    for (int i = 0; i < 3000; i++) {
        struct geohash_point point = random_point(&random);
        uint64_t hash = geohash_encode(point);

        for (unsigned step = 1; step <= GEOHASH_STEP_MAX; step++) {
            struct geohash_cell cell = geohash_cell_at(point, step);
            struct geohash_box box = geohash_cell_box(cell);
            uint64_t first;
            uint64_t end;

            geohash_cell_range(cell, &first, &end);
            assert_true(first <= hash && hash < end);
            assert_true(box.min.longitude <= point.longitude && point.longitude <= box.max.longitude);
            assert_true(box.min.latitude <= point.latitude && point.latitude <= box.max.latitude);
        }
    }
}

static void test_moving_goes_around_the_world_and_back(void **state)
{
    struct geohash_cell cell = geohash_cell_at(palermo, 3);
    struct geohash_cell moved = cell;

    (void)state;
    for (int i = 0; i < 8; i++) {
        moved = geohash_cell_moved(moved, 1, -1);
        assert_int_equal(moved.bits == cell.bits, i == 7);
    }
    moved = geohash_cell_moved(geohash_cell_moved(cell, 1, 0), -1, 0);
    assert_true(moved.bits == cell.bits);
    assert_true(geohash_cell_box(geohash_cell_moved(cell, 1, 0)).min.longitude == geohash_cell_box(cell).max.longitude);
    assert_true(geohash_cell_box(geohash_cell_moved(cell, 0, 1)).min.latitude == geohash_cell_box(cell).max.latitude);
}

static void test_only_points_of_the_projection_are_held(void **state)
{
    (void)state;
    assert_true(geohash_holds((struct geohash_point){.longitude = 180, .latitude = -85.05112878}));
    assert_false(geohash_holds((struct geohash_point){.longitude = 180.0001, .latitude = 0}));
    assert_false(geohash_holds((struct geohash_point){.longitude = 0, .latitude = 85.0512}));
    assert_false(geohash_holds((struct geohash_point){.longitude = NAN, .latitude = 0}));
    assert_false(geohash_holds((struct geohash_point){.longitude = 0, .latitude = INFINITY}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_places_have_redis_hashes),
        cmocka_unit_test(test_decoding_gives_redis_doubles),
        cmocka_unit_test(test_a_decoded_place_is_near_and_encodes_to_the_same),
        cmocka_unit_test(test_cells_hold_their_points_and_nest),
        cmocka_unit_test(test_moving_goes_around_the_world_and_back),
        cmocka_unit_test(test_only_points_of_the_projection_are_held),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
