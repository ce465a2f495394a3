/* The small things: slices, lists, fixed-width integers, names of statuses, assertions, clocks. */
#include "base/assert.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/list.h"
#include "base/memory.h"
#include "base/slice.h"
#include "base/status.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void test_slices_compare_by_bytes_then_length(void **state)
{
    (void)state;
    assert_true(slice_compare(slice_of("a"), slice_of("b")) < 0);
    assert_true(slice_compare(slice_of("a"), slice_of("ab")) < 0);
    assert_true(slice_compare(slice_of("b"), slice_of("ab")) > 0);
    assert_true(slice_compare(slice_of("\xff"), slice_of("a")) > 0);
    assert_true(slice_compare((struct slice){0}, slice_empty()) == 0);
    assert_true(slice_equal((struct slice){0}, slice_empty()));
    assert_true(slice_starts_with(slice_of("abc"), slice_of("ab")));
    assert_true(slice_starts_with(slice_of("abc"), slice_empty()));
    assert_false(slice_starts_with(slice_of("a"), slice_of("ab")));
    assert_true(slice_equal(slice_after(slice_of("abc"), 1), slice_of("bc")));
    assert_true(slice_equal(slice_first(slice_of("abc"), 2), slice_of("ab")));
}

static void test_copies_outlive_what_they_were_made_of(void **state)
{
    char bytes[] = "keyvalue";
    struct slice slices[] = {slice_make(bytes, 3), {0}, slice_make(bytes + 3, 5)};
    struct slice *copies = slice_copy_all(slices, 3);

    (void)state;
    memset(bytes, 'x', sizeof(bytes));
    memset(slices, 0, sizeof(slices));
    assert_true(slice_equal(copies[0], slice_of("key")));
    assert_true(slice_equal(copies[1], slice_empty()));
    assert_true(slice_equal(copies[2], slice_of("value")));
    memory_free(copies);
    memory_free(slice_copy_all(NULL, 0));
}

static void test_words_ignore_case_and_nothing_else(void **state)
{
    (void)state;
    assert_true(slice_is_word(slice_of("gEt"), "GET"));
    assert_true(slice_is_word((struct slice){0}, ""));
    assert_false(slice_is_word(slice_of("get "), "GET"));
    assert_false(slice_is_word(slice_of("ge"), "GET"));
    assert_false(slice_is_word(slice_make("ge\0", 3), "GET"));
}

static void test_a_message_shows_what_can_be_printed(void **state)
{
    char text[8];

    (void)state;
    assert_string_equal(slice_show(slice_make("a\0b\xff c", 6), text, sizeof(text)), "a.b. c");
    assert_string_equal(slice_show(slice_of("much too long"), text, sizeof(text)), "much to");
    assert_string_equal(slice_show(slice_empty(), text, sizeof(text)), "");
}

static void test_integers_lie_in_memory_as_named(void **state)
{
    unsigned char bytes[8];

    (void)state;
    bytes_put_le32(bytes, 0x01020304);
    assert_memory_equal(bytes, "\4\3\2\1", 4);
    assert_int_equal(bytes_get_le32(bytes), 0x01020304);
    bytes_put_be64(bytes, 0x0102030405060708);
    assert_memory_equal(bytes, "\1\2\3\4\5\6\7\10", 8);
    assert_true(bytes_get_be64(bytes) == 0x0102030405060708);
    assert_int_equal(bytes_get_le16(bytes), 0x0201);
    assert_int_equal(bytes_get_be16(bytes), 0x0102);
}

struct item {
    int value;
    struct list_node node;
};

static void test_list_keeps_order_and_removal_is_safe(void **state)
{
    struct item items[] = {{.value = 0}, {.value = 1}, {.value = 2}, {.value = 3}};
    struct list list;
    int sum = 0;

    (void)state;
    list_init(&list);
    assert_true(list_is_empty(&list));
    for (size_t i = 0; i < 4; i++) {
        list_node_init(&items[i].node);
        assert_false(list_node_is_linked(&items[i].node));
        list_append(&list, &items[i].node);
    }
    list_remove(&items[1].node);
    list_remove(&items[2].node);
    list_remove(&items[1].node); /* It must not tie its old neighbours together again. */
    LIST_FOR_EACH(&list, node)
    {
        sum = sum * 10 + LIST_ENTRY(node, struct item, node)->value;
        list_remove(node);
    }
    assert_int_equal(sum, 3);
    assert_true(list_is_empty(&list));
}

static void test_every_status_has_a_name(void **state)
{
    (void)state;
    for (int status = 0; status < STATUS_COUNT; status++) {
        assert_non_null(status_name((enum status)status));
    }
    assert_string_equal(status_name(STATUS_NO_SPACE), "no space");
}

static void test_failed_assertion_aborts(void **state)
{
    int wait_status;
    pid_t child = fork();

    (void)state;
    if (child == 0) {
        signal(SIGABRT, SIG_DFL);
        close(STDOUT_FILENO);
        ASSERT(child != 0);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &wait_status, 0), child);
    assert_true(WIFSIGNALED(wait_status));
    assert_int_equal(WTERMSIG(wait_status), SIGABRT);
}

static void test_clocks_run_forwards(void **state)
{
    uint64_t wall_ms = clock_wall_ms();
    uint64_t monotonic_us = clock_monotonic_us();

    (void)state;
    assert_true(wall_ms > 1700000000000); /* Milliseconds, not seconds. */
    assert_in_range(clock_wall_us() / 1000 - wall_ms, 0, 10000);
    usleep(2000);
    assert_in_range(clock_monotonic_us() - monotonic_us, 2000, 10000000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slices_compare_by_bytes_then_length),
        cmocka_unit_test(test_copies_outlive_what_they_were_made_of),
        cmocka_unit_test(test_words_ignore_case_and_nothing_else),
        cmocka_unit_test(test_a_message_shows_what_can_be_printed),
        cmocka_unit_test(test_integers_lie_in_memory_as_named),
        cmocka_unit_test(test_list_keeps_order_and_removal_is_safe),
        cmocka_unit_test(test_every_status_has_a_name),
        cmocka_unit_test(test_failed_assertion_aborts),
        cmocka_unit_test(test_clocks_run_forwards),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
