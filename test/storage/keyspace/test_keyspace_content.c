#include "storage/keyspace/keycode.h"
#include "storage/keyspace/keyspace.h"
#include "storage/memtable/view.h"
#include "support/keyspace_fixture.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#define FIELD_COUNT 300

/* A hash whose content lies in tables, one of its fields long; returns its generation. */
static uint64_t put_collection(struct keyspace_fixture *f, uint32_t db, const char *key)
{
    uint64_t seed = keyspace_name_seed(f->keyspace);
    struct entry entry = {.type = ENTRY_HASH, .encoding = 1, .count = FIELD_COUNT, .body = slice_of("head")};
    char field[600] = {0};
    struct keycode code;

    entry.generation = keyspace_new_generation(f->keyspace);
    for (uint32_t i = 0; i < FIELD_COUNT; i++) {
        bytes_put_be32(field, i);
        keycode_field(&code, entry.generation, slice_make(field, i == 7 ? sizeof(field) : 4), seed);
        view_put(f->view, TABLE_FIELDS, keycode_slice(&code), slice_make(field, 4));
        keycode_score(&code, entry.generation, i, slice_make(field, 4), seed);
        view_put(f->view, TABLE_SCORES, keycode_slice(&code), slice_empty());
    }
    keyspace_put(f->keyspace, db, slice_of(key), &entry);
    return entry.generation;
}

static uint64_t generation_of(struct keyspace_fixture *f, uint32_t db, const char *key)
{
    struct entry entry;

    return keyspace_find(f->keyspace, db, slice_of(key), &entry) ? entry.generation : 0;
}

static size_t content_count(struct keyspace_fixture *f, enum table table, uint64_t generation)
{
    struct keycode prefix;

    keycode_prefix(&prefix, generation);
    return keyspace_fixture_row_count(f, table, keycode_slice(&prefix));
}

static bool is_orphan(struct keyspace_fixture *f, enum keycode_orphan_kind kind, uint64_t number)
{
    struct keycode code;
    struct slice value;

    keycode_orphan(&code, kind, number);
    return view_get(f->view, TABLE_ORPHANS, keycode_slice(&code), &value);
}

static size_t orphan_count(struct keyspace_fixture *f)
{
    return keyspace_fixture_row_count(f, TABLE_ORPHANS, slice_empty());
}

static void test_generations_and_spaces_are_never_used_twice(void **state)
{
    struct keyspace_fixture *f = *state;
    uint64_t first = keyspace_new_generation(f->keyspace);

    assert_true(first > KEYSPACE_FIXTURE_DATABASES);
    assert_true(keyspace_new_generation(f->keyspace) > first);
    keyspace_fixture_reopen(f, KEYSPACE_FIXTURE_DATABASES);
    assert_true(keyspace_new_generation(f->keyspace) > first + 1);
}

static void test_content_becomes_an_orphan_with_its_key(void **state)
{
    struct keyspace_fixture *f = *state;
    uint64_t generation = put_collection(f, 0, "deleted");

    assert_true(keyspace_delete(f->keyspace, 0, slice_of("deleted")));
    assert_true(is_orphan(f, KEYCODE_ORPHAN_GENERATION, generation));
    generation = put_collection(f, 0, "overwritten");
    keyspace_fixture_set(f, 0, "overwritten", "value");
    assert_true(is_orphan(f, KEYCODE_ORPHAN_GENERATION, generation));
    generation = put_collection(f, 0, "due");
    keyspace_set_expiry(f->keyspace, 0, slice_of("due"), 1000);
    assert_int_equal(orphan_count(f), 2);
    keyspace_fixture_master(f, 1001);
    assert_null(keyspace_fixture_get(f, 0, "due"));
    assert_true(is_orphan(f, KEYCODE_ORPHAN_GENERATION, generation));
    assert_int_equal(orphan_count(f), 3);
}

static void test_put_of_the_same_generation_keeps_the_content(void **state)
{
    struct keyspace_fixture *f = *state;
    struct entry entry;

    put_collection(f, 0, "key");
    assert_true(keyspace_find(f->keyspace, 0, slice_of("key"), &entry));
    entry.count++;
    keyspace_put(f->keyspace, 0, slice_of("key"), &entry);
    assert_int_equal(orphan_count(f), 0);
}

static void test_move_carries_content_and_expiry(void **state)
{
    struct keyspace_fixture *f = *state;
    uint64_t generation = put_collection(f, 0, "from");
    uint64_t replaced = put_collection(f, 1, "to");
    struct entry entry;

    keyspace_set_expiry(f->keyspace, 0, slice_of("from"), 1000);
    keyspace_set_expiry(f->keyspace, 1, slice_of("to"), 2000);
    assert_true(keyspace_move(f->keyspace, 0, slice_of("from"), 1, slice_of("to")));
    assert_int_equal(keyspace_key_count(f->keyspace, 0), 0);
    assert_int_equal(keyspace_expiry_count(f->keyspace, 0), 0);
    assert_int_equal(keyspace_key_count(f->keyspace, 1), 1);
    assert_int_equal(keyspace_expiry_count(f->keyspace, 1), 1);
    assert_true(keyspace_find(f->keyspace, 1, slice_of("to"), &entry));
    assert_true(entry.generation == generation && entry.expire_at_ms == 1000);
    assert_true(slice_equal(entry.body, slice_of("head")));
    assert_int_equal(keyspace_fixture_row_count(f, TABLE_EXPIRY, slice_empty()), 1);
    assert_true(is_orphan(f, KEYCODE_ORPHAN_GENERATION, replaced));
    assert_false(is_orphan(f, KEYCODE_ORPHAN_GENERATION, generation));
}

static void test_move_to_itself_changes_nothing(void **state)
{
    struct keyspace_fixture *f = *state;
    uint64_t generation = put_collection(f, 0, "key");

    assert_true(keyspace_move(f->keyspace, 0, slice_of("key"), 0, slice_of("key")));
    assert_true(generation_of(f, 0, "key") == generation);
    assert_int_equal(keyspace_key_count(f->keyspace, 0), 1);
    assert_int_equal(orphan_count(f), 0);
    assert_false(keyspace_move(f->keyspace, 0, slice_of("absent"), 0, slice_of("key")));
    assert_true(generation_of(f, 0, "key") == generation);
}

static void test_copy_has_content_of_its_own(void **state)
{
    struct keyspace_fixture *f = *state;
    uint64_t from = put_collection(f, 0, "from");
    uint64_t to;
    struct keycode code;
    struct slice value;
    char field[600] = {0};

    /* The copy's number has a longer code: the rows must not care. */
    while (keyspace_new_generation(f->keyspace) < 3000) {
    }
    keyspace_set_expiry(f->keyspace, 0, slice_of("from"), 1000);
    assert_true(keyspace_copy(f->keyspace, 0, slice_of("from"), 2, slice_of("to")));
    to = generation_of(f, 2, "to");
    assert_true(to > from);
    assert_int_equal(content_count(f, TABLE_FIELDS, from), FIELD_COUNT);
    assert_int_equal(content_count(f, TABLE_FIELDS, to), FIELD_COUNT);
    assert_int_equal(content_count(f, TABLE_SCORES, to), FIELD_COUNT);
    assert_int_equal(keyspace_expiry_count(f->keyspace, 2), 1);
    bytes_put_be32(field, 7);
    keycode_field(&code, to, slice_make(field, sizeof(field)), keyspace_name_seed(f->keyspace));
    assert_true(view_get(f->view, TABLE_FIELDS, keycode_slice(&code), &value));
    assert_true(slice_equal(value, slice_make(field, 4)));
    assert_true(keyspace_delete(f->keyspace, 0, slice_of("from")));
    assert_true(is_orphan(f, KEYCODE_ORPHAN_GENERATION, from));
    assert_false(is_orphan(f, KEYCODE_ORPHAN_GENERATION, to));
}

static void test_copy_replaces_and_copies_nothing_onto_itself(void **state)
{
    struct keyspace_fixture *f = *state;
    uint64_t from = put_collection(f, 0, "from");
    uint64_t replaced = put_collection(f, 0, "to");

    assert_true(keyspace_copy(f->keyspace, 0, slice_of("from"), 0, slice_of("from")));
    assert_true(generation_of(f, 0, "from") == from);
    assert_true(keyspace_copy(f->keyspace, 0, slice_of("from"), 0, slice_of("to")));
    assert_true(is_orphan(f, KEYCODE_ORPHAN_GENERATION, replaced));
    assert_int_equal(keyspace_key_count(f->keyspace, 0), 2);
    assert_false(keyspace_copy(f->keyspace, 0, slice_of("absent"), 0, slice_of("to")));
}

static void test_flush_leaves_the_space_as_an_orphan(void **state)
{
    struct keyspace_fixture *f = *state;
    struct env_meta meta = {.selected_db = -1};

    keyspace_describe(f->keyspace, &meta);
    keyspace_fixture_set(f, 1, "key", "value");
    keyspace_fixture_set_due(f, 1, "due", 1000);
    keyspace_fixture_set(f, 2, "key", "kept");
    keyspace_flush_database(f->keyspace, 1);
    assert_int_equal(keyspace_key_count(f->keyspace, 1), 0);
    assert_int_equal(keyspace_expiry_count(f->keyspace, 1), 0);
    assert_null(keyspace_fixture_get(f, 1, "key"));
    assert_string_equal(keyspace_fixture_get(f, 2, "key"), "kept");
    assert_true(is_orphan(f, KEYCODE_ORPHAN_SPACE, meta.databases[1].space));
    keyspace_fixture_set(f, 1, "key", "anew");
    assert_string_equal(keyspace_fixture_get(f, 1, "key"), "anew");
    keyspace_flush_database(f->keyspace, 3); /* Empty: nothing to purge. */
    assert_int_equal(orphan_count(f), 1);
    env_meta_release(&meta);
}

/* The purge knows a key's row in the index, also where its expiry was put off, and its content. */
static void test_purge_leaves_nothing_of_a_flushed_database(void **state)
{
    struct keyspace_fixture *f = *state;
    uint64_t kept = put_collection(f, 2, "kept");

    keyspace_fixture_set_due(f, 2, "due", 1000);
    keyspace_fixture_set_due(f, 1, "due", 1000);
    keyspace_fixture_set_due(f, 1, "put off", 1000);
    keyspace_fixture_set_due(f, 1, "put off", 2000);
    put_collection(f, 1, "collection");
    keyspace_flush_database(f->keyspace, 1);
    keyspace_fixture_restart(f);
    assert_int_equal(keyspace_fixture_row_count(f, TABLE_EXPIRY, slice_empty()), 3);
    keyspace_fixture_purge(f);
    assert_int_equal(orphan_count(f), 0);
    assert_int_equal(keyspace_fixture_row_count(f, TABLE_KEYS, slice_empty()), 2);
    assert_int_equal(keyspace_fixture_row_count(f, TABLE_EXPIRY, slice_empty()), 1);
    assert_int_equal(keyspace_fixture_row_count(f, TABLE_FIELDS, slice_empty()), FIELD_COUNT);
    assert_int_equal(keyspace_fixture_row_count(f, TABLE_SCORES, slice_empty()), FIELD_COUNT);
    assert_int_equal(content_count(f, TABLE_FIELDS, kept), FIELD_COUNT);
}

static void test_flush_all_reaches_databases_beyond_the_count(void **state)
{
    struct keyspace_fixture *f = *state;

    keyspace_fixture_set(f, 0, "key", "value");
    keyspace_fixture_set(f, 3, "key", "value");
    keyspace_fixture_reopen(f, 2);
    keyspace_flush_all(f->keyspace);
    assert_int_equal(orphan_count(f), 2);
    keyspace_fixture_reopen(f, 4);
    assert_null(keyspace_fixture_get(f, 0, "key"));
    assert_null(keyspace_fixture_get(f, 3, "key"));
}

static void test_swap_exchanges_keys_counts_and_expiry(void **state)
{
    struct keyspace_fixture *f = *state;

    keyspace_fixture_set(f, 0, "a", "zero");
    keyspace_fixture_set_due(f, 1, "b", 1000);
    keyspace_fixture_set(f, 1, "c", "one");
    keyspace_swap(f->keyspace, 0, 1);
    keyspace_swap(f->keyspace, 2, 2);
    assert_string_equal(keyspace_fixture_get(f, 1, "a"), "zero");
    assert_string_equal(keyspace_fixture_get(f, 0, "c"), "one");
    assert_int_equal(keyspace_key_count(f->keyspace, 0), 2);
    assert_int_equal(keyspace_expiry_count(f->keyspace, 0), 1);
    assert_int_equal(keyspace_expiry_count(f->keyspace, 1), 0);
    keyspace_fixture_master(f, 1001);
    assert_int_equal(keyspace_expire_due(f->keyspace, 10), 1);
    assert_string_equal(keyspace_fixture_expired(f), "0:b ");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, keyspace_fixture_setup, keyspace_fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_generations_and_spaces_are_never_used_twice),
        TEST(test_content_becomes_an_orphan_with_its_key),
        TEST(test_put_of_the_same_generation_keeps_the_content),
        TEST(test_move_carries_content_and_expiry),
        TEST(test_move_to_itself_changes_nothing),
        TEST(test_copy_has_content_of_its_own),
        TEST(test_copy_replaces_and_copies_nothing_onto_itself),
        TEST(test_flush_leaves_the_space_as_an_orphan),
        TEST(test_purge_leaves_nothing_of_a_flushed_database),
        TEST(test_flush_all_reaches_databases_beyond_the_count),
        TEST(test_swap_exchanges_keys_counts_and_expiry),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
