#include "base/diag.h"
#include "base/file.h"
#include "base/memory.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static int set_up(void **state)
{
    char *path = memory_copy_text("/tmp/hearth-test-diag-XXXXXX");
    int fd = mkstemp(path);

    assert_true(fd >= 0);
    close(fd);
    assert_true(diag_open(path));
    *state = path;
    return 0;
}

static int tear_down(void **state)
{
    assert_true(diag_open(NULL));
    diag_set_level(DIAG_NOTICE);
    unlink(*state);
    memory_free(*state);
    return 0;
}

static char *read_lines(const char *path)
{
    char *text;
    size_t len;

    assert_int_equal(file_read_whole(file_system_posix(), path, 1 << 24, &text, &len), STATUS_OK);
    return text;
}

/* "pid:M 22 Nov 2026 10:00:00.000 * text" */
static void test_line_is_redis_own(void **state)
{
    char expected_end[] = " * hello 7\n";
    char prefix[32];
    char month[8];
    char *text;
    char *rest;
    int day;
    int year;
    int millisecond;
    int end = 0;

    diag_set_role('S');
    diag(DIAG_NOTICE, "hello %d", 7);
    diag_set_role('M');
    text = read_lines(*state);
    snprintf(prefix, sizeof(prefix), "%d:S ", (int)getpid());
    assert_memory_equal(text, prefix, strlen(prefix));
    rest = text + strlen(prefix);
    assert_int_equal(sscanf(rest, "%2d %3s %4d %*2d:%*2d:%*2d.%3d%n", &day, month, &year, &millisecond, &end), 4);
    assert_int_equal(end, strlen("22 Nov 2026 10:00:00.000"));
    assert_true(year >= 2024);
    assert_string_equal(rest + end, expected_end);
    memory_free(text);
}

static void test_levels_have_marks_and_a_threshold(void **state)
{
    char *text;

    diag_set_level(DIAG_VERBOSE);
    assert_int_equal(diag_get_level(), DIAG_VERBOSE);
    diag(DIAG_DEBUG, "hidden");
    diag(DIAG_VERBOSE, "one");
    diag(DIAG_WARNING, "two");
    diag_set_level(DIAG_DEBUG);
    diag(DIAG_DEBUG, "three");
    text = read_lines(*state);
    assert_null(strstr(text, "hidden"));
    assert_non_null(strstr(text, " - one\n"));
    assert_non_null(strstr(text, " # two\n"));
    assert_non_null(strstr(text, " . three\n"));
    memory_free(text);
}

static void test_text_of_peers_cannot_forge_a_line(void **state)
{
    char long_text[5000];
    char *text;

    diag(DIAG_WARNING, "a\r\nb\x1b[31m");
    memset(long_text, 'x', sizeof(long_text) - 1);
    long_text[sizeof(long_text) - 1] = '\0';
    diag(DIAG_WARNING, "%s", long_text);
    text = read_lines(*state);
    assert_non_null(strstr(text, " # a  b [31m\n"));
    assert_true(strlen(text) < 3000);
    assert_int_equal(text[strlen(text) - 1], '\n');
    memory_free(text);
}

static void test_errno_survives(void **state)
{
    char *text;

    errno = ENOSPC;
    diag(DIAG_WARNING, "%m");
    assert_int_equal(errno, ENOSPC);
    text = read_lines(*state);
    assert_non_null(strstr(text, "No space left on device"));
    memory_free(text);
}

static void test_file_that_cannot_be_opened_changes_nothing(void **state)
{
    char *text;

    assert_false(diag_open("/nonexistent/folder/file"));
    diag(DIAG_NOTICE, "still here");
    text = read_lines(*state);
    assert_non_null(strstr(text, "still here"));
    memory_free(text);
}

/* As after a rotation: the old file was moved away, and opening the same path goes on in a new one. */
static void test_reopening_goes_on_in_the_new_file(void **state)
{
    char moved[64];
    char *text;

    diag(DIAG_NOTICE, "before");
    snprintf(moved, sizeof(moved), "%s.1", (char *)*state);
    assert_int_equal(rename(*state, moved), 0);
    assert_true(diag_open(*state));
    diag(DIAG_NOTICE, "after");
    text = read_lines(*state);
    assert_null(strstr(text, "before"));
    assert_non_null(strstr(text, "after"));
    memory_free(text);
    unlink(moved);
}

static void *write_lines(void *context)
{
    for (int i = 0; i < 500; i++) {
        diag(DIAG_NOTICE, "%s", (const char *)context);
    }
    return NULL;
}

static void test_lines_of_threads_do_not_mix(void **state)
{
    char words[2][200];
    pthread_t threads[2];
    char *text;
    char *save;
    int count = 0;

    for (size_t i = 0; i < 2; i++) {
        memset(words[i], i == 0 ? 'a' : 'b', sizeof(words[i]) - 1);
        words[i][sizeof(words[i]) - 1] = '\0';
        assert_int_equal(pthread_create(&threads[i], NULL, write_lines, words[i]), 0);
    }
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    text = read_lines(*state);
    for (char *line = strtok_r(text, "\n", &save); line != NULL; line = strtok_r(NULL, "\n", &save)) {
        const char *word = strstr(line, " * ");

        assert_non_null(word);
        assert_string_equal(word + 3, words[word[3] == 'b']);
        count++;
    }
    assert_int_equal(count, 1000);
    memory_free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_line_is_redis_own, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_levels_have_marks_and_a_threshold, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_text_of_peers_cannot_forge_a_line, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_errno_survives, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_file_that_cannot_be_opened_changes_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_reopening_goes_on_in_the_new_file, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_lines_of_threads_do_not_mix, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
