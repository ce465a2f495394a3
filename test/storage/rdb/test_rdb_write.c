/* Whether redis-server reads our files is tried in test/tools/test_rdb_write.py. */
#include "storage/rdb/rdb_write.h"

#include "base/memory.h"
#include "storage/rdb/rdb_read.h"
#include "support/key_recorder.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

struct fixture {
    struct rdb_writer writer;
    struct key_visitor visitor;
    struct buf file;
    int calls_left; /* Until the sink fails. */
};

static enum status write_to_buf(void *context, const struct slice *pieces, size_t count)
{
    struct fixture *f = context;

    if (f->calls_left-- == 0) {
        return STATUS_NO_SPACE;
    }
    for (size_t i = 0; i < count; i++) {
        buf_put(&f->file, pieces[i]);
    }
    return STATUS_OK;
}

static int set_up(void **state)
{
    struct fixture *f = memory_allocate_zeroed(sizeof(*f));
    struct rdb_sink sink = {.write = write_to_buf, .context = f};

    buf_init(&f->file, BUF_NO_CEILING);
    rdb_writer_init_file(&f->writer, &sink, 10);
    f->visitor = rdb_writer_visitor(&f->writer);
    f->calls_left = -1;
    rdb_write_header(&f->writer);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    rdb_writer_release(&f->writer);
    buf_release(&f->file);
    memory_free(f);
    return 0;
}

static enum status read_memory(void *context, char *to, size_t len, size_t *read_len)
{
    struct slice *rest = context;

    *read_len = len < rest->len ? len : rest->len;
    memcpy(to, rest->data, *read_len);
    *rest = slice_after(*rest, *read_len);
    return STATUS_OK;
}

static void assert_file_tells(struct fixture *f, const char *expected)
{
    struct slice rest = buf_slice(&f->file);
    struct rdb_source source = {.read = read_memory, .context = &rest};
    struct rdb_problem problem;
    struct key_visitor visitor;
    struct buf transcript;

    buf_init(&transcript, BUF_NO_CEILING);
    visitor = key_transcript_visitor(&transcript);
    if (rdb_read(&source, &visitor, &problem) != STATUS_OK) {
        fail_msg("%s", problem.text);
    }
    buf_put_byte(&transcript, '\0');
    assert_string_equal(buf_slice(&transcript).data, expected);
    buf_release(&transcript);
}

static enum status begin(struct fixture *f, uint32_t db, enum entry_type type, const char *name, uint64_t count)
{
    struct key_visit key = {
        .db = db, .name = slice_of(name), .type = type, .count = count, .expire_at_ms = db == 2 ? 99 : 0};

    return f->visitor.key_begin(f->visitor.context, &key);
}

static void test_what_is_told_is_read_again(void **state)
{
    struct fixture *f = *state;
    struct key_visitor *v = &f->visitor;

    assert_int_equal(begin(f, 0, ENTRY_STRING, "a", 0), STATUS_OK);
    assert_int_equal(v->string(v->context, slice_of("value")), STATUS_OK);
    assert_int_equal(v->key_end(v->context), STATUS_OK);
    assert_int_equal(begin(f, 2, ENTRY_LIST, "l", 2), STATUS_OK);
    assert_int_equal(v->list_item(v->context, slice_of("one")), STATUS_OK);
    assert_int_equal(v->list_item(v->context, slice_of("")), STATUS_OK);
    assert_int_equal(v->key_end(v->context), STATUS_OK);
    assert_int_equal(begin(f, 2, ENTRY_HASH, "h", 1), STATUS_OK);
    assert_int_equal(v->hash_field(v->context, slice_of("f"), slice_of("5")), STATUS_OK);
    assert_int_equal(v->key_end(v->context), STATUS_OK);
    assert_int_equal(begin(f, 3, ENTRY_ZSET, "z", 2), STATUS_OK);
    assert_int_equal(v->zset_member(v->context, slice_of("m"), -0.5), STATUS_OK);
    assert_int_equal(v->zset_member(v->context, slice_of("n"), (double)INFINITY), STATUS_OK);
    assert_int_equal(v->key_end(v->context), STATUS_OK);
    assert_int_equal(rdb_write_end(&f->writer), STATUS_OK);
    assert_int_equal(f->writer.written_bytes, f->file.len);
    assert_file_tells(f, "key 0 string 'a' 0\nitem 'value'\nend\n"
                         "key 2 list 'l' 99\nitem 'one'\nitem ''\nend\n"
                         "key 2 hash 'h' 99\npair 'f' '5'\nend\n"
                         "key 3 zset 'z' 0\nscore 'm' -0.5\nscore 'n' inf\nend\n");
}

/* The count stands before the elements; a store that miscounted must not become a file that misleads. */
static void test_a_wrong_count_is_an_error(void **state)
{
    struct fixture *f = *state;
    struct key_visitor *v = &f->visitor;

    for (uint64_t told = 0; told < 4; told++) {
        assert_int_equal(begin(f, 0, ENTRY_SET, "s", 2), STATUS_OK);
        for (uint64_t i = 0; i < told; i++) {
            assert_int_equal(v->set_member(v->context, slice_of("m")), STATUS_OK);
        }
        assert_int_equal(v->key_end(v->context), told == 2 ? STATUS_OK : STATUS_CORRUPT);
    }
}

static void test_streams_of_any_length_are_cut_into_nodes(void **state)
{
    static const uint64_t counts[] = {
        0, 1, RDB_STREAM_NODE_ITEMS - 1, RDB_STREAM_NODE_ITEMS, RDB_STREAM_NODE_ITEMS + 1, 5 * RDB_STREAM_NODE_ITEMS};
    struct fixture *f = *state;
    struct key_visitor *v = &f->visitor;
    struct buf expected;

    buf_init(&expected, BUF_NO_CEILING);
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        struct slice words[4] = {slice_of("f"), slice_of("1"), slice_of("g"), slice_of("x")};
        struct key_visit_stream facts = {
            .item_count = counts[i], .last_id = {.ms = 1000}, .has_counters = true, .added_count = 77};

        assert_int_equal(begin(f, 0, ENTRY_STREAM, "s", counts[i]), STATUS_OK);
        buf_put_text(&expected, "key 0 stream 's' 0\n");
        for (uint64_t j = 1; j <= counts[i]; j++) {
            /* Sequences that fall within a node, and fields that change. */
            struct stream_id id = {.ms = j, .sequence = 1000 - j};

            assert_int_equal(v->stream_item(v->context, id, words, j % 3 == 0 ? 2 : 4), STATUS_OK);
            buf_put_format(&expected, "entry %u-%u 'f' '1'%s\n", (unsigned)j, (unsigned)(1000 - j),
                           j % 3 == 0 ? "" : " 'g' 'x'");
        }
        assert_int_equal(v->stream_facts(v->context, &facts), STATUS_OK);
        assert_int_equal(v->stream_group(v->context, slice_of("g"), facts.last_id, -1), STATUS_OK);
        assert_int_equal(v->stream_consumer(v->context, slice_of("c"), 5, 5), STATUS_OK);
        assert_int_equal(v->stream_pending(v->context, facts.last_id, 6, 7), STATUS_OK);
        assert_int_equal(v->stream_consumer(v->context, slice_of("d"), 8, 8), STATUS_OK);
        assert_int_equal(v->stream_group(v->context, slice_of("h"), facts.last_id, 3), STATUS_OK);
        assert_int_equal(v->key_end(v->context), STATUS_OK);
        buf_put_format(&expected,
                       "stream %u 1000-0 0-0 0-0 77\ngroup 'g' 1000-0 -1\nconsumer 'c' 5 5\npending 1000-0 6 7\n"
                       "consumer 'd' 8 8\ngroup 'h' 1000-0 3\nend\n",
                       (unsigned)counts[i]);
    }
    assert_int_equal(rdb_write_end(&f->writer), STATUS_OK);
    buf_put_byte(&expected, '\0');
    assert_file_tells(f, buf_slice(&expected).data);
    buf_release(&expected);
}

/* Items of a megabyte: a node of them would be longer than any reader takes, so their bytes count if all are known. */
static void test_nodes_of_long_items_are_short(void **state)
{
    static char big[1024 * 1024];
    enum { ITEMS = 40 };
    struct slice words[2] = {slice_of("f"), slice_make(big, sizeof(big))};
    struct key_visit_stream facts = {.item_count = ITEMS, .last_id = {.ms = ITEMS}, .has_counters = true};
    struct key_visit key = {.name = slice_of("s"), .type = ENTRY_STREAM, .count = ITEMS};
    struct rdb_writer writer;
    struct key_visitor v;

    (void)state;
    for (int is_planned = 0; is_planned <= 1; is_planned++) {
        rdb_writer_init_value(&writer, RDB_VERSION_WRITTEN);
        v = rdb_writer_visitor(&writer);
        assert_int_equal(v.key_begin(v.context, &key), STATUS_OK);
        for (uint64_t i = 1; i <= ITEMS && is_planned; i++) {
            assert_int_equal(v.stream_plan(v.context, (struct stream_id){.ms = i}, words, 2), STATUS_OK);
        }
        for (uint64_t i = 1; i <= ITEMS; i++) {
            assert_int_equal(v.stream_item(v.context, (struct stream_id){.ms = i}, words, 2), STATUS_OK);
        }
        assert_int_equal(v.stream_facts(v.context, &facts), STATUS_OK);
        assert_int_equal(v.key_end(v.context), STATUS_OK);
        assert_int_equal(buf_slice(&writer.out).data[0], RDB_TYPE_STREAM_LISTPACKS_2);
        assert_int_equal(buf_slice(&writer.out).data[1], is_planned ? 3 : 2); /* Of 15 items each; of 32. */
        rdb_writer_release(&writer);
    }
}

static enum status write_much(struct fixture *f)
{
    static char big[200000];
    struct key_visitor *v = &f->visitor;

    for (int i = 0; i < 3; i++) {
        enum status status = begin(f, 0, ENTRY_STRING, "a", 0);

        if (status == STATUS_OK) {
            status = v->string(v->context, slice_make(big, i == 1 ? 100 : sizeof(big)));
        }
        if (status == STATUS_OK) {
            status = v->key_end(v->context);
        }
        if (status != STATUS_OK) {
            return status;
        }
    }
    return rdb_write_end(&f->writer);
}

static void test_a_failing_sink_ends_it(void **state)
{
    for (int calls = 0;; calls++) {
        struct fixture *f;
        enum status status;

        assert_int_equal(tear_down(state), 0);
        assert_int_equal(set_up(state), 0);
        f = *state;
        f->calls_left = calls;
        status = write_much(f);
        if (status == STATUS_OK) {
            assert_true(calls > 2);
            break;
        }
        assert_int_equal(status, STATUS_NO_SPACE);
    }
}

static void test_a_value_alone_has_a_footer_that_is_checked(void **state)
{
    struct fixture *f = *state;
    struct rdb_writer writer;
    struct key_visitor visitor;
    struct key_visit key = {.db = 3, .name = slice_of("gone"), .type = ENTRY_SET, .expire_at_ms = 5, .count = 1};
    struct slice body;
    char *bytes;
    size_t len;

    rdb_writer_init_value(&writer, RDB_VERSION_WRITTEN);
    visitor = rdb_writer_visitor(&writer);
    assert_int_equal(visitor.key_begin(visitor.context, &key), STATUS_OK);
    assert_int_equal(visitor.set_member(visitor.context, slice_of("m")), STATUS_OK);
    assert_int_equal(visitor.key_end(visitor.context), STATUS_OK);
    rdb_put_value_footer(&writer.out, 0);
    /* As redis-server 7.0 would read it: type, count, member, version, checksum. */
    assert_memory_equal(buf_slice(&writer.out).data, "\x02\x01\x01m\x0a\0", 6);
    assert_int_equal(writer.out.len, 14);
    assert_int_equal(rdb_check_value_footer(buf_slice(&writer.out), &body), STATUS_OK);
    assert_true(slice_equal(body, slice_make("\x02\x01\x01m", 4)));
    len = writer.out.len;
    bytes = memory_copy(buf_slice(&writer.out).data, len);
    for (size_t i = 0; i < len; i++) {
        bytes[i] ^= 8;
        assert_int_equal(rdb_check_value_footer(slice_make(bytes, len), &body), STATUS_CORRUPT);
        bytes[i] ^= 8;
        assert_int_equal(rdb_check_value_footer(slice_make(bytes, i), &body), STATUS_CORRUPT);
    }
    memory_free(bytes);
    rdb_writer_release(&writer);
    (void)f;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_what_is_told_is_read_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_wrong_count_is_an_error, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_streams_of_any_length_are_cut_into_nodes, set_up, tear_down),
        cmocka_unit_test(test_nodes_of_long_items_are_short),
        cmocka_unit_test_setup_teardown(test_a_failing_sink_ends_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_value_alone_has_a_footer_that_is_checked, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
