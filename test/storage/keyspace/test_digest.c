/* Expected digests: what redis-server 7.0.15 says of the same data. */
#include "storage/keyspace/digest.h"
#include "storage/value/hash_store.h"
#include "storage/value/list_store.h"
#include "storage/value/set_store.h"
#include "storage/value/string_store.h"
#include "support/keyspace_fixture.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#define FAR_AWAY_MS 4102444800000u

static void assert_all(struct keyspace_fixture *f, const char *expected)
{
    struct digest digest;
    char hex[SHA1_HEX_TEXT];

    assert_int_equal(digest_keyspace(&digest, f->keyspace), STATUS_OK);
    sha1_format(digest.bytes, hex);
    assert_string_equal(hex, expected);
}

static void open_new(struct keyspace_fixture *f, const char *key, enum entry_type type, struct collection *collection)
{
    assert_int_equal(collection_open(f->keyspace, 0, slice_of(key), type, collection), STATUS_NOT_FOUND);
}

static void put_list(struct keyspace_fixture *f)
{
    struct collection list;

    open_new(f, "l", ENTRY_LIST, &list);
    list_push(&list, LIST_RIGHT, slice_of("a"));
    list_push(&list, LIST_RIGHT, slice_of("b"));
    list_push(&list, LIST_RIGHT, slice_of("a"));
    collection_commit(&list);
    collection_close(&list);
}

static void put_set(struct keyspace_fixture *f)
{
    struct collection set;

    open_new(f, "t", ENTRY_SET, &set);
    assert_true(set_add(&set, slice_of("z")));
    assert_true(set_add(&set, slice_of("x")));
    assert_true(set_add(&set, slice_of("y")));
    collection_commit(&set);
    collection_close(&set);
}

static void put_hash(struct keyspace_fixture *f)
{
    struct collection hash;
    bool is_created;

    open_new(f, "h", ENTRY_HASH, &hash);
    hash_put(&hash, slice_of("f2"), slice_of("v2"), &is_created);
    hash_put(&hash, slice_of("f1"), slice_of("v1"), &is_created);
    collection_commit(&hash);
    collection_close(&hash);
}

static void test_digest_is_that_of_redis(void **state)
{
    struct keyspace_fixture *f = *state;

    assert_all(f, "0000000000000000000000000000000000000000");
    keyspace_fixture_set(f, 0, "s", "v");
    assert_all(f, "7202ace314cb526b20ab37a70e1c88bece2e2254");
    put_list(f);
    assert_all(f, "e662b481d3672cd7ec915468f8b71415e088d3d4");
    put_set(f);
    assert_all(f, "03b48a58c5638165098cdbc6f75894220267c897");
    put_hash(f);
    assert_all(f, "85b911908fe1787e10056be3667ed4800e116f9b");
    keyspace_set_expiry(f->keyspace, 0, slice_of("s"), FAR_AWAY_MS);
    assert_all(f, "391375e6aa18393a650e6cb62e01eb787aa57022");
    keyspace_fixture_set(f, 1, "other", "1");
    assert_all(f, "71b67f359621a4275e5021f08583a8c73706b3c7");
    keyspace_fixture_restart(f);
    assert_all(f, "71b67f359621a4275e5021f08583a8c73706b3c7");
}

static void test_key_digest_has_no_name(void **state)
{
    struct keyspace_fixture *f = *state;
    struct digest digest = {{0}};
    struct entry entry;
    char hex[SHA1_HEX_TEXT];

    put_hash(f);
    assert_true(keyspace_find(f->keyspace, 0, slice_of("h"), &entry));
    assert_int_equal(digest_add_key(&digest, f->keyspace, 0, slice_of("h"), &entry), STATUS_OK);
    sha1_format(digest.bytes, hex);
    assert_string_equal(hex, "047cc60ea73a34cde6d08a2721a4a26d19ee6570");
}

static void test_due_keys_count_as_gone(void **state)
{
    struct keyspace_fixture *f = *state;

    keyspace_fixture_set(f, 0, "s", "v");
    keyspace_fixture_set_due(f, 0, "due", 1000);
    keyspace_fixture_replica(f, 1001);
    assert_all(f, "7202ace314cb526b20ab37a70e1c88bece2e2254");
}

/* Elements in rows of their own come in another order than those of a small collection; the digest must not tell. */
static void test_form_does_not_count(void **state)
{
    struct keyspace_fixture *f = *state;
    struct digest grown = {{0}};
    struct digest small = {{0}};
    struct collection set;
    struct entry entry;
    char member[16];

    open_new(f, "set", ENTRY_SET, &set);
    for (int i = 0; i < 1000; i++) {
        snprintf(member, sizeof(member), "%d", i);
        assert_true(set_add(&set, slice_of(member)));
    }
    for (int i = 999; i > 3; i--) {
        snprintf(member, sizeof(member), "%d", i);
        assert_true(set_remove(&set, slice_of(member)));
    }
    collection_commit(&set);
    assert_false(collection_is_inline(&set));
    collection_close(&set);
    assert_true(keyspace_find(f->keyspace, 0, slice_of("set"), &entry));
    assert_int_equal(digest_add_key(&grown, f->keyspace, 0, slice_of("set"), &entry), STATUS_OK);

    open_new(f, "small", ENTRY_SET, &set);
    for (int i = 0; i <= 3; i++) {
        snprintf(member, sizeof(member), "%d", i);
        assert_true(set_add(&set, slice_of(member)));
    }
    collection_commit(&set);
    assert_true(collection_is_inline(&set));
    collection_close(&set);
    assert_true(keyspace_find(f->keyspace, 0, slice_of("small"), &entry));
    assert_int_equal(digest_add_key(&small, f->keyspace, 0, slice_of("small"), &entry), STATUS_OK);
    assert_memory_equal(grown.bytes, small.bytes, SHA1_BYTES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_digest_is_that_of_redis, keyspace_fixture_setup,
                                        keyspace_fixture_teardown),
        cmocka_unit_test_setup_teardown(test_key_digest_has_no_name, keyspace_fixture_setup, keyspace_fixture_teardown),
        cmocka_unit_test_setup_teardown(test_due_keys_count_as_gone, keyspace_fixture_setup, keyspace_fixture_teardown),
        cmocka_unit_test_setup_teardown(test_form_does_not_count, keyspace_fixture_setup, keyspace_fixture_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
