#include "storage/env/env_map.h"

#include "base/memory.h"
#include "support/view_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/resource.h>

#include <cmocka.h>

#define ROW_COUNT   20000u
#define VALUE_BYTES 1000

static void fill(struct view_fixture *f)
{
    char value[VALUE_BYTES] = {0};

    for (uint32_t i = 0; i < ROW_COUNT; i++) {
        view_put(f->view, TABLE_KEYS, slice_make(&i, sizeof(i)), slice_make(value, sizeof(value)));
    }
    view_fixture_freeze(f);
    view_fixture_commit_frozen(f);
}

static long count_faults(void)
{
    struct rusage usage;

    assert_int_equal(getrusage(RUSAGE_THREAD, &usage), 0);
    return usage.ru_minflt + usage.ru_majflt;
}

/* Page faults of reading all rows by a process that has just opened the environment. */
static long read_all(struct view_fixture *f, bool is_mapped_first, bool is_in_a_hurry)
{
    atomic_bool hurry = is_in_a_hurry;
    long before;

    view_close(f->view);
    env_close(f->env);
    assert_int_equal(env_open(f->path, false, &f->env), STATUS_OK);
    assert_int_equal(view_open(f->env, &f->view), STATUS_OK);
    if (is_mapped_first) {
        env_tend_map(f->env, &hurry);
    }
    before = count_faults();
    for (uint32_t i = 0; i < ROW_COUNT; i++) {
        struct slice value;

        assert_true(view_get(f->view, TABLE_KEYS, slice_make(&i, sizeof(i)), &value));
        assert_int_equal(value.data[VALUE_BYTES - 1], 0);
    }
    return count_faults() - before;
}

static void test_reads_of_what_is_in_the_page_cache_do_not_fault(void **state)
{
    struct view_fixture f;
    long unmapped;
    long mapped;
    long hurried;

    (void)state;
    view_fixture_open(&f, 1);
    fill(&f);
    unmapped = read_all(&f, false, false);
    mapped = read_all(&f, true, false);
    hurried = read_all(&f, true, true);
    print_message("%ld faults, %ld after mapping, %ld if that was in a hurry\n", unmapped, mapped, hurried);
    assert_true(mapped + 200 < unmapped); /* The rest is the view's own memory, and what sanitizers keep beside it. */
    assert_true(hurried > mapped + 200);
    view_fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_of_what_is_in_the_page_cache_do_not_fault),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
