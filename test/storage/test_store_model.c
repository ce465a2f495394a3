/* Random commands on a store and on a naive model, with checkpoints, purges, restarts and recoveries between. */
#include "storage/store.h"

#include "base/diag.h"
#include "base/memory.h"
#include "support/small_model.h"
#include "support/small_store.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define LINE_BYTES_MAX 32768

struct fixture {
    struct small_store *small;
    struct small_model model;
    struct random random;
};

static void assert_same(struct fixture *f)
{
    char *expected = small_model_text(&f->model);
    char *found = small_store_text(f->small);

    assert_string_equal(found, expected);
    memory_free(expected);
    memory_free(found);
}

static void run_line(struct fixture *f)
{
    static char line[LINE_BYTES_MAX];

    small_line_random(&f->random, line, sizeof(line));
    small_model_run(&f->model, line);
    (void)small_store_run(f->small, line);
    if (random_below(&f->random, 3) == 0) {
        small_store_turn(f->small);
    }
}

/* Each of these may happen at any time. */
static void do_something_else(struct fixture *f)
{
    switch (random_below(&f->random, 8)) {
    case 0:
        assert_same(f);
        break;
    case 1:
        small_store_settle(f->small);
        assert_same(f);
        break;
    case 2:
        assert_int_equal(store_checkpoint_now(f->small->store, ++f->small->now_ms), STATUS_OK);
        break;
    case 3:
    case 4:
        small_store_close(f->small, random_below(&f->random, 2) == 0);
        assert_int_equal(small_store_open(f->small), STATUS_OK);
        assert_same(f);
        break;
    default:
        (void)!store_begin_checkpoint(f->small->store, true);
        break;
    }
}

static void run_rounds(uint64_t seed, uint32_t step_pages)
{
    struct fixture f = {.small = small_store_create()};

    random_init(&f.random, seed);
    small_model_init(&f.model);
    f.small->options.checkpoint_memory_bytes = 100 * 1024;
    f.small->options.segment_bytes = LOG_SEGMENT_BYTES_MIN + random_below(&f.random, 100000);
    if (step_pages > 0) {
        f.small->options.checkpoint_whole_pages = 1;
        f.small->options.checkpoint_step_pages = step_pages;
    }
    assert_int_equal(small_store_open(f.small), STATUS_OK);
    for (unsigned i = 0; i < 3000; i++) {
        run_line(&f);
        if (random_below(&f.random, 50) == 0) {
            do_something_else(&f);
        }
    }
    small_store_settle(f.small);
    assert_same(&f);
    small_model_release(&f.model);
    small_store_free(f.small);
}

static void test_a_store_is_what_its_commands_made_it(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 8; seed++) {
        run_rounds(seed, 0);
    }
}

static void test_the_same_when_each_checkpoint_goes_in_steps(void **state)
{
    (void)state;
    for (uint64_t seed = 11; seed <= 18; seed++) {
        run_rounds(seed, 1 + (uint32_t)seed % 3);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_store_is_what_its_commands_made_it),
        cmocka_unit_test(test_the_same_when_each_checkpoint_goes_in_steps),
    };

    diag_set_level(DIAG_WARNING);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
