/* Which words are keys, by specifications of each kind. Redis' own tables are compared in test/parity/catalogue.py. */
#include "base/buf.h"
#include "server/request/command_keys.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define WORDS_MAX 16

static const struct command move = {.name = "move", .keys = {KEY_RANGE(KEY_RW, 1, 0, 1), KEY_RANGE(KEY_OW, 2, -1, 1)}};
static const struct command pairs = {.name = "pairs", .keys = {KEY_RANGE(KEY_OW, 1, -1, 2)}};
static const struct command counted = {
    .name = "counted",
    .keys = {
        {.flags = KEY_RO, .begin = KEY_BEGIN_INDEX, .index = 1, .find = KEY_FIND_KEYNUM, .first_key = 1, .step = 1}}};
static const struct command store = {.name = "store",
                                     .keys = {KEY_RANGE(KEY_RO, 1, 0, 1),
                                              {.flags = KEY_OW,
                                               .begin = KEY_BEGIN_KEYWORD,
                                               .keyword = "STORE",
                                               .index = 2,
                                               .find = KEY_FIND_RANGE,
                                               .last = 0,
                                               .step = 1}}};
static const struct command streams = {.name = "streams",
                                       .keys = {{.flags = KEY_RO,
                                                 .begin = KEY_BEGIN_KEYWORD,
                                                 .keyword = "STREAMS",
                                                 .index = 1,
                                                 .find = KEY_FIND_RANGE,
                                                 .last = -1,
                                                 .step = 1,
                                                 .limit = 2}}};

/* The last word is the key, wherever that is. */
static size_t visit_last(const struct slice *argv, size_t argc, command_key_visit *visit, void *context)
{
    (void)argv;
    if (argc < 2) {
        return 0;
    }
    visit(context, argc - 1, KEY_OW);
    return 1;
}

static const struct command own = {.name = "own", .keys = {KEY_RANGE(KEY_RO, 1, 0, 1)}, .visit_keys = visit_last};
static const struct command channel = {.name = "channel", .keys = {KEY_RANGE(KEY_NOT_KEY, 1, 0, 1)}};

struct page {
    const struct slice *argv;
    struct buf text;
};

static void visit(void *context, size_t index, uint32_t flags)
{
    struct page *page = context;
    struct slice word = page->argv[index];

    buf_put_format(&page->text, "%.*s%s ", (int)word.len, word.data, flags & KEY_OW ? "!" : "");
}

/* The keys of the words in `line`, those to be overwritten with a mark. "-" in front: not all are there. */
static void assert_keys(const struct command *command, const char *line, const char *expected)
{
    struct slice argv[WORDS_MAX];
    struct page page = {.argv = argv};
    size_t argc = 0;

    for (; *line != '\0'; line += strspn(line, " ")) {
        argv[argc++] = slice_make(line, strcspn(line, " "));
        line += strcspn(line, " ");
    }
    buf_init(&page.text, BUF_NO_CEILING);
    if (!command_keys_are_whole(command, argv, argc)) {
        buf_put_text(&page.text, "-");
    }
    (void)command_keys_visit(command, argv, argc, visit, &page);
    buf_put_byte(&page.text, '\0');
    assert_string_equal(buf_slice(&page.text).data, expected);
    buf_release(&page.text);
}

static void test_ranges(void **state)
{
    (void)state;
    assert_keys(&move, "move a b", "a b! ");
    assert_keys(&move, "move a b c", "a b! c! ");
    assert_keys(&move, "move a", "-a "); /* The second specification promises a key. */
    assert_keys(&pairs, "pairs a 1 b 2", "a! b! ");
}

static void test_counts(void **state)
{
    (void)state;
    assert_keys(&counted, "counted 2 a b LIMIT 1", "a b ");
    assert_keys(&counted, "counted 3 a b", "-");
    assert_keys(&counted, "counted 0 a", "-");
    assert_keys(&counted, "counted -1 a", "-");
    assert_keys(&counted, "counted x a", "-");
    assert_keys(&counted, "counted 9223372036854775807 a", "-");
}

static void test_keywords(void **state)
{
    (void)state;
    assert_keys(&store, "store a", "a "); /* A keyword may be left out. */
    assert_keys(&store, "store a x Store b", "a b! ");
    assert_keys(&store, "store a STORE", "a ");
    assert_keys(&streams, "streams COUNT 2 STREAMS a b 1 2", "a b ");
    assert_keys(&streams, "streams COUNT 2", "");
}

static void test_a_command_may_find_its_own_keys(void **state)
{
    (void)state;
    assert_keys(&own, "own a b c", "c! "); /* Its specification does not count. */
    assert_keys(&own, "own", "-");
}

static void test_channels_are_no_keys(void **state)
{
    (void)state;
    assert_keys(&channel, "channel a", "");
}

static void assert_range(const struct command *command, int first, int last, int step, bool is_movable)
{
    struct command_key_range range = command_keys_range(command);

    assert_int_equal(range.first, first);
    assert_int_equal(range.last, last);
    assert_int_equal(range.step, step);
    assert_int_equal(command_keys_are_movable(command), is_movable);
}

static void test_old_clients_are_told_one_range(void **state)
{
    (void)state;
    assert_range(&move, 1, -1, 1, false); /* Two that follow on each other. */
    assert_range(&pairs, 1, -1, 2, false);
    assert_range(&counted, 0, 0, 0, true);
    assert_range(&store, 1, 1, 1, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_keywords),
        cmocka_unit_test(test_a_command_may_find_its_own_keys),
        cmocka_unit_test(test_channels_are_no_keys),
        cmocka_unit_test(test_old_clients_are_told_one_range),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
