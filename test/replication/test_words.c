#include "replication/words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define ROOM 3

/* "3: a|b|c" */
static const char *show(size_t count, const struct slice *words)
{
    static char text[128];
    size_t at = (size_t)snprintf(text, sizeof(text), "%zu:", count);

    for (size_t i = 0; i < count && i < ROOM; i++) {
        at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%.*s", i == 0 ? " " : "|", (int)words[i].len,
                               words[i].data);
    }
    return text;
}

static void test_words_are_cut_at_blanks(void **state)
{
    static const struct {
        const char *line;
        const char *all;
        const char *first;
    } cases[] = {
        {"", "0:", "0:"},
        {" \t\r", "0:", "0:"},
        {"a", "1: a", "1: a"},
        {" a  b\tc \r", "3: a|b|c", "3: a|b|c \r"},
        {"a b c  d e", "4: a|b|c", "3: a|b|c  d e"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct slice words[ROOM];

        assert_string_equal(show(words_split(slice_of(cases[i].line), words, ROOM), words), cases[i].all);
        assert_string_equal(show(words_split_first(slice_of(cases[i].line), words, ROOM), words), cases[i].first);
    }
}

static void test_a_word_is_copied_if_there_is_room(void **state)
{
    char text[4] = "old";

    (void)state;
    assert_false(words_copy(text, sizeof(text), slice_of("four")));
    assert_string_equal(text, "old");
    assert_true(words_copy(text, sizeof(text), slice_of("new")));
    assert_string_equal(text, "new");
    assert_true(words_copy(text, sizeof(text), slice_empty()));
    assert_string_equal(text, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words_are_cut_at_blanks),
        cmocka_unit_test(test_a_word_is_copied_if_there_is_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
