/* Counts of rows against an array of flags: rows come and go at random, in runs, from both ends, and all at once. */
#include "base/memory.h"
#include "base/random.h"
#include "storage/keyspace/keycode.h"
#include "storage/value/zset_rank.h"
#include "support/keyspace_fixture.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define PLACES     6000
#define GENERATION 700

struct fixture {
    struct keyspace_fixture *keyspace;
    struct zset_rank *rank;
    bool is_there[PLACES];
    uint64_t count;
};

static void code_place(struct keycode *code, unsigned place)
{
    keycode_prefix(code, GENERATION);
    bytes_put_be32(code->bytes + code->len, place);
    code->len += 4;
}

static void set(struct fixture *f, unsigned place, bool is_there)
{
    struct view *view = keyspace_view(f->keyspace->keyspace);
    struct keycode code;

    if (f->is_there[place] == is_there) {
        return;
    }
    f->is_there[place] = is_there;
    code_place(&code, place);
    if (is_there) {
        view_put(view, TABLE_SCORES, keycode_slice(&code), slice_empty());
        zset_rank_added(f->rank, keycode_slice(&code));
        f->count++;
    } else {
        view_delete(view, TABLE_SCORES, keycode_slice(&code));
        zset_rank_removed(f->rank, keycode_slice(&code));
        f->count--;
    }
}

static void set_run(struct fixture *f, unsigned from, unsigned to, bool is_there)
{
    for (unsigned place = from; place < to && place < PLACES; place++) {
        set(f, place, is_there);
    }
}

static void check(struct fixture *f)
{
    struct keycode prefix;
    struct view_cursor *cursor;
    uint64_t before = 0;

    keycode_prefix(&prefix, GENERATION);
    cursor = view_cursor_create(keyspace_view(f->keyspace->keyspace), TABLE_SCORES, keycode_slice(&prefix));
    assert_int_equal(zset_rank_total(f->rank), f->count);
    for (unsigned place = 0; place < PLACES; place++) {
        struct keycode code;

        code_place(&code, place);
        if (place % 37 == 0 || place == PLACES - 1) {
            assert_int_equal(zset_rank_before(f->rank, keycode_slice(&code)), before);
        }
        if (f->is_there[place]) {
            if (place % 41 == 0) {
                assert_true(zset_rank_seek(f->rank, before, cursor));
                assert_true(slice_equal(view_cursor_key(cursor), keycode_slice(&code)));
            }
            before++;
        }
    }
    assert_false(zset_rank_seek(f->rank, f->count, cursor));
    view_cursor_free(cursor);
}

/* The same counts made anew. */
static void rebuild(struct fixture *f)
{
    zset_rank_free(f->rank);
    f->rank = zset_rank_build(keyspace_view(f->keyspace->keyspace), GENERATION);
}

static int set_up(void **state)
{
    struct fixture *f = memory_allocate_zeroed(sizeof(*f));

    f->keyspace = keyspace_fixture_open();
    f->rank = zset_rank_build(keyspace_view(f->keyspace->keyspace), GENERATION);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    zset_rank_free(f->rank);
    keyspace_fixture_close(f->keyspace);
    memory_free(f);
    return 0;
}

static void test_counts_agree_with_an_array(void **state)
{
    struct fixture *f = *state;
    struct random random;

    random_init(&random, 9);
    check(f);
    for (int round = 0; round < 60; round++) {
        unsigned from = (unsigned)random_below(&random, PLACES);

        switch (random_below(&random, 5)) {
        case 0:
            set_run(f, from, from + 1500, true);
            break;
        case 1:
            set_run(f, from, from + 1200, false);
            break;
        case 2:
            rebuild(f);
            break;
        default:
            for (int i = 0; i < 800; i++) {
                set(f, (unsigned)random_below(&random, PLACES), random_below(&random, 2) == 0);
            }
        }
        check(f);
    }
}

static void test_taking_from_either_end_leaves_the_rest_counted(void **state)
{
    struct fixture *f = *state;

    set_run(f, 0, PLACES, true);
    check(f);
    for (unsigned i = 0; i < PLACES / 2; i++) {
        set(f, i, false);
        set(f, PLACES - 1 - i, false);
        if (i % 500 == 0) {
            check(f);
        }
    }
    assert_int_equal(f->count, 0);
    check(f);
    set(f, 5, true); /* After none at all. */
    set(f, 2, true);
    check(f);
}

static void test_what_counts_cost_is_a_small_part_of_the_rows(void **state)
{
    struct fixture *f = *state;

    set_run(f, 0, PLACES, true);
    assert_true(zset_rank_bytes(f->rank) < PLACES);
    rebuild(f);
    assert_true(zset_rank_bytes(f->rank) < PLACES);
    set_run(f, 0, PLACES, false);
    assert_true(zset_rank_bytes(f->rank) < PLACES);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_counts_agree_with_an_array),
        TEST(test_taking_from_either_end_leaves_the_rest_counted),
        TEST(test_what_counts_cost_is_a_small_part_of_the_rows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
