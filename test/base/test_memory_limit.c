#include "base/memory_limit.h"

#include "base/file.h"
#include "base/memory.h"
#include "support/scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* A mount in a scratch folder. */
static int set_up(void **state)
{
    *state = scratch_create();
    return 0;
}

static int tear_down(void **state)
{
    scratch_remove(*state);
    return 0;
}

/* Write `content` to `path` below the mount, making the folders on the way. */
static void put_file(const char *mount, const char *path, const char *content)
{
    struct file_system *files = file_system_posix();
    char *folder = memory_copy_text(mount);
    const char *rest = path;
    const char *end;

    while ((end = strchr(rest, '/')) != NULL) {
        char name[100];
        char *inner;
        enum status status;

        snprintf(name, sizeof(name), "%.*s", (int)(end - rest), rest);
        inner = file_join(folder, name);
        status = file_make_directory(files, inner);
        assert_true(status == STATUS_OK || status == STATUS_EXISTS);
        memory_free(folder);
        folder = inner;
        rest = end + 1;
    }
    assert_int_equal(file_replace(files, folder, rest, slice_of(content)), STATUS_OK);
    memory_free(folder);
}

static void test_the_least_limit_on_the_way_up_counts(void **state)
{
    put_file(*state, "a/b/memory.max", "max\n");
    put_file(*state, "a/memory.max", "1000\n");
    put_file(*state, "memory.max", "5000\n");
    assert_int_equal(memory_limit_of_groups("0::/a/b\n", *state), 1000);
    assert_int_equal(memory_limit_of_groups("0::/\n", *state), 5000);
    put_file(*state, "a/b/memory.max", "300\n");
    assert_int_equal(memory_limit_of_groups("0::/a/b\n", *state), 300);
}

static void test_version_1_has_its_own_hierarchy(void **state)
{
    put_file(*state, "memory/a/memory.limit_in_bytes", "700\n");
    put_file(*state, "memory/memory.limit_in_bytes", "9223372036854771712\n");
    assert_int_equal(memory_limit_of_groups("8:pids:/x\n4:memory:/a\n0::/\n", *state), 700);
    assert_true(memory_limit_of_groups("4:memory:/\n", *state) == 9223372036854771712u);
}

/* A container sees the host's path, and its own group as the mount's root. */
static void test_a_path_that_is_not_there_leaves_the_root(void **state)
{
    put_file(*state, "memory.max", "800\n");
    assert_int_equal(memory_limit_of_groups("0::/kubepods/pod1/c2\n", *state), 800);
}

static void test_without_groups_there_is_no_limit(void **state)
{
    assert_true(memory_limit_of_groups("", *state) == UINT64_MAX);
    assert_true(memory_limit_of_groups("0::/a\nnonsense\n1:x\n", *state) == UINT64_MAX);
    assert_true(memory_limit_bytes() > 1024 * 1024);
    assert_true(memory_limit_bytes() < UINT64_MAX); /* The machine's own. */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_the_least_limit_on_the_way_up_counts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_version_1_has_its_own_hierarchy, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_path_that_is_not_there_leaves_the_root, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_without_groups_there_is_no_limit, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
