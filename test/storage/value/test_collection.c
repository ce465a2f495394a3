/* A collection's life: what opening says, what committing writes, and when. Hashes stand for all types. */
#include "storage/value/collection.h"
#include "storage/value/hash_store.h"
#include "support/keyspace_fixture.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define KEY slice_of("key")

static enum status open_hash(struct keyspace_fixture *f, struct collection *hash)
{
    return collection_open(f->keyspace, 0, KEY, ENTRY_HASH, hash);
}

static void put(struct collection *hash, const char *field, const char *value)
{
    bool created;

    hash_put(hash, slice_of(field), slice_of(value), &created);
}

/* A hash of one field under KEY. */
static void make_hash(struct keyspace_fixture *f)
{
    struct collection hash;

    assert_int_equal(open_hash(f, &hash), STATUS_NOT_FOUND);
    put(&hash, "field", "value");
    collection_commit(&hash);
    collection_close(&hash);
}

static bool is_there(struct keyspace_fixture *f, struct entry *entry)
{
    return keyspace_find(f->keyspace, 0, KEY, entry);
}

static void test_absent_key_opens_empty_and_stays_absent_unless_filled(void **state)
{
    struct keyspace_fixture *f = *state;
    struct collection hash;
    struct entry entry;

    assert_int_equal(open_hash(f, &hash), STATUS_NOT_FOUND);
    assert_int_equal(hash_count(&hash), 0);
    collection_commit(&hash);
    collection_close(&hash);
    assert_false(is_there(f, &entry));
    assert_int_equal(keyspace_key_count(f->keyspace, 0), 0);
    make_hash(f);
    assert_true(is_there(f, &entry));
    assert_int_equal(entry.type, ENTRY_HASH);
    assert_int_equal(entry.count, 1);
}

static void test_other_type_is_refused_and_left_alone(void **state)
{
    struct keyspace_fixture *f = *state;
    struct collection hash;

    keyspace_fixture_set(f, 0, "key", "string");
    assert_int_equal(open_hash(f, &hash), STATUS_WRONG_TYPE);
    assert_string_equal(keyspace_fixture_get(f, 0, "key"), "string");
}

static void test_edits_show_only_when_they_are_committed(void **state)
{
    struct keyspace_fixture *f = *state;
    struct collection hash;
    struct slice value;

    make_hash(f);
    assert_int_equal(open_hash(f, &hash), STATUS_OK);
    put(&hash, "field", "other");
    assert_true(hash_get(&hash, slice_of("field"), &value));
    assert_true(slice_equal(value, slice_of("other")));
    collection_close(&hash); /* Given up. */
    assert_int_equal(open_hash(f, &hash), STATUS_OK);
    assert_true(hash_get(&hash, slice_of("field"), &value));
    assert_true(slice_equal(value, slice_of("value")));
    collection_close(&hash);
}

static void test_expiry_survives_edits(void **state)
{
    struct keyspace_fixture *f = *state;
    struct collection hash;
    struct entry entry;

    make_hash(f);
    assert_true(keyspace_set_expiry(f->keyspace, 0, KEY, 5000));
    assert_int_equal(open_hash(f, &hash), STATUS_OK);
    put(&hash, "second", "value");
    collection_commit(&hash);
    collection_close(&hash);
    assert_true(is_there(f, &entry));
    assert_int_equal(entry.expire_at_ms, 5000);
    assert_int_equal(entry.count, 2);
}

static void test_collection_without_elements_is_gone(void **state)
{
    struct keyspace_fixture *f = *state;
    struct collection hash;
    struct entry entry;

    make_hash(f);
    assert_int_equal(open_hash(f, &hash), STATUS_OK);
    assert_true(hash_delete(&hash, slice_of("field")));
    collection_commit(&hash);
    collection_close(&hash);
    assert_false(is_there(f, &entry));
    assert_int_equal(keyspace_key_count(f->keyspace, 0), 0);
}

/* A STORE command reads its sources until it is done, of which the destination may be one. */
static void test_replacement_leaves_the_old_value_until_it_is_committed(void **state)
{
    struct keyspace_fixture *f = *state;
    struct collection hash;
    struct entry entry;

    keyspace_fixture_set_due(f, 0, "key", 5000);
    collection_begin(f->keyspace, 0, KEY, ENTRY_HASH, &hash);
    put(&hash, "field", "value");
    assert_true(is_there(f, &entry));
    assert_int_equal(entry.type, ENTRY_STRING);
    collection_commit(&hash);
    collection_close(&hash);
    assert_true(is_there(f, &entry));
    assert_int_equal(entry.type, ENTRY_HASH);
    assert_int_equal(entry.expire_at_ms, 0); /* A new value lives for ever. */
    assert_int_equal(keyspace_expiry_count(f->keyspace, 0), 0);
}

static void test_empty_replacement_deletes_what_was_there(void **state)
{
    struct keyspace_fixture *f = *state;
    struct collection hash;
    struct entry entry;

    keyspace_fixture_set(f, 0, "key", "string");
    collection_begin(f->keyspace, 0, KEY, ENTRY_HASH, &hash);
    collection_commit(&hash);
    collection_close(&hash);
    assert_false(is_there(f, &entry));
    collection_begin(f->keyspace, 0, KEY, ENTRY_HASH, &hash);
    collection_commit(&hash);
    collection_close(&hash);
    assert_false(is_there(f, &entry));
}

static void test_known_entry_is_read_without_being_looked_for(void **state)
{
    struct keyspace_fixture *f = *state;
    struct collection hash;
    struct slice value;
    struct entry entry;
    uint64_t found_before;

    make_hash(f);
    assert_true(is_there(f, &entry));
    found_before = keyspace_found_count(f->keyspace);
    collection_look(f->keyspace, 0, KEY, &entry, &hash);
    assert_true(hash_get(&hash, slice_of("field"), &value));
    assert_true(slice_equal(value, slice_of("value")));
    collection_commit(&hash);
    collection_close(&hash);
    assert_int_equal(keyspace_found_count(f->keyspace), found_before);
}

/* By count, and by bytes: each bound is that of what may still be inline. */
static void test_body_is_outgrown_by_items_or_by_bytes(void **state)
{
    struct keyspace_fixture *f = *state;
    struct collection hash;
    size_t used;

    assert_int_equal(open_hash(f, &hash), STATUS_NOT_FOUND);
    assert_false(collection_outgrows(&hash, COLLECTION_INLINE_ITEMS_MAX, 0));
    assert_true(collection_outgrows(&hash, COLLECTION_INLINE_ITEMS_MAX + 1, 0));
    put(&hash, "field", "value");
    used = collection_body(&hash).len;
    assert_false(collection_outgrows(&hash, COLLECTION_INLINE_ITEMS_MAX - 1, 0));
    assert_true(collection_outgrows(&hash, COLLECTION_INLINE_ITEMS_MAX, 0));
    assert_false(collection_outgrows(&hash, 1, COLLECTION_INLINE_BYTES_MAX - used));
    assert_true(collection_outgrows(&hash, 1, COLLECTION_INLINE_BYTES_MAX - used + 1));
    assert_true(collection_is_inline(&hash));
    collection_use_rows(&hash);
    assert_false(collection_is_inline(&hash));
    assert_int_equal(collection_body(&hash).len, 0);
    assert_true(hash.entry.generation != 0);
    collection_close(&hash);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, keyspace_fixture_setup, keyspace_fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_absent_key_opens_empty_and_stays_absent_unless_filled),
        TEST(test_other_type_is_refused_and_left_alone),
        TEST(test_edits_show_only_when_they_are_committed),
        TEST(test_expiry_survives_edits),
        TEST(test_collection_without_elements_is_gone),
        TEST(test_replacement_leaves_the_old_value_until_it_is_committed),
        TEST(test_empty_replacement_deletes_what_was_there),
        TEST(test_known_entry_is_read_without_being_looked_for),
        TEST(test_body_is_outgrown_by_items_or_by_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
