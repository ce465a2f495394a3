#include "base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_pieces_are_aligned_and_apart(void **state)
{
    struct arena arena;
    char *pieces[500];

    (void)state;
    arena_init(&arena, 4096);
    for (size_t i = 0; i < 500; i++) {
        pieces[i] = arena_allocate(&arena, i);
        assert_int_equal((uintptr_t)pieces[i] % 8, 0);
        memset(pieces[i], (int)i & 255, i);
    }
    for (size_t i = 0; i < 500; i++) {
        for (size_t at = 0; at < i; at++) {
            assert_int_equal((unsigned char)pieces[i][at], i & 255);
        }
    }
    arena_release(&arena);
    assert_int_equal(arena.total_bytes, 0);
}

static void test_large_piece_leaves_the_open_block_in_use(void **state)
{
    struct arena arena;
    char *first;
    char *large;
    char *second;

    (void)state;
    arena_init(&arena, 4096);
    first = arena_allocate(&arena, 16);
    large = arena_allocate(&arena, 100000);
    memset(large, 1, 100000);
    second = arena_allocate(&arena, 16);
    assert_ptr_equal(second, first + 16);
    assert_true(arena.total_bytes >= 100000 + 4096);
    assert_true(arena.total_bytes < 100000 + 4096 + 64);
    arena_release(&arena);
}

static void test_total_counts_every_block(void **state)
{
    struct arena arena;

    (void)state;
    arena_init(&arena, 1024);
    assert_int_equal(arena.total_bytes, 0);
    for (int i = 0; i < 1000; i++) {
        assert_non_null(arena_allocate(&arena, 100));
    }
    assert_true(arena.total_bytes >= 104 * 1000);
    assert_true(arena.total_bytes < 104 * 1000 * 9 / 8);
    arena_release(&arena);
}

static void test_first_piece_may_be_large(void **state)
{
    struct arena arena;

    (void)state;
    arena_init(&arena, 1024);
    memset(arena_allocate(&arena, 5000), 1, 5000);
    memset(arena_allocate(&arena, 8), 2, 8);
    assert_non_null(arena_allocate(&arena, 0));
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pieces_are_aligned_and_apart),
        cmocka_unit_test(test_large_piece_leaves_the_open_block_in_use),
        cmocka_unit_test(test_total_counts_every_block),
        cmocka_unit_test(test_first_piece_may_be_large),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
