#include "replication/full_sync.h"

#include "base/memory.h"
#include "support/small_store.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define KEEP_MS          60000
#define BURST_BYTES      ((size_t)65 * 1024 * 1024) /* More log than an old payload is reused over. */
#define BURST_PART_BYTES ((size_t)1024 * 1024)

struct fixture {
    struct small_store *small;
    struct full_sync *full_sync;
    uint64_t now_ms;
};

/* Somebody who asked, and what he was told. */
struct asker {
    struct full_sync_waiter waiter;
    struct full_sync_payload *payload;
    unsigned told_count;
    char problem[FULL_SYNC_PROBLEM_BYTES];
};

static void wake(void *context)
{
    (void)context;
}

static int set_up(void **state)
{
    struct fixture *f = memory_allocate_zeroed(sizeof(*f));

    f->small = small_store_create();
    f->now_ms = 1000000;
    *state = f;
    if (small_store_open(f->small) != STATUS_OK) {
        return 1;
    }
    return full_sync_open(&(struct full_sync_options){.store = f->small->store,
                                                      .files = f->small->options.files,
                                                      .data_directory = f->small->directory,
                                                      .wake = wake},
                          f->now_ms, &f->full_sync) != STATUS_OK;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    full_sync_close(f->full_sync);
    small_store_close(f->small, false);
    small_store_free(f->small);
    memory_free(f);
    return 0;
}

static void take(void *context, struct full_sync_payload *payload, const char *problem)
{
    struct asker *asker = context;

    asker->told_count++;
    asker->payload = payload;
    snprintf(asker->problem, sizeof(asker->problem), "%s", problem);
}

static void ask(struct fixture *f, struct asker *asker)
{
    *asker = (struct asker){.waiter = {.kind = FULL_SYNC_SNAPSHOT, .ready = take, .context = asker}};
    list_node_init(&asker->waiter.node);
    full_sync_ask(f->full_sync, &asker->waiter, false);
}

static void turn(struct fixture *f)
{
    const struct timespec pause = {.tv_nsec = 1000000};

    small_store_turn(f->small);
    full_sync_turn(f->full_sync, f->now_ms, KEEP_MS);
    nanosleep(&pause, NULL);
}

static bool is_making(struct fixture *f)
{
    uint64_t done_bytes;

    return full_sync_is_making(f->full_sync, &done_bytes);
}

/* Log what is never executed: only the log's length matters here. */
static void burst(struct fixture *f)
{
    char *bytes = memory_allocate_zeroed(BURST_PART_BYTES);
    uint64_t end;

    for (size_t done = 0; done < BURST_BYTES; done += BURST_PART_BYTES) {
        assert_int_equal(store_append(f->small->store, slice_make(bytes, BURST_PART_BYTES), &end), STATUS_OK);
    }
    memory_free(bytes);
}

/* Each payload is late by more log than an old one may be: it must be good enough for who waits for it. */
static void test_a_payload_serves_who_waited_for_it_whatever_was_written_meanwhile(void **state)
{
    struct fixture *f = *state;
    struct asker asker;
    unsigned made_count = 0;
    bool was_making = false;

    (void)small_store_run(f->small, "SET k v");
    ask(f, &asker);
    while (asker.told_count == 0 && made_count < 3) {
        turn(f);
        if (is_making(f) && !was_making) {
            made_count++;
            burst(f);
        }
        was_making = is_making(f);
    }
    assert_int_equal(asker.told_count, 1);
    assert_int_equal(made_count, 1);
    assert_non_null(asker.payload);
    full_sync_release(f->full_sync, asker.payload, f->now_ms);
}

/* One that comes when it is being made already gets it too, if it is near enough. */
static void test_a_payload_serves_all_who_wait(void **state)
{
    struct fixture *f = *state;
    struct asker askers[2];

    (void)small_store_run(f->small, "SET k v");
    ask(f, &askers[0]);
    while (!is_making(f)) {
        turn(f);
    }
    ask(f, &askers[1]);
    while (askers[0].told_count == 0 || askers[1].told_count == 0) {
        turn(f);
    }
    assert_ptr_equal(askers[0].payload, askers[1].payload);
    for (size_t i = 0; i < 2; i++) {
        full_sync_release(f->full_sync, askers[i].payload, f->now_ms);
    }
}

/* ... and one of its own if it is not. */
static void test_an_old_payload_is_not_reused_over_much_log(void **state)
{
    struct fixture *f = *state;
    struct asker askers[2];

    (void)small_store_run(f->small, "SET k v");
    ask(f, &askers[0]);
    while (askers[0].told_count == 0) {
        turn(f);
    }
    burst(f);
    ask(f, &askers[1]);
    while (askers[1].told_count == 0) {
        turn(f);
    }
    assert_true(askers[1].payload->position.offset > askers[0].payload->position.offset + BURST_BYTES / 2);
    for (size_t i = 0; i < 2; i++) {
        full_sync_release(f->full_sync, askers[i].payload, f->now_ms);
    }
}

/* Turn until he is told, or a second has passed by the test's clock. */
static void wait_a_second(struct fixture *f, const struct asker *asker)
{
    for (unsigned i = 0; i < 10 && asker->told_count == 0; i++) {
        do {
            turn(f);
        } while (is_making(f));
        f->now_ms += 100;
    }
}

static void test_after_a_failure_the_next_try_waits_longer_each_time(void **state)
{
    static const unsigned waits_s[] = {1, 2, 3, 5, 9, 17, 31, 31};
    struct fixture *f = *state;
    char *folder = file_join(f->small->directory, FULL_SYNC_DIRECTORY "/making.tmp");
    char *inside = file_join(folder, "inside");
    struct asker asker;

    assert_int_equal(mkdir(folder, 0700), 0); /* No file can be made there, and it cannot be removed. */
    assert_int_equal(mkdir(inside, 0700), 0);
    (void)small_store_run(f->small, "SET k v");
    /* None is needed then, and no time passes by the test's clock while one runs. */
    assert_int_equal(store_checkpoint_now(f->small->store, f->small->now_ms), STATUS_OK);
    for (size_t i = 0; i < sizeof(waits_s) / sizeof(waits_s[0]); i++) {
        unsigned waited_s = 0;

        ask(f, &asker);
        while (asker.told_count == 0) {
            wait_a_second(f, &asker);
            waited_s++;
        }
        assert_null(asker.payload);
        assert_string_not_equal(asker.problem, "");
        assert_in_range(waited_s, waits_s[i] - 1, waits_s[i] + 1);
    }
    assert_int_equal(rmdir(inside), 0);
    assert_int_equal(rmdir(folder), 0);
    memory_free(inside);
    memory_free(folder);
    ask(f, &asker);
    while (asker.told_count == 0) {
        wait_a_second(f, &asker);
    }
    assert_non_null(asker.payload);
    full_sync_release(f->full_sync, asker.payload, f->now_ms);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_payload_serves_who_waited_for_it_whatever_was_written_meanwhile, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_a_payload_serves_all_who_wait, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_an_old_payload_is_not_reused_over_much_log, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_after_a_failure_the_next_try_waits_longer_each_time, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
