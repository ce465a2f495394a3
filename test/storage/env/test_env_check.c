/* Each invariant of docs/formats/keyspace.md broken by one row, and what is told of it. */
#include "storage/env/env_check.h"

#include "base/memory.h"
#include "storage/env/env_lmdb.h"
#include "storage/keyspace/entry.h"
#include "storage/keyspace/keycode.h"
#include "storage/rdb/rdb_import.h"
#include "storage/rdb/rdb_write.h"
#include "support/scratch.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define DUE_MS 4102444800000ull

struct fixture {
    char *folder;
    char *path;
    struct env *env;
    struct env_meta meta;
    struct buf told;
};

static enum status write_to_buf(void *context, const struct slice *pieces, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        buf_put(context, pieces[i]);
    }
    return STATUS_OK;
}

static enum status read_memory(void *context, char *to, size_t len, size_t *read_len)
{
    struct slice *rest = context;

    *read_len = len < rest->len ? len : rest->len;
    memcpy(to, rest->data, *read_len);
    *rest = slice_after(*rest, *read_len);
    return STATUS_OK;
}

static void put_key(const struct key_visitor *to, const char *name, enum entry_type type, uint64_t count,
                    uint64_t expire_at_ms)
{
    struct key_visit key = {.name = slice_of(name), .type = type, .count = count, .expire_at_ms = expire_at_ms};
    char text[32];

    assert_int_equal(to->key_begin(to->context, &key), STATUS_OK);
    for (uint64_t i = 0; i < count; i++) {
        snprintf(text, sizeof(text), "element%u", (unsigned)i);
        assert_int_equal(type == ENTRY_STRING ? to->string(to->context, slice_of(text))
                         : type == ENTRY_SET  ? to->set_member(to->context, slice_of(text))
                         : type == ENTRY_ZSET
                             ? to->zset_member(to->context, slice_of(text), i >= 290 ? -0.0 : (double)i)
                             : to->hash_field(to->context, slice_of(text), slice_of("v")),
                         STATUS_OK);
    }
    assert_int_equal(to->key_end(to->context), STATUS_OK);
}

/* Database 0 with a string "due" that expires, a string "plain", and a set, a hash and a sorted set of 300 elements. */
static void make_env(struct fixture *f)
{
    struct history history;
    struct buf file;
    struct rdb_sink sink = {.write = write_to_buf, .context = &file};
    struct rdb_import_options options = {
        .files = file_system_posix(), .history = &history, .position = {.offset = 7}, .database_count = 2};
    struct rdb_import_summary summary;
    struct rdb_problem problem;
    struct rdb_writer writer;
    struct key_visitor visitor;
    struct slice rest;
    struct rdb_source source = {.read = read_memory, .context = &rest};

    buf_init(&file, BUF_NO_CEILING);
    history_init(&history);
    rdb_writer_init_file(&writer, &sink, 9);
    rdb_write_header(&writer);
    visitor = rdb_writer_visitor(&writer);
    put_key(&visitor, "due", ENTRY_STRING, 1, DUE_MS);
    put_key(&visitor, "plain", ENTRY_STRING, 1, 0);
    put_key(&visitor, "set", ENTRY_SET, 300, 0);
    put_key(&visitor, "hash", ENTRY_HASH, 300, 0);
    put_key(&visitor, "zset", ENTRY_ZSET, 300, 0);
    assert_int_equal(rdb_write_end(&writer), STATUS_OK);
    rest = buf_slice(&file);
    assert_int_equal(rdb_import(&source, f->path, &options, &summary, &problem), STATUS_OK);
    rdb_writer_release(&writer);
    buf_release(&file);
}

static int set_up(void **state)
{
    struct fixture *f = memory_allocate_zeroed(sizeof(*f));

    f->folder = scratch_create();
    f->path = file_join(f->folder, "data");
    buf_init(&f->told, BUF_NO_CEILING);
    make_env(f);
    assert_int_equal(env_open(f->path, false, &f->env), STATUS_OK);
    assert_int_equal(env_read_meta(f->env, &f->meta), STATUS_OK);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    env_meta_release(&f->meta);
    env_close(f->env);
    buf_release(&f->told);
    memory_free(f->path);
    scratch_remove(f->folder);
    memory_free(f);
    return 0;
}

static MDB_val to_val(struct slice slice)
{
    return (MDB_val){.mv_size = slice.len, .mv_data = (void *)(uintptr_t)slice.data};
}

/* Put a row, or delete it if `value` is NULL. */
static void change(struct fixture *f, enum table table, const struct keycode *code, const struct slice *value)
{
    MDB_val key = to_val(keycode_slice(code));
    MDB_val data = to_val(value == NULL ? slice_empty() : *value);
    MDB_txn *txn;

    assert_int_equal(mdb_txn_begin(env_handle(f->env), NULL, 0, &txn), MDB_SUCCESS);
    assert_int_equal(value == NULL ? mdb_del(txn, env_table_handle(f->env, table), &key, NULL)
                                   : mdb_put(txn, env_table_handle(f->env, table), &key, &data, 0),
                     MDB_SUCCESS);
    assert_int_equal(mdb_txn_commit(txn), MDB_SUCCESS);
}

static void put_meta(struct fixture *f)
{
    MDB_txn *txn;

    assert_int_equal(mdb_txn_begin(env_handle(f->env), NULL, 0, &txn), MDB_SUCCESS);
    assert_int_equal(env_put_meta(f->env, txn, &f->meta), STATUS_OK);
    assert_int_equal(mdb_txn_commit(txn), MDB_SUCCESS);
}

static void take_problem(void *context, const char *text)
{
    struct fixture *f = context;

    buf_put_text(&f->told, text);
    buf_put_byte(&f->told, '\n');
}

/* Check, and hold what is told, line by line, against `expected`. */
static void assert_tells(struct fixture *f, const char *expected)
{
    struct env_check_options options = {.on_problem = take_problem, .context = f};
    struct env_check_summary summary;

    buf_clear(&f->told);
    assert_int_equal(env_check(f->env, &options, &summary), STATUS_OK);
    assert_int_equal(summary.problem_count == 0, f->told.len == 0);
    buf_put_byte(&f->told, '\0');
    assert_string_equal(buf_slice(&f->told).data, expected);
}

static struct keycode key_code(struct fixture *f, const char *name)
{
    struct keycode code;

    keycode_key(&code, f->meta.databases[0].space, slice_of(name), f->meta.key_hash_seed);
    return code;
}

/* The entry of a key; its body is dead. */
static struct entry entry_of(struct fixture *f, const char *name)
{
    struct keycode code = key_code(f, name);
    MDB_val key = to_val(keycode_slice(&code));
    MDB_val value;
    struct entry entry;
    MDB_txn *txn;

    assert_int_equal(env_begin_read(f->env, &txn), STATUS_OK);
    assert_int_equal(mdb_get(txn, env_table_handle(f->env, TABLE_KEYS), &key, &value), MDB_SUCCESS);
    assert_true(entry_decode(slice_make(value.mv_data, value.mv_size), &entry));
    mdb_txn_abort(txn);
    return entry;
}

static void put_entry(struct fixture *f, const char *name, const struct entry *entry)
{
    struct keycode code = key_code(f, name);
    char header[ENTRY_HEADER_BYTES_MAX];
    struct slice value = slice_make(header, 0);

    value.len = entry_encode_header(entry, header);
    change(f, TABLE_KEYS, &code, &value);
}

static void test_a_sound_environment_has_no_problems(void **state)
{
    assert_tells(*state, "");
}

static void test_expiry_rows_must_be_those_of_the_keys(void **state)
{
    struct fixture *f = *state;
    struct keycode due = key_code(f, "due");
    struct keycode plain = key_code(f, "plain");
    struct keycode absent = key_code(f, "absent");
    struct slice nothing = slice_empty();
    struct keycode code;

    keycode_expiry(&code, DUE_MS, keycode_slice(&due));
    change(f, TABLE_EXPIRY, &code, NULL);
    assert_tells(f, "key 'due': it expires at 4102444800000, but the table of expiry does not have it\n");
    change(f, TABLE_EXPIRY, &code, &nothing);
    keycode_expiry(&code, 5, keycode_slice(&plain));
    change(f, TABLE_EXPIRY, &code, &nothing);
    assert_tells(f, "table expiry: key 'plain' is due at 5, but itself says 0\n");
    change(f, TABLE_EXPIRY, &code, NULL);
    keycode_expiry(&code, 6, keycode_slice(&absent));
    change(f, TABLE_EXPIRY, &code, &nothing);
    assert_tells(f, "table expiry: key 'absent' is due at 6, but is not there\n");
}

/* A key whose expiry was put off stands in the index at the former time until that comes. */
static void test_an_expiry_row_may_be_of_before_the_expiry_was_put_off(void **state)
{
    struct fixture *f = *state;
    struct keycode due = key_code(f, "due");
    struct slice nothing = slice_empty();
    struct entry entry = entry_of(f, "due");
    struct keycode code;

    entry.body = nothing;
    entry.index_at_ms = DUE_MS - 1000;
    put_entry(f, "due", &entry);
    assert_tells(f, "key 'due': it expires at 4102444800000, but the table of expiry does not have it\n"
                    "table expiry: key 'due' is due at 4102444800000, but itself says 4102444799000\n");
    keycode_expiry(&code, DUE_MS, keycode_slice(&due));
    change(f, TABLE_EXPIRY, &code, NULL);
    keycode_expiry(&code, DUE_MS - 1000, keycode_slice(&due));
    change(f, TABLE_EXPIRY, &code, &nothing);
    assert_tells(f, "");
    change(f, TABLE_EXPIRY, &code, NULL);
    entry.index_at_ms = DUE_MS + 1;
    put_entry(f, "due", &entry);
    keycode_expiry(&code, DUE_MS + 1, keycode_slice(&due));
    change(f, TABLE_EXPIRY, &code, &nothing);
    assert_tells(f, "key 'due': it expires at 4102444800000, but says that it is indexed later, at 4102444800001\n");
}

static void test_the_metas_counts_must_be_right(void **state)
{
    struct fixture *f = *state;

    f->meta.databases[0].key_count++;
    f->meta.databases[1].expiry_count = 1;
    put_meta(f);
    assert_tells(f, "database 0: the meta says 6 keys, there are 5\n"
                    "database 1: the meta says 1 keys with expiry (sum 0), there are 0 (0)\n");
}

static void test_a_key_must_belong_to_a_database_or_an_orphan(void **state)
{
    struct fixture *f = *state;
    struct slice row = slice_make("\0x", 2);
    struct slice nothing = slice_empty();
    struct keycode code;
    struct keycode orphan;

    keycode_key(&code, 200, slice_of("lost"), 0);
    change(f, TABLE_KEYS, &code, &row);
    assert_tells(f, "key 'lost': its space 200 belongs to no database\n");
    keycode_orphan(&orphan, KEYCODE_ORPHAN_SPACE, 200);
    change(f, TABLE_ORPHANS, &orphan, &nothing);
    assert_tells(f, "");
    keycode_start(&orphan);
    keycode_add_byte(&orphan, 9);
    change(f, TABLE_ORPHANS, &orphan, &nothing);
    assert_tells(f, "table orphans, row 2: it does not decode\n");
}

static void test_a_generation_has_one_owner(void **state)
{
    struct fixture *f = *state;
    struct entry hash = entry_of(f, "hash");
    struct entry set = entry_of(f, "set");
    struct slice nothing = slice_empty();
    struct keycode code;
    char expected[400];

    keycode_orphan(&code, KEYCODE_ORPHAN_GENERATION, hash.generation);
    change(f, TABLE_ORPHANS, &code, &nothing);
    snprintf(expected, sizeof(expected), "generation %u belongs to a key and is an orphan\n",
             (unsigned)hash.generation);
    assert_tells(f, expected);
    change(f, TABLE_ORPHANS, &code, NULL);
    set.generation = hash.generation;
    set.type = ENTRY_HASH;
    put_entry(f, "set", &set);
    snprintf(expected, sizeof(expected),
             "generation %u belongs to more than one key\ntable fields: rows of generation %u, which no key has\n"
             "table scores: rows of generation %u, which no key has\n",
             (unsigned)hash.generation, (unsigned)hash.generation - 1, (unsigned)hash.generation - 1);
    assert_tells(f, expected);
}

static void test_a_collections_count_is_that_of_its_rows(void **state)
{
    struct fixture *f = *state;
    struct entry hash = entry_of(f, "hash");

    hash.count++;
    put_entry(f, "hash", &hash);
    assert_tells(f, "key 'hash': its count is not that of its elements\n");
}

static void test_a_sets_slots_are_its_members(void **state)
{
    struct fixture *f = *state;
    struct entry set = entry_of(f, "set");
    struct slice wrong = slice_of("stranger");
    struct keycode code;

    keycode_slot(&code, set.generation, 5);
    change(f, TABLE_SCORES, &code, &wrong);
    assert_tells(f, "key 'set': the table of scores does not have its members (1 of 300 are wrong)\n");
    change(f, TABLE_SCORES, &code, NULL);
    assert_tells(f, "key 'set': the table of scores does not have its members (1 of 300 are wrong)\n");
}

static void test_a_sorted_sets_scores_are_its_members(void **state)
{
    struct fixture *f = *state;
    struct entry zset = entry_of(f, "zset");
    struct slice nothing = slice_empty();
    struct slice sign = slice_make("\1", 1);
    struct keycode code;

    keycode_score(&code, zset.generation, 20, slice_of("element20"), 0);
    change(f, TABLE_SCORES, &code, &sign);
    assert_tells(f, "key 'zset': the table of scores does not have its members (1 of 300 are wrong)\n");
    change(f, TABLE_SCORES, &code, NULL);
    assert_tells(f, "key 'zset': the table of scores does not have its members (1 of 300 are wrong)\n");
    change(f, TABLE_SCORES, &code, &nothing);
    assert_tells(f, "");
    keycode_score(&code, zset.generation, 0, slice_of("element299"), 0);
    change(f, TABLE_SCORES, &code, &nothing);
    assert_tells(f, "key 'zset': the table of scores does not have its members (1 of 300 are wrong)\n");
}

/* Where LMDB 0.9's meta pages, which are the first two, have these. */
#define META_FREE_ROOT   80
#define META_TRANSACTION 144

/* Fill the root page of LMDB's list of free pages with zeros, as a copy that was cut short and made long again has
 * them. */
static void wipe_free_pages(struct fixture *f)
{
    static const char zeros[4096];
    char *file_path = file_join(f->path, "data.mdb");
    FILE *file = fopen(file_path, "r+");
    uint64_t newest = 0;
    uint64_t root = 0;

    assert_non_null(file);
    for (long meta = 0; meta < 2; meta++) {
        uint64_t words[2];

        assert_int_equal(fseek(file, meta * 4096 + META_FREE_ROOT, SEEK_SET), 0);
        assert_int_equal(fread(&words[0], sizeof(words[0]), 1, file), 1);
        assert_int_equal(fseek(file, meta * 4096 + META_TRANSACTION, SEEK_SET), 0);
        assert_int_equal(fread(&words[1], sizeof(words[1]), 1, file), 1);
        if (words[1] >= newest) {
            root = words[0];
            newest = words[1];
        }
    }
    assert_true(root > 1 && root < 10000);
    assert_int_equal(fseek(file, (long)root * 4096, SEEK_SET), 0);
    assert_int_equal(fwrite(zeros, sizeof(zeros), 1, file), 1);
    assert_int_equal(fclose(file), 0);
    memory_free(file_path);
}

static void test_lmdbs_own_list_of_free_pages_is_looked_at(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(env_mark_clean(f->env, true), STATUS_OK); /* A commit frees pages. */
    assert_int_equal(env_mark_clean(f->env, false), STATUS_OK);
    assert_tells(f, "");
    env_close(f->env);
    wipe_free_pages(f);
    assert_int_equal(env_open(f->path, true, &f->env), STATUS_OK);
    assert_tells(f, "LMDB's list of free pages is damaged: nothing can be written to it\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_sound_environment_has_no_problems, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_expiry_rows_must_be_those_of_the_keys, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_an_expiry_row_may_be_of_before_the_expiry_was_put_off, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_metas_counts_must_be_right, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_key_must_belong_to_a_database_or_an_orphan, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_generation_has_one_owner, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_collections_count_is_that_of_its_rows, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_sets_slots_are_its_members, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_sorted_sets_scores_are_its_members, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_lmdbs_own_list_of_free_pages_is_looked_at, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
