/* Runs of items: reading, finding and splicing records. */
#include "base/buf.h"
#include "storage/keyspace/packed.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* A run of the words of `text`, each ended by a space. */
static void put_words(struct buf *run, const char *text)
{
    buf_init(run, BUF_NO_CEILING);
    for (const char *end; (end = strchr(text, ' ')) != NULL; text = end + 1) {
        packed_put(run, slice_make(text, (size_t)(end - text)));
    }
}

static void assert_words(const struct buf *run, const char *expected)
{
    struct slice rest = buf_slice(run);
    struct slice item;
    struct buf text;

    buf_init(&text, BUF_NO_CEILING);
    while (packed_next(&rest, &item)) {
        buf_put(&text, item);
        buf_put(&text, slice_of(" "));
    }
    assert_true(slice_equal(buf_slice(&text), slice_of(expected)));
    buf_release(&text);
}

static void test_find_looks_at_names_only(void **state)
{
    struct packed_place place;
    struct buf run;

    (void)state;
    put_words(&run, "b a a z ");
    assert_true(packed_find(buf_slice(&run), slice_of("a"), 2, &place));
    assert_int_equal(place.start, 4);
    assert_int_equal(place.len, 4);
    assert_true(slice_equal(packed_take(&place.values), slice_of("z")));
    assert_int_equal(place.values.len, 0);
    assert_false(packed_find(buf_slice(&run), slice_of("z"), 2, &place));
    assert_true(packed_find(buf_slice(&run), slice_of("z"), 1, &place));
    assert_int_equal(place.values.len, 0);
    buf_release(&run);
}

static void test_what_is_not_found_is_added_at_the_end(void **state)
{
    struct slice record[] = {slice_of("c"), slice_of("3")};
    struct packed_place place;
    struct buf run;

    (void)state;
    put_words(&run, "a 1 b 2 ");
    assert_false(packed_find(buf_slice(&run), record[0], 2, &place));
    packed_splice(&run, place.start, place.len, record, 2);
    assert_words(&run, "a 1 b 2 c 3 ");
    buf_release(&run);
}

static void test_splice_replaces_and_deletes_a_record(void **state)
{
    struct slice record[] = {slice_of("b"), slice_of("a longer value")};
    struct packed_place place;
    struct buf run;

    (void)state;
    put_words(&run, "a 1 b 2 c 3 ");
    assert_true(packed_find(buf_slice(&run), record[0], 2, &place));
    packed_splice(&run, place.start, place.len, record, 2);
    assert_words(&run, "a 1 b a longer value c 3 ");
    assert_true(packed_find(buf_slice(&run), slice_of("a"), 2, &place));
    packed_splice(&run, place.start, place.len, NULL, 0);
    assert_words(&run, "b a longer value c 3 ");
    buf_release(&run);
}

static void test_an_empty_run_has_no_item(void **state)
{
    struct packed_place place;
    struct slice run = slice_empty();
    struct slice item;

    (void)state;
    assert_false(packed_next(&run, &item));
    assert_false(packed_find(run, slice_empty(), 2, &place));
    assert_int_equal(place.start, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_find_looks_at_names_only),
        cmocka_unit_test(test_what_is_not_found_is_added_at_the_end),
        cmocka_unit_test(test_splice_replaces_and_deletes_a_record),
        cmocka_unit_test(test_an_empty_run_has_no_item),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
