#include "storage/env/env.h"

#include "base/buf.h"
#include "base/bytes.h"
#include "base/memory.h"
#include "storage/env/env_lmdb.h"
#include "support/fault_posix.h"
#include "support/sample_env.h"
#include "support/scratch.h"
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
    char *folder;
    char *path; /* Of the environment to be. */
};

static int set_up(void **state)
{
    struct fixture *f = memory_allocate_zeroed(sizeof(*f));

    f->folder = scratch_create();
    f->path = file_join(f->folder, "data");
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    memory_free(f->path);
    scratch_remove(f->folder);
    memory_free(f);
    return 0;
}

static struct env_meta make_meta(struct env_database *databases, uint32_t count)
{
    struct env_meta meta = {
        .position = {.offset = 1ull << 40, .hash = 0xfeedfacecafebeef},
        .selected_db = -1,
        .next_generation = 0x1122334455667788,
        .key_hash_seed = 99,
        .database_count = count,
        .databases = databases,
        .is_clean = true,
    };

    history_init(&meta.history);
    history_fork(&meta.history, 12345);
    for (uint32_t i = 0; i < count; i++) {
        databases[i] =
            (struct env_database){.space = i + 1, .key_count = i * 7, .expiry_count = i, .expiry_sum_ms = ~0ull};
    }
    return meta;
}

static void assert_same_meta(const struct env_meta *a, const struct env_meta *b)
{
    assert_string_equal(a->history.id, b->history.id);
    assert_string_equal(a->history.previous_id, b->history.previous_id);
    assert_int_equal(a->history.previous_end, b->history.previous_end);
    assert_int_equal(a->position.offset, b->position.offset);
    assert_int_equal(a->position.hash, b->position.hash);
    assert_int_equal(a->selected_db, b->selected_db);
    assert_int_equal(a->next_generation, b->next_generation);
    assert_int_equal(a->key_hash_seed, b->key_hash_seed);
    assert_int_equal(a->is_clean, b->is_clean);
    assert_int_equal(a->is_pending, b->is_pending);
    assert_int_equal(a->database_count, b->database_count);
    assert_memory_equal(a->databases, b->databases, a->database_count * sizeof(*a->databases));
}

static void test_create_makes_what_open_reads(void **state)
{
    static const uint32_t counts[] = {0, 1, 16, 1024};
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        static struct env_database databases[1024];
        struct env_meta meta = make_meta(databases, counts[i]);
        struct env_meta found;
        struct env *env;

        assert_int_equal(env_create(file_system_posix(), f->path, &meta), STATUS_OK);
        assert_int_equal(scratch_count(f->folder), 1);
        assert_int_equal(scratch_count(f->path), 1); /* data.mdb alone. */
        assert_int_equal(env_open(f->path, false, &env), STATUS_OK);
        assert_int_equal(env_read_meta(env, &found), STATUS_OK);
        assert_same_meta(&found, &meta);
        env_meta_release(&found);
        env_close(env);
        assert_int_equal(file_remove_tree(file_system_posix(), f->path), STATUS_OK);
    }
}

static void test_create_refuses_a_place_that_is_taken(void **state)
{
    struct fixture *f = *state;
    struct env_database databases[1];
    struct env_meta meta = make_meta(databases, 1);

    assert_int_equal(env_create(file_system_posix(), f->path, &meta), STATUS_OK);
    assert_int_equal(env_create(file_system_posix(), f->path, &meta), STATUS_EXISTS);
    assert_int_equal(scratch_count(f->folder), 1);
}

/* A crash left the unfinished folder of an earlier creation. */
static void test_create_begins_anew_over_an_unfinished_one(void **state)
{
    struct fixture *f = *state;
    char *left_over = file_join(f->folder, "data.new");
    struct env_database databases[1];
    struct env_meta meta = make_meta(databases, 1);
    struct env *env;

    assert_int_equal(mkdir(left_over, 0755), 0);
    assert_int_equal(file_replace(file_system_posix(), left_over, "data.mdb", slice_of("half a page")), STATUS_OK);
    assert_int_equal(env_create(file_system_posix(), f->path, &meta), STATUS_OK);
    assert_int_equal(scratch_count(f->folder), 1);
    assert_int_equal(env_open(f->path, false, &env), STATUS_OK);
    env_close(env);
    memory_free(left_over);
}

static void test_a_create_that_fails_leaves_nothing(void **state)
{
    struct fixture *f = *state;
    struct fault_posix *disk = fault_posix_create();
    struct env_database databases[1];
    struct env_meta meta = make_meta(databases, 1);
    unsigned nth = 0;

    for (;;) {
        enum status status;

        fault_posix_fail(disk, ++nth, STATUS_NO_SPACE);
        status = env_create(fault_posix_system(disk), f->path, &meta);
        if (!fault_posix_has_failed(disk)) {
            assert_int_equal(status, STATUS_OK);
            break;
        }
        assert_int_equal(status, STATUS_NO_SPACE);
        /* Only a failure to sync the parent comes after the rename: then it is there whole. */
        assert_true(scratch_count(f->folder) == 0 || scratch_count(f->path) == 1);
        fault_posix_fail(disk, 0, STATUS_OK);
        assert_int_equal(file_remove_tree(file_system_posix(), f->path), STATUS_OK);
    }
    assert_in_range(nth, 4, 20);
    fault_posix_free(disk);
}

static void test_open_says_what_is_wrong(void **state)
{
    struct fixture *f = *state;
    char *file_path = file_join(f->path, "data.mdb");
    struct env *env = NULL;

    assert_int_equal(env_open(f->path, false, &env), STATUS_NOT_FOUND);
    assert_int_equal(mkdir(f->path, 0755), 0);
    assert_int_equal(env_open(f->path, false, &env), STATUS_NOT_FOUND);
    assert_int_equal(scratch_count(f->path), 0); /* LMDB has made nothing. */
    assert_int_equal(file_replace(file_system_posix(), f->path, "data.mdb", slice_empty()), STATUS_OK);
    assert_int_equal(env_open(f->path, false, &env), STATUS_CORRUPT);
    assert_int_equal(file_replace(file_system_posix(), f->path, "data.mdb", slice_of("SQLite format 3")), STATUS_OK);
    assert_int_equal(env_open(f->path, false, &env), STATUS_CORRUPT);
    assert_null(env);
    memory_free(file_path);
}

static void test_open_refuses_a_file_that_is_cut_short(void **state)
{
    struct fixture *f = *state;
    char *file_path = file_join(f->path, "data.mdb");
    struct env *env = sample_env_create(f->path, 1000, 1);
    struct stat facts;

    env_close(env);
    env = NULL;
    assert_int_equal(stat(file_path, &facts), 0);
    assert_int_equal(truncate(file_path, facts.st_size - 4096), 0);
    for (int i = 0; i < 2; i++) { /* Trying changes nothing. */
        struct stat now;

        assert_int_equal(env_open(f->path, false, &env), STATUS_CORRUPT);
        assert_null(env);
        assert_int_equal(stat(file_path, &now), 0);
        assert_int_equal(now.st_size, facts.st_size - 4096);
    }
    memory_free(file_path);
}

/* Put or delete a megabyte of rows in one commit. */
static void change_bulk(struct env *env, bool remove)
{
    static char bytes[20000];
    MDB_txn *txn;

    assert_int_equal(mdb_txn_begin(env_handle(env), NULL, 0, &txn), 0);
    for (uint32_t i = 0; i < 50; i++) {
        MDB_val key = {.mv_size = sizeof(i), .mv_data = &i};
        MDB_val value = {.mv_size = sizeof(bytes), .mv_data = bytes};
        MDB_dbi table = env_table_handle(env, TABLE_FIELDS);

        assert_int_equal(remove ? mdb_del(txn, table, &key, NULL) : mdb_put(txn, table, &key, &value, 0), 0);
    }
    assert_int_equal(mdb_txn_commit(txn), 0);
}

/* The last pages of a file may be free and may never have been written. */
static void test_open_takes_a_file_that_lacks_free_pages_only(void **state)
{
    struct fixture *f = *state;
    char *file_path = file_join(f->path, "data.mdb");
    struct env *env = sample_env_create(f->path, 1000, 1);
    struct env_usage usage;
    uint64_t count;
    uint64_t digest = sample_env_digest(env, &count);

    assert_int_equal(env_measure(env, &usage), STATUS_OK);
    change_bulk(env, false);
    change_bulk(env, true);
    for (int i = 0; i < 4; i++) { /* Move what is used to the front. */
        assert_int_equal(env_mark_clean(env, false), STATUS_OK);
    }
    env_close(env);
    assert_int_equal(truncate(file_path, (off_t)usage.file_bytes + (512 << 10)), 0);
    assert_int_equal(env_open(f->path, true, &env), STATUS_OK);
    assert_int_equal(sample_env_digest(env, &count), digest);
    env_close(env);
    assert_int_equal(env_open(f->path, false, &env), STATUS_OK);
    assert_int_equal(sample_env_digest(env, &count), digest);
    change_bulk(env, false);
    env_close(env);
    memory_free(file_path);
}

static void put_raw(struct env *env, const char *name, struct slice bytes)
{
    MDB_val key = {.mv_size = strlen(name), .mv_data = (void *)(uintptr_t)name};
    MDB_val value = {.mv_size = bytes.len, .mv_data = (void *)(uintptr_t)bytes.data};
    MDB_txn *txn;

    assert_int_equal(mdb_txn_begin(env_handle(env), NULL, 0, &txn), 0);
    assert_int_equal(mdb_put(txn, env_table_handle(env, TABLE_META), &key, &value, 0), 0);
    assert_int_equal(mdb_txn_commit(txn), 0);
}

static void test_open_refuses_an_unknown_format(void **state)
{
    struct fixture *f = *state;
    struct env *env = sample_env_create(f->path, 1, 1);
    char version[4];

    bytes_put_le32(version, ENV_FORMAT_VERSION + 1);
    put_raw(env, "format", slice_make(version, 4));
    env_close(env);
    assert_int_equal(env_open(f->path, false, &env), STATUS_UNSUPPORTED);
}

static void test_open_refuses_each_flipped_bit_of_the_meta(void **state)
{
    struct fixture *f = *state;
    struct env *env = sample_env_create(f->path, 1, 1);
    struct env_meta meta;
    struct buf record;

    assert_int_equal(env_read_meta(env, &meta), STATUS_OK);
    buf_init(&record, BUF_NO_CEILING);
    env_meta_encode(&meta, &record);
    for (size_t bit = 0; bit < buf_slice(&record).len * 8; bit++) {
        struct env_meta found;

        record.memory[record.start + bit / 8] ^= (char)(1 << bit % 8);
        assert_int_equal(env_meta_decode(buf_slice(&record), &found), STATUS_CORRUPT);
        record.memory[record.start + bit / 8] ^= (char)(1 << bit % 8);
    }
    record.memory[record.start] ^= 1;
    put_raw(env, "checkpoint", buf_slice(&record));
    env_close(env);
    assert_int_equal(env_open(f->path, false, &env), STATUS_CORRUPT);
    buf_release(&record);
    env_meta_release(&meta);
}

static void test_marking_clean_changes_nothing_else(void **state)
{
    struct fixture *f = *state;
    struct env *env = sample_env_create(f->path, 5, 1);
    struct env_meta before;
    struct env_meta after;
    uint64_t transaction = env_last_transaction(env);

    assert_int_equal(env_read_meta(env, &before), STATUS_OK);
    assert_false(before.is_clean);
    assert_int_equal(env_mark_clean(env, true), STATUS_OK);
    assert_int_equal(env_last_transaction(env), transaction + 1);
    assert_int_equal(env_read_meta(env, &after), STATUS_OK);
    assert_true(after.is_clean);
    after.is_clean = false;
    assert_same_meta(&before, &after);
    env_meta_release(&before);
    env_meta_release(&after);
    env_close(env);
}

/* Tools read beside a running server: another process, as LMDB forbids to open twice in one. */
static void test_another_process_reads_beside_the_writer(void **state)
{
    struct fixture *f = *state;
    struct env *env = sample_env_create(f->path, 100, 1);
    uint64_t count;
    uint64_t digest = sample_env_digest(env, &count);
    int outcome = 0;
    pid_t child = fork();

    assert_int_not_equal(child, -1);
    if (child == 0) {
        struct env *other;
        uint64_t other_count;

        if (env_open(f->path, true, &other) != STATUS_OK || sample_env_digest(other, &other_count) != digest ||
            env_mark_clean(other, true) == STATUS_OK) {
            _exit(1);
        }
        _exit(0); /* Without closing: its reader slot stays, dead. */
    }
    assert_int_equal(waitpid(child, &outcome, 0), child);
    assert_int_equal(outcome, 0);
    env_check_readers(env);
    sample_env_commit(env, 10, 2);
    env_close(env);
}

static void test_measure_counts_what_is_used(void **state)
{
    struct fixture *f = *state;
    struct env *env = sample_env_create(f->path, 10000, 1);
    struct env_usage usage;

    assert_int_equal(env_measure(env, &usage), STATUS_OK);
    assert_in_range(usage.used_bytes, 1u << 20, usage.file_bytes);
    assert_in_range(usage.leaf_pages, usage.used_bytes / 4096 * 9 / 10, usage.used_bytes / 4096);
    assert_true(usage.map_bytes >= 1u << 30);
    assert_int_equal(usage.orphan_count, 0);
    env_close(env);
}

/* Fill one transaction until it fails, and abort it. */
static enum status overfill(struct env *env)
{
    static char bytes[4000];
    enum status status = STATUS_OK;
    MDB_txn *txn;

    assert_int_equal(mdb_txn_begin(env_handle(env), NULL, 0, &txn), 0);
    for (uint32_t i = 0; i < 10000 && status == STATUS_OK; i++) {
        MDB_val key = {.mv_size = sizeof(i), .mv_data = &i};
        MDB_val value = {.mv_size = sizeof(bytes), .mv_data = bytes};

        status = env_write_status(env, mdb_put(txn, env_table_handle(env, TABLE_FIELDS), &key, &value, 0));
    }
    if (status != STATUS_OK) {
        mdb_txn_abort(txn);
        return status;
    }
    return env_write_status(env, mdb_txn_commit(txn));
}

static void test_a_full_map_is_no_space_and_heals(void **state)
{
    struct fixture *f = *state;
    struct env *env = sample_env_create(f->path, 100, 1);
    uint64_t count;
    uint64_t digest = sample_env_digest(env, &count);

    env_close(env);
    assert_int_equal(env_open_with_map(f->path, false, 4u << 20, &env), STATUS_OK);
    assert_int_equal(overfill(env), STATUS_NO_SPACE);
    assert_int_equal(sample_env_digest(env, &count), digest);
    sample_env_commit(env, 10, 2);
    env_close(env);
}

/* The largest file that the process may write stands for the end of the disk: writes are cut short, then refused. */
static void test_a_full_disk_is_no_space_and_heals(void **state)
{
    struct fixture *f = *state;
    struct env *env = sample_env_create(f->path, 100, 1);
    uint64_t count;
    uint64_t digest = sample_env_digest(env, &count);
    struct rlimit former;
    struct rlimit tight;

    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &former), 0);
    tight = (struct rlimit){.rlim_cur = 1u << 20, .rlim_max = former.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
    assert_int_equal(overfill(env), STATUS_NO_SPACE);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &former), 0);
    assert_int_equal(sample_env_digest(env, &count), digest);
    assert_int_equal(overfill(env), STATUS_OK);
    env_close(env);
}

static void test_statuses_fit_what_lmdb_says(void **state)
{
    (void)state;
    assert_int_equal(env_status(0), STATUS_OK);
    assert_int_equal(env_status(MDB_MAP_FULL), STATUS_NO_SPACE);
    assert_int_equal(env_status(ENOSPC), STATUS_NO_SPACE);
    assert_int_equal(env_status(EDQUOT), STATUS_NO_SPACE);
    assert_int_equal(env_status(EIO), STATUS_IO);
    assert_int_equal(env_status(MDB_PANIC), STATUS_IO);
    assert_int_equal(env_status(MDB_CORRUPTED), STATUS_CORRUPT);
    assert_int_equal(env_status(MDB_NOTFOUND), STATUS_NOT_FOUND);
    assert_int_equal(env_status(ENOMEM), STATUS_NO_MEMORY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_create_makes_what_open_reads, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_create_refuses_a_place_that_is_taken, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_create_begins_anew_over_an_unfinished_one, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_create_that_fails_leaves_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_open_says_what_is_wrong, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_open_refuses_a_file_that_is_cut_short, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_open_takes_a_file_that_lacks_free_pages_only, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_open_refuses_an_unknown_format, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_open_refuses_each_flipped_bit_of_the_meta, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_marking_clean_changes_nothing_else, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_another_process_reads_beside_the_writer, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_measure_counts_what_is_used, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_full_map_is_no_space_and_heals, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_full_disk_is_no_space_and_heals, set_up, tear_down),
        cmocka_unit_test(test_statuses_fit_what_lmdb_says),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
