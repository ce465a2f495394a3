/* Replacing all data: the old or the new, whatever fails and wherever the process dies. */
#include "storage/store.h"

#include "base/crash_point.h"
#include "base/diag.h"
#include "base/memory.h"
#include "storage/env/env_lmdb.h"
#include "support/fault_posix.h"
#include "support/scratch.h"
#include "support/small_store.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define OLD_TEXT "0 who 0 old\n"
#define NEW_TEXT "0 other 0 500 fields of 3\n2 who 0 new\n"

struct fixture {
    struct small_store *small;
    char *incoming;         /* Where the new environment lies. */
    struct history history; /* Of the new one. */
    struct history_position position;
};

static char *path_in(const struct small_store *small, const char *name)
{
    return file_join(small->directory, name);
}

/* Put an environment with the new data at f->incoming. */
static void make_incoming(struct fixture *f)
{
    struct small_store *source = small_store_create();
    char *from = path_in(source, "data");
    char *folder = path_in(f->small, "incoming");

    assert_int_equal(small_store_open(source), STATUS_OK);
    (void)small_store_run(source, "FILL other 500 3");
    (void)small_store_run(source, "MULTI;SELECT 2;SET who new;EXEC");
    small_store_turn(source);
    f->history = *log_history(store_log(source->store));
    f->position = log_end(store_log(source->store));
    small_store_close(source, true);
    assert_true(mkdir(folder, 0755) == 0 || scratch_count(folder) == 0);
    assert_int_equal(rename(from, f->incoming), 0);
    memory_free(folder);
    memory_free(from);
    small_store_free(source);
}

static int set_up(void **state)
{
    struct fixture *f = memory_allocate_zeroed(sizeof(*f));

    f->small = small_store_create();
    f->incoming = path_in(f->small, "incoming/data");
    assert_int_equal(small_store_open(f->small), STATUS_OK);
    (void)small_store_run(f->small, "SET who old");
    small_store_turn(f->small);
    make_incoming(f);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    small_store_free(f->small);
    memory_free(f->incoming);
    memory_free(f);
    return 0;
}

static void assert_text(struct fixture *f, const char *expected)
{
    char *text = small_store_text(f->small);

    assert_string_equal(text, expected);
    memory_free(text);
}

static void reopen(struct fixture *f)
{
    small_store_close(f->small, false);
    assert_int_equal(small_store_open(f->small), STATUS_OK);
}

static bool is_there(const struct small_store *small, const char *name)
{
    char *path = path_in(small, name);
    bool exists;

    assert_int_equal(file_exists(file_system_posix(), path, &exists), STATUS_OK);
    memory_free(path);
    return exists;
}

/* No trace of a replacement is left but the data. */
static void assert_settled(struct fixture *f)
{
    small_store_settle(f->small);
    assert_false(is_there(f->small, "swap"));
    assert_false(is_there(f->small, "data.old"));
    assert_false(is_there(f->small, "log.old"));
    assert_false(is_there(f->small, "log.new"));
}

static void assert_is_new(struct fixture *f)
{
    assert_text(f, NEW_TEXT);
    assert_string_equal(log_history(store_log(f->small->store))->id, f->history.id);
    assert_int_equal(log_end(store_log(f->small->store)).offset, f->position.offset);
    assert_int_equal(log_end(store_log(f->small->store)).hash, f->position.hash);
    assert_int_equal(store_selected_db(f->small->store), 2);
}

static void test_the_new_data_takes_the_old_ones_place(void **state)
{
    struct fixture *f = *state;
    struct keyspace *keyspace = store_keyspace(f->small->store);

    assert_int_equal(store_replace(f->small->store, f->incoming), STATUS_OK);
    assert_ptr_equal(store_keyspace(f->small->store), keyspace);
    assert_is_new(f);
    assert_settled(f);
    reopen(f);
    assert_is_new(f);
    (void)small_store_run(f->small, "SET who later");
    small_store_turn(f->small);
    assert_int_equal(store_checkpoint_now(f->small->store, 2000000), STATUS_OK);
    (void)small_store_run(f->small, "APPEND who still");
    small_store_turn(f->small);
    reopen(f);
    assert_text(f, "0 other 0 500 fields of 3\n2 who 0 laterstill\n");
}

/* What came since is in the log alone; to begin an empty one would lose it without a word. */
static void test_a_log_that_is_lost_after_a_replacement_is_missed(void **state)
{
    struct fixture *f = *state;
    char *log_path = path_in(f->small, "log");

    assert_int_equal(store_replace(f->small->store, f->incoming), STATUS_OK);
    (void)small_store_run(f->small, "SET who later");
    small_store_turn(f->small);
    small_store_close(f->small, false);
    assert_int_equal(file_remove_tree(file_system_posix(), log_path), STATUS_OK);
    assert_int_equal(small_store_open(f->small), STATUS_CORRUPT);
    memory_free(log_path);
}

/* The memtables and a running checkpoint are of the old data, and go with it. */
static void test_a_running_checkpoint_does_not_mix_in(void **state)
{
    struct fixture *f = *state;
    char line[64];

    for (int i = 0; i < 20000; i++) {
        snprintf(line, sizeof(line), "SET key%d value", i);
        (void)small_store_run(f->small, line);
    }
    assert_int_equal(store_begin_checkpoint(f->small->store, true), STATUS_OK);
    small_store_turn(f->small);
    (void)small_store_run(f->small, "SET who older");
    assert_int_equal(store_replace(f->small->store, f->incoming), STATUS_OK);
    assert_is_new(f);
    assert_settled(f);
    reopen(f);
    assert_is_new(f);
}

static void test_what_is_no_whole_environment_is_refused(void **state)
{
    struct fixture *f = *state;
    struct env_meta meta;
    struct env *env;
    MDB_txn *txn;

    assert_int_equal(store_replace(f->small->store, f->small->scratch), STATUS_NOT_FOUND);
    assert_int_equal(env_open(f->incoming, false, &env), STATUS_OK);
    assert_int_equal(mdb_txn_begin(env_handle(env), NULL, 0, &txn), 0);
    assert_int_equal(env_get_meta(env, txn, &meta), STATUS_OK);
    meta.is_pending = true;
    assert_int_equal(env_put_meta(env, txn, &meta), STATUS_OK);
    assert_int_equal(mdb_txn_commit(txn), 0);
    env_meta_release(&meta);
    env_close(env);
    assert_int_equal(store_replace(f->small->store, f->incoming), STATUS_INVALID);
    assert_false(store_has_failed(f->small->store));
    (void)small_store_run(f->small, "APPEND who er");
    small_store_turn(f->small);
    reopen(f);
    assert_text(f, "0 who 0 older\n");
}

static bool die_while_replacing(struct fixture *f, const char *point)
{
    int outcome;
    pid_t child = fork();

    assert_int_not_equal(child, -1);
    if (child == 0) {
        if (small_store_open(f->small) != STATUS_OK) {
            _exit(2);
        }
        crash_point_arm(point);
        _exit(store_replace(f->small->store, f->incoming) == STATUS_OK ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &outcome, 0), child);
    assert_true(WIFSIGNALED(outcome) || WEXITSTATUS(outcome) == 0);
    return WIFSIGNALED(outcome);
}

static void test_killed_at_each_point_it_is_the_old_or_the_new(void **state)
{
    static const struct {
        const char *point;
        bool is_new;
    } cases[] = {
        {"log.roll.header.after", false}, /* In the new log, which is made first. */
        {"log.roll.rename.before", false},   {"log.roll.rename.after", false},    {"store.swap.marker.after", true},
        {"store.swap.aside.after:1", true},  {"store.swap.rename.after:1", true}, {"store.swap.aside.after:2", true},
        {"store.swap.rename.after:2", true}, {"store.swap.unmark.before", true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fixture *f;

        assert_int_equal(set_up((void **)&f), 0);
        small_store_close(f->small, i % 2 == 0);
        assert_true(die_while_replacing(f, cases[i].point));
        for (int again = 0; again < 2; again++) {
            assert_int_equal(small_store_open(f->small), STATUS_OK);
            if (cases[i].is_new) {
                assert_is_new(f);
            } else {
                assert_text(f, OLD_TEXT);
            }
            assert_settled(f);
            small_store_close(f->small, false);
        }
        assert_int_equal(tear_down((void **)&f), 0);
    }
}

/* The next start dies as well, where it finishes what it found. */
static void test_killed_while_finishing_it_is_finished_later(void **state)
{
    static const char *const points[] = {"store.swap.aside.after", "store.swap.rename.after",
                                         "store.swap.unmark.before"};

    (void)state;
    for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++) {
        struct fixture *f;
        int outcome;
        pid_t child;

        assert_int_equal(set_up((void **)&f), 0);
        small_store_close(f->small, false);
        assert_true(die_while_replacing(f, "store.swap.marker.after"));
        child = fork();
        assert_int_not_equal(child, -1);
        if (child == 0) {
            crash_point_arm(points[i]);
            _exit(small_store_open(f->small) == STATUS_OK ? 0 : 1);
        }
        assert_int_equal(waitpid(child, &outcome, 0), child);
        assert_true(WIFSIGNALED(outcome));
        assert_int_equal(small_store_open(f->small), STATUS_OK);
        assert_is_new(f);
        assert_settled(f);
        assert_int_equal(tear_down((void **)&f), 0);
    }
}

/* Fail the n-th operation on files for each n. Unless the store says that it has failed, the old data is served and
 * takes writes; and the next start agrees. */
static void test_each_failure_leaves_the_old_or_the_new(void **state)
{
    unsigned nth = 0;
    unsigned stayed_count = 0;
    bool has_failed = true;

    (void)state;
    while (has_failed) {
        struct fault_posix *disk = fault_posix_create();
        struct fixture *f;
        enum status status;

        assert_int_equal(set_up((void **)&f), 0);
        small_store_close(f->small, false);
        f->small->options.files = fault_posix_system(disk);
        assert_int_equal(small_store_open(f->small), STATUS_OK);
        nth++;
        fault_posix_fail(disk, nth, nth % 2 == 0 ? STATUS_IO : STATUS_NO_SPACE);
        status = store_replace(f->small->store, f->incoming);
        has_failed = fault_posix_has_failed(disk);
        fault_posix_fail(disk, 0, STATUS_OK);
        if (status == STATUS_OK) {
            assert_is_new(f);
            small_store_close(f->small, false);
            assert_int_equal(small_store_open(f->small), STATUS_OK);
            assert_is_new(f);
        } else if (!store_has_failed(f->small->store)) {
            (void)small_store_run(f->small, "APPEND who er");
            small_store_turn(f->small);
            assert_text(f, "0 who 0 older\n");
            small_store_close(f->small, false);
            assert_int_equal(small_store_open(f->small), STATUS_OK);
            assert_text(f, "0 who 0 older\n");
            stayed_count++;
        } else {
            char *text;

            small_store_close(f->small, true);
            assert_int_equal(small_store_open(f->small), STATUS_OK);
            text = small_store_text(f->small);
            assert_true(strcmp(text, OLD_TEXT) == 0 || strcmp(text, NEW_TEXT) == 0);
            memory_free(text);
        }
        assert_int_equal(tear_down((void **)&f), 0);
        fault_posix_free(disk);
        assert_in_range(nth, 1, 200);
    }
    assert_in_range(stayed_count, 5, nth);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_the_new_data_takes_the_old_ones_place, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_log_that_is_lost_after_a_replacement_is_missed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_running_checkpoint_does_not_mix_in, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_is_no_whole_environment_is_refused, set_up, tear_down),
        cmocka_unit_test(test_killed_at_each_point_it_is_the_old_or_the_new),
        cmocka_unit_test(test_killed_while_finishing_it_is_finished_later),
        cmocka_unit_test(test_each_failure_leaves_the_old_or_the_new),
    };

    assert_true(diag_open("/dev/null")); /* A hundred failures have as many lines. */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
