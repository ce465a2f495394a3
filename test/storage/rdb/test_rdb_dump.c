/* Expected payloads: what redis-server 7.0.15 gives of the same values. */
#include "storage/rdb/rdb_dump.h"
#include "storage/rdb/rdb_write.h"
#include "storage/value/hash_store.h"
#include "storage/value/list_store.h"
#include "storage/value/set_store.h"
#include "storage/value/zset_store.h"
#include "support/keyspace_fixture.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#define KEY "key"

static void dump(struct keyspace_fixture *f, bool is_compact, struct buf *payload)
{
    struct entry entry;
    const struct rdb_dump_options options = {
        .key = slice_of(KEY), .entry = &entry, .is_compact = is_compact, .list_limit = -2};

    assert_true(keyspace_find(f->keyspace, 0, slice_of(KEY), &entry));
    buf_init(payload, BUF_NO_CEILING);
    assert_int_equal(rdb_dump(f->keyspace, &options, payload), STATUS_OK);
}

static void assert_dump(struct keyspace_fixture *f, bool is_compact, const char *expected)
{
    struct buf payload;
    struct buf hex;

    dump(f, is_compact, &payload);
    buf_init(&hex, BUF_NO_CEILING);
    for (size_t i = 0; i < payload.len; i++) {
        buf_put_format(&hex, "%02x", (unsigned char)buf_slice(&payload).data[i]);
    }
    buf_put_byte(&hex, '\0');
    assert_string_equal(buf_slice(&hex).data, expected);
    buf_release(&hex);
    buf_release(&payload);
}

static void open_new(struct keyspace_fixture *f, enum entry_type type, struct collection *collection)
{
    assert_int_equal(collection_open(f->keyspace, 0, slice_of(KEY), type, collection), STATUS_NOT_FOUND);
}

static void commit(struct collection *collection)
{
    collection_commit(collection);
    collection_close(collection);
}

static void test_string_is_plain_a_number_or_compressed(void **state)
{
    struct keyspace_fixture *f = *state;
    char long_text[201];

    for (size_t i = 0; i < 100; i++) {
        snprintf(long_text + 2 * i, 3, "ab");
    }
    keyspace_fixture_set(f, 0, KEY, "hello");
    assert_dump(f, false, "000568656c6c6f0a006372df766534200a");
    keyspace_fixture_set(f, 0, KEY, "-1234");
    assert_dump(f, false, "00c12efb0a009dab25f0f753e9b6");
    keyspace_fixture_set(f, 0, KEY, long_text);
    assert_dump(f, false, "00c30a40c802616261e0ba010161620a0024a6e84170c0c68c");
}

static void test_list_is_a_listpack(void **state)
{
    struct keyspace_fixture *f = *state;
    struct collection list;

    open_new(f, ENTRY_LIST, &list);
    list_push(&list, LIST_RIGHT, slice_of("a"));
    list_push(&list, LIST_RIGHT, slice_of("1"));
    list_push(&list, LIST_RIGHT, slice_of("-5000"));
    list_push(&list, LIST_RIGHT, slice_of("hello"));
    commit(&list);
    assert_dump(f, false, "120102171700000004008161020101f178ec038568656c6c6f06ff0a00c3f5002d233cdb09");
}

static void test_set_of_integers_is_an_intset(void **state)
{
    struct keyspace_fixture *f = *state;
    struct collection set;

    open_new(f, ENTRY_SET, &set);
    assert_true(set_add(&set, slice_of("3")));
    assert_true(set_add(&set, slice_of("-1")));
    assert_true(set_add(&set, slice_of("70000")));
    commit(&set);
    assert_dump(f, true, "0b140400000003000000ffffffff03000000701101000a00faf9076ba102fb14");
}

static void test_small_hash_is_a_listpack(void **state)
{
    struct keyspace_fixture *f = *state;
    struct collection hash;
    bool is_created;

    open_new(f, ENTRY_HASH, &hash);
    hash_put(&hash, slice_of("f"), slice_of("1"), &is_created);
    hash_put(&hash, slice_of("g"), slice_of("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"), &is_created);
    commit(&hash);
    assert_dump(f, true, "10c3172f0f2f000000040081660201018167029e78e01400011fff0a006985ee6c22917ec3");
}

static void test_small_sorted_set_is_a_listpack(void **state)
{
    struct keyspace_fixture *f = *state;
    struct collection zset;

    open_new(f, ENTRY_ZSET, &zset);
    zset_add(&zset, slice_of("a"), 1.5);
    zset_add(&zset, slice_of("b"), -2);
    zset_add(&zset, slice_of("c"), INFINITY);
    commit(&zset);
    assert_dump(f, true, "111d1d0000000600816202dffe0281610283312e350481630283696e6604ff0a007356ad6cc2484ad0");
}

/* Three elements of 5,000 bytes do not share a node of 8 KB. */
static void test_long_list_has_several_nodes(void **state)
{
    struct keyspace_fixture *f = *state;
    struct collection list;
    struct slice body;
    struct buf payload;
    char item[5000];

    open_new(f, ENTRY_LIST, &list);
    for (int i = 0; i < 3; i++) {
        memset(item, 'a' + i, sizeof(item));
        list_push(&list, LIST_RIGHT, slice_make(item, sizeof(item)));
    }
    commit(&list);
    dump(f, false, &payload);
    assert_int_equal(rdb_check_value_footer(buf_slice(&payload), &body), STATUS_OK);
    assert_memory_equal(body.data, "\x12\x03", 2);
    buf_release(&payload);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_string_is_plain_a_number_or_compressed, keyspace_fixture_setup,
                                        keyspace_fixture_teardown),
        cmocka_unit_test_setup_teardown(test_list_is_a_listpack, keyspace_fixture_setup, keyspace_fixture_teardown),
        cmocka_unit_test_setup_teardown(test_set_of_integers_is_an_intset, keyspace_fixture_setup,
                                        keyspace_fixture_teardown),
        cmocka_unit_test_setup_teardown(test_small_hash_is_a_listpack, keyspace_fixture_setup,
                                        keyspace_fixture_teardown),
        cmocka_unit_test_setup_teardown(test_small_sorted_set_is_a_listpack, keyspace_fixture_setup,
                                        keyspace_fixture_teardown),
        cmocka_unit_test_setup_teardown(test_long_list_has_several_nodes, keyspace_fixture_setup,
                                        keyspace_fixture_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
