#include "base/crash_point.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define PASSAGES "pass"

/* Run this program anew with the variable set (it is read before main), passing a.b.after three times and then leaving
 * with status 7; tell how it ended. */
static int run_with(const char *value)
{
    int wait_status;
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        if (setenv(CRASH_POINT_VARIABLE, value, 1) == 0) {
            execl("/proc/self/exe", "test_crash_point", PASSAGES, (char *)NULL);
        }
        _exit(99);
    }
    assert_int_equal(waitpid(child, &wait_status, 0), child);
    return wait_status;
}

static void assert_killed(int wait_status)
{
    assert_true(WIFSIGNALED(wait_status));
    assert_int_equal(WTERMSIG(wait_status), SIGKILL);
}

static void assert_lived(int wait_status)
{
    assert_true(WIFEXITED(wait_status));
    assert_int_equal(WEXITSTATUS(wait_status), 7);
}

static void test_dies_at_the_named_place_only(void **state)
{
    (void)state;
    assert_killed(run_with("a.b.after"));
    assert_lived(run_with("a.b.before"));
    assert_lived(run_with("a.b"));
    assert_lived(run_with("a.b.after.more"));
    assert_lived(run_with(""));
}

static void test_dies_at_the_counted_passage(void **state)
{
    (void)state;
    assert_killed(run_with("a.b.after:3"));
    assert_lived(run_with("a.b.after:4"));
}

/* A child made by fork has the variable's reading behind it. */
static void test_a_forked_child_arms_itself(void **state)
{
    int wait_status;
    pid_t child = fork();

    (void)state;
    assert_true(child >= 0);
    if (child == 0) {
        crash_point_arm("c.d.before");
        crash_point_arm(NULL);
        crash_point("c.d.before");
        crash_point_arm("e.f.before:2");
        crash_point("e.f.before");
        crash_point("e.f.before");
        _exit(7);
    }
    assert_int_equal(waitpid(child, &wait_status, 0), child);
    assert_killed(wait_status);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dies_at_the_named_place_only),
        cmocka_unit_test(test_dies_at_the_counted_passage),
        cmocka_unit_test(test_a_forked_child_arms_itself),
    };

    if (argc == 2 && strcmp(argv[1], PASSAGES) == 0) {
        for (int i = 0; i < 3; i++) {
            crash_point("a.b.after");
        }
        return 7;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
