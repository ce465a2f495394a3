/* Blocks in files without a name, in a folder of this test's own. */
#include "base/spill.h"
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

static int setup(void **state)
{
    char *folder = strdup("/tmp/hearth-spill-XXXXXX");

    if (mkdtemp(folder) == NULL) {
        free(folder);
        return -1;
    }
    *state = folder;
    return 0;
}

static int teardown(void **state)
{
    int result = rmdir(*state); /* Nothing may be left in it. */

    free(*state);
    return result;
}

static void test_content_survives_growth_and_rest(void **state)
{
    struct spill spill;
    size_t first;

    assert_int_equal(spill_open(&spill, *state, 1), STATUS_OK);
    first = spill.capacity;
    assert_int_equal(first, SPILL_STEP_BYTES);
    memset(spill.memory, 'a', first);
    assert_int_equal(spill_grow(&spill, first), STATUS_OK);
    assert_int_equal(spill.capacity, first);
    assert_int_equal(spill_grow(&spill, first + 1), STATUS_OK);
    assert_int_equal(spill.capacity, 2 * SPILL_STEP_BYTES);
    memset(spill.memory + first, 'b', first);
    spill_rest(&spill, first + 5000);
    for (size_t i = 0; i < first; i++) {
        assert_true(spill.memory[i] == 'a' && spill.memory[first + i] == 'b');
    }
    spill_close(&spill);
}

/* What rests is not in the resident set: the point of it all. */
static void test_what_rests_is_not_mapped(void **state)
{
    struct spill spill;
    size_t resident = 0;
    char line[256];
    FILE *maps;

    assert_int_equal(spill_open(&spill, *state, SPILL_STEP_BYTES), STATUS_OK);
    memset(spill.memory, 'a', spill.capacity);
    spill_rest(&spill, spill.capacity);
    maps = fopen("/proc/self/smaps", "r");
    assert_non_null(maps);
    while (fgets(line, sizeof(line), maps) != NULL) {
        if (strstr(line, *state) != NULL) { /* Its lines follow; "Rss:" is the fifth at most. */
            while (fgets(line, sizeof(line), maps) != NULL && sscanf(line, "Rss: %zu", &resident) != 1) {
            }
            break;
        }
    }
    (void)fclose(maps);
    assert_int_equal(resident, 0);
    assert_int_equal(spill.memory[spill.capacity - 1], 'a');
    spill_close(&spill);
}

/* What the lost block has room for is asked of the kernel when it is written to, and not before. */
static void test_a_lost_block_costs_what_is_written_to_it(void **state)
{
    size_t needed = (size_t)1 << 40;
    struct spill spill;

    assert_int_equal(spill_open(&spill, *state, 1), STATUS_OK);
    memset(spill.memory, 'a', spill.capacity);
    assert_int_equal(spill_lose(&spill, needed), STATUS_OK);
    assert_int_equal(spill.fd, -1);
    assert_int_equal(spill.capacity, needed);
    spill.memory[needed - 1] = 'b';
    assert_int_equal(spill_grow(&spill, needed + 1), STATUS_OK);
    assert_int_equal(spill.memory[needed - 1], 'b');
    spill_rest(&spill, needed);
    spill_close(&spill);
}

static void test_a_folder_that_is_not_there_is_an_error(void **state)
{
    struct spill spill;

    (void)state;
    assert_int_equal(spill_open(&spill, "/nowhere/at/all", 1), STATUS_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_content_survives_growth_and_rest, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_rests_is_not_mapped, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_lost_block_costs_what_is_written_to_it, setup, teardown),
        cmocka_unit_test(test_a_folder_that_is_not_there_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
