/* Prefixes that clients want to hear of. */
#include "server/request/tracking_prefixes.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct fixture {
    struct tracking_prefixes prefixes;
    struct tracking_member a;
    struct tracking_member b;
    struct buf told; /* "id: keys " of each message, line ends as blanks. */
};

static int set_up(void **state)
{
    static struct fixture fixture;

    fixture = (struct fixture){.a = {.id = 1}, .b = {.id = 2}};
    tracking_prefixes_init(&fixture.prefixes);
    buf_init(&fixture.told, BUF_NO_CEILING);
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    tracking_prefixes_leave(&f->prefixes, &f->a);
    tracking_prefixes_leave(&f->prefixes, &f->b);
    tracking_prefixes_release(&f->prefixes);
    buf_release(&f->told);
    return 0;
}

static void join(struct fixture *f, struct tracking_member *member, const char *name)
{
    tracking_prefixes_join(&f->prefixes, member, slice_of(name));
}

static void note(struct fixture *f, const char *key, uint64_t writer_id)
{
    tracking_prefixes_note(&f->prefixes, slice_of(key), writer_id);
}

static void tell(void *context, struct tracking_member *member, struct slice keys)
{
    struct fixture *f = context;

    buf_put_format(&f->told, "%llu: ", (unsigned long long)member->id);
    for (size_t i = 0; i < keys.len; i++) {
        if (keys.data[i] != '\n') {
            buf_put_byte(&f->told, keys.data[i] == '\r' ? ' ' : keys.data[i]);
        }
    }
}

static void assert_told(struct fixture *f, const char *expected)
{
    tracking_prefixes_tell(&f->prefixes, tell, f);
    buf_put_byte(&f->told, '\0');
    assert_string_equal(buf_slice(&f->told).data, expected);
    buf_clear(&f->told);
}

static void test_keys_are_told_once_and_in_order(void **state)
{
    struct fixture *f = *state;

    join(f, &f->a, "k");
    note(f, "k2", 9);
    note(f, "k1", 9);
    note(f, "other", 9);
    note(f, "k2", 9);
    note(f, "k", 9);
    assert_told(f, "1: *3 $1 k $2 k1 $2 k2 ");
    assert_told(f, "");
    note(f, "k1", 9);
    assert_told(f, "1: *1 $2 k1 ");
}

static void test_each_prefix_is_told_to_its_members(void **state)
{
    struct fixture *f = *state;

    join(f, &f->a, "x");
    join(f, &f->b, "");
    join(f, &f->a, "w");
    join(f, &f->a, "x");
    assert_int_equal(f->prefixes.count, 3);
    assert_int_equal(f->a.joined_count, 2);
    assert_true(slice_equal(tracking_member_prefix(&f->a, 0), slice_of("w")));
    assert_true(slice_equal(tracking_member_prefix(&f->a, 1), slice_of("x")));
    note(f, "x1", 0);
    note(f, "w1", 0);
    note(f, "y", 0);
    assert_told(f, "2: *3 $2 w1 $2 x1 $1 y 1: *1 $2 w1 1: *1 $2 x1 ");
}

static void test_who_skips_its_own_hears_of_the_rest(void **state)
{
    struct fixture *f = *state;

    join(f, &f->a, "");
    join(f, &f->b, "");
    f->a.skips_own = true;
    note(f, "mine", 1);
    assert_told(f, "2: *1 $4 mine ");
    note(f, "mine", 1);
    note(f, "others", 2);
    note(f, "mine", 2); /* The first writer counts. */
    note(f, "nobodys", 0);
    assert_told(f, "1: *2 $7 nobodys $6 others 2: *3 $4 mine $7 nobodys $6 others ");
}

static void test_a_prefix_ends_with_its_last_member(void **state)
{
    struct fixture *f = *state;

    join(f, &f->a, "x");
    join(f, &f->b, "x");
    note(f, "x1", 0);
    tracking_prefixes_leave(&f->prefixes, &f->a);
    assert_told(f, "2: *1 $2 x1 ");
    note(f, "x1", 0);
    tracking_prefixes_leave(&f->prefixes, &f->b);
    assert_int_equal(f->prefixes.count, 0);
    assert_told(f, "");
    join(f, &f->a, "x");
    assert_told(f, ""); /* What changed before is not its matter. */
}

static void test_prefixes_overlap_where_one_begins_the_other(void **state)
{
    (void)state;
    assert_true(tracking_prefixes_overlap(slice_of("ab"), slice_of("abc")));
    assert_true(tracking_prefixes_overlap(slice_of("abc"), slice_of("ab")));
    assert_true(tracking_prefixes_overlap(slice_of("ab"), slice_of("ab")));
    assert_true(tracking_prefixes_overlap(slice_empty(), slice_of("ab")));
    assert_false(tracking_prefixes_overlap(slice_of("ab"), slice_of("ac")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_keys_are_told_once_and_in_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_each_prefix_is_told_to_its_members, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_who_skips_its_own_hears_of_the_rest, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_prefix_ends_with_its_last_member, set_up, tear_down),
        cmocka_unit_test(test_prefixes_overlap_where_one_begins_the_other),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
