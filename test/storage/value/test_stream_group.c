/* Groups against plain arrays of who has what pending, through checkpoints, restarts and copies; and what hearth-check
 * says of each state that came to LMDB. */
#include "base/memory.h"
#include "base/random.h"
#include "storage/env/env_check.h"
#include "storage/value/stream_group.h"
#include "support/keyspace_fixture.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define KEY           slice_of("key")
#define GROUPS        3
#define CONSUMERS     4
#define ITEMS         60
#define STEPS         3000
#define LONG_NAME_LEN 600
#define NOBODY        (-1)

/* Who has the items pending: by group and item a consumer, or NOBODY. */
struct model {
    bool groups[GROUPS];
    bool consumers[GROUPS][CONSUMERS];
    int owner[GROUPS][ITEMS];
    uint64_t deliveries[GROUPS][ITEMS];
};

struct names {
    char text[2][LONG_NAME_LEN];
};

static struct slice group_name(int group)
{
    static const char *const names[GROUPS] = {"g", "", "group"};

    return slice_of(names[group]);
}

/* The last two are longer than a key, and alike but for their end. */
static struct slice consumer_name(struct names *names, int consumer)
{
    if (consumer < 2) {
        return slice_of(consumer == 0 ? "alice" : "");
    }
    memset(names->text[consumer - 2], 'n', LONG_NAME_LEN);
    names->text[consumer - 2][LONG_NAME_LEN - 1] = (char)('a' + consumer);
    return slice_make(names->text[consumer - 2], LONG_NAME_LEN);
}

static struct stream_id id_of(int item)
{
    return (struct stream_id){.ms = 10, .sequence = 1 + (uint64_t)item};
}

static struct stream open_stream(struct keyspace_fixture *f)
{
    struct stream stream;

    assert_int_equal(stream_open(f->keyspace, 0, KEY, &stream), STATUS_OK);
    return stream;
}

static void create_stream(struct keyspace_fixture *f)
{
    struct slice words[] = {slice_of("field"), slice_of("value")};
    struct stream stream;

    assert_int_equal(stream_open(f->keyspace, 0, KEY, &stream), STATUS_NOT_FOUND);
    for (int i = 0; i < ITEMS; i++) {
        stream_append(&stream, id_of(i), words, 2, &STREAM_NODE_LIMITS);
    }
    stream_commit(&stream);
}

static void assert_owned(const struct stream *stream, const struct stream_group *group,
                         const struct stream_consumer *consumer, const int *owner, int number)
{
    struct stream_walk walk;
    struct stream_id id;
    struct slice value;
    uint64_t count = 0;

    stream_owned_begin(stream, group, consumer, &STREAM_RANGE_ALL, &walk);
    for (int i = 0; i < ITEMS; i++) {
        if (owner[i] == number) {
            assert_true(stream_walk_next(&walk, &id, &value));
            assert_true(stream_id_equal(id, id_of(i)));
            count++;
        }
    }
    assert_false(stream_walk_next(&walk, &id, &value));
    stream_walk_end(&walk);
    assert_int_equal(consumer->pending.count, count);
}

static void assert_pending(const struct stream *stream, const struct stream_group *group, const struct model *model,
                           int g)
{
    struct stream_range range = {.end = STREAM_ID_MAX, .is_reverse = true};
    struct stream_walk walk;
    struct stream_id id;
    struct slice value;
    uint64_t count = 0;

    stream_pending_begin(stream, group, &range, &walk);
    for (int i = ITEMS - 1; i >= 0; i--) {
        struct stream_pending pending;

        assert_int_equal(stream_pending_find(stream, group, id_of(i), &pending), model->owner[g][i] != NOBODY);
        if (model->owner[g][i] != NOBODY) {
            assert_true(stream_walk_next(&walk, &id, &value));
            assert_true(stream_id_equal(id, id_of(i)));
            assert_int_equal(pending.delivery_count, model->deliveries[g][i]);
            count++;
        }
    }
    assert_false(stream_walk_next(&walk, &id, &value));
    stream_walk_end(&walk);
    assert_int_equal(group->pending.count, count);
}

static void assert_group(const struct stream *stream, const struct model *model, int g)
{
    struct stream_group group;
    struct stream_consumer consumer;
    struct stream_names walk;
    struct names names;
    uint64_t count = 0;

    assert_int_equal(stream_group_find(stream, group_name(g), &group), model->groups[g]);
    if (!model->groups[g]) {
        return;
    }
    assert_pending(stream, &group, model, g);
    for (int c = 0; c < CONSUMERS; c++) {
        assert_int_equal(stream_consumer_find(stream, &group, consumer_name(&names, c), &consumer),
                         model->consumers[g][c]);
        if (model->consumers[g][c]) {
            assert_true(slice_equal(stream_consumer_name(stream, &group, consumer.number), consumer_name(&names, c)));
            assert_owned(stream, &group, &consumer, model->owner[g], c);
            count++;
        }
    }
    assert_int_equal(group.consumer_count, count);
    stream_consumers_begin(stream, &group, &walk);
    while (stream_consumers_next(&walk, &consumer)) {
        count--;
    }
    stream_names_end(&walk);
    assert_int_equal(count, 0);
}

static void assert_whole(struct keyspace_fixture *f, const struct model *model)
{
    struct stream stream = open_stream(f);
    uint64_t count = 0;

    for (int g = 0; g < GROUPS; g++) {
        assert_group(&stream, model, g);
        count += model->groups[g];
    }
    assert_int_equal(stream.head.group_count, count);
}

static void create_or_destroy(struct stream *stream, struct model *model, int g)
{
    struct stream_group group;

    if (model->groups[g]) {
        assert_true(stream_group_find(stream, group_name(g), &group));
        stream_group_destroy(stream, &group);
        memset(model->consumers[g], 0, sizeof(model->consumers[g]));
    } else {
        stream_group_create(stream, group_name(g), STREAM_ID_MIN, 0, &group);
    }
    for (int i = 0; i < ITEMS; i++) {
        model->owner[g][i] = NOBODY;
    }
    model->groups[g] = !model->groups[g];
    stream_commit(stream);
}

static void delete_consumer(struct stream *stream, struct model *model, int g, int c)
{
    struct stream_group group;
    struct stream_consumer consumer;
    struct names names;

    if (!model->consumers[g][c]) {
        return;
    }
    assert_true(stream_group_find(stream, group_name(g), &group));
    assert_true(stream_consumer_find(stream, &group, consumer_name(&names, c), &consumer));
    stream_consumer_delete(stream, &group, &consumer);
    stream_group_put(stream, &group);
    model->consumers[g][c] = false;
    for (int i = 0; i < ITEMS; i++) {
        model->owner[g][i] = model->owner[g][i] == c ? NOBODY : model->owner[g][i];
    }
}

/* Let a consumer take some items, whoever has them, and lay down others, as a claim does. */
static void claim(struct stream *stream, struct model *model, int g, int c, struct random *random)
{
    struct stream_group group;
    struct stream_consumer consumer;
    struct names names;

    if (!model->groups[g]) {
        return;
    }
    assert_true(stream_group_find(stream, group_name(g), &group));
    if (!model->consumers[g][c]) {
        stream_consumer_create(stream, &group, consumer_name(&names, c), 7, &consumer);
        model->consumers[g][c] = true;
    }
    assert_true(stream_consumer_find(stream, &group, consumer_name(&names, c), &consumer));
    for (uint64_t n = random_below(random, 12); n > 0; n--) {
        int item = (int)random_below(random, ITEMS);
        struct stream_pending pending = {.delivered_ms = 9, .delivery_count = 1 + random_below(random, 5)};

        if (random_below(random, 3) != 0) {
            stream_pending_put(stream, &group, &consumer, id_of(item), &pending);
            model->owner[g][item] = c;
            model->deliveries[g][item] = pending.delivery_count;
        } else if (stream_pending_find(stream, &group, id_of(item), &pending)) {
            stream_pending_remove(stream, &group, &consumer, id_of(item), &pending);
            model->owner[g][item] = NOBODY;
        }
    }
    stream_consumer_put(stream, &group, &consumer);
    stream_group_put(stream, &group);
}

static void fail_by(void *context, const char *text)
{
    (void)context;
    fail_msg("%s", text);
}

static void assert_checked(struct keyspace_fixture *f)
{
    const struct env_check_options options = {.on_problem = fail_by};
    struct env_check_summary summary;

    assert_int_equal(env_check(f->env, &options, &summary), STATUS_OK);
    assert_int_equal(summary.problem_count, 0);
    assert_int_equal(summary.unchecked_count, 0);
}

static void pass_time(struct keyspace_fixture *f, struct random *random)
{
    if (keyspace_fixture_has_checkpoint(f)) {
        keyspace_fixture_end_checkpoint(f);
        assert_checked(f);
    } else if (random_below(random, 2) == 0) {
        keyspace_fixture_begin_checkpoint(f);
    } else {
        keyspace_fixture_restart(f);
        assert_checked(f);
    }
}

static void step(struct keyspace_fixture *f, struct model *model, struct random *random)
{
    struct stream stream = open_stream(f);
    int g = (int)random_below(random, GROUPS);
    int c = (int)random_below(random, CONSUMERS);
    uint64_t roll = random_below(random, 100);

    if (roll < 4) {
        create_or_destroy(&stream, model, g);
    } else if (roll < 8) {
        delete_consumer(&stream, model, g, c);
    } else if (roll < 10) {
        pass_time(f, random);
    } else if (roll < 11) {
        assert_true(keyspace_copy(f->keyspace, 0, KEY, 1, KEY));
        assert_true(keyspace_move(f->keyspace, 1, KEY, 0, KEY));
    } else {
        claim(&stream, model, g, c, random);
    }
}

static void test_groups_are_what_lists_of_owners_are(void **state)
{
    struct keyspace_fixture *f = *state;
    struct model *model = memory_allocate_zeroed(sizeof(*model));
    struct random random;

    random_init(&random, 20261123);
    create_stream(f);
    for (int i = 0; i < STEPS; i++) {
        step(f, model, &random);
        if (i % 10 == 0) {
            assert_whole(f, model);
        }
    }
    if (keyspace_fixture_has_checkpoint(f)) {
        keyspace_fixture_end_checkpoint(f);
    }
    keyspace_fixture_restart(f);
    assert_whole(f, model);
    assert_checked(f);
    memory_free(model);
}

static void test_a_destroyed_group_leaves_nothing(void **state)
{
    struct keyspace_fixture *f = *state;
    struct model *model = memory_allocate_zeroed(sizeof(*model));
    struct stream stream;
    struct random random;
    size_t rows;

    random_init(&random, 3);
    create_stream(f);
    rows = keyspace_fixture_row_count(f, TABLE_FIELDS, slice_empty());
    stream = open_stream(f);
    create_or_destroy(&stream, model, 0);
    for (int c = 0; c < CONSUMERS; c++) {
        claim(&stream, model, 0, c, &random);
    }
    assert_true(keyspace_fixture_row_count(f, TABLE_FIELDS, slice_empty()) > rows);
    create_or_destroy(&stream, model, 0);
    assert_int_equal(keyspace_fixture_row_count(f, TABLE_FIELDS, slice_empty()), rows);
    memory_free(model);
}

/* What the group has read counts on exactly, until a deletion ahead leaves it open. */
static void test_lag_is_exact_until_a_gap_lies_ahead(void **state)
{
    struct keyspace_fixture *f = *state;
    struct stream stream;
    struct stream_group group;
    int64_t lag;

    create_stream(f);
    stream = open_stream(f);
    stream_group_create(&stream, slice_of("g"), STREAM_ID_MIN, 0, &group);
    assert_true(stream_group_lag(&stream, &group, &lag));
    assert_int_equal(lag, ITEMS);
    for (int i = 0; i < 10; i++) {
        stream_group_advance(&stream, &group, id_of(i));
    }
    assert_int_equal(group.read_count, 10);
    assert_true(stream_group_lag(&stream, &group, &lag));
    assert_int_equal(lag, ITEMS - 10);
    assert_true(stream_delete(&stream, id_of(30)));
    stream.head.greatest_deleted_id = id_of(30);
    assert_false(stream_group_lag(&stream, &group, &lag));
    for (int i = 10; i < ITEMS; i++) {
        if (i != 30) {
            stream_group_advance(&stream, &group, id_of(i));
        }
    }
    assert_true(stream_group_lag(&stream, &group, &lag));
    assert_int_equal(lag, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_groups_are_what_lists_of_owners_are, keyspace_fixture_setup,
                                        keyspace_fixture_teardown),
        cmocka_unit_test_setup_teardown(test_a_destroyed_group_leaves_nothing, keyspace_fixture_setup,
                                        keyspace_fixture_teardown),
        cmocka_unit_test_setup_teardown(test_lag_is_exact_until_a_gap_lies_ahead, keyspace_fixture_setup,
                                        keyspace_fixture_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
