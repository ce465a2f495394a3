#include "storage/snapshot/snapshot_write.h"

#include "base/clock.h"
#include "base/memory.h"
#include "storage/env/env_lmdb.h"
#include "storage/snapshot/snapshot_read.h"
#include "support/fault_posix.h"
#include "support/sample_env.h"
#include "support/scratch.h"
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

static const struct snapshot_write_options plain = {.level = 1, .thread_count = 2};

struct fixture {
    char *folder;
    char *env_path;
    char *file_path;
    char *copy_path;
    struct env *env;
};

static int set_up(void **state)
{
    struct fixture *f = memory_allocate_zeroed(sizeof(*f));

    f->folder = scratch_create();
    f->env_path = file_join(f->folder, "data");
    f->file_path = file_join(f->folder, "s.snapshot");
    f->copy_path = file_join(f->folder, "copy");
    f->env = sample_env_create(f->env_path, 20000, 1);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    env_close(f->env);
    memory_free(f->env_path);
    memory_free(f->file_path);
    memory_free(f->copy_path);
    scratch_remove(f->folder);
    memory_free(f);
    return 0;
}

/* Unpack the fixture's file to its copy's path; the header and the inside agree, or this fails. */
static void unpack(struct fixture *f, struct snapshot_contents *contents)
{
    struct snapshot_read_options options = {.files = file_system_posix()};
    struct snapshot_problem problem;
    struct file *file;

    assert_int_equal(file_open(options.files, f->file_path, FILE_READ, &file), STATUS_OK);
    if (snapshot_unpack(file, f->copy_path, &options, contents, &problem) != STATUS_OK) {
        fail_msg("%s", problem.text);
    }
    file_close(file);
}

static void remove_copies(struct fixture *f)
{
    assert_int_equal(file_remove_tree(file_system_posix(), f->copy_path), STATUS_OK);
    assert_int_equal(file_remove(file_system_posix(), f->file_path), STATUS_OK);
}

static void test_the_copy_holds_what_the_environment_held(void **state)
{
    static const struct snapshot_write_options variants[] = {
        {.level = 1, .thread_count = 2},
        {.level = 0, .thread_count = 0},
        {.level = 9, .thread_count = 5},
    };
    struct fixture *f = *state;
    uint64_t count;
    uint64_t digest = sample_env_digest(f->env, &count);

    for (size_t i = 0; i < sizeof(variants) / sizeof(variants[0]); i++) {
        struct snapshot_summary summary;
        struct snapshot_contents contents;
        struct env_meta meta;
        struct env *copy;
        uint64_t copy_count;

        assert_int_equal(sample_env_snapshot(f->env, f->file_path, &variants[i], &summary), STATUS_OK);
        assert_int_equal(summary.header.position.offset, 20000);
        assert_true(summary.header.raw_bytes != 0);
        assert_int_equal(summary.header.raw_bytes, summary.raw_bytes);
        unpack(f, &contents);
        assert_string_equal(contents.name, summary.name);
        assert_int_equal(contents.file_bytes, summary.file_bytes);
        assert_int_equal(contents.raw_bytes, summary.raw_bytes);
        assert_int_equal(scratch_count(f->copy_path), 1); /* data.mdb, and no lock. */
        assert_int_equal(env_open(f->copy_path, true, &copy), STATUS_OK);
        assert_int_equal(sample_env_digest(copy, &copy_count), digest);
        assert_int_equal(copy_count, count);
        assert_int_equal(env_read_meta(copy, &meta), STATUS_OK);
        assert_true(meta.is_clean); /* A server may open it without a log. */
        env_meta_release(&meta);
        env_close(copy);
        remove_copies(f);
    }
}

struct committer {
    struct env *env;
    atomic_bool stop;
    atomic_uint pause_us;
    unsigned count;
};

static void *run_commits(void *context)
{
    struct committer *committer = context;

    while (!atomic_load(&committer->stop)) {
        sample_env_commit_in_steps(committer->env, 6, ++committer->count, 3);
        (void)usleep(atomic_load(&committer->pause_us));
    }
    return NULL;
}

/* Unpacking compares the meta inside with the header, so a header of another checkpoint than the copied one shows. */
static void test_the_header_is_of_the_copied_checkpoint_while_others_commit(void **state)
{
    struct fixture *f = *state;
    struct committer committer = {.env = f->env, .pause_us = 20000};
    uint64_t begin_us = clock_monotonic_us();
    pthread_t thread;
    int made_count = 0;

    assert_int_equal(pthread_create(&thread, NULL, run_commits, &committer), 0);
    /* Ten times, or as often as a sanitizer allows in that time. */
    for (int i = 0; made_count == 0 || (i < 10 && clock_monotonic_us() < begin_us + 10000000); i++) {
        struct snapshot_summary summary;
        struct snapshot_contents contents;
        enum status status;

        assert_in_range(i, 0, 10);
        status = sample_env_snapshot(f->env, f->file_path, &plain, &summary);

        if (status == STATUS_BUSY) { /* To begin takes longer than the pause, as under a sanitizer. */
            assert_int_equal(file_remove(file_system_posix(), f->file_path), STATUS_OK);
            atomic_store(&committer.pause_us, 2 * atomic_load(&committer.pause_us));
            continue;
        }
        assert_int_equal(status, STATUS_OK);
        unpack(f, &contents);
        remove_copies(f);
        made_count++;
    }
    atomic_store(&committer.stop, true);
    pthread_join(thread, NULL);
    assert_true(committer.count > 5);
}

/* A checkpoint of several commits that has stopped half way: there is no exact data until it ends. */
static void test_a_pending_checkpoint_is_waited_for(void **state)
{
    struct fixture *f = *state;
    struct snapshot_write_options options = plain;
    atomic_bool cancelled = true;
    struct snapshot_summary summary;
    struct env_meta meta;
    MDB_txn *txn;

    assert_int_equal(env_read_meta(f->env, &meta), STATUS_OK);
    meta.is_pending = true;
    assert_int_equal(mdb_txn_begin(env_handle(f->env), NULL, 0, &txn), MDB_SUCCESS);
    assert_int_equal(env_put_meta(f->env, txn, &meta), STATUS_OK);
    assert_int_equal(mdb_txn_commit(txn), MDB_SUCCESS);
    env_meta_release(&meta);
    options.cancelled = &cancelled;
    assert_int_equal(sample_env_snapshot(f->env, f->file_path, &options, &summary), STATUS_CLOSED);
}

struct canceller {
    atomic_bool cancelled;
    uint64_t after_bytes;
    uint64_t last_done;
    uint64_t total;
};

static void watch(void *context, uint64_t done_bytes, uint64_t total_bytes)
{
    struct canceller *canceller = context;

    assert_true(done_bytes >= canceller->last_done);
    canceller->last_done = done_bytes;
    canceller->total = total_bytes;
    if (done_bytes > canceller->after_bytes) {
        atomic_store(&canceller->cancelled, true);
    }
}

static void test_cancelling_ends_it(void **state)
{
    struct fixture *f = *state;
    struct canceller canceller = {.after_bytes = 1024 * 1024};
    struct snapshot_write_options options = plain;
    struct snapshot_summary summary;

    options.cancelled = &canceller.cancelled;
    options.on_progress = watch;
    options.context = &canceller;
    assert_int_equal(sample_env_snapshot(f->env, f->file_path, &options, &summary), STATUS_CLOSED);
    assert_true(canceller.last_done < canceller.total);
}

static void test_progress_ends_at_the_whole(void **state)
{
    struct fixture *f = *state;
    struct canceller canceller = {.after_bytes = UINT64_MAX};
    struct snapshot_write_options options = plain;
    struct snapshot_summary summary;

    options.on_progress = watch;
    options.context = &canceller;
    assert_int_equal(sample_env_snapshot(f->env, f->file_path, &options, &summary), STATUS_OK);
    assert_int_equal(canceller.last_done, summary.raw_bytes);
    assert_int_equal(canceller.total, summary.raw_bytes);
}

/* The header's bytes, the blocks', the trailer's and the sync: each fails once. No reader slot may stay taken, and
 * the next snapshot is whole. */
static void test_a_failing_file_ends_it_with_its_status(void **state)
{
    struct fixture *f = *state;
    struct fault_posix *disk = fault_posix_create();
    struct snapshot_summary summary;
    struct snapshot_contents contents;
    enum status status = STATUS_IO;

    for (unsigned nth = 1; status != STATUS_OK; nth++) {
        struct file *file;

        assert_int_equal(file_open(fault_posix_system(disk), f->file_path, FILE_CREATE_OR_TRUNCATE, &file), STATUS_OK);
        fault_posix_fail(disk, nth, STATUS_NO_SPACE);
        status = snapshot_write_file(f->env, file, &plain, &summary);
        file_close(file);
        assert_int_equal(status, fault_posix_has_failed(disk) ? STATUS_NO_SPACE : STATUS_OK);
        assert_true(nth < 100);
        if (status == STATUS_OK) {
            assert_true(nth > 4); /* At least header, block, trailer, sync have failed before. */
        }
    }
    unpack(f, &contents);
    fault_posix_free(disk);
}

static void test_an_empty_environment_makes_a_snapshot(void **state)
{
    struct fixture *f = *state;
    struct snapshot_summary summary;
    struct snapshot_contents contents;

    env_close(f->env);
    assert_int_equal(file_remove_tree(file_system_posix(), f->env_path), STATUS_OK);
    f->env = sample_env_create(f->env_path, 0, 1);
    assert_int_equal(sample_env_snapshot(f->env, f->file_path, &plain, &summary), STATUS_OK);
    unpack(f, &contents);
    assert_int_equal(contents.header.position.offset, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_the_copy_holds_what_the_environment_held, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_header_is_of_the_copied_checkpoint_while_others_commit, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_a_pending_checkpoint_is_waited_for, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_cancelling_ends_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_progress_ends_at_the_whole, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_failing_file_ends_it_with_its_status, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_an_empty_environment_makes_a_snapshot, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
