/* When a start begins a new history, and when it must not: storage/README.md, S8. A reboot is another boot id; bytes
 * that it took back need not be missing for the decision to be the same. */
#include "storage/store.h"

#include "base/crash_point.h"
#include "base/diag.h"
#include "base/memory.h"
#include "storage/log/log_segment.h"
#include "storage/sync_marker.h"
#include "support/small_store.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static int set_up(void **state)
{
    struct small_store *small = small_store_create();

    small->options.boot_id = "monday";
    *state = small;
    return 0;
}

static int tear_down(void **state)
{
    small_store_free(*state);
    return 0;
}

/* What a start found. */
struct start {
    bool may_have_lost;
    bool has_forked;
};

/* Open, look, write a little, and close; or die, in a child, if `dies`. */
static struct start live(struct small_store *small, enum log_sync_policy policy, bool dies)
{
    struct start start = {0};
    int outcome;
    int ends[2];
    pid_t child;

    assert_int_equal(pipe(ends), 0);
    small->options.policy = policy;
    child = fork();
    assert_int_not_equal(child, -1);
    if (child == 0) {
        uint64_t end;

        if (small_store_open(small) != STATUS_OK) {
            _exit(1);
        }
        start.may_have_lost = store_get_statistics(small->store)->may_have_lost_at_open;
        start.has_forked = store_get_statistics(small->store)->history_forked_at_open;
        end = small_store_run(small, "INCR a");
        small_store_turn(small);
        if (log_wait_durable(store_log(small->store), end) != STATUS_OK ||
            write(ends[1], &start, sizeof(start)) != (ssize_t)sizeof(start)) {
            _exit(1);
        }
        if (!dies) {
            small_store_close(small, false);
        }
        _exit(0);
    }
    assert_int_equal(waitpid(child, &outcome, 0), child);
    assert_int_equal(outcome, 0);
    assert_int_equal(read(ends[0], &start, sizeof(start)), sizeof(start));
    close(ends[0]);
    close(ends[1]);
    return start;
}

static void assert_start(struct start start, bool may_have_lost, bool has_forked)
{
    assert_int_equal(start.may_have_lost, may_have_lost);
    assert_int_equal(start.has_forked, has_forked);
}

static void reboot(struct small_store *small)
{
    small->options.boot_id = strcmp(small->options.boot_id, "monday") == 0 ? "tuesday" : "monday";
}

static void test_always_loses_nothing(void **state)
{
    struct small_store *small = *state;

    assert_start(live(small, LOG_SYNC_ALWAYS, true), false, false);
    reboot(small);
    assert_start(live(small, LOG_SYNC_ALWAYS, true), false, false);
    reboot(small);
    assert_start(live(small, LOG_SYNC_NO, true), false, false); /* The policy before counts, not the one now. */
}

static void test_a_killed_process_loses_nothing(void **state)
{
    struct small_store *small = *state;

    assert_start(live(small, LOG_SYNC_EVERYSEC, true), false, false);
    assert_start(live(small, LOG_SYNC_EVERYSEC, true), false, false);
    assert_start(live(small, LOG_SYNC_ALWAYS, true), false, false);
}

static void test_a_killed_system_begins_a_new_history_once(void **state)
{
    struct small_store *small = *state;

    assert_start(live(small, LOG_SYNC_EVERYSEC, true), false, false);
    reboot(small);
    assert_start(live(small, LOG_SYNC_ALWAYS, true), true, true);
    assert_start(live(small, LOG_SYNC_ALWAYS, true), false, false);
    assert_start(live(small, LOG_SYNC_NO, true), false, false);
    reboot(small);
    assert_start(live(small, LOG_SYNC_NO, true), true, true);
    assert_start(live(small, LOG_SYNC_NO, true), false, false);
}

static void test_a_closed_log_has_lost_nothing(void **state)
{
    struct small_store *small = *state;

    assert_start(live(small, LOG_SYNC_NO, false), false, false);
    reboot(small);
    assert_start(live(small, LOG_SYNC_NO, false), false, false);
    reboot(small);
    assert_start(live(small, LOG_SYNC_ALWAYS, true), false, false);
}

/* A replica's master has what it lost; but its own replicas may be ahead, and whenever it is a master they must know.
 */
static void test_a_replica_keeps_the_history_until_it_is_a_master(void **state)
{
    struct small_store *small = *state;

    small->options.is_replica = true;
    assert_start(live(small, LOG_SYNC_NO, true), false, false);
    reboot(small);
    assert_start(live(small, LOG_SYNC_NO, false), true, false);
    assert_start(live(small, LOG_SYNC_ALWAYS, false), true, false); /* Closed and strict meanwhile: still so. */
    small->options.is_replica = false;
    assert_start(live(small, LOG_SYNC_ALWAYS, false), true, true);
    assert_start(live(small, LOG_SYNC_ALWAYS, false), false, false);
}

static void test_a_promotion_settles_what_a_replica_lost(void **state)
{
    struct small_store *small = *state;
    struct history history;

    small->options.is_replica = true;
    assert_start(live(small, LOG_SYNC_NO, true), false, false);
    reboot(small);
    assert_int_equal(small_store_open(small), STATUS_OK);
    history = *log_history(store_log(small->store));
    history_fork(&history, log_end_offset(store_log(small->store)));
    assert_int_equal(store_begin_history(small->store, &history, 2000000), STATUS_OK);
    small_store_close(small, false);
    small->options.is_replica = false;
    assert_start(live(small, LOG_SYNC_NO, false), false, false);
}

/* The newest segment's path; the caller frees it. */
static char *newest_segment(struct small_store *small)
{
    char *log_path = file_join(small->directory, "log");
    char *path = log_segment_path(log_path, log_end_offset(store_log(small->store)));

    memory_free(log_path);
    return path;
}

/* A power cut may take all that was written since a history began. That the log ends there does not mean that nobody
 * has seen more of it. */
static void test_a_history_that_lost_all_it_had_is_not_gone_on_with(void **state)
{
    struct small_store *small = *state;
    char begun_id[HISTORY_ID_LEN + 1];
    char *path;
    char *copy_path;

    assert_start(live(small, LOG_SYNC_NO, true), false, false);
    reboot(small);
    assert_int_equal(small_store_open(small), STATUS_OK);
    assert_true(store_get_statistics(small->store)->history_forked_at_open);
    memcpy(begun_id, log_history(store_log(small->store))->id, sizeof(begun_id));
    path = newest_segment(small);
    copy_path = file_join(small->scratch, "copy");
    assert_int_equal(file_copy(file_system_posix(), path, copy_path, UINT64_MAX), STATUS_OK);
    (void)small_store_run(small, "INCR a");
    small_store_turn(small);
    small_store_close(small, false);
    assert_int_equal(file_copy(file_system_posix(), copy_path, path, UINT64_MAX), STATUS_OK);
    reboot(small);
    assert_int_equal(small_store_open(small), STATUS_OK);
    assert_true(store_get_statistics(small->store)->history_forked_at_open);
    assert_string_not_equal(log_history(store_log(small->store))->id, begun_id);
    assert_string_equal(log_history(store_log(small->store))->previous_id, begun_id);
    memory_free(copy_path);
    memory_free(path);
}

/* Nor does it on a replica, whose history has a new name since the offset at which the log ends. */
static void test_a_loss_is_not_settled_by_a_history_that_began_before(void **state)
{
    struct small_store *small = *state;
    struct history history;

    small->options.is_replica = true;
    assert_start(live(small, LOG_SYNC_NO, true), false, false);
    assert_int_equal(small_store_open(small), STATUS_OK);
    history = *log_history(store_log(small->store));
    history_fork(&history, log_end_offset(store_log(small->store)));
    assert_int_equal(store_begin_history(small->store, &history, 2000000), STATUS_OK);
    small_store_close(small, false);
    assert_int_equal(sync_marker_set_lost(file_system_posix(), small->directory, NULL), STATUS_OK);
    small->options.is_replica = false;
    assert_start(live(small, LOG_SYNC_NO, false), true, true);
}

/* Killed between the new history and the marker that settles it, or before: one new history is enough. */
static void test_a_start_that_was_killed_has_its_history_gone_on_with(void **state)
{
    static const char *const points[] = {"store.fork.before", "store.fork.after"};
    struct small_store *small = *state;

    for (int i = 0; i < 2; i++) {
        int outcome;
        pid_t child;

        assert_start(live(small, LOG_SYNC_NO, true), false, false);
        reboot(small);
        child = fork();
        assert_int_not_equal(child, -1);
        if (child == 0) {
            crash_point_arm(points[i]);
            (void)!small_store_open(small);
            _exit(1);
        }
        assert_int_equal(waitpid(child, &outcome, 0), child);
        assert_true(WIFSIGNALED(outcome));
        assert_start(live(small, LOG_SYNC_NO, true), true, i == 0);
    }
}

/* CONFIG SET appendfsync on a replica that has lost something. */
static void test_a_policy_that_changes_leaves_a_loss_written_down(void **state)
{
    struct small_store *small = *state;

    small->options.is_replica = true;
    assert_start(live(small, LOG_SYNC_NO, true), false, false);
    reboot(small);
    small->options.policy = LOG_SYNC_ALWAYS;
    assert_int_equal(small_store_open(small), STATUS_OK);
    assert_int_equal(store_set_sync_policy(small->store, LOG_SYNC_EVERYSEC), STATUS_OK);
    small_store_turn(small);
    assert_int_equal(store_set_sync_policy(small->store, LOG_SYNC_ALWAYS), STATUS_OK);
    small_store_turn(small);
    small_store_close(small, false);
    small->options.is_replica = false;
    assert_start(live(small, LOG_SYNC_ALWAYS, false), true, true);
}

/* CONFIG SET appendfsync: what was shown under the laxer policy counts until it is synced under the strict one. */
static void test_a_policy_that_changes_is_followed(void **state)
{
    struct small_store *small = *state;
    char *marker_path = file_join(small->directory, "relaxed");
    uint64_t end;
    bool exists;

    assert_int_equal(small_store_open(small), STATUS_OK);
    assert_int_equal(file_exists(file_system_posix(), marker_path, &exists), STATUS_OK);
    assert_false(exists);
    assert_int_equal(store_set_sync_policy(small->store, LOG_SYNC_EVERYSEC), STATUS_OK);
    assert_int_equal(file_exists(file_system_posix(), marker_path, &exists), STATUS_OK);
    assert_true(exists);
    end = small_store_run(small, "INCR a");
    assert_int_equal(store_set_sync_policy(small->store, LOG_SYNC_ALWAYS), STATUS_OK);
    small_store_turn(small);
    assert_int_equal(log_wait_durable(store_log(small->store), end), STATUS_OK);
    small_store_turn(small);
    assert_int_equal(file_exists(file_system_posix(), marker_path, &exists), STATUS_OK);
    assert_false(exists);
    memory_free(marker_path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_always_loses_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_killed_process_loses_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_killed_system_begins_a_new_history_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_closed_log_has_lost_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_replica_keeps_the_history_until_it_is_a_master, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_promotion_settles_what_a_replica_lost, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_history_that_lost_all_it_had_is_not_gone_on_with, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_loss_is_not_settled_by_a_history_that_began_before, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_start_that_was_killed_has_its_history_gone_on_with, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_policy_that_changes_leaves_a_loss_written_down, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_policy_that_changes_is_followed, set_up, tear_down),
    };

    diag_set_level(DIAG_WARNING);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
