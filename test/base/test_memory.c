#include "base/memory.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void test_nothing_is_allocated_as_something(void **state)
{
    void *block = memory_allocate(0);
    void *grown;

    (void)state;
    assert_non_null(block);
    grown = memory_resize(block, 0);
    assert_non_null(grown);
    memory_free(grown);
    memory_free(memory_copy(NULL, 0));
    memory_free(NULL);
}

static void test_copies_are_copies(void **state)
{
    const char *text = "text";
    char *copy = memory_copy_text(text);
    char *zeroed = memory_allocate_zeroed(100);

    (void)state;
    assert_ptr_not_equal(copy, text);
    assert_string_equal(copy, text);
    for (size_t i = 0; i < 100; i++) {
        assert_int_equal(zeroed[i], 0);
    }
    memory_free(copy);
    memory_free(zeroed);
}

static bool is_given(void)
{
    void *block = memory_try_allocate(10);

    memory_free(block);
    return block != NULL;
}

static void test_nth_allocation_fails_once(void **state)
{
    void *block = memory_allocate(8);

    (void)state;
    memory_fail_nth(3, false);
    assert_true(is_given());
    memory_free(memory_allocate(8)); /* Those that may not fail are not counted. */
    block = memory_try_resize(block, 16);
    assert_non_null(block);
    assert_null(memory_try_resize(block, 32));
    assert_true(is_given());
    assert_true(is_given());
    assert_true(memory_fail_stop());
    memory_free(block);
}

static void test_nth_allocation_fails_for_ever(void **state)
{
    (void)state;
    memory_fail_nth(2, true);
    assert_true(is_given());
    for (int i = 0; i < 10; i++) {
        assert_false(is_given());
    }
    assert_true(memory_fail_stop());
    assert_true(is_given());
}

static void test_failure_that_never_came_is_told(void **state)
{
    (void)state;
    memory_fail_nth(5, false);
    assert_true(is_given());
    assert_false(memory_fail_stop());
}

static void test_running_out_stops_the_process(void **state)
{
    int wait_status;
    pid_t child = fork();

    (void)state;
    if (child == 0) {
        volatile size_t size_bytes = (size_t)1 << 62;

        signal(SIGABRT, SIG_DFL);
        close(STDOUT_FILENO);
        close(STDERR_FILENO);
        memory_free(memory_allocate(size_bytes));
        _exit(0);
    }
    assert_int_equal(waitpid(child, &wait_status, 0), child);
    assert_false(WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_is_allocated_as_something), cmocka_unit_test(test_copies_are_copies),
        cmocka_unit_test(test_nth_allocation_fails_once),         cmocka_unit_test(test_nth_allocation_fails_for_ever),
        cmocka_unit_test(test_failure_that_never_came_is_told),   cmocka_unit_test(test_running_out_stops_the_process),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
