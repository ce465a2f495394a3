/* A stream against a plain array of its ids, through checkpoints and restarts. */
#include "base/memory.h"
#include "base/random.h"
#include "storage/keyspace/packed.h"
#include "storage/value/stream_node.h"
#include "storage/value/stream_store.h"
#include "support/keyspace_fixture.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define KEY       slice_of("key")
#define MODEL_MAX 4096
#define STEPS     6000

static struct stream open_stream(struct keyspace_fixture *f)
{
    struct stream stream;
    enum status status = stream_open(f->keyspace, 0, KEY, &stream);

    assert_true(status == STATUS_OK || status == STATUS_NOT_FOUND);
    return stream;
}

/* An item whose words are of its id. */
static void append(struct stream *stream, struct stream_id id, const struct stream_node_limits *limits)
{
    char text[64];
    int len = snprintf(text, sizeof(text), "%llu.%llu", (unsigned long long)id.ms, (unsigned long long)id.sequence);
    struct slice words[] = {slice_of("field"), slice_make(text, (size_t)len), slice_empty(), slice_of("7")};

    stream_append(stream, id, words, id.ms % 3 == 0 ? 4 : 2, limits);
}

static void assert_item(struct stream_id id, struct slice value)
{
    char text[64];
    uint64_t field_count;
    struct slice words;
    struct slice word;

    snprintf(text, sizeof(text), "%llu.%llu", (unsigned long long)id.ms, (unsigned long long)id.sequence);
    assert_true(stream_item_decode(value, &field_count, &words));
    assert_int_equal(field_count, id.ms % 3 == 0 ? 2 : 1);
    assert_true(packed_next(&words, &word) && slice_equal(word, slice_of("field")));
    assert_true(packed_next(&words, &word) && slice_equal(word, slice_of(text)));
}

/* Ids that are there, in order. */
struct model {
    struct stream_id ids[MODEL_MAX];
    size_t count;
    struct stream_id last;
    uint64_t added;
};

static void remove_ids(struct model *model, size_t from, size_t count)
{
    memmove(model->ids + from, model->ids + from + count, (model->count - from - count) * sizeof(struct stream_id));
    model->count -= count;
}

static void assert_range(const struct stream *stream, const struct model *model, struct stream_range range)
{
    struct stream_walk walk;
    struct stream_id id;
    struct slice value;

    stream_items_begin(stream, &range, &walk);
    for (size_t i = 0; i < model->count; i++) {
        struct stream_id expected = model->ids[range.is_reverse ? model->count - 1 - i : i];

        if (stream_id_compare(expected, range.start) >= 0 && stream_id_compare(expected, range.end) <= 0) {
            assert_true(stream_walk_next(&walk, &id, &value));
            assert_true(stream_id_equal(id, expected));
            assert_item(id, value);
        }
    }
    assert_false(stream_walk_next(&walk, &id, &value));
    stream_walk_end(&walk);
}

/* Nodes hold all items, each those from its first id on. */
static void assert_nodes(struct keyspace_fixture *f, const struct stream *stream, const struct model *model)
{
    struct keycode prefix;
    struct stream_walk walk;
    struct stream_node node;
    struct slice value;
    uint64_t node_count = 0;
    size_t at = 0;

    stream_prefix(stream, KEYCODE_STREAM_NODE, &prefix);
    stream_walk_begin(&walk, f->view, &prefix, &stream->head.nodes, &STREAM_RANGE_ALL);
    while (stream_walk_next(&walk, &node.first_id, &value)) {
        assert_true(stream_node_decode(value, &node));
        assert_true(node.alive_count > 0 && node.alive_count <= node.entry_count);
        for (uint64_t i = 0; i < node.alive_count; i++, at++) {
            assert_true(stream_id_compare(model->ids[at], node.first_id) >= 0);
            assert_true(stream_id_compare(model->ids[at], node.last_id) <= 0);
        }
        node_count++;
    }
    stream_walk_end(&walk);
    assert_int_equal(node_count, stream->head.nodes.count);
    assert_int_equal(model->count - at, stream->head.tail.alive_count);
    if (at < model->count) {
        assert_true(stream_id_compare(model->ids[at], stream->head.tail.first_id) >= 0);
    }
}

static void assert_whole(struct keyspace_fixture *f, const struct model *model)
{
    struct stream stream = open_stream(f);

    assert_int_equal(stream_count(&stream), model->count);
    assert_int_equal(stream.head.added_count, model->added);
    if (model->count > 0) {
        assert_true(stream_id_equal(stream.head.items.first, model->ids[0]));
        assert_true(stream_id_equal(stream.head.items.last, model->ids[model->count - 1]));
    }
    assert_range(&stream, model, STREAM_RANGE_ALL);
    assert_range(&stream, model, (struct stream_range){.end = STREAM_ID_MAX, .is_reverse = true});
    assert_nodes(f, &stream, model);
}

static void append_some(struct stream *stream, struct model *model, struct random *random)
{
    struct stream_node_limits limits = {.entries = random_below(random, 12), .bytes = 60 + random_below(random, 300)};

    for (uint64_t n = random_below(random, 8); n > 0 && model->count < MODEL_MAX; n--) {
        model->last.ms += random_below(random, 3);
        model->last.sequence += 1 + random_below(random, 3);
        append(stream, model->last, &limits);
        model->ids[model->count++] = model->last;
        model->added++;
    }
}

static void delete_some(struct stream *stream, struct model *model, struct random *random)
{
    for (uint64_t n = random_below(random, 5); n > 0 && model->count > 0; n--) {
        uint64_t roll = random_below(random, 4);
        size_t at = roll == 0 ? 0 : roll == 1 ? model->count - 1 : (size_t)random_below(random, model->count);
        struct stream_id id = model->ids[at];

        assert_true(stream_delete(stream, id));
        assert_false(stream_delete(stream, id));
        assert_false(stream_contains(stream, id));
        remove_ids(model, at, 1);
    }
}

static void trim_exactly(struct stream *stream, struct model *model, struct random *random)
{
    struct stream_trim trim = {.by_id = random_below(random, 2) == 0};
    size_t gone = 0;

    if (model->count == 0) {
        return;
    }
    if (trim.by_id) {
        trim.id = model->ids[random_below(random, model->count)];
        trim.id.sequence += random_below(random, 2);
        while (gone < model->count && stream_id_compare(model->ids[gone], trim.id) < 0) {
            gone++;
        }
    } else {
        trim.count = model->count - random_below(random, model->count / 4 + 1);
        gone = model->count - trim.count;
    }
    assert_int_equal(stream_trim(stream, &trim), gone);
    remove_ids(model, 0, gone);
}

static void trim_nodes(struct stream *stream, struct model *model, struct random *random)
{
    struct stream_trim trim = {.is_approximate = true, .deletions_max = random_below(random, 40)};
    uint64_t nodes = stream_node_count(stream);
    uint64_t gone;

    trim.count = random_below(random, model->count + 1);
    gone = stream_trim(stream, &trim);
    assert_true(model->count - gone >= trim.count);
    assert_true(trim.deletions_max == 0 || gone <= trim.deletions_max);
    assert_true(gone == 0 || stream_node_count(stream) < nodes);
    remove_ids(model, 0, gone);
}

static void pass_time(struct keyspace_fixture *f, struct random *random)
{
    if (keyspace_fixture_has_checkpoint(f)) {
        keyspace_fixture_end_checkpoint(f);
    } else if (random_below(random, 2) == 0) {
        keyspace_fixture_begin_checkpoint(f);
    } else {
        keyspace_fixture_restart(f);
    }
}

static void run_model(struct keyspace_fixture *f, uint64_t seed)
{
    struct model *model = memory_allocate_zeroed(sizeof(*model));
    struct random random;

    random_init(&random, seed);
    for (int step = 0; step < STEPS; step++) {
        struct stream stream = open_stream(f);
        uint64_t roll = random_below(&random, 100);

        if (roll < 55) {
            append_some(&stream, model, &random);
        } else if (roll < 85) {
            delete_some(&stream, model, &random);
        } else if (roll < 88) {
            trim_exactly(&stream, model, &random);
        } else if (roll < 91) {
            trim_nodes(&stream, model, &random);
        }
        stream_commit(&stream);
        if (roll >= 98) {
            pass_time(f, &random);
        }
        if (step % 20 == 0) {
            assert_whole(f, model);
        }
    }
    if (keyspace_fixture_has_checkpoint(f)) {
        keyspace_fixture_end_checkpoint(f);
    }
    keyspace_fixture_restart(f);
    assert_whole(f, model);
    memory_free(model);
}

static void test_a_stream_is_what_a_list_of_ids_is(void **state)
{
    run_model(*state, 20261122);
}

static void test_ranges_keep_to_their_ends(void **state)
{
    struct keyspace_fixture *f = *state;
    struct stream stream = open_stream(f);
    struct model model = {.count = 0};

    for (uint64_t i = 0; i < 50; i++) {
        model.ids[model.count++] = (struct stream_id){.ms = 3 * i / 2, .sequence = i + 1};
        append(&stream, model.ids[i], &STREAM_NODE_LIMITS);
    }
    stream_commit(&stream);
    for (uint64_t start = 0; start < 80; start += 3) {
        for (uint64_t end = 0; end < 80; end += 7) {
            struct stream_range range = {.start = {.ms = start, .sequence = 20}, .end = {.ms = end, .sequence = 30}};

            assert_range(&stream, &model, range);
            range.is_reverse = true;
            assert_range(&stream, &model, range);
        }
    }
}

static void test_an_emptied_stream_stays_and_counts_on(void **state)
{
    struct keyspace_fixture *f = *state;
    struct stream stream = open_stream(f);

    append(&stream, (struct stream_id){.ms = 5}, &STREAM_NODE_LIMITS);
    assert_true(stream_delete(&stream, (struct stream_id){.ms = 5}));
    stream_commit(&stream);
    keyspace_fixture_restart(f);
    stream = open_stream(f);
    assert_true(stream.was_there);
    assert_int_equal(stream_count(&stream), 0);
    assert_int_equal(stream.head.last_id.ms, 5);
    assert_int_equal(stream.head.added_count, 1);
    assert_int_equal(stream_node_count(&stream), 0);
    assert_int_equal(keyspace_fixture_row_count(f, TABLE_FIELDS, slice_empty()), 0);
}

static void test_a_trim_by_nodes_takes_whole_ones_only(void **state)
{
    struct keyspace_fixture *f = *state;
    struct stream stream = open_stream(f);
    struct stream_node_limits limits = {.entries = 10};
    struct stream_trim trim = {.count = 25, .is_approximate = true};

    for (uint64_t i = 1; i <= 100; i++) {
        append(&stream, (struct stream_id){.ms = i}, &limits);
    }
    assert_int_equal(stream_node_count(&stream), 10);
    assert_int_equal(stream_trim(&stream, &trim), 70);
    assert_int_equal(stream_count(&stream), 30);
    trim.deletions_max = 9;
    trim.count = 0;
    assert_int_equal(stream_trim(&stream, &trim), 0);
    trim.deletions_max = 10;
    assert_int_equal(stream_trim(&stream, &trim), 10);
    trim = (struct stream_trim){.by_id = true, .id = {.ms = 91}, .is_approximate = true};
    assert_int_equal(stream_trim(&stream, &trim), 10);
    stream_commit(&stream);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_stream_is_what_a_list_of_ids_is, keyspace_fixture_setup,
                                        keyspace_fixture_teardown),
        cmocka_unit_test_setup_teardown(test_ranges_keep_to_their_ends, keyspace_fixture_setup,
                                        keyspace_fixture_teardown),
        cmocka_unit_test_setup_teardown(test_an_emptied_stream_stays_and_counts_on, keyspace_fixture_setup,
                                        keyspace_fixture_teardown),
        cmocka_unit_test_setup_teardown(test_a_trim_by_nodes_takes_whole_ones_only, keyspace_fixture_setup,
                                        keyspace_fixture_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
