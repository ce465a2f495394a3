/* kill -9 at random times and at each named place: what was released is there, nothing is torn, and the next process
 * goes on. A child runs random lines, each known by its number, and tells in shared memory how far it came; the parent
 * opens what it left and compares it with the naive model after that many lines. */
#include "storage/store.h"

#include "base/assert.h"
#include "base/crash_point.h"
#include "base/diag.h"
#include "base/file.h"
#include "base/memory.h"
#include "support/scratch.h"
#include "support/small_model.h"
#include "support/small_store.h"
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define LINE_BYTES_MAX 32768
#define LINES_MAX      200000

/* What the child tells; survives it. */
struct told {
    atomic_ullong run_count;      /* Lines run and appended. */
    atomic_ullong released_count; /* Lines that might have been acknowledged. */
    uint64_t ends[LINES_MAX];     /* The log's end after each. */
};

struct fixture {
    struct small_store *small;
    struct small_model model; /* After line_count lines. */
    uint64_t line_count;
    uint64_t seed;
    struct told *told;
    bool is_clean; /* The last child came to its end and closed the store. */
};

static void make_line(uint64_t seed, uint64_t number, char line[LINE_BYTES_MAX])
{
    struct random random;

    random_init(&random, seed * 1000003 + number);
    small_line_random(&random, line, LINE_BYTES_MAX);
}

static void set_up_fixture(struct fixture *f, uint64_t seed)
{
    *f = (struct fixture){.small = small_store_create(), .seed = seed};
    small_model_init(&f->model);
    f->small->options.checkpoint_memory_bytes = 60 * 1024;
    f->small->options.segment_bytes = LOG_SEGMENT_BYTES_MIN * 2;
    if (seed % 2 == 1) {
        f->small->options.checkpoint_whole_pages = 1;
        f->small->options.checkpoint_step_pages = 4;
    }
    f->told = mmap(NULL, sizeof(*f->told), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(f->told, MAP_FAILED);
}

static void tear_down_fixture(struct fixture *f)
{
    munmap(f->told, sizeof(*f->told));
    small_model_release(&f->model);
    small_store_free(f->small);
}

static void tell(struct fixture *f, uint64_t run_count)
{
    uint64_t released_offset = log_released_offset(store_log(f->small->store));
    uint64_t count = atomic_load(&f->told->released_count);

    while (count < run_count && f->told->ends[count] <= released_offset) {
        count++;
    }
    atomic_store(&f->told->released_count, count);
}

/* The child. */
static void run_lines(struct fixture *f, const char *point, uint64_t until)
{
    static char line[LINE_BYTES_MAX];

    crash_point_arm(point);
    ASSERT(small_store_open(f->small) == STATUS_OK);
    for (uint64_t i = f->line_count; i < until; i++) {
        make_line(f->seed, i, line);
        small_store_await_room(f->small, LINE_BYTES_MAX);
        f->told->ends[i] = small_store_run(f->small, line);
        atomic_store(&f->told->run_count, i + 1);
        if (i % 3 == 0) {
            small_store_turn(f->small);
            tell(f, i + 1);
            store_discard_log_before(f->small->store, UINT64_MAX);
        }
    }
    small_store_settle(f->small);
    small_store_close(f->small, true);
    _exit(0);
}

/* Move the model on to as many lines as the store has, which is the point in question. */
static void check(struct fixture *f)
{
    static char line[LINE_BYTES_MAX];
    uint64_t end;
    uint64_t run_count = atomic_load(&f->told->run_count);
    uint64_t released_count = atomic_load(&f->told->released_count);
    char *expected;
    char *found;

    assert_int_equal(small_store_open(f->small), STATUS_OK);
    end = log_end_offset(store_log(f->small->store));
    while (f->line_count < run_count && f->told->ends[f->line_count] <= end) {
        make_line(f->seed, f->line_count, line);
        small_model_run(&f->model, line);
        f->line_count++;
    }
    assert_int_equal(f->line_count == 0 ? 0 : f->told->ends[f->line_count - 1], end);
    assert_true(f->line_count >= released_count);
    assert_false(store_get_statistics(f->small->store)->may_have_lost_at_open);
    expected = small_model_text(&f->model);
    found = small_store_text(f->small);
    assert_string_equal(found, expected);
    memory_free(expected);
    memory_free(found);
    /* Not a clean close for half of them: the next child may find the log as it was left. */
    small_store_close(f->small, f->line_count % 2 == 0);
    atomic_store(&f->told->run_count, f->line_count);
    atomic_store(&f->told->released_count, f->line_count);
}

/* Run a child until it dies at `point`, or is killed after `life_us`, or has run to its end; then look at what it left.
 * True if it died. */
static bool live_once(struct fixture *f, const char *point, long life_us, uint64_t line_count)
{
    uint64_t until = f->line_count + line_count;
    int outcome;
    pid_t child;

    assert_true(until < LINES_MAX);
    child = fork();
    assert_int_not_equal(child, -1);
    if (child == 0) {
        run_lines(f, point, until);
    }
    if (life_us > 0) {
        struct timespec life = {.tv_sec = life_us / 1000000, .tv_nsec = life_us % 1000000 * 1000};

        (void)nanosleep(&life, NULL);
        (void)kill(child, SIGKILL);
    }
    assert_int_equal(waitpid(child, &outcome, 0), child);
    if (WIFSIGNALED(outcome)) {
        assert_int_equal(WTERMSIG(outcome), SIGKILL);
    } else {
        assert_int_equal(WEXITSTATUS(outcome), 0);
    }
    check(f);
    return WIFSIGNALED(outcome);
}

static void kill_at_random(uint64_t seed, enum log_sync_policy policy, unsigned life_count)
{
    struct fixture f;
    struct random random;

    set_up_fixture(&f, seed);
    f.small->options.policy = policy;
    random_init(&random, seed);
    for (unsigned i = 0; i < life_count || f.line_count < 500; i++) {
        assert_in_range(i, 0, 1000); /* A slow machine takes more lives. */
        /* Or longer ones, if a life hardly lasts for opening the store. */
        (void)live_once(&f, NULL, 1 + (long)random_below(&random, i % 5 == 0 ? 3000 : 60000 + i * 1000), 3000);
    }
    tear_down_fixture(&f);
}

static void test_killed_at_random_nothing_released_is_lost(void **state)
{
    (void)state;
    kill_at_random(1, LOG_SYNC_ALWAYS, 10);
    kill_at_random(2, LOG_SYNC_ALWAYS, 10);
    kill_at_random(3, LOG_SYNC_EVERYSEC, 10);
    kill_at_random(4, LOG_SYNC_NO, 10);
}

/* Die at the n-th passage of the point, n growing, until a child lives through. */
static void die_at(const char *point, uint64_t seed)
{
    static const unsigned passages[] = {1, 2, 4, 9};
    struct fixture f;

    set_up_fixture(&f, seed);
    for (size_t i = 0; i < sizeof(passages) / sizeof(passages[0]); i++) {
        char name[64];
        bool has_died;

        snprintf(name, sizeof(name), "%s:%u", point, passages[i]);
        has_died = live_once(&f, name, 0, 500);
        if (!has_died) {
            if (i == 0) {
                print_message("%s is never passed\n", point);
            }
            assert_int_not_equal(i, 0);
            break;
        }
    }
    (void)live_once(&f, NULL, 0, 100);
    tear_down_fixture(&f);
}

static void test_killed_at_each_point_nothing_released_is_lost(void **state)
{
    static const char *const points[] = {
        "log.append.after",         "log.write.before",        "log.write.after",        "log.sync.before",
        "log.sync.after",           "log.roll.header.after",   "log.roll.rename.before", "log.roll.rename.after",
        "log.roll.directory.after", "log.discard.after",       "store.freeze.after",     "checkpoint.apply.before",
        "checkpoint.commit.before", "checkpoint.commit.after", "purge.commit.before",
    };
    static const char *const step_points[] = {"redo.sync.before", "redo.rename.after", "checkpoint.redo.after"};

    (void)state;
    for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++) {
        die_at(points[i], 20 + i);
    }
    for (size_t i = 0; i < sizeof(step_points) / sizeof(step_points[0]); i++) {
        die_at(step_points[i], 41 + 2 * i);
    }
}

/* The first moments of a data directory: each open after the crash makes a whole one. */
static void test_killed_while_it_is_created_it_is_created_again(void **state)
{
    static const char *const points[] = {"store.create.after", "log.roll.header.after", "log.roll.rename.before",
                                         "log.roll.rename.after"};

    (void)state;
    for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++) {
        struct fixture f;

        set_up_fixture(&f, 60 + i);
        (void)live_once(&f, points[i], 0, 10);
        (void)live_once(&f, NULL, 0, 10);
        tear_down_fixture(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_killed_at_random_nothing_released_is_lost),
        cmocka_unit_test(test_killed_at_each_point_nothing_released_is_lost),
        cmocka_unit_test(test_killed_while_it_is_created_it_is_created_again),
    };

    diag_set_level(DIAG_WARNING);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
