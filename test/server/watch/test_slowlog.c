/* What is kept of slow commands. */
#include "server/watch/slowlog.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static int setup(void **state)
{
    struct slowlog *slowlog = slowlog_create();

    slowlog_configure(slowlog, 0, 128);
    *state = slowlog;
    return 0;
}

static int teardown(void **state)
{
    slowlog_free(*state);
    return 0;
}

static void add(struct slowlog *slowlog, const char *word)
{
    struct slowlog_caller caller = {.peer = "127.0.0.1:1"};
    struct slice argv[] = {slice_of(word)};

    slowlog_add(slowlog, argv, 1, 5, &caller);
}

static void assert_argument(const struct slowlog_entry *entry, uint32_t index, const char *expected)
{
    assert_true(slice_equal(slice_make(entry->arguments[index], entry->lens[index]), slice_of(expected)));
}

static void assert_words(struct slowlog *slowlog, const char *const *newest_first, uint64_t count)
{
    assert_int_equal(slowlog_len(slowlog), count);
    for (uint64_t i = 0; i < count; i++) {
        assert_argument(slowlog_at(slowlog, i), 0, newest_first[i]);
    }
}

static void test_only_what_is_no_faster_than_the_threshold_is_slow(void **state)
{
    struct slowlog *slowlog = *state;

    slowlog_configure(slowlog, 1000, 10);
    assert_false(slowlog_is_slow(slowlog, 999));
    assert_true(slowlog_is_slow(slowlog, 1000));
    slowlog_configure(slowlog, 0, 10);
    assert_true(slowlog_is_slow(slowlog, 0));
    slowlog_configure(slowlog, -1, 10);
    assert_false(slowlog_is_slow(slowlog, UINT64_MAX));
}

static void test_entry_tells_who_asked_what(void **state)
{
    struct slowlog *slowlog = *state;
    struct slowlog_caller caller = {.peer = "127.0.0.1:5000", .name = "worker"};
    struct slice argv[] = {slice_of("SET"), slice_make("k\0y", 3), slice_of("")};
    const struct slowlog_entry *entry;

    add(slowlog, "before");
    slowlog_add(slowlog, argv, 3, 12345, &caller);
    entry = slowlog_at(slowlog, 0);
    assert_int_equal(entry->id, 1);
    assert_int_equal(entry->microseconds, 12345);
    assert_true(entry->wall_s > 1600000000);
    assert_string_equal(entry->peer, "127.0.0.1:5000");
    assert_string_equal(entry->name, "worker");
    assert_int_equal(entry->argument_count, 3);
    assert_true(slice_equal(slice_make(entry->arguments[1], entry->lens[1]), argv[1]));
    assert_int_equal(entry->lens[2], 0);
    assert_string_equal(slowlog_at(slowlog, 1)->name, "");
}

static void test_oldest_go_when_it_is_full(void **state)
{
    static const char *const newest[] = {"e", "d", "c"};
    static const char *const fewer[] = {"e"};
    struct slowlog *slowlog = *state;

    slowlog_configure(slowlog, 0, 3);
    for (const char *word = "a\0b\0c\0d\0e\0"; *word != '\0'; word += 2) {
        add(slowlog, word);
    }
    assert_words(slowlog, newest, 3);
    assert_int_equal(slowlog_at(slowlog, 0)->id, 4);
    slowlog_configure(slowlog, 0, 1);
    assert_words(slowlog, fewer, 1);
    slowlog_configure(slowlog, 0, 0);
    add(slowlog, "f");
    assert_int_equal(slowlog_len(slowlog), 0);
}

/* The ring grows while its first place is somewhere in the middle. */
static void test_order_survives_growing(void **state)
{
    struct slowlog *slowlog = *state;
    char word[16];

    slowlog_configure(slowlog, 0, 16);
    for (int i = 0; i < 20; i++) {
        (void)snprintf(word, sizeof(word), "%d", i);
        add(slowlog, word);
    }
    slowlog_configure(slowlog, 0, 100);
    for (int i = 20; i < 70; i++) {
        (void)snprintf(word, sizeof(word), "%d", i);
        add(slowlog, word);
    }
    assert_int_equal(slowlog_len(slowlog), 66);
    for (int i = 0; i < 66; i++) {
        (void)snprintf(word, sizeof(word), "%d", 69 - i);
        assert_argument(slowlog_at(slowlog, (uint64_t)i), 0, word);
    }
}

static void test_long_arguments_and_long_requests_are_cut(void **state)
{
    struct slowlog *slowlog = *state;
    struct slowlog_caller caller = {.peer = "p"};
    struct slice argv[SLOWLOG_ARGUMENTS_MAX + 2];
    char longest[SLOWLOG_ARGUMENT_BYTES_MAX + 1];
    char expected[SLOWLOG_ARGUMENT_BYTES_MAX + 64];
    const struct slowlog_entry *entry;

    memset(longest, 'x', sizeof(longest));
    for (size_t i = 0; i < sizeof(argv) / sizeof(argv[0]); i++) {
        argv[i] = slice_of("word");
    }
    argv[1] = slice_make(longest, sizeof(longest));
    argv[2] = slice_make(longest, sizeof(longest) - 1);
    slowlog_add(slowlog, argv, SLOWLOG_ARGUMENTS_MAX, 1, &caller);
    entry = slowlog_at(slowlog, 0);
    assert_int_equal(entry->argument_count, SLOWLOG_ARGUMENTS_MAX);
    (void)snprintf(expected, sizeof(expected), "%.*s... (1 more bytes)", SLOWLOG_ARGUMENT_BYTES_MAX, longest);
    assert_argument(entry, 1, expected);
    assert_int_equal(entry->lens[2], SLOWLOG_ARGUMENT_BYTES_MAX);
    assert_argument(entry, SLOWLOG_ARGUMENTS_MAX - 1, "word");
    slowlog_add(slowlog, argv, SLOWLOG_ARGUMENTS_MAX + 2, 1, &caller);
    entry = slowlog_at(slowlog, 0);
    assert_int_equal(entry->argument_count, SLOWLOG_ARGUMENTS_MAX);
    assert_argument(entry, SLOWLOG_ARGUMENTS_MAX - 1, "... (3 more arguments)");
}

static void test_reset_forgets_all_but_goes_on_counting(void **state)
{
    struct slowlog *slowlog = *state;

    add(slowlog, "a");
    add(slowlog, "b");
    slowlog_reset(slowlog);
    assert_int_equal(slowlog_len(slowlog), 0);
    add(slowlog, "c");
    assert_int_equal(slowlog_at(slowlog, 0)->id, 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_only_what_is_no_faster_than_the_threshold_is_slow),
        TEST(test_entry_tells_who_asked_what),
        TEST(test_oldest_go_when_it_is_full),
        TEST(test_order_survives_growing),
        TEST(test_long_arguments_and_long_requests_are_cut),
        TEST(test_reset_forgets_all_but_goes_on_counting),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
