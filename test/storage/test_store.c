#include "storage/store.h"

#include "base/clock.h"
#include "base/memory.h"
#include "storage/env/env_lmdb.h"
#include "support/scratch.h"
#include "support/small_model.h"
#include "support/small_store.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static int set_up(void **state)
{
    *state = small_store_create();
    return 0;
}

static int tear_down(void **state)
{
    small_store_free(*state);
    return 0;
}

static void open_store(struct small_store *small)
{
    assert_int_equal(small_store_open(small), STATUS_OK);
}

static void assert_text(struct small_store *small, const char *expected)
{
    char *text = small_store_text(small);

    assert_string_equal(text, expected);
    memory_free(text);
}

static void run_turn(struct small_store *small, const char *line)
{
    (void)small_store_run(small, line);
    small_store_turn(small);
}

static void reopen(struct small_store *small, bool checkpoint)
{
    small_store_close(small, checkpoint);
    open_store(small);
}

static char *path_in(const struct small_store *small, const char *name)
{
    return file_join(small->directory, name);
}

static void write_file(const struct small_store *small, const char *name, const char *content)
{
    assert_int_equal(file_replace(file_system_posix(), small->directory, name, slice_of(content)), STATUS_OK);
}

static void test_what_was_appended_is_there_again(void **state)
{
    struct small_store *small = *state;

    open_store(small);
    run_turn(small, "SET a 1");
    run_turn(small, "MULTI;SELECT 2;SET b 2;FILL c 10 5;EXEC");
    run_turn(small, "INCR b");
    assert_text(small, "0 a 0 1\n2 b 0 3\n2 c 0 10 fields of 5\n");
    assert_int_equal(store_told_db(small->store), 2);
    reopen(small, false); /* By the log. */
    assert_text(small, "0 a 0 1\n2 b 0 3\n2 c 0 10 fields of 5\n");
    assert_int_equal(store_selected_db(small->store), 2);
    assert_int_not_equal(store_get_statistics(small->store)->recovered_bytes, 0);
    reopen(small, true); /* By the checkpoint. */
    reopen(small, true);
    assert_text(small, "0 a 0 1\n2 b 0 3\n2 c 0 10 fields of 5\n");
    assert_int_equal(store_selected_db(small->store), 2);
    assert_int_equal(store_told_db(small->store), -1); /* Who begins with the checkpoint need not know of the 2. */
    assert_int_equal(store_get_statistics(small->store)->recovered_bytes, 0);
    run_turn(small, "INCR b");
    assert_text(small, "0 a 0 1\n2 b 0 4\n2 c 0 10 fields of 5\n");
}

static void test_offset_and_history_stay_over_restarts(void **state)
{
    struct small_store *small = *state;
    struct history history;
    struct history_position end;

    open_store(small);
    assert_int_equal(log_end_offset(store_log(small->store)), 0);
    assert_int_equal(store_selected_db(small->store), -1);
    run_turn(small, "SET a 1");
    history = *log_history(store_log(small->store));
    end = log_end(store_log(small->store));
    for (int i = 0; i < 3; i++) {
        reopen(small, i == 1);
        assert_string_equal(log_history(store_log(small->store))->id, history.id);
        assert_int_equal(log_end(store_log(small->store)).offset, end.offset);
        assert_int_equal(log_end(store_log(small->store)).hash, end.hash);
    }
}

/* In recovery nothing is due: INCR finds what it found when it was logged. */
static void test_replay_expires_nothing(void **state)
{
    struct small_store *small = *state;

    open_store(small);
    run_turn(small, "SETPX a 5 41");
    run_turn(small, "INCR a");
    reopen(small, false);
    assert_text(small, "0 a 5 42\n");
}

static void test_a_second_process_is_told_who_holds_it(void **state)
{
    struct small_store *small = *state;
    int outcome;
    pid_t child;
    long parent = (long)getpid();

    open_store(small);
    child = fork();
    assert_int_not_equal(child, -1);
    if (child == 0) {
        struct store *other;
        long holder_pid = 0;
        enum status status = store_open(&small->options, &other, &holder_pid);

        _exit(status == STATUS_BUSY && holder_pid == parent ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &outcome, 0), child);
    assert_int_equal(outcome, 0);
    run_turn(small, "SET a 1");
    reopen(small, false); /* And it was let go. */
    assert_text(small, "0 a 0 1\n");
}

static void test_a_foreign_folder_is_not_touched(void **state)
{
    struct small_store *small = *state;

    assert_int_equal(mkdir(small->directory, 0755), 0);
    write_file(small, "holiday.jpg", "pixels");
    assert_int_equal(small_store_open(small), STATUS_INVALID);
    assert_int_equal(scratch_count(small->directory), 1);
}

static void test_what_lies_beside_data_is_no_foreign_file(void **state)
{
    struct small_store *small = *state;

    assert_int_equal(mkdir(small->directory, 0755), 0);
    write_file(small, "hearth.conf", "port 6379");
    write_file(small, ".hidden", "");
    open_store(small);
    small_store_close(small, true);
    write_file(small, "holiday.jpg", "pixels"); /* Later, it is the user's matter. */
    open_store(small);
}

static void test_an_unknown_format_is_not_touched(void **state)
{
    struct small_store *small = *state;
    char *data_path = path_in(small, "data");
    char version[4] = {ENV_FORMAT_VERSION + 1};
    MDB_val key = {.mv_data = (void *)(uintptr_t) "format", .mv_size = 6};
    MDB_val value = {.mv_data = version, .mv_size = 4};
    struct env *env;
    MDB_txn *txn;

    open_store(small);
    small_store_close(small, true);
    assert_int_equal(env_open(data_path, false, &env), STATUS_OK);
    assert_int_equal(mdb_txn_begin(env_handle(env), NULL, 0, &txn), 0);
    assert_int_equal(mdb_put(txn, env_table_handle(env, TABLE_META), &key, &value, 0), 0);
    assert_int_equal(mdb_txn_commit(txn), 0);
    env_close(env);
    assert_int_equal(small_store_open(small), STATUS_UNSUPPORTED);
    memory_free(data_path);
}

static void remove_tree(struct small_store *small, const char *name)
{
    char *path = path_in(small, name);

    assert_int_equal(file_remove_tree(file_system_posix(), path), STATUS_OK);
    memory_free(path);
}

static void test_a_missing_log_is_refused_unless_it_was_empty(void **state)
{
    struct small_store *small = *state;

    open_store(small);
    run_turn(small, "SET a 1");
    small_store_close(small, true);
    remove_tree(small, "log"); /* The data has all of it, and says so. */
    open_store(small);
    assert_text(small, "0 a 0 1\n");
    assert_int_equal(store_selected_db(small->store), 0);
    run_turn(small, "SET a 2");
    small_store_close(small, false);
    remove_tree(small, "log"); /* Not now. */
    assert_int_equal(small_store_open(small), STATUS_CORRUPT);
}

static void test_a_log_without_data_is_refused(void **state)
{
    struct small_store *small = *state;

    open_store(small);
    run_turn(small, "SET a 1");
    small_store_close(small, false);
    remove_tree(small, "data");
    assert_int_equal(small_store_open(small), STATUS_CORRUPT);
}

/* Two data directories of equal length, but for what is in them. */
static void test_data_and_log_of_different_origin_are_refused(void **state)
{
    struct small_store *small = *state;
    struct small_store *other = small_store_create();
    char *from = path_in(other, "log");
    char *to = path_in(small, "log");

    open_store(small);
    run_turn(small, "SET a 1");
    small_store_close(small, true);
    open_store(other);
    run_turn(other, "SET a 2");
    small_store_close(other, true);
    remove_tree(small, "log");
    assert_int_equal(rename(from, to), 0);
    assert_int_equal(small_store_open(small), STATUS_CORRUPT);
    memory_free(from);
    memory_free(to);
    small_store_free(other);
}

static void test_a_full_memtable_is_checkpointed_beside_the_loop(void **state)
{
    struct small_store *small = *state;
    const struct store_statistics *statistics;
    char line[200];

    small->options.checkpoint_memory_bytes = 256 * 1024;
    open_store(small);
    for (int i = 0; i < 20000; i++) {
        snprintf(line, sizeof(line), "SET key%d value%d", i % 7000, i);
        small_store_await_room(small, 200);
        run_turn(small, line);
    }
    small_store_settle(small);
    statistics = store_get_statistics(small->store);
    assert_in_range(statistics->checkpoint_count, 3, 1000);
    assert_true(statistics->last_checkpoint_ok);
    assert_in_range(statistics->data_file_bytes, 100000, 10000000);
    reopen(small, false);
    statistics = store_get_statistics(small->store);
    assert_in_range(statistics->recovered_bytes, 1, 256 * 1024);
    snprintf(line, sizeof(line), "value%d", 19999);
    {
        char *text = small_store_text(small);

        assert_non_null(strstr(text, line));
        memory_free(text);
    }
}

/* Recovery of a log that is longer than memory may be must not take more memory. */
static void test_recovery_checkpoints_on_the_way(void **state)
{
    struct small_store *small = *state;
    struct small_model model;
    char *expected;
    char line[200];

    small_model_init(&model);
    open_store(small);
    for (int i = 0; i < 20000; i++) {
        snprintf(line, sizeof(line), i % 3 == 0 ? "INCR counter%d" : "SET key%d x", i % 4000);
        small_model_run(&model, line);
        (void)small_store_run(small, line);
        if (i % 10 == 0) {
            small_store_turn(small);
        }
    }
    small_store_close(small, false);
    small->options.checkpoint_memory_bytes = 128 * 1024;
    open_store(small);
    assert_in_range(store_get_statistics(small->store)->checkpoint_count, 3, 1000);
    expected = small_model_text(&model);
    assert_text(small, expected);
    memory_free(expected);
    small_model_release(&model);
}

static void test_a_checkpoint_is_made_in_time_if_anything_changed(void **state)
{
    struct small_store *small = *state;

    small->options.checkpoint_interval_ms = 1000;
    open_store(small);
    run_turn(small, "SET a 1");
    small_store_settle(small);
    assert_int_equal(store_get_statistics(small->store)->checkpoint_count, 1);
    small_store_settle(small); /* Long after; but nothing has changed. */
    assert_int_equal(store_get_statistics(small->store)->checkpoint_count, 1);
    assert_int_equal(store_get_statistics(small->store)->changes_since_checkpoint, 0);
    run_turn(small, "SET a 2");
    assert_int_equal(store_get_statistics(small->store)->changes_since_checkpoint, 1);
    small_store_settle(small);
    assert_int_equal(store_get_statistics(small->store)->checkpoint_count, 2);
}

/* What the next memtable would use is kept for some seconds, then given back turn by turn. */
/* LASTSAVE and whoever watches it: never 1970, also before the first checkpoint. */
static void test_a_fresh_store_counts_as_saved_when_it_was_opened(void **state)
{
    struct small_store *small = *state;
    uint64_t before_ms = clock_wall_ms();
    const struct store_statistics *statistics;

    open_store(small);
    statistics = store_get_statistics(small->store);
    assert_int_equal(statistics->checkpoint_wall_ms, 0);
    assert_true(statistics->saved_wall_ms >= before_ms && statistics->saved_wall_ms <= clock_wall_ms());
}

static void test_an_idle_store_gives_its_memory_back(void **state)
{
    struct small_store *small = *state;
    struct view *view;
    uint64_t now_ms;

    open_store(small);
    run_turn(small, "FILL a 100000 7");
    now_ms = clock_monotonic_us() / 1000;
    assert_int_equal(store_checkpoint_now(small->store, small->now_ms), STATUS_OK);
    view = keyspace_view(store_keyspace(small->store));
    for (int i = 0; i < 100; i++) {
        store_turn(small->store, small->now_ms, now_ms + 9000);
    }
    assert_true(view_trim(view)); /* It is all there. */
    for (int i = 0; i < 100; i++) {
        store_turn(small->store, small->now_ms, now_ms + 20000);
    }
    assert_false(view_trim(view));
}

/* Purging, too, keeps the thread from a full memtable; what is more than full would have no bound. */
static void test_a_full_memtable_waits_for_any_job(void **state)
{
    struct small_store *small = *state;
    MDB_txn *blocker;
    enum status status = STATUS_OK;
    bool is_disk_full;
    bool may_go_on;
    uint64_t bytes;
    char line[64];

    open_store(small);
    run_turn(small, "FILL a 1000 7");
    assert_int_equal(store_checkpoint_now(small->store, small->now_ms), STATUS_OK);
    run_turn(small, "DEL a");
    assert_int_equal(store_checkpoint_now(small->store, small->now_ms), STATUS_OK);
    store_set_checkpoint_limits(small->store, 64 * 1024, 0);
    assert_int_equal(mdb_txn_begin(env_handle(store_env(small->store)), NULL, 0, &blocker), 0);
    small->skipped_ms += 1000;
    small_store_turn(small); /* Purging begins, and waits for the blocker. */
    for (int i = 0; i < 5000; i++) {
        status = store_admit_write(small->store, sizeof(line));
        if (status == STATUS_OK) {
            snprintf(line, sizeof(line), "SET key%d value", i);
            run_turn(small, line);
        }
    }
    bytes = view_active_bytes(keyspace_view(store_keyspace(small->store)));
    is_disk_full = store_is_disk_full(small->store, sizeof(line));
    may_go_on = store_poll(small->store);
    mdb_txn_abort(blocker); /* Before anything may fail: closing would wait for it. */
    assert_int_equal(status, STATUS_BUSY);
    assert_true(bytes < 65 * 1024);
    assert_false(is_disk_full || may_go_on);
    while (!store_poll(small->store)) { /* Who was parked may go on. */
    }
    small_store_await_room(small, sizeof(line));
    small_store_settle(small);
    assert_int_equal(store_get_statistics(small->store)->purged_count, 1);
}

/* Tools beside the server may hold all of LMDB's reader slots. That passes; and nobody's wall clock says when. */
static void test_a_checkpoint_without_a_reader_slot_is_tried_again(void **state)
{
    struct small_store *small = *state;
    const struct store_statistics *statistics;
    MDB_txn *readers[1000];
    size_t count = 0;

    open_store(small);
    run_turn(small, "SET a 1");
    while (env_begin_read(store_env(small->store), &readers[count]) == STATUS_OK) {
        count++;
    }
    assert_int_equal(store_begin_checkpoint(small->store, false), STATUS_OK);
    statistics = store_get_statistics(small->store);
    while (statistics->checkpoint_failures == 0) {
        small_store_turn(small);
    }
    assert_false(store_has_failed(small->store));
    while (count > 0) {
        mdb_txn_abort(readers[--count]);
    }
    small->now_ms = 1000;
    small->skipped_ms += 1000;
    while (statistics->checkpoint_count == 0) {
        small_store_turn(small);
    }
    assert_true(statistics->last_checkpoint_ok);
    reopen(small, false);
    assert_text(small, "0 a 0 1\n");
}

static void test_a_queued_checkpoint_follows_the_running_one(void **state)
{
    struct small_store *small = *state;

    open_store(small);
    run_turn(small, "SET a 1");
    assert_int_equal(store_begin_checkpoint(small->store, false), STATUS_OK);
    small_store_turn(small);
    assert_int_equal(store_begin_checkpoint(small->store, false), STATUS_BUSY);
    assert_int_equal(store_begin_checkpoint(small->store, true), STATUS_BUSY);
    (void)small_store_run(small, "SET b 1");
    small_store_settle(small);
    assert_int_equal(store_get_statistics(small->store)->checkpoint_count, 2);
    assert_int_equal(store_get_statistics(small->store)->checkpoint_offset, log_end_offset(store_log(small->store)));
}

static void test_deleted_content_is_purged_without_further_writes(void **state)
{
    struct small_store *small = *state;
    struct env_usage before;
    struct env_usage after;

    open_store(small);
    run_turn(small, "FILL a 100000 7");
    run_turn(small, "SELECT 1");
    run_turn(small, "FILL b 100000 7");
    run_turn(small, "SET c 1");
    assert_int_equal(store_checkpoint_now(small->store, 2000000), STATUS_OK);
    assert_int_equal(env_measure(store_env(small->store), &before), STATUS_OK);
    run_turn(small, "MULTI;FLUSHDB;SELECT 0;DEL a;SET d 1;EXEC");
    assert_int_equal(store_checkpoint_now(small->store, 2000000), STATUS_OK);
    assert_int_not_equal(store_get_statistics(small->store)->orphan_count, 0);
    small_store_settle(small);
    assert_int_equal(env_measure(store_env(small->store), &after), STATUS_OK);
    assert_in_range(after.used_bytes, 1, before.used_bytes / 50);
    assert_text(small, "0 d 0 1\n");
}

static void test_a_log_is_let_go_up_to_the_checkpoint_only(void **state)
{
    struct small_store *small = *state;
    char line[4000];
    uint64_t checkpoint_offset;

    small->options.segment_bytes = LOG_SEGMENT_BYTES_MIN;
    open_store(small);
    for (int i = 0; i < 100; i++) {
        snprintf(line, sizeof(line), "SET key%d %01000d", i, i);
        run_turn(small, line);
        if (i == 50) {
            assert_int_equal(store_checkpoint_now(small->store, 2000000), STATUS_OK);
        }
    }
    assert_int_equal(log_wait_durable(store_log(small->store), log_end_offset(store_log(small->store))), STATUS_OK);
    checkpoint_offset = store_get_statistics(small->store)->checkpoint_offset;
    store_discard_log_before(small->store, UINT64_MAX);
    assert_in_range(log_first_offset(store_log(small->store)), 1, checkpoint_offset);
    reopen(small, false);
    assert_int_equal(keyspace_key_count(store_keyspace(small->store), 0), 100);
}

static void test_a_new_history_is_kept(void **state)
{
    struct small_store *small = *state;
    struct history history;

    open_store(small);
    run_turn(small, "SET a 1");
    history = *log_history(store_log(small->store));
    history_fork(&history, log_end_offset(store_log(small->store)));
    assert_int_equal(store_begin_history(small->store, &history, 2000000), STATUS_OK);
    for (int i = 0; i < 3; i++) {
        run_turn(small, "INCR a");
        reopen(small, i == 1);
        assert_string_equal(log_history(store_log(small->store))->id, history.id);
        assert_string_equal(log_history(store_log(small->store))->previous_id, history.previous_id);
    }
    assert_text(small, "0 a 0 4\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_what_was_appended_is_there_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_offset_and_history_stay_over_restarts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_replay_expires_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_second_process_is_told_who_holds_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_foreign_folder_is_not_touched, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_lies_beside_data_is_no_foreign_file, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_an_unknown_format_is_not_touched, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_missing_log_is_refused_unless_it_was_empty, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_log_without_data_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_data_and_log_of_different_origin_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_full_memtable_is_checkpointed_beside_the_loop, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_recovery_checkpoints_on_the_way, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_checkpoint_is_made_in_time_if_anything_changed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_fresh_store_counts_as_saved_when_it_was_opened, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_an_idle_store_gives_its_memory_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_full_memtable_waits_for_any_job, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_checkpoint_without_a_reader_slot_is_tried_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_queued_checkpoint_follows_the_running_one, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_deleted_content_is_purged_without_further_writes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_log_is_let_go_up_to_the_checkpoint_only, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_new_history_is_kept, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
