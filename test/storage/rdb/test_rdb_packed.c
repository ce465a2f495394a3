/* Also of the four forms. What redis-server writes is tried in test/tools/test_rdb_read.py; here, what it does not. */
#include "storage/rdb/rdb_packed.h"

#include "base/buf.h"
#include "base/random.h"
#include "storage/rdb/rdb_lzf.h"
#include "storage/rdb/rdb_output.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

/* Read all; items joined by blanks into `text`, and how it ended. */
static enum rdb_packed_outcome read_all(enum rdb_packed_form form, struct slice bytes, struct buf *text)
{
    enum rdb_packed_outcome outcome;
    struct rdb_packed packed;
    struct rdb_packed_item item;

    buf_clear(text);
    if (!rdb_packed_open(&packed, form, bytes)) {
        return RDB_PACKED_DAMAGED;
    }
    while ((outcome = rdb_packed_next(&packed, &item)) == RDB_PACKED_ITEM) {
        buf_put_text(text, item.is_integer ? "#" : "");
        buf_put(text, rdb_packed_item_bytes(&item));
        buf_put_byte(text, ' ');
    }
    return outcome;
}

#define BYTES(literal) slice_make(literal, sizeof(literal) - 1)

static void test_each_form_is_read(void **state)
{
    static const struct {
        enum rdb_packed_form form;
        struct slice bytes;
        const char *items;
    } cases[] = {
        {RDB_LISTPACK, {"\x07\0\0\0\0\0\xff", 7}, ""},
        /* 7 bits, 6-bit string, 13 bits twice, 12-bit string, 16, 24, 32 and 64 bits, 32-bit string; count unknown. */
        {RDB_LISTPACK,
         {"\x37\0\0\0\xff\xff"
          "\x7f\x01"
          "\x82hi\x03"
          "\xcf\xff\x02"
          "\xdf\xff\x02"
          "\xe0\x01x\x03"
          "\xf1\xff\x7f\x03"
          "\xf2\0\0\x80\x04"
          "\xf3\0\0\0\x80\x05"
          "\xf4\xff\xff\xff\xff\xff\xff\xff\x7f\x09"
          "\xf0\x01\0\0\0y\x06"
          "\xff",
          55},
         "#127 hi #4095 #-1 x #32767 #-8388608 #-2147483648 #9223372036854775807 y "},
        {RDB_ZIPLIST, {"\x0b\0\0\0\x0a\0\0\0\0\0\xff", 11}, ""},
        {RDB_ZIPLIST, {"\x11\0\0\0\x0d\0\0\0\x02\0\0\x01z\xfe\x03\0\0\0\xf1\xff", 20}, ""},      /* Wrong total. */
        {RDB_ZIPLIST, {"\x14\0\0\0\x0d\0\0\0\x02\0\0\x01z\xfe\x03\0\0\0\xf1\xff", 20}, "z #0 "}, /* Long form of 3. */
        {RDB_INTSET, {"\x02\0\0\0\0\0\0\0", 8}, ""},
        {RDB_INTSET, {"\x02\0\0\0\x02\0\0\0\xff\xff\x01\0", 12}, "#-1 #1 "},
        {RDB_ZIPMAP, {"\x01\x01g\x02\x03wwUUU\xff", 11}, "g ww "},
        {RDB_ZIPMAP, {"\xfe\x01g\0\0\xff", 6}, "g  "},
    };
    struct buf text;

    (void)state;
    buf_init(&text, BUF_NO_CEILING);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        enum rdb_packed_outcome outcome = read_all(cases[i].form, cases[i].bytes, &text);

        assert_int_equal(outcome, i == 3 ? RDB_PACKED_DAMAGED : RDB_PACKED_END);
        assert_true(slice_equal(buf_slice(&text), slice_of(cases[i].items)));
    }
    buf_release(&text);
}

static void test_damage_is_found(void **state)
{
    static const struct {
        enum rdb_packed_form form;
        struct slice bytes;
    } cases[] = {
        {RDB_LISTPACK, {"\x07\0\0\0\x01\0\xff", 7}},                          /* Count of none. */
        {RDB_LISTPACK, {"\x08\0\0\0\0\0\xff\xff", 8}},                        /* The end before the end. */
        {RDB_LISTPACK, {"\x09\0\0\0\x01\0\x05\x02\xff", 9}},                  /* Back length of 2. */
        {RDB_LISTPACK, {"\x09\0\0\0\x01\0\xf5\x01\xff", 9}},                  /* Unknown encoding. */
        {RDB_LISTPACK, {"\x0a\0\0\0\x01\0\xbf\x02z\xff", 10}},                /* String beyond the end. */
        {RDB_LISTPACK, {"\x0d\0\0\0\x01\0\xf0\xff\xff\xff\xff\x06\xff", 13}}, /* 4 GB of it. */
        {RDB_LISTPACK, {"\x07\0\0\0\0\0\xfe", 7}},
        {RDB_ZIPLIST, {"\x0b\0\0\0\x0b\0\0\0\0\0\xff", 11}},                   /* Last item outside. */
        {RDB_ZIPLIST, {"\x11\0\0\0\x0d\0\0\0\x02\0\0\x01z\x02\x01y\xff", 17}}, /* Wrong length before. */
        {RDB_ZIPLIST, {"\x0e\0\0\0\x0a\0\0\0\x01\0\0\x05z\xff", 14}},          /* String beyond the end. */
        {RDB_ZIPLIST, {"\x0d\0\0\0\x0a\0\0\0\x01\0\0\xff\xff", 13}},           /* Unknown encoding. */
        {RDB_ZIPLIST, {"\x0e\0\0\0\x0a\0\0\0\x01\0\0\xe0z\xff", 14}},          /* Integer beyond the end. */
        {RDB_INTSET, {"\x03\0\0\0\0\0\0\0", 8}},                               /* Width 3. */
        {RDB_INTSET, {"\x02\0\0\0\x02\0\0\0\x01\0", 10}},                      /* One of two. */
        {RDB_INTSET, {"\x08\0\0\0\0\0\0\x20", 8}},                             /* A count that wraps. */
        {RDB_INTSET, {"\x02\0\0\0\x02\0\0\0\x01\0\x01\0", 12}},                /* Twice the same. */
        {RDB_ZIPMAP, {"\x01\x01g\xff", 4}},                                    /* No value. */
        {RDB_ZIPMAP, {"\x01\x01g\x02\x09ww\xff", 8}},                          /* Unused bytes beyond the end. */
        {RDB_ZIPMAP, {"\x02\x01g\0\0\xff", 6}},                                /* Two pairs, one there. */
        {RDB_ZIPMAP, {"\x01", 1}},
    };
    struct buf text;

    (void)state;
    buf_init(&text, BUF_NO_CEILING);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (read_all(cases[i].form, cases[i].bytes, &text) != RDB_PACKED_DAMAGED) {
            fail_msg("case %zu passes", i);
        }
    }
    buf_release(&text);
}

static void test_a_listpack_of_ours_is_read_as_it_was_written(void **state)
{
    static const int64_t edges[] = {0,        127,     128,       -1,        4095,      -4096,
                                    4096,     -4097,   32767,     -32768,    32768,     8388607,
                                    -8388608, 8388608, INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN};
    static const size_t lengths[] = {0, 1, 63,   64,   126,   127,   128,   2,     3,
                                     4, 5, 4095, 4096, 16376, 16377, 16382, 20000, 2100000};
    static char noise[2100000];
    struct rdb_listpack listpack;
    struct rdb_packed packed;
    struct rdb_packed_item item;
    struct buf out;

    (void)state;
    memset(noise, 'n', sizeof(noise));
    rdb_listpack_init(&listpack);
    for (size_t i = 0; i < sizeof(edges) / sizeof(edges[0]); i++) {
        rdb_listpack_put_integer(&listpack, edges[i]);
        rdb_listpack_put_string(&listpack, slice_make(noise, lengths[i]));
    }
    rdb_listpack_put_string(&listpack, slice_of("-70000"));
    rdb_listpack_put_string(&listpack, slice_of("-0"));
    buf_init(&out, BUF_NO_CEILING);
    rdb_put_listpack(&out, &listpack);
    assert_true(
        rdb_packed_open(&packed, RDB_LISTPACK, slice_after(buf_slice(&out), out.len - rdb_listpack_len(&listpack))));
    for (size_t i = 0; i < sizeof(edges) / sizeof(edges[0]); i++) {
        assert_int_equal(rdb_packed_next(&packed, &item), RDB_PACKED_ITEM);
        assert_true(item.is_integer && item.integer == edges[i]);
        assert_int_equal(rdb_packed_next(&packed, &item), RDB_PACKED_ITEM);
        assert_true(!item.is_integer && item.string.len == lengths[i]);
    }
    assert_int_equal(rdb_packed_next(&packed, &item), RDB_PACKED_ITEM);
    assert_true(item.is_integer && item.integer == -70000);
    assert_int_equal(rdb_packed_next(&packed, &item), RDB_PACKED_ITEM);
    assert_false(item.is_integer);
    assert_int_equal(rdb_packed_next(&packed, &item), RDB_PACKED_END);
    rdb_listpack_release(&listpack);
    buf_release(&out);
}

/* Redis gives the length of an item of 16,383 bytes three bytes, though 7 bits a byte would make two of it. */
static void test_back_length_is_of_redis_width(void **state)
{
    static char noise[16378]; /* With a head of 5 bytes. */
    struct rdb_listpack listpack;
    struct rdb_packed packed;
    struct rdb_packed_item item;
    struct buf out;
    struct slice bytes;

    (void)state;
    memset(noise, 'n', sizeof(noise));
    rdb_listpack_init(&listpack);
    rdb_listpack_put_string(&listpack, slice_make(noise, sizeof(noise)));
    buf_init(&out, BUF_NO_CEILING);
    rdb_put_listpack(&out, &listpack);
    bytes = slice_after(buf_slice(&out), out.len - rdb_listpack_len(&listpack));
    assert_memory_equal(bytes.data + bytes.len - 4, "\x00\xff\xff\xff", 4);
    assert_true(rdb_packed_open(&packed, RDB_LISTPACK, bytes));
    assert_int_equal(rdb_packed_next(&packed, &item), RDB_PACKED_ITEM);
    assert_int_equal(item.string.len, sizeof(noise));
    assert_int_equal(rdb_packed_next(&packed, &item), RDB_PACKED_END);
    rdb_listpack_release(&listpack);
    buf_release(&out);
}

static void test_lzf_expands_to_exactly_its_length(void **state)
{
    static const char packed[] = "\x01"
                                 "ab"
                                 "\x60\x01"      /* 5 from 2 back: overlapping. */
                                 "\xe0\x05\x00"; /* 14 from 1 back. */
    char out[32];

    (void)state;
    assert_true(rdb_lzf_expand(BYTES(packed), out, 21));
    assert_memory_equal(out, "abababaaaaaaaaaaaaaaa", 21);
    assert_false(rdb_lzf_expand(BYTES(packed), out, 20));
    assert_false(rdb_lzf_expand(BYTES(packed), out, 22));
    for (size_t len = 0; len + 1 < sizeof(packed) - 1; len++) {
        assert_false(rdb_lzf_expand(slice_make(packed, len), out, 21));
    }
    assert_false(rdb_lzf_expand(BYTES("\x01"
                                      "ab"
                                      "\x20\x02"),
                                out, 5)); /* 3 back, where 2 are. */
    assert_true(rdb_lzf_expand(slice_empty(), out, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_form_is_read),
        cmocka_unit_test(test_damage_is_found),
        cmocka_unit_test(test_a_listpack_of_ours_is_read_as_it_was_written),
        cmocka_unit_test(test_back_length_is_of_redis_width),
        cmocka_unit_test(test_lzf_expands_to_exactly_its_length),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
