/* Files of redis-server are tried in test/tools/test_rdb_read.py; here is what the reader does with the world around
 * it. */
#include "storage/rdb/rdb_read.h"

#include "base/memory.h"
#include "storage/rdb/rdb_format.h"
#include "storage/rdb/rdb_write.h"
#include "support/key_recorder.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

struct memory_source {
    struct slice rest;
    size_t step; /* Most bytes a call... */
    enum status end;
};

static enum status read_memory(void *context, char *to, size_t len, size_t *read_len)
{
    struct memory_source *source = context;

    *read_len = len < source->rest.len ? len : source->rest.len;
    memcpy(to, source->rest.data, *read_len);
    source->rest = slice_after(source->rest, *read_len);
    return *read_len == 0 && len > 0 ? source->end : STATUS_OK;
}

static enum status read_bytes(struct slice bytes, struct buf *transcript, struct rdb_problem *problem)
{
    struct memory_source memory = {.rest = bytes, .end = STATUS_OK};
    struct rdb_source source = {.read = read_memory, .context = &memory};
    struct key_visitor visitor = key_transcript_visitor(transcript);

    buf_clear(transcript);
    return rdb_read(&source, &visitor, problem);
}

#define BYTES(literal) slice_make(literal, sizeof(literal) - 1)

static void assert_tells(struct slice bytes, const char *expected)
{
    struct rdb_problem problem;
    struct buf transcript;

    buf_init(&transcript, BUF_NO_CEILING);
    if (read_bytes(bytes, &transcript, &problem) != STATUS_OK) {
        fail_msg("%s", problem.text);
    }
    buf_put_byte(&transcript, '\0');
    assert_string_equal(buf_slice(&transcript).data, expected);
    buf_release(&transcript);
}

static void assert_refuses(struct slice bytes, enum status expected, const char *text)
{
    struct rdb_problem problem;
    struct buf transcript;

    buf_init(&transcript, BUF_NO_CEILING);
    assert_int_equal(read_bytes(bytes, &transcript, &problem), expected);
    assert_non_null(strstr(problem.text, text));
    buf_release(&transcript);
}

#define HEAD "REDIS0009"
#define END  "\xff\0\0\0\0\0\0\0\0"

static void test_keys_have_their_db_and_expiry(void **state)
{
    (void)state;
    assert_tells(BYTES(HEAD "\xfa\x01n\x01v"
                            "\xfe\x03\xfb\x02\x01"
                            "\xfc\x39\x30\0\0\0\0\0\0"
                            "\xf8\x05\0\x01"
                            "a\x01x"
                            "\0\x01"
                            "b\xc0\xff"
                            "\xfe\x04\xfd\x02\0\0\0\xf9\x07\0\x01"
                            "c\xc1\x39\x30" END),
                 "key 3 string 'a' 12345\nitem 'x'\nend\n"
                 "key 3 string 'b' 0\nitem '-1'\nend\n"
                 "key 4 string 'c' 2000\nitem '12345'\nend\n");
}

/* 0 ms is a due time in a file and "never" with us; times before 1970 are as due as any. */
static void test_a_due_time_is_never_lost(void **state)
{
    (void)state;
    assert_tells(BYTES(HEAD "\xfc\0\0\0\0\0\0\0\0\0\x01"
                            "a\0"
                            "\xfc\xff\xff\xff\xff\xff\xff\xff\xff\0\x01"
                            "b\0"
                            "\xfd\xff\xff\xff\xff\0\x01"
                            "c\0" END),
                 "key 0 string 'a' 1\nitem ''\nend\nkey 0 string 'b' 1\nitem ''\nend\n"
                 "key 0 string 'c' 1\nitem ''\nend\n");
}

static void test_empty_collections_are_not_told(void **state)
{
    (void)state;
    assert_tells(BYTES(HEAD "\x01\x01l\0\x02\x01s\0\x04\x01h\0\x05\x01z\0"
                            "\x10\x01p\x07\x07\0\0\0\0\0\xff"
                            "\x12\x01q\x01\x02\x07\x07\0\0\0\0\0\xff"
                            "\x02\x01t\x01\x01x" END),
                 "key 0 set 't' 0\nitem 'x'\nend\n");
}

static void test_what_cannot_be_read_is_named(void **state)
{
    (void)state;
    assert_refuses(BYTES("REDIX0009"), STATUS_CORRUPT, "at byte 9: this is no RDB file");
    assert_refuses(BYTES("REDIS00a9"), STATUS_CORRUPT, "this is no RDB file");
    assert_refuses(BYTES("REDIS0012"), STATUS_UNSUPPORTED, "RDB version 12");
    assert_refuses(BYTES(HEAD "\x06\x01m"), STATUS_UNSUPPORTED, "a module's value (type 6)");
    assert_refuses(BYTES(HEAD "\xf7"), STATUS_UNSUPPORTED, "a module's data");
    assert_refuses(BYTES(HEAD "\xf5\x01x"), STATUS_UNSUPPORTED, "functions");
    assert_refuses(BYTES(HEAD "\x08\x01m"), STATUS_UNSUPPORTED, "unknown type 8");
    assert_refuses(BYTES(HEAD "\x1f\x01m"), STATUS_UNSUPPORTED, "unknown type 31");
    assert_refuses(BYTES(HEAD "\x01\x01l\xc3"), STATUS_CORRUPT, "a string where a length must be");
    assert_refuses(BYTES(HEAD "\0\x01l\xc4"), STATUS_CORRUPT, "a string of unknown form 4");
    assert_refuses(BYTES(HEAD "\0\x01l\x82"), STATUS_CORRUPT, "a length of unknown form 130");
    assert_refuses(BYTES(HEAD "\x05\x01z\x01\x01m\0\0\0\0\0\0\xf8\x7f"), STATUS_CORRUPT, "no number");
    assert_refuses(BYTES(HEAD "\x03\x01z\x01\x01m\xfd"), STATUS_CORRUPT, "no number");
    assert_refuses(BYTES(HEAD "\x12\x01q\x01\x03\x01x"), STATUS_CORRUPT, "a list's node of unknown kind 3");
    assert_refuses(BYTES(HEAD "\xff\x01\0\0\0\0\0\0\0"), STATUS_CORRUPT, "the checksum does not fit");
    assert_refuses(BYTES(HEAD "\xff\x01\0\0"), STATUS_CORRUPT, "the file ends too early");
}

/* Lengths of 512 MB and more, with nothing behind them: refused by the limit or by the end, without that memory. */
static void test_promises_of_length_cost_nothing(void **state)
{
    (void)state;
    assert_refuses(BYTES(HEAD "\0\x01k\x80\x20\0\0\0x"), STATUS_CORRUPT, "the file ends too early");
    assert_refuses(BYTES(HEAD "\0\x01k\x80\x20\0\0\x01x"), STATUS_TOO_BIG, "a string of 536870913 bytes");
    assert_refuses(BYTES(HEAD "\0\x01k\x81\xff\xff\xff\xff\xff\xff\xff\xff"), STATUS_TOO_BIG, "limit");
    assert_refuses(BYTES(HEAD "\0\x01k\xc3\x03\x80\x20\0\0\0xxx"), STATUS_CORRUPT, "cannot have its length");
    assert_refuses(BYTES(HEAD "\0\x01k\xc3\x80\x20\0\0\0\x80\x20\0\0\0xxx"), STATUS_CORRUPT, "the file ends too early");
    assert_refuses(BYTES(HEAD "\x01\x01l\x81\xff\xff\xff\xff\xff\xff\xff\xff\x01x"), STATUS_CORRUPT,
                   "the file ends too early");
}

static enum status refuse_item(void *context, struct slice value)
{
    (void)context;
    (void)value;
    return STATUS_NO_SPACE;
}

static void test_a_status_of_source_or_visitor_ends_it(void **state)
{
    struct memory_source memory = {.rest = BYTES(HEAD "\0\x01"
                                                      "a\x01x"),
                                   .end = STATUS_IO};
    struct rdb_source source = {.read = read_memory, .context = &memory};
    struct rdb_problem problem;
    struct key_visitor visitor;
    struct buf transcript;

    (void)state;
    buf_init(&transcript, BUF_NO_CEILING);
    visitor = key_transcript_visitor(&transcript);
    assert_int_equal(rdb_read(&source, &visitor, &problem), STATUS_IO);
    memory.rest = BYTES(HEAD "\0\x01"
                             "a\x01x" END);
    visitor.string = refuse_item;
    assert_int_equal(rdb_read(&source, &visitor, &problem), STATUS_NO_SPACE);
    assert_string_equal(problem.text, "");
    buf_release(&transcript);
}

/* One node of one entry, and what may follow it. Groups: [name, last id, read count, pending, consumers]. */
#define STREAM_BODY(facts, groups)                                                                                     \
    "\x01\x10\0\0\0\0\0\0\0\x07\0\0\0\0\0\0\0\x01"                                                                     \
    "\x1d\x1d\0\0\0\x0a\0\x01\x01\0\x01\x01\x01\x81"                                                                   \
    "f\x02\0\x01\x02\x01\0\x01\0\x01\x81v\x02\x04\x01\xff" facts groups
#define STREAM(facts, groups) "REDIS0010\x13\x01s" STREAM_BODY(facts, groups) END
#define FACTS                 "\x01\x07\x01\x07\x01\0\0\x01"
#define ID                    "\0\0\0\0\0\0\0\x07\0\0\0\0\0\0\0\x01"
#define WHEN                  "\x09\0\0\0\0\0\0\0"

static void test_a_stream_and_its_groups_are_told(void **state)
{
    (void)state;
    assert_tells(BYTES(STREAM(FACTS, "\x01\x01g\x07\x01\x01\x01" ID WHEN "\x02\x02\x01"
                                     "a" WHEN "\0\x01"
                                     "b" WHEN "\x01" ID)),
                 "key 0 stream 's' 0\nentry 7-1 'f' 'v'\nstream 1 7-1 7-1 0-0 1\ngroup 'g' 7-1 1\n"
                 "consumer 'a' 9 9\nconsumer 'b' 9 9\npending 7-1 9 2\nend\n");
}

static void test_a_stream_that_contradicts_itself_is_refused(void **state)
{
    (void)state;
    assert_refuses(BYTES(STREAM("\x02\x07\x01\x07\x01\0\0\x02", "\0")), STATUS_CORRUPT, "does not fit its items");
    assert_refuses(BYTES(STREAM("\x01\x06\x01\x07\x01\0\0\x01", "\0")), STATUS_CORRUPT, "does not fit its items");
    assert_refuses(BYTES(STREAM(FACTS, "\x01\x01g\x07\x01\x01\x01" ID WHEN "\x02\0")), STATUS_CORRUPT,
                   "that no consumer has");
    assert_refuses(BYTES(STREAM(FACTS, "\x01\x01g\x07\x01\x01\0\x01\x01"
                                       "a" WHEN "\x01" ID)),
                   STATUS_CORRUPT, "that its group does not have");
    assert_refuses(BYTES(STREAM(FACTS, "\x01\x01g\x07\x01\x01\x01" ID WHEN "\x02\x02\x01"
                                       "a" WHEN "\x01" ID "\x01"
                                       "b" WHEN "\x01" ID)),
                   STATUS_CORRUPT, "or another consumer has");
}

/* What a value's elements come to is bounded where it is asked for, whatever the type: their bytes, and 8 for each. */
static void test_a_value_comes_to_no_more_than_it_may(void **state)
{
    static const struct {
        unsigned type;
        uint64_t bytes;
        struct slice body;
    } values[] = {
        {RDB_TYPE_LIST, 2 * 9, {"\x02\x01x\x01y", 5}},
        {RDB_TYPE_SET, 9, {"\x01\x01x", 3}},
        {RDB_TYPE_HASH, 12, {"\x01\x02xy\x02zz", 7}},
        {RDB_TYPE_ZSET_2, 9, {"\x01\x01x\0\0\0\0\0\0\0\0", 11}},
        {RDB_TYPE_STREAM_LISTPACKS_2,
         10 + 9 + 2 * 9,
         {STREAM_BODY(FACTS, "\x01\x01g\x07\x01\x01\0\x02\x01"
                             "a" WHEN "\0\x01"
                             "b" WHEN "\0"),
          sizeof(STREAM_BODY(FACTS, "\x01\x01g\x07\x01\x01\0\x02\x01"
                                    "a" WHEN "\0\x01"
                                    "b" WHEN "\0")) -
              1}},
    };
    struct buf transcript;

    (void)state;
    buf_init(&transcript, BUF_NO_CEILING);
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        for (uint64_t short_by = 0; short_by <= 1; short_by++) {
            struct memory_source memory = {.rest = values[i].body, .end = STATUS_OK};
            struct rdb_source source = {.read = read_memory, .context = &memory};
            struct key_visitor visitor = key_transcript_visitor(&transcript);
            struct key_visit key = {.name = slice_of("k"), .count = KEY_VISIT_COUNT_UNKNOWN};
            struct rdb_problem problem;
            struct rdb_input input;

            rdb_input_init(&input, &source, RDB_STRING_BYTES_MAX, &problem);
            input.value_bytes_max = values[i].bytes - short_by;
            assert_int_equal(rdb_read_value(&input, values[i].type, &key, &visitor),
                             short_by == 0 ? STATUS_OK : STATUS_CORRUPT);
            rdb_input_release(&input);
        }
    }
    buf_release(&transcript);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys_have_their_db_and_expiry),
        cmocka_unit_test(test_a_due_time_is_never_lost),
        cmocka_unit_test(test_empty_collections_are_not_told),
        cmocka_unit_test(test_what_cannot_be_read_is_named),
        cmocka_unit_test(test_promises_of_length_cost_nothing),
        cmocka_unit_test(test_a_status_of_source_or_visitor_ends_it),
        cmocka_unit_test(test_a_stream_and_its_groups_are_told),
        cmocka_unit_test(test_a_stream_that_contradicts_itself_is_refused),
        cmocka_unit_test(test_a_value_comes_to_no_more_than_it_may),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
