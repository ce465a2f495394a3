#include "storage/env/checkpoint_apply.h"

#include "base/crash_point.h"
#include "base/memory.h"
#include "storage/env/env_lmdb.h"
#include "storage/env/redo.h"
#include "support/env_model.h"
#include "support/sample_env.h"
#include "support/scratch.h"
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
    char *folder;
    char *path;
    struct env *env;
    struct env_meta meta; /* Of the env, then moved on by apply(). */
    struct sorted_model model;
    struct random random;
};

static int set_up(void **state)
{
    struct fixture *f = memory_allocate_zeroed(sizeof(*f));

    f->folder = scratch_create();
    f->path = file_join(f->folder, "data");
    f->env = sample_env_create(f->path, 0, 1);
    assert_int_equal(env_read_meta(f->env, &f->meta), STATUS_OK);
    sorted_model_init(&f->model);
    random_init(&f->random, 1);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    sorted_model_release(&f->model);
    env_meta_release(&f->meta);
    env_close(f->env);
    memory_free(f->path);
    scratch_remove(f->folder);
    memory_free(f);
    return 0;
}

/* Few pages a step, so that small tests take many steps. */
static struct checkpoint_apply make_apply(struct fixture *f, const struct memtable *frozen, bool stepwise)
{
    f->meta.position.offset += 10;
    return (struct checkpoint_apply){
        .files = file_system_posix(),
        .env = f->env,
        .frozen = frozen,
        .meta = &f->meta,
        .whole_pages_max = stepwise ? 0 : CHECKPOINT_WHOLE_PAGES,
        .step_pages_max = 4,
    };
}

static void assert_applied(struct fixture *f)
{
    struct env_meta found;

    env_model_assert(f->env, &f->model);
    assert_int_equal(env_read_meta(f->env, &found), STATUS_OK);
    assert_int_equal(found.position.offset, f->meta.position.offset);
    assert_false(found.is_pending);
    env_meta_release(&found);
    /* Data, LMDB's locks, and no redo file. */
    assert_int_equal(scratch_count(f->path), 2);
}

static void run_rounds(struct fixture *f, bool stepwise, size_t round_count, struct env_model_changes changes)
{
    changes.random = &f->random;
    for (size_t round = 0; round < round_count; round++) {
        struct memtable *frozen = memtable_create(round);
        struct checkpoint_apply apply;

        env_model_change(frozen, &f->model, &changes);
        apply = make_apply(f, frozen, stepwise);
        assert_int_equal(checkpoint_apply(&apply), STATUS_OK);
        assert_int_equal(apply.commit_count > 1, stepwise && changes.count > 100);
        memtable_free(frozen);
        assert_applied(f);
    }
}

static void test_data_becomes_what_the_memtable_says(void **state)
{
    run_rounds(*state, false, 10, (struct env_model_changes){.count = 2000, .value_bytes_max = 300});
    run_rounds(*state, false, 5, (struct env_model_changes){.count = 300, .value_bytes_max = 20000, .key_range = 500});
    run_rounds(*state, false, 2, (struct env_model_changes){.count = 0});
}

static void test_steps_lead_to_the_same_data(void **state)
{
    run_rounds(*state, true, 10, (struct env_model_changes){.count = 2000, .value_bytes_max = 300});
    run_rounds(*state, true, 5, (struct env_model_changes){.count = 300, .value_bytes_max = 20000, .key_range = 500});
    run_rounds(*state, true, 2, (struct env_model_changes){.count = 0});
}

static void test_rows_beyond_the_last_fill_their_pages(void **state)
{
    struct fixture *f = *state;
    struct env_usage usage;
    uint64_t bytes = 0;

    for (uint32_t round = 0; round < 10; round++) {
        struct memtable *frozen = memtable_create(1);
        struct checkpoint_apply apply;

        for (uint32_t i = 0; i < 2000; i++) {
            char key[24];
            char value[100] = {0};
            int len = snprintf(key, sizeof(key), "key:%08u", round * 2000 + i);

            memtable_put(frozen, TABLE_KEYS, slice_make(key, (size_t)len), slice_make(value, sizeof(value)));
            bytes += (size_t)len + sizeof(value) + 8 + 2; /* LMDB's node header and its slot. */
        }
        apply = make_apply(f, frozen, false);
        assert_int_equal(checkpoint_apply(&apply), STATUS_OK);
        memtable_free(frozen);
    }
    assert_int_equal(env_measure(f->env, &usage), STATUS_OK);
    assert_in_range(usage.leaf_pages * 4096, bytes, bytes * 11 / 10);
}

static void visit_put(void *context, enum table table, struct slice key, struct slice value)
{
    memtable_put(context, table, key, value);
}

static void visit_remove(void *context, enum table table, struct slice key)
{
    memtable_delete(context, table, key);
}

/* Assert that the env and the redo file together hold `old` or the model: what the next process would see. If a
 * checkpoint is pending, finish it with what the file gives. */
static void assert_recovers(struct fixture *f, const struct sorted_model *old, uint64_t old_offset)
{
    struct env_meta found;
    struct env_meta target;
    struct memtable *rows = memtable_create(1);
    struct redo_visitor visitor = {.put = visit_put, .remove = visit_remove, .context = rows};

    assert_int_equal(env_read_meta(f->env, &found), STATUS_OK);
    if (found.is_pending) {
        struct checkpoint_apply apply;

        assert_int_equal(found.position.offset, old_offset);
        assert_int_equal(redo_read(file_system_posix(), f->path, found.position, &visitor, &target), STATUS_OK);
        assert_int_equal(target.position.offset, f->meta.position.offset);
        env_meta_release(&target);
        f->meta.position.offset -= 10;
        apply = make_apply(f, rows, old_offset % 20 == 0);
        assert_int_equal(checkpoint_apply(&apply), STATUS_OK);
        assert_applied(f);
    } else if (found.position.offset == old_offset) {
        env_model_assert(f->env, old);
    } else {
        assert_int_equal(found.position.offset, f->meta.position.offset);
        env_model_assert(f->env, &f->model);
    }
    env_meta_release(&found);
    memtable_free(rows);
}

static void copy_model(struct sorted_model *to, const struct sorted_model *from)
{
    sorted_model_init(to);
    for (size_t i = 0; i < from->count; i++) {
        sorted_model_put(to, from->records[i].table, from->records[i].key, from->records[i].value);
    }
}

/* Apply in a child that is killed at the point; the parent's env must not be open meanwhile. */
static bool die_while_applying(struct fixture *f, const struct memtable *frozen, const char *point)
{
    int outcome;
    pid_t child;

    env_close(f->env);
    child = fork();
    assert_int_not_equal(child, -1);
    if (child == 0) {
        struct checkpoint_apply apply;

        crash_point_arm(point);
        if (env_open(f->path, false, &f->env) != STATUS_OK) {
            _exit(2);
        }
        apply = make_apply(f, frozen, true);
        _exit(checkpoint_apply(&apply) == STATUS_OK ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &outcome, 0), child);
    assert_int_equal(env_open(f->path, false, &f->env), STATUS_OK);
    f->meta.position.offset += 10;
    if (WIFSIGNALED(outcome)) {
        assert_int_equal(WTERMSIG(outcome), SIGKILL);
        return true;
    }
    assert_int_equal(WEXITSTATUS(outcome), 0);
    return false;
}

/* Kill at the n-th passage of each point until it is passed no more. */
static void test_a_crash_between_steps_leaves_the_old_or_the_new(void **state)
{
    static const char *const points[] = {"redo.sync.before", "redo.rename.after", "checkpoint.redo.after",
                                         "checkpoint.commit.before", "checkpoint.commit.after"};
    struct fixture *f = *state;

    run_rounds(f, false, 1, (struct env_model_changes){.count = 1000, .value_bytes_max = 300, .key_range = 1000});
    for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++) {
        bool has_died = true;

        for (unsigned nth = 1; has_died && nth < 30; nth++) {
            struct memtable *frozen = memtable_create(nth);
            struct sorted_model old;
            uint64_t old_offset = f->meta.position.offset;
            char point[64];

            copy_model(&old, &f->model);
            env_model_change(frozen, &f->model,
                             &(struct env_model_changes){
                                 .random = &f->random, .count = 500, .value_bytes_max = 300, .key_range = 1000});
            snprintf(point, sizeof(point), "%s:%u", points[i], nth);
            has_died = die_while_applying(f, frozen, point);
            assert_true(has_died || nth > 1);
            assert_recovers(f, &old, old_offset);
            {
                /* Catch up, if the old data stood. */
                struct checkpoint_apply apply;

                f->meta.position.offset -= 10;
                apply = make_apply(f, frozen, false);
                assert_int_equal(checkpoint_apply(&apply), STATUS_OK);
                assert_int_equal(redo_remove(file_system_posix(), f->path), STATUS_OK);
                assert_applied(f);
            }
            sorted_model_release(&old);
            memtable_free(frozen);
        }
    }
}

/* The disk is full from some page on, in any step: the same job goes on when there is room again. */
static void test_a_full_disk_is_tried_again(void **state)
{
    struct fixture *f = *state;
    struct rlimit former;
    unsigned failures = 0;

    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &former), 0);
    for (unsigned round = 0; round < 30; round++) {
        struct memtable *frozen = memtable_create(round);
        struct checkpoint_apply apply;
        struct env_usage usage;
        struct rlimit tight = former;
        enum status status;

        env_model_change(frozen, &f->model,
                         &(struct env_model_changes){.random = &f->random, .count = 300, .value_bytes_max = 3000});
        apply = make_apply(f, frozen, round % 2 == 1);
        assert_int_equal(env_measure(f->env, &usage), STATUS_OK);
        tight.rlim_cur = usage.file_bytes + random_below(&f->random, 500000);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
        status = checkpoint_apply(&apply);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &former), 0);
        if (status != STATUS_OK) {
            assert_int_equal(status, STATUS_NO_SPACE);
            failures++;
            assert_int_equal(checkpoint_apply(&apply), STATUS_OK);
        }
        memtable_free(frozen);
        assert_applied(f);
    }
    assert_in_range(failures, 5, 30);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_data_becomes_what_the_memtable_says, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_steps_lead_to_the_same_data, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_rows_beyond_the_last_fill_their_pages, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_crash_between_steps_leaves_the_old_or_the_new, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_full_disk_is_tried_again, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
