#include "base/random.h"
#include "storage/keyspace/entry.h"
#include "storage/keyspace/keycode.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static size_t encode(const struct entry *entry, char *code)
{
    size_t len = entry_encode_header(entry, code);

    assert_true(len <= ENTRY_HEADER_BYTES_MAX);
    memcpy(code + len, entry->body.data, entry->body.len);
    return len + entry->body.len;
}

static void assert_same(const struct entry *a, const struct entry *b)
{
    assert_int_equal(a->type, b->type);
    assert_int_equal(a->encoding, b->encoding);
    assert_true(a->expire_at_ms == b->expire_at_ms);
    assert_true(a->index_at_ms == b->index_at_ms);
    assert_true(a->generation == b->generation);
    assert_true(a->count == b->count);
    assert_true(slice_equal(a->body, b->body));
}

static uint64_t any_number(struct random *random)
{
    return random_below(random, 2) == 0 ? 0 : random_next(random) >> random_below(random, 64);
}

static void test_any_entry_reads_back(void **state)
{
    struct random random;

    (void)state;
    random_init(&random, 3);
    for (int i = 0; i < 20000; i++) {
        struct entry entry = {
            .type = (enum entry_type)random_below(&random, ENTRY_TYPE_COUNT),
            .encoding = (uint8_t)any_number(&random),
            .expire_at_ms = any_number(&random),
            .index_at_ms = any_number(&random),
            .generation = any_number(&random),
            .count = any_number(&random),
            .body = slice_first(slice_of("some body"), random_below(&random, 10)),
        };
        char code[64];
        struct entry back;

        assert_true(entry_decode(slice_make(code, encode(&entry, code)), &back));
        assert_same(&entry, &back);
    }
}

static void test_short_string_costs_one_byte(void **state)
{
    struct entry entry = {.type = ENTRY_STRING, .body = slice_of("v")};
    char code[64];

    (void)state;
    assert_int_equal(encode(&entry, code), 2);
}

static void test_header_cut_short_is_refused(void **state)
{
    struct entry entry = {.type = ENTRY_HASH,
                          .encoding = 1,
                          .expire_at_ms = 1,
                          .index_at_ms = 1,
                          .generation = 100000,
                          .count = 300,
                          .body = slice_empty()};
    char code[64];
    size_t len = encode(&entry, code);
    struct entry back;

    (void)state;
    for (size_t cut = 0; cut < len; cut++) {
        assert_false(entry_decode(slice_make(code, cut), &back));
    }
    assert_true(entry_decode(slice_make(code, len), &back));
}

static void test_unknown_type_is_refused(void **state)
{
    struct entry entry;

    (void)state;
    assert_false(entry_decode(slice_make("\x06", 1), &entry));
    assert_false(entry_decode(slice_make("\x07", 1), &entry));
}

static void test_row_gives_the_full_key(void **state)
{
    char bytes[600] = {0};
    struct slice name = slice_make(bytes, sizeof(bytes));
    struct keycode code;
    char value[700];
    size_t len;
    struct slice key;
    struct entry entry = {.type = ENTRY_STRING, .body = slice_of("v")};

    (void)state;
    memset(bytes, 'k', sizeof(bytes));
    keycode_key(&code, 1, slice_of("short"), 0);
    len = encode(&entry, value);
    assert_true(entry_decode_row(keycode_slice(&code), slice_make(value, len), &key, &entry));
    assert_true(slice_equal(key, slice_of("short")));

    keycode_key(&code, 1, name, 0);
    len = keycode_put_number(value, name.len);
    memcpy(value + len, name.data, name.len);
    len += name.len;
    entry.body = slice_of("v");
    len += encode(&entry, value + len);
    assert_true(entry_decode_row(keycode_slice(&code), slice_make(value, len), &key, &entry));
    assert_true(slice_equal(key, name));
    assert_true(slice_equal(entry.body, slice_of("v")));
    assert_false(entry_decode_row(keycode_slice(&code), slice_make(value, name.len), &key, &entry));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_any_entry_reads_back),        cmocka_unit_test(test_short_string_costs_one_byte),
        cmocka_unit_test(test_header_cut_short_is_refused), cmocka_unit_test(test_unknown_type_is_refused),
        cmocka_unit_test(test_row_gives_the_full_key),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
