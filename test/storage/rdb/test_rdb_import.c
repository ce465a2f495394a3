/* From an RDB file into an environment, and out of it again: also the test of env_visit.c and rdb_export.c. */
#include "storage/rdb/rdb_import.h"

#include "base/memory.h"
#include "storage/env/env_lmdb.h"
#include "storage/keyspace/keycode.h"
#include "storage/rdb/rdb_export.h"
#include "storage/rdb/rdb_read.h"
#include "support/fault_posix.h"
#include "support/key_recorder.h"
#include "support/scratch.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

struct fixture {
    char *folder;
    char *path;
    struct history history;
    struct rdb_import_options options;
    struct rdb_import_summary summary;
    struct rdb_problem problem;
    struct rdb_writer writer; /* Of the file to be imported. */
    struct key_visitor write;
    struct key_visitor transcribe; /* To `expected`. */
    struct buf expected;
    struct buf file;
};

static enum status write_to_buf(void *context, const struct slice *pieces, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        buf_put(context, pieces[i]);
    }
    return STATUS_OK;
}

static int set_up(void **state)
{
    struct fixture *f = memory_allocate_zeroed(sizeof(*f));
    struct rdb_sink sink = {.write = write_to_buf, .context = &f->file};

    f->folder = scratch_create();
    f->path = file_join(f->folder, "data");
    history_init(&f->history);
    f->options = (struct rdb_import_options){.files = file_system_posix(),
                                             .history = &f->history,
                                             .position = {.offset = 1234, .hash = 5678},
                                             .database_count = 4};
    buf_init(&f->file, BUF_NO_CEILING);
    buf_init(&f->expected, BUF_NO_CEILING);
    rdb_writer_init_file(&f->writer, &sink, 9);
    f->write = rdb_writer_visitor(&f->writer);
    f->transcribe = key_transcript_visitor(&f->expected);
    rdb_write_header(&f->writer);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    rdb_writer_release(&f->writer);
    buf_release(&f->file);
    buf_release(&f->expected);
    memory_free(f->path);
    scratch_remove(f->folder);
    memory_free(f);
    return 0;
}

/* Tell both visitors of a key with `count` elements of `len` bytes, in the order in which they will come out. */
static void put_key(struct fixture *f, uint32_t db, enum entry_type type, const char *name, uint32_t count, size_t len)
{
    struct key_visitor *visitors[2] = {&f->write, &f->transcribe};
    struct key_visit key = {.db = db,
                            .name = slice_of(name),
                            .type = type,
                            .count = type == ENTRY_STRING ? 1 : count,
                            .expire_at_ms = count % 2 == 0 ? 0 : 4102444800123};
    char *element = memory_allocate(len + 16);

    for (size_t v = 0; v < 2; v++) {
        struct key_visitor *to = visitors[v];

        assert_int_equal(to->key_begin(to->context, &key), STATUS_OK);
        for (uint32_t i = 0; i < (uint32_t)key.count; i++) {
            struct slice slice = slice_make(element, len);

            memset(element, 'e', len);
            snprintf(element, len + 16, "%08u", i);
            memset(element + 8, 'f', len + 8);
            assert_int_equal(type == ENTRY_STRING ? to->string(to->context, slice)
                             : type == ENTRY_LIST ? to->list_item(to->context, slice)
                             : type == ENTRY_SET  ? to->set_member(to->context, slice)
                             : type == ENTRY_ZSET ? to->zset_member(to->context, slice, (double)i / 4 - 3)
                                                  : to->hash_field(to->context, slice, slice_make(element, 5)),
                             STATUS_OK);
        }
        assert_int_equal(to->key_end(to->context), STATUS_OK);
    }
    memory_free(element);
}

static enum status read_memory(void *context, char *to, size_t len, size_t *read_len)
{
    struct slice *rest = context;

    *read_len = len < rest->len ? len : rest->len;
    memcpy(to, rest->data, *read_len);
    *rest = slice_after(*rest, *read_len);
    return STATUS_OK;
}

static enum status import_bytes(struct fixture *f, struct slice bytes)
{
    struct rdb_source source = {.read = read_memory, .context = &bytes};

    return rdb_import(&source, f->path, &f->options, &f->summary, &f->problem);
}

/* What the environment holds is what was put, and its meta what was asked for. */
static void assert_holds_all(struct fixture *f)
{
    struct env_visit_options options = {.cancelled = NULL};
    struct env_visit_problem problem;
    struct key_visitor visitor;
    struct env_visit *visit;
    struct buf found;
    struct env *env;

    buf_init(&found, BUF_NO_CEILING);
    visitor = key_transcript_visitor(&found);
    assert_int_equal(env_open(f->path, true, &env), STATUS_OK);
    assert_int_equal(env_visit_begin(env, &options, &visit), STATUS_OK);
    assert_string_equal(env_visit_meta(visit)->history.id, f->history.id);
    assert_int_equal(env_visit_meta(visit)->position.offset, 1234);
    assert_int_equal(env_visit_meta(visit)->position.hash, 5678);
    assert_true(env_visit_meta(visit)->is_clean);
    assert_int_equal(env_visit_keys(visit, &visitor, &problem), STATUS_OK);
    env_visit_end(visit);
    env_close(env);
    assert_true(slice_equal(buf_slice(&found), buf_slice(&f->expected)));
    buf_release(&found);
}

/* Elements and keys on both sides of every limit, with a memtable so small that large keys are cut. */
static void test_what_is_imported_is_there(void **state)
{
    static const enum entry_type types[] = {ENTRY_HASH, ENTRY_LIST, ENTRY_SET, ENTRY_ZSET};
    static const char *const names[][2] = {{"a", "ab"}, {"b", "bb"}, {"c", "cb"}, {"d", "db"}};
    struct fixture *f = *state;
    char name[40];

    rdb_write_aux(&f->writer, "repl-stream-db", slice_of("2"));
    put_key(f, 0, ENTRY_STRING, "", 0, 0);
    for (size_t t = 0; t < 4; t++) {
        put_key(f, 0, types[t], names[t][0], 1, 10);
        put_key(f, 0, types[t], names[t][1], 1000, 12);
    }
    for (uint32_t i = 0; i < 3000; i++) {
        snprintf(name, sizeof(name), "key%06u", i);
        put_key(f, 1, ENTRY_STRING, name, i, 100);
    }
    put_key(f, 3, ENTRY_STRING, "long", 1, 16384);
    put_key(f, 3, ENTRY_STRING, "longer", 1, 16385);
    put_key(f, 3, ENTRY_STRING, "longest", 2, 300000);
    put_key(f, 3, ENTRY_SET, "set", 5, 600);
    put_key(f, 3, ENTRY_HASH, "wide", 20000, 20);
    put_key(f, 3, ENTRY_LIST, "x", 20000, 20);
    put_key(f, 3, ENTRY_ZSET, "y", 20000, 20);
    put_key(f, 3, ENTRY_ZSET, "z", 5, 600);
    assert_int_equal(rdb_write_end(&f->writer), STATUS_OK);
    f->options.memory_bytes = 200000;
    assert_int_equal(import_bytes(f, buf_slice(&f->file)), STATUS_OK);
    assert_int_equal(f->summary.key_count, f->writer.key_count);
    assert_int_equal(f->summary.file_bytes, f->file.len);
    assert_int_equal(f->summary.selected_db, 2);
    assert_int_equal(scratch_count(f->path), 1); /* data.mdb. */
    assert_holds_all(f);
}

static enum status export_to(struct fixture *f, struct buf *out, struct rdb_export_summary *summary)
{
    struct rdb_sink sink = {.write = write_to_buf, .context = out};
    struct env_visit_options options = {.cancelled = NULL};
    struct env_visit_problem problem;
    struct env *env;
    enum status status;

    assert_int_equal(env_open(f->path, true, &env), STATUS_OK);
    status = rdb_export(env, &sink, 9, &options, summary, &problem);
    env_close(env);
    return status;
}

static void test_an_export_says_its_offset_and_holds_the_same(void **state)
{
    struct fixture *f = *state;
    struct rdb_export_summary summary;
    struct rdb_problem problem;
    struct key_visitor visitor;
    struct buf exported;
    struct buf found;

    rdb_write_aux(&f->writer, "repl-stream-db", slice_of("1"));
    put_key(f, 0, ENTRY_HASH, "h", 200, 20);
    put_key(f, 0, ENTRY_STRING, "s", 1, 20000);
    assert_int_equal(rdb_write_end(&f->writer), STATUS_OK);
    assert_int_equal(import_bytes(f, buf_slice(&f->file)), STATUS_OK);
    buf_init(&exported, BUF_NO_CEILING);
    buf_init(&found, BUF_NO_CEILING);
    assert_int_equal(export_to(f, &exported, &summary), STATUS_OK);
    assert_int_equal(summary.key_count, 2);
    assert_int_equal(summary.position.offset, 1234);
    assert_int_equal(summary.selected_db, 1);
    assert_int_equal(summary.file_bytes, exported.len);
    assert_non_null(memmem(buf_slice(&exported).data, exported.len, f->history.id, HISTORY_ID_LEN));
    visitor = key_transcript_visitor(&found);
    {
        struct slice rest = buf_slice(&exported);
        struct rdb_source source = {.read = read_memory, .context = &rest};

        assert_int_equal(rdb_read(&source, &visitor, &problem), STATUS_OK);
    }
    assert_true(slice_equal(buf_slice(&found), buf_slice(&f->expected)));
    buf_release(&exported);
    buf_release(&found);
}

static void assert_refused(struct fixture *f, struct slice bytes, enum status status, const char *text)
{
    assert_int_equal(import_bytes(f, bytes), status);
    assert_non_null(strstr(f->problem.text, text));
    assert_int_equal(scratch_count(f->path), -1);
    assert_int_equal(scratch_count(f->folder), 0);
}

#define BYTES(literal) slice_make(literal, sizeof(literal) - 1)
#define HEAD           "REDIS0009"
#define END            "\xff\0\0\0\0\0\0\0\0"

static void test_what_cannot_be_imported_is_named_and_leaves_nothing(void **state)
{
    struct fixture *f = *state;

    assert_refused(f, BYTES(HEAD "\xfe\x04\0\x01k\x01v" END), STATUS_INVALID, "database 4, key 'k': there is no such");
    assert_refused(f, BYTES(HEAD "\0\x01k\x01v\0\x01k\x01w" END), STATUS_CORRUPT,
                   "database 0, key 'k': it is in the file twice");
    assert_refused(f, BYTES(HEAD "\x02\x01s\x02\x01v\x01v" END), STATUS_CORRUPT, "a member that is there twice");
    assert_refused(f, BYTES(HEAD "\x04\x01h\x02\x01v\x01v\x01v\x01v" END), STATUS_CORRUPT,
                   "a field that is there twice");
    assert_refused(f, BYTES(HEAD "\x05\x01z\x02\x01v\0\0\0\0\0\0\0\0\x01v\0\0\0\0\0\0\0\0" END), STATUS_CORRUPT,
                   "a sorted set with a member that is there twice");
    assert_refused(f, BYTES(HEAD "\0\x01k\x01v"), STATUS_CORRUPT, "the file ends too early");
}

static void test_cancelling_and_what_was_there_before(void **state)
{
    struct fixture *f = *state;
    atomic_bool cancelled = true;

    f->options.cancelled = &cancelled;
    assert_refused(f, BYTES(HEAD "\0\x01k\x01v" END), STATUS_CLOSED, "");
    f->options.cancelled = NULL;
    assert_int_equal(file_make_directory(file_system_posix(), f->path), STATUS_OK);
    assert_int_equal(import_bytes(f, BYTES(HEAD "\0\x01k\x01v" END)), STATUS_EXISTS);
    assert_int_equal(scratch_count(f->path), 0);
}

static void test_a_failing_disk_leaves_nothing(void **state)
{
    struct fixture *f = *state;
    struct fault_posix *disk = fault_posix_create();
    enum status status = STATUS_IO;
    unsigned nth;

    f->options.files = fault_posix_system(disk);
    for (nth = 1; status != STATUS_OK; nth++) {
        fault_posix_fail(disk, nth, STATUS_NO_SPACE);
        status = import_bytes(f, BYTES(HEAD "\0\x01k\x01v" END));
        assert_int_equal(status, fault_posix_has_failed(disk) ? STATUS_NO_SPACE : STATUS_OK);
        assert_int_equal(scratch_count(f->path), status == STATUS_OK ? 1 : -1);
        assert_true(nth < 50);
    }
    assert_true(nth > 3);
    fault_posix_free(disk);
}

/* Put one row in the environment, over whatever it was. */
static void put_row(struct env *env, enum table table, struct slice row_key, struct slice row_value)
{
    MDB_val key = {.mv_size = row_key.len, .mv_data = (void *)(uintptr_t)row_key.data};
    MDB_val value = {.mv_size = row_value.len, .mv_data = (void *)(uintptr_t)row_value.data};
    MDB_txn *txn;

    assert_int_equal(mdb_txn_begin(env_handle(env), NULL, 0, &txn), MDB_SUCCESS);
    assert_int_equal(mdb_put(txn, env_table_handle(env, table), &key, &value, 0), MDB_SUCCESS);
    assert_int_equal(mdb_txn_commit(txn), MDB_SUCCESS);
}

/* Rows that no store writes: the walk names the key and does not crash. */
static void test_a_damaged_row_is_named(void **state)
{
    static const struct {
        struct slice value;
        enum status status;
        const char *text;
    } cases[] = {
        {{"", 0}, STATUS_CORRUPT, "does not decode"},
        {{"\x87", 1}, STATUS_CORRUPT, "does not decode"},
        {{"\x08\x02", 2}, STATUS_UNSUPPORTED, "an unknown encoding"},
        {{"\x05", 1}, STATUS_UNSUPPORTED, "an unknown encoding"},
        {{"\x41\x02\x01x", 4}, STATUS_CORRUPT, "its count is not that of its elements"},
        {{"\x41\x01\x05x", 4}, STATUS_CORRUPT, "its body is cut short"},
        {{"\x44\x01\x01x", 4}, STATUS_CORRUPT, "its body is cut short"},
        {{"\x43\x01\x01x\x01y", 6}, STATUS_CORRUPT, "a score is not 8 bytes long"},
        {{"\x69\x01\x05\x01", 4}, STATUS_CORRUPT, "its count is not that of its elements"},
        {{"\x68\x01\x05\xfc\xff\xff\xff\xff\xff", 9}, STATUS_CORRUPT, "longer than strings may be"},
    };
    struct fixture *f = *state;

    put_key(f, 0, ENTRY_STRING, "k", 2, 10);
    assert_int_equal(rdb_write_end(&f->writer), STATUS_OK);
    assert_int_equal(import_bytes(f, buf_slice(&f->file)), STATUS_OK);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct env_visit_options options = {.cancelled = NULL};
        struct env_visit_problem problem;
        struct env_visit *visit;
        struct key_visitor visitor;
        struct keycode code;
        struct env *env;

        assert_int_equal(env_open(f->path, false, &env), STATUS_OK);
        keycode_key(&code, 1, slice_of("k"), 0);
        put_row(env, TABLE_KEYS, keycode_slice(&code), cases[i].value);
        visitor = key_transcript_visitor(&f->expected);
        assert_int_equal(env_visit_begin(env, &options, &visit), STATUS_OK);
        assert_int_equal(env_visit_meta(visit)->databases[0].space, 1);
        assert_int_equal(env_visit_keys(visit, &visitor, &problem), cases[i].status);
        if (strstr(problem.text, cases[i].text) == NULL || strstr(problem.text, "database 0, key '") == NULL) {
            fail_msg("case %zu: %s", i, problem.text);
        }
        env_visit_end(visit);
        env_close(env);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_what_is_imported_is_there, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_an_export_says_its_offset_and_holds_the_same, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_cannot_be_imported_is_named_and_leaves_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_cancelling_and_what_was_there_before, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_failing_disk_leaves_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_damaged_row_is_named, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
