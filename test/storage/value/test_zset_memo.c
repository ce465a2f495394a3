/* What is remembered of large sorted sets: that it is kept up and let go. That it is right is test_zset_store.c's to
 * show. */
#include "storage/keyspace/keycode.h"
#include "storage/memtable/view_cursor.h"
#include "storage/value/zset_memo.h"
#include "storage/value/zset_rank.h"
#include "storage/value/zset_walk.h"
#include "support/keyspace_fixture.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define MEMBERS 2000

static struct zset_memos *memos_of(struct keyspace_fixture *f)
{
    return keyspace_zset_memos(f->keyspace);
}

static void open_zset(struct keyspace_fixture *f, const char *key, struct collection *zset)
{
    assert_int_not_equal(collection_open(f->keyspace, 0, slice_of(key), ENTRY_ZSET, zset), STATUS_WRONG_TYPE);
}

static void close_zset(struct collection *zset)
{
    collection_commit(zset);
    collection_close(zset);
}

static void put(struct collection *zset, unsigned number, double score)
{
    char member[32];

    snprintf(member, sizeof(member), "member %06u", number);
    (void)zset_put(zset, slice_of(member), score);
}

static void fill(struct keyspace_fixture *f, const char *key, unsigned count)
{
    struct collection zset;

    open_zset(f, key, &zset);
    for (unsigned i = 0; i < count; i++) {
        put(&zset, i, i);
    }
    close_zset(&zset);
}

/* Ask for a rank in the middle, which needs counts. */
static void ask(struct keyspace_fixture *f, const char *key, unsigned number)
{
    struct collection zset;
    char member[32];

    open_zset(f, key, &zset);
    snprintf(member, sizeof(member), "member %06u", number);
    assert_int_equal(zset_rank_of(&zset, slice_of(member), number), number);
    collection_close(&zset);
}

static void test_nothing_is_remembered_before_somebody_asks(void **state)
{
    struct keyspace_fixture *f = *state;

    fill(f, "z", MEMBERS);
    assert_int_equal(zset_memos_bytes(memos_of(f)), 0);
    ask(f, "z", MEMBERS / 2);
    assert_true(zset_memos_bytes(memos_of(f)) > 0);
}

static void test_a_small_set_needs_no_counts(void **state)
{
    struct keyspace_fixture *f = *state;

    fill(f, "z", 200); /* In rows. */
    ask(f, "z", 100);
    assert_true(zset_memos_bytes(memos_of(f)) < 500);
}

static void test_what_is_remembered_goes_with_the_key(void **state)
{
    struct keyspace_fixture *f = *state;

    fill(f, "deleted", MEMBERS);
    fill(f, "overwritten", MEMBERS);
    ask(f, "deleted", MEMBERS / 2);
    ask(f, "overwritten", MEMBERS / 2);
    assert_true(keyspace_delete(f->keyspace, 0, slice_of("deleted")));
    keyspace_fixture_set(f, 0, "overwritten", "by a string");
    assert_int_equal(zset_memos_bytes(memos_of(f)), 0);
    fill(f, "flushed", MEMBERS);
    ask(f, "flushed", MEMBERS / 2);
    keyspace_flush_all(f->keyspace);
    assert_int_equal(zset_memos_bytes(memos_of(f)), 0);
}

/* Edits without a question cost more and more; then the counts are worth less than a walk. */
static void test_counts_nobody_asks_for_are_let_go(void **state)
{
    struct keyspace_fixture *f = *state;
    struct collection zset;
    size_t counted_bytes;

    fill(f, "z", MEMBERS);
    ask(f, "z", MEMBERS / 2);
    counted_bytes = zset_memos_bytes(memos_of(f));
    open_zset(f, "z", &zset);
    for (unsigned i = 0; i < 20000; i++) {
        put(&zset, i % MEMBERS, 100000 + i);
    }
    for (unsigned i = 0; i < MEMBERS; i++) {
        put(&zset, i, i);
    }
    close_zset(&zset);
    assert_true(zset_memos_bytes(memos_of(f)) < counted_bytes / 2);
    ask(f, "z", MEMBERS / 2); /* And made anew. */
    assert_true(zset_memos_bytes(memos_of(f)) >= counted_bytes);
}

/* Who takes from the front again and again must not walk over all that was taken: the first row is found from where
 * it was last. */
static void test_the_first_row_is_found_behind_what_was_taken(void **state)
{
    struct keyspace_fixture *f = *state;
    struct view_cursor *cursor;
    struct collection zset;
    struct keycode prefix;
    char member[32];

    fill(f, "z", MEMBERS);
    open_zset(f, "z", &zset);
    keycode_prefix(&prefix, zset.entry.generation);
    cursor = view_cursor_create(keyspace_view(f->keyspace), TABLE_SCORES, keycode_slice(&prefix));
    for (unsigned i = 0; i < MEMBERS - 1; i++) {
        snprintf(member, sizeof(member), "member %06u", i);
        assert_true(zset_memo_seek_first(&zset, cursor));
        assert_true(slice_equal(slice_after(view_cursor_key(cursor), prefix.len + 8), slice_of(member)));
        zset_take(&zset, slice_of(member), i);
    }
    put(&zset, 0, -1); /* Before all that was there: the edge goes back to it. */
    assert_true(zset_memo_seek_first(&zset, cursor));
    assert_true(slice_equal(slice_after(view_cursor_key(cursor), prefix.len + 8), slice_of("member 000000")));
    assert_true(zset_memo_seek_last(&zset, cursor));
    put(&zset, 1, 1e9);
    assert_true(zset_memo_seek_last(&zset, cursor));
    assert_true(slice_equal(slice_after(view_cursor_key(cursor), prefix.len + 8), slice_of("member 000001")));
    view_cursor_free(cursor);
    close_zset(&zset);
}

static void test_seeking_keeps_to_its_side_of_the_key(void **state)
{
    struct keyspace_fixture *f = *state;
    struct view_cursor *cursor;
    struct collection zset;
    struct keycode prefix;

    fill(f, "z", MEMBERS);
    open_zset(f, "z", &zset);
    keycode_prefix(&prefix, zset.entry.generation);
    cursor = view_cursor_create(keyspace_view(f->keyspace), TABLE_SCORES, keycode_slice(&prefix));
    for (int i = 0; i <= MEMBERS + 1; i++) {
        struct keycode code;
        char member[32];

        /* Just before member i - 1, or its very key. */
        snprintf(member, sizeof(member), "member %06d", i - 1);
        keycode_score(&code, zset.entry.generation, i - 1, i % 2 == 0 ? slice_empty() : slice_of(member), 0);
        assert_int_equal(zset_memo_seek(&zset, keycode_slice(&code), cursor), i <= MEMBERS);
        if (i >= 1 && i <= MEMBERS) {
            assert_true(slice_equal(slice_after(view_cursor_key(cursor), prefix.len + 8), slice_of(member)));
        }
        assert_int_equal(zset_memo_seek_before(&zset, keycode_slice(&code), cursor), i >= 2);
        if (i >= 2) {
            snprintf(member, sizeof(member), "member %06d", i - 2);
            assert_true(slice_equal(slice_after(view_cursor_key(cursor), prefix.len + 8), slice_of(member)));
        }
    }
    view_cursor_free(cursor);
    close_zset(&zset);
}

/* Other data under the same generations. */
static void test_a_reload_forgets_all(void **state)
{
    struct keyspace_fixture *f = *state;
    struct env_meta meta = {.next_generation = 1};

    fill(f, "z", MEMBERS);
    ask(f, "z", MEMBERS / 2);
    keyspace_describe(f->keyspace, &meta);
    keyspace_reload(f->keyspace, f->view, &meta);
    env_meta_release(&meta);
    assert_int_equal(zset_memos_bytes(memos_of(f)), 0);
    ask(f, "z", MEMBERS / 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, keyspace_fixture_setup, keyspace_fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_nothing_is_remembered_before_somebody_asks),
        TEST(test_a_small_set_needs_no_counts),
        TEST(test_what_is_remembered_goes_with_the_key),
        TEST(test_counts_nobody_asks_for_are_let_go),
        TEST(test_the_first_row_is_found_behind_what_was_taken),
        TEST(test_seeking_keeps_to_its_side_of_the_key),
        TEST(test_a_reload_forgets_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
