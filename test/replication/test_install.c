#include "replication/install.h"

#include "base/memory.h"
#include "storage/snapshot/snapshot_format.h"
#include "support/sample_env.h"
#include "support/scratch.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A snapshot in a folder, and a job that installs it. */
struct fixture {
    char *folder;
    char *snapshot_path;
    char *data_path;
    struct install install;
    uint64_t digest;
};

static void make(struct fixture *f, uint32_t key_count, uint64_t counted)
{
    const struct snapshot_write_options options = {.level = 1};
    struct snapshot_summary summary;
    char *env_path;
    struct env *env;

    f->folder = scratch_create();
    f->snapshot_path = file_join(f->folder, "part");
    f->data_path = file_join(f->folder, "data");
    env_path = file_join(f->folder, "source");
    env = sample_env_create(env_path, key_count, 1);
    f->digest = sample_env_digest(env, &counted);
    assert_int_equal(sample_env_snapshot(env, f->snapshot_path, &options, &summary), STATUS_OK);
    env_close(env);
    memory_free(env_path);
    f->install = (struct install){
        .files = file_system_posix(),
        .data_directory = f->folder,
        .payload_path = f->snapshot_path,
        .data_path = f->data_path,
        .payload = {.kind = REPLICA_PAYLOAD_SNAPSHOT},
    };
    snprintf(f->install.payload.name, sizeof(f->install.payload.name), "%s", summary.name);
}

static void drop(struct fixture *f)
{
    memory_free(f->snapshot_path);
    memory_free(f->data_path);
    scratch_remove(f->folder);
}

static void assert_no_data(struct fixture *f)
{
    bool exists;

    assert_int_equal(file_exists(file_system_posix(), f->data_path, &exists), STATUS_OK);
    assert_false(exists);
}

static void test_a_sound_snapshot_becomes_an_environment(void **state)
{
    struct fixture f;
    struct env *env;
    uint64_t count;

    (void)state;
    make(&f, 1000, 0);
    install_run(&f.install);
    assert_int_equal(f.install.result, REPLICA_INSTALLED);
    assert_string_equal(f.install.problem, "");
    assert_int_equal(env_open(f.data_path, true, &env), STATUS_OK);
    assert_true(sample_env_digest(env, &count) == f.digest);
    env_close(env);
    drop(&f);
}

static void test_a_damaged_snapshot_is_named_and_leaves_nothing(void **state)
{
    struct fixture f;
    struct file *file;
    struct slice junk = slice_of("junk");

    (void)state;
    make(&f, 1000, 0);
    assert_int_equal(file_open(file_system_posix(), f.snapshot_path, FILE_WRITE, &file), STATUS_OK);
    assert_int_equal(file_write(file, SNAPSHOT_HEADER_BYTES + 100, &junk, 1), STATUS_OK);
    file_close(file);
    install_run(&f.install);
    assert_int_equal(f.install.result, REPLICA_INSTALL_FAILED);
    assert_non_null(strstr(f.install.problem, "block 0"));
    assert_no_data(&f);
    drop(&f);
}

static void test_another_snapshot_than_announced_is_refused(void **state)
{
    struct fixture f;

    (void)state;
    make(&f, 10, 0);
    f.install.payload.name[0] = f.install.payload.name[0] == 'a' ? 'b' : 'a';
    install_run(&f.install);
    assert_int_equal(f.install.result, REPLICA_INSTALL_FAILED);
    assert_string_equal(f.install.problem, "the snapshot is another one than was announced");
    drop(&f);
}

static void test_leftovers_of_an_earlier_try_do_not_matter(void **state)
{
    struct fixture f;

    (void)state;
    make(&f, 10, 0);
    assert_int_equal(file_make_directory(file_system_posix(), f.data_path), STATUS_OK);
    install_run(&f.install);
    assert_int_equal(f.install.result, REPLICA_INSTALLED);
    drop(&f);
}

/* The sample's meta counts no keys: to P7 it is an empty master. */
static void test_an_empty_unrelated_master_wipes_nobody(void **state)
{
    struct fixture f;

    (void)state;
    make(&f, 10, 0);
    f.install.own_key_count = 42;
    install_run(&f.install);
    assert_int_equal(f.install.result, REPLICA_INSTALL_REFUSED);
    assert_non_null(strstr(f.install.problem, "would wipe our 42 keys"));
    f.install.may_wipe = true;
    install_run(&f.install);
    assert_int_equal(f.install.result, REPLICA_INSTALLED);
    drop(&f);
}

static void test_a_file_that_is_no_rdb_is_named(void **state)
{
    struct fixture f;

    (void)state;
    make(&f, 10, 0);
    f.install.payload.kind = REPLICA_PAYLOAD_RDB;
    snprintf(f.install.payload.id, sizeof(f.install.payload.id), "%040d", 1);
    f.install.database_count = 16;
    install_run(&f.install);
    assert_int_equal(f.install.result, REPLICA_INSTALL_FAILED);
    assert_non_null(strstr(f.install.problem, "RDB file cannot be loaded"));
    assert_no_data(&f);
    drop(&f);
}

/* Whoever is told to follow another master, or to end, does not wait until it is done. */
static void test_an_install_that_is_no_longer_wanted_ends(void **state)
{
    const atomic_bool cancelled = true;
    struct fixture f;

    (void)state;
    make(&f, 1000, 0);
    f.install.cancelled = &cancelled;
    install_run(&f.install);
    assert_int_equal(f.install.result, REPLICA_INSTALL_FAILED);
    assert_no_data(&f);
    drop(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_sound_snapshot_becomes_an_environment),
        cmocka_unit_test(test_a_damaged_snapshot_is_named_and_leaves_nothing),
        cmocka_unit_test(test_another_snapshot_than_announced_is_refused),
        cmocka_unit_test(test_leftovers_of_an_earlier_try_do_not_matter),
        cmocka_unit_test(test_an_empty_unrelated_master_wipes_nobody),
        cmocka_unit_test(test_a_file_that_is_no_rdb_is_named),
        cmocka_unit_test(test_an_install_that_is_no_longer_wanted_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
