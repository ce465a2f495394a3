#include "base/random.h"
#include "storage/keyspace/keycode.h"
#include "storage/keyspace/keyspace_scan.h"
#include "support/keyspace_fixture.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

/* The keys of a walk, "a b c ", borrowed until the next. */
static const char *walk(struct keyspace_fixture *f, uint32_t db, struct slice prefix)
{
    static char text[8192];
    struct keyspace_walk *keys = keyspace_walk_begin(f->keyspace, db, prefix);
    size_t len = 0;
    struct slice key;
    struct entry entry;

    text[0] = '\0';
    while (keyspace_walk_next(keys, &key, &entry)) {
        len += (size_t)snprintf(text + len, sizeof(text) - len, "%.*s ", (int)key.len, key.data);
    }
    assert_false(keyspace_walk_next(keys, &key, &entry));
    keyspace_walk_end(keys);
    return text;
}

static void note(void *context, struct slice key, const struct entry *entry)
{
    assert_int_equal(entry->type, ENTRY_STRING);
    buf_put_format(context, "%.*s ", (int)key.len, key.data);
}

/* One page; what it visited is a C string in `seen`, which is cleared first. */
static uint64_t scan(struct keyspace_fixture *f, uint64_t cursor, const char *prefix, size_t count, struct buf *seen)
{
    struct keyspace_scan_visitor visitor = {.visit = note, .context = seen};
    uint64_t next;

    buf_clear(seen);
    next = keyspace_scan(f->keyspace, 0, cursor, slice_of(prefix), count, &visitor);
    buf_put_byte(seen, '\0');
    return next;
}

static void assert_seen(struct buf *seen, const char *expected)
{
    assert_string_equal(buf_slice(seen).data, expected);
}

static void set_all(struct keyspace_fixture *f, const char *letters)
{
    for (size_t i = 0; letters[i] != '\0'; i++) {
        char key[2] = {letters[i], '\0'};

        keyspace_fixture_set(f, 0, key, "v");
    }
}

static void test_walk_gives_live_keys_of_the_prefix_in_order(void **state)
{
    struct keyspace_fixture *f = *state;

    keyspace_fixture_set(f, 0, "user:2", "v");
    keyspace_fixture_set(f, 0, "user:10", "v");
    keyspace_fixture_set(f, 0, "user", "v");
    keyspace_fixture_set(f, 0, "uses", "v");
    keyspace_fixture_set(f, 1, "user:3", "v");
    keyspace_fixture_set_due(f, 0, "user:5", 100);
    assert_string_equal(walk(f, 0, slice_of("user:")), "user:10 user:2 user:5 ");
    keyspace_fixture_replica(f, 101);
    assert_string_equal(walk(f, 0, slice_of("user:")), "user:10 user:2 ");
    assert_string_equal(walk(f, 0, slice_empty()), "user user:10 user:2 uses ");
    assert_string_equal(walk(f, 0, slice_of("x")), "");
    assert_string_equal(walk(f, 2, slice_empty()), "");
}

static void test_walk_sees_long_keys_by_their_full_prefix(void **state)
{
    struct keyspace_fixture *f = *state;
    char prefix[520] = {0};
    char key[2][600] = {{0}};
    char expected[602];

    memset(prefix, 'p', 519);
    memcpy(key[0], prefix, 519);
    memcpy(key[0] + 519, "-one", 4);
    memcpy(key[1], prefix, 518);
    memcpy(key[1] + 518, "q-two", 5);
    keyspace_fixture_set(f, 0, key[0], "v");
    keyspace_fixture_set(f, 0, key[1], "v");
    snprintf(expected, sizeof(expected), "%s ", key[0]);
    assert_string_equal(walk(f, 0, slice_make(prefix, 519)), expected);
    assert_int_equal(strlen(walk(f, 0, slice_make(prefix, 518))), strlen(key[0]) + strlen(key[1]) + 2);
    assert_int_equal(strlen(walk(f, 0, slice_make(prefix, 10))), strlen(key[0]) + strlen(key[1]) + 2);
}

/* KEYS and FLUSH-like callers may delete what they are given. */
static void test_keys_may_be_deleted_on_the_way(void **state)
{
    struct keyspace_fixture *f = *state;
    struct keyspace_walk *keys;
    struct slice key;
    struct entry entry;
    size_t count = 0;

    set_all(f, "abcdefgh");
    keys = keyspace_walk_begin(f->keyspace, 0, slice_empty());
    while (keyspace_walk_next(keys, &key, &entry)) {
        char copy = key.data[0];

        assert_true(keyspace_delete(f->keyspace, 0, slice_make(&copy, 1)));
        count++;
    }
    keyspace_walk_end(keys);
    assert_int_equal(count, 8);
    assert_int_equal(keyspace_key_count(f->keyspace, 0), 0);
}

static void test_scan_goes_page_by_page(void **state)
{
    struct keyspace_fixture *f = *state;
    struct buf seen;
    uint64_t cursor;
    uint64_t again;

    buf_init(&seen, BUF_NO_CEILING);
    assert_int_equal(scan(f, 0, "", 10, &seen), 0);
    assert_seen(&seen, "");
    set_all(f, "abcde");
    cursor = scan(f, 0, "", 2, &seen);
    assert_seen(&seen, "a b ");
    again = cursor;
    cursor = scan(f, cursor, "", 2, &seen);
    assert_seen(&seen, "c d ");
    assert_true(scan(f, again, "", 2, &seen) == cursor); /* Its reply was lost. */
    assert_seen(&seen, "c d ");
    assert_int_equal(scan(f, cursor, "", 2, &seen), 0);
    assert_seen(&seen, "e ");
    assert_int_equal(scan(f, 0, "", 5, &seen), 0); /* No empty page at the end. */
    assert_seen(&seen, "a b c d e ");
    buf_release(&seen);
}

static void test_scan_goes_on_where_keys_went(void **state)
{
    struct keyspace_fixture *f = *state;
    struct buf seen;
    uint64_t cursor;

    buf_init(&seen, BUF_NO_CEILING);
    set_all(f, "abcde");
    cursor = scan(f, 0, "", 2, &seen);
    assert_true(keyspace_delete(f->keyspace, 0, slice_of("b")));
    assert_true(keyspace_delete(f->keyspace, 0, slice_of("c")));
    keyspace_fixture_set(f, 0, "b2", "v");
    cursor = scan(f, cursor, "", 2, &seen);
    assert_seen(&seen, "b2 d ");
    keyspace_flush_all(f->keyspace);
    keyspace_fixture_set(f, 0, "f", "v");
    assert_int_equal(scan(f, cursor, "", 2, &seen), 0);
    assert_seen(&seen, "f ");
    buf_release(&seen);
}

static void test_unknown_cursor_begins_anew(void **state)
{
    struct keyspace_fixture *f = *state;
    struct buf seen;
    uint64_t cursor;

    buf_init(&seen, BUF_NO_CEILING);
    set_all(f, "abc");
    cursor = scan(f, 0, "", 1, &seen);
    keyspace_fixture_reopen(f, KEYSPACE_FIXTURE_DATABASES);
    assert_int_not_equal(scan(f, cursor, "", 2, &seen), 0);
    assert_seen(&seen, "a b ");
    assert_int_not_equal(scan(f, UINT64_MAX, "", 2, &seen), 0);
    assert_seen(&seen, "a b ");
    buf_release(&seen);
}

static void test_prefix_narrows_a_scan_and_may_change_on_the_way(void **state)
{
    struct keyspace_fixture *f = *state;
    struct buf seen;
    uint64_t cursor;

    buf_init(&seen, BUF_NO_CEILING);
    set_all(f, "abcdz");
    keyspace_fixture_set(f, 0, "p1", "v");
    keyspace_fixture_set(f, 0, "p2", "v");
    keyspace_fixture_set(f, 0, "p3", "v");
    cursor = scan(f, 0, "p", 2, &seen);
    assert_seen(&seen, "p1 p2 ");
    assert_int_equal(scan(f, cursor, "p", 2, &seen), 0);
    assert_seen(&seen, "p3 ");
    cursor = scan(f, 0, "", 1, &seen);
    assert_int_equal(scan(f, cursor, "p", 3, &seen), 0);
    assert_seen(&seen, "p1 p2 p3 ");
    cursor = scan(f, 0, "p", 2, &seen);
    assert_int_equal(scan(f, cursor, "a", 3, &seen), 0);
    assert_seen(&seen, "");
    buf_release(&seen);
}

static void test_due_keys_are_work_but_not_visited(void **state)
{
    struct keyspace_fixture *f = *state;
    struct buf seen;
    uint64_t cursor;

    buf_init(&seen, BUF_NO_CEILING);
    set_all(f, "ad");
    keyspace_fixture_set_due(f, 0, "b", 100);
    keyspace_fixture_set_due(f, 0, "c", 100);
    keyspace_fixture_replica(f, 101);
    cursor = scan(f, 0, "", 3, &seen);
    assert_seen(&seen, "a ");
    assert_int_equal(scan(f, cursor, "", 3, &seen), 0);
    assert_seen(&seen, "d ");
    buf_release(&seen);
}

#define STABLE_COUNT 500

static void mark(void *context, struct slice key, const struct entry *entry)
{
    bool *seen = context;
    unsigned int number;

    (void)entry;
    if (key.data[0] == 's') {
        assert_int_equal(sscanf(key.data, "s%3u", &number), 1);
        seen[number] = true;
    }
}

/* The guarantee: what is there from the first call to the last is visited, whatever comes and goes meanwhile. */
static void test_scan_visits_all_that_stays(void **state)
{
    struct keyspace_fixture *f = *state;
    struct random random;
    bool seen[STABLE_COUNT] = {false};
    struct keyspace_scan_visitor visitor = {.visit = mark, .context = seen};
    uint64_t cursor = 0;
    char key[700];

    random_init(&random, 5);
    for (unsigned int i = 0; i < STABLE_COUNT; i++) {
        /* One in eight is long. */
        int padding = i % 8 == 0 ? 600 : 1;

        snprintf(key, sizeof(key), "s%03u%0*d", i, padding, 0);
        keyspace_fixture_set(f, 0, key, "v");
    }
    do {
        for (int i = 0; i < 20; i++) {
            snprintf(key, sizeof(key), "s%03ux", (unsigned int)random_below(&random, STABLE_COUNT));
            key[0] = 't' - (char)random_below(&random, 3);
            if (key[0] == 's' || random_below(&random, 2) == 0) {
                keyspace_delete(f->keyspace, 0, slice_of(key));
            } else {
                keyspace_fixture_set(f, 0, key, "v");
            }
        }
        cursor = keyspace_scan(f->keyspace, 0, cursor, slice_empty(), 1 + random_below(&random, 20), &visitor);
    } while (cursor != 0);
    for (unsigned int i = 0; i < STABLE_COUNT; i++) {
        assert_true(seen[i]);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, keyspace_fixture_setup, keyspace_fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_walk_gives_live_keys_of_the_prefix_in_order),
        TEST(test_walk_sees_long_keys_by_their_full_prefix),
        TEST(test_keys_may_be_deleted_on_the_way),
        TEST(test_scan_goes_page_by_page),
        TEST(test_scan_goes_on_where_keys_went),
        TEST(test_unknown_cursor_begins_anew),
        TEST(test_prefix_narrows_a_scan_and_may_change_on_the_way),
        TEST(test_due_keys_are_work_but_not_visited),
        TEST(test_scan_visits_all_that_stays),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
