/* Hashes against an array that is searched from its beginning: fields short and long, values small and large, small
 * hashes that grow out of their entry, checkpoints, restarts. */
#include "base/memory.h"
#include "storage/keyspace/keycode.h"
#include "storage/value/hash_store.h"
#include "support/collection_fixture.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define MODEL_FIELDS 1000

struct model_field {
    char *field;
    char *value;
    size_t field_len;
    size_t value_len;
    unsigned seen;
};

struct fixture {
    struct collection_fixture f;
    struct model_field fields[MODEL_FIELDS];
    size_t count;
};

static void setup(struct fixture *t, uint64_t seed)
{
    collection_fixture_open(&t->f, ENTRY_HASH, seed);
    t->count = 0;
}

static void forget(struct fixture *t, size_t index)
{
    memory_free(t->fields[index].field);
    memory_free(t->fields[index].value);
    t->fields[index] = t->fields[--t->count];
}

static void teardown(struct fixture *t)
{
    while (t->count > 0) {
        forget(t, t->count - 1);
    }
    collection_fixture_close(&t->f);
}

static struct slice field_of(const struct fixture *t, size_t index)
{
    return slice_make(t->fields[index].field, t->fields[index].field_len);
}

static struct slice value_of(const struct fixture *t, size_t index)
{
    return slice_make(t->fields[index].value, t->fields[index].value_len);
}

/* The field's index, or the count. */
static size_t find(const struct fixture *t, struct slice field)
{
    size_t index = 0;

    while (index < t->count && !slice_equal(field_of(t, index), field)) {
        index++;
    }
    return index;
}

static void put_one(struct fixture *t)
{
    struct slice field = collection_fixture_name(&t->f);
    size_t index = find(t, field);
    size_t value_len = collection_fixture_below(&t->f, collection_fixture_below(&t->f, 20) == 0 ? 3000 : 12);
    char *value = memory_allocate(value_len);
    bool created;

    memset(value, (int)('a' + collection_fixture_below(&t->f, 26)), value_len);
    hash_put(&t->f.open, field, slice_make(value, value_len), &created);
    assert_int_equal(created, index == t->count);
    if (created) {
        assert_true(t->count < MODEL_FIELDS);
        t->count++;
        t->fields[index] = (struct model_field){.field = memory_copy(field.data, field.len), .field_len = field.len};
    }
    memory_free(t->fields[index].value);
    t->fields[index].value = value;
    t->fields[index].value_len = value_len;
}

static void delete_one(struct fixture *t)
{
    struct slice field = collection_fixture_name(&t->f);
    size_t index = find(t, field);

    assert_int_equal(hash_delete(&t->f.open, field), index < t->count);
    if (index < t->count) {
        forget(t, index);
    }
}

static void get_one(struct fixture *t)
{
    struct slice field = collection_fixture_name(&t->f);
    size_t index = find(t, field);
    struct slice value;

    assert_int_equal(hash_get(&t->f.open, field, &value), index < t->count);
    if (index < t->count) {
        assert_true(slice_equal(value, value_of(t, index)));
    }
}

static void see(void *context, struct slice field, struct slice value)
{
    struct fixture *t = context;
    size_t index = find(t, field);

    assert_true(index < t->count);
    assert_true(slice_equal(value, value_of(t, index)));
    t->fields[index].seen++;
}

/* Each field was seen once since the last call. */
static void assert_saw_all(struct fixture *t)
{
    for (size_t i = 0; i < t->count; i++) {
        assert_int_equal(t->fields[i].seen, 1);
        t->fields[i].seen = 0;
    }
}

static void check_all(struct fixture *t)
{
    struct hash_visitor visitor = {.visit = see, .context = t};
    struct hash_walk walk;
    struct slice field;
    struct slice value;
    uint64_t cursor = 0;

    assert_int_equal(hash_count(&t->f.open), t->count);
    hash_walk_begin(&walk, &t->f.open);
    while (hash_walk_next(&walk, &field, &value)) {
        see(t, field, value);
    }
    hash_walk_end(&walk);
    assert_saw_all(t);
    if (t->count > 0) {
        do {
            cursor = hash_scan(&t->f.open, cursor, 7, &visitor);
        } while (cursor != 0);
        assert_saw_all(t);
    }
}

/* What is drawn is there, and most comes in ten draws for each field, though a tenth of these fields differ in their
 * last byte only (row_random.c says why that matters). */
static void check_draws(struct fixture *t)
{
    size_t seen_count = 0;

    collection_fixture_begin(&t->f, t->count);
    for (size_t i = 0; i < 10 * t->count; i++) {
        struct keycode place;
        struct slice field;
        struct slice value;
        size_t index;

        hash_draw(&t->f.open, &t->f.random, &place, &field, &value);
        index = find(t, field);
        assert_true(index < t->count);
        assert_true(slice_equal(value, value_of(t, index)));
        seen_count += t->fields[index].seen++ == 0;
    }
    for (size_t i = 0; i < t->count; i++) {
        t->fields[i].seen = 0;
    }
    assert_true(seen_count > t->count / 4 * 3);
    collection_fixture_end(&t->f);
}

/* `steps` of a few edits each, of which `put_share` of ten add. */
static void run(struct fixture *t, unsigned steps, unsigned put_share)
{
    for (unsigned i = 0; i < steps; i++) {
        unsigned edits = 1 + (unsigned)collection_fixture_below(&t->f, 4);

        collection_fixture_begin(&t->f, t->count);
        while (edits-- > 0) {
            if (collection_fixture_below(&t->f, 10) < put_share) {
                put_one(t);
            } else {
                delete_one(t);
            }
            get_one(t);
        }
        collection_fixture_end(&t->f);
        collection_fixture_shake(&t->f);
        if (i % 50 == 0) {
            collection_fixture_begin(&t->f, t->count);
            check_all(t);
            collection_fixture_end(&t->f);
        }
    }
}

static void test_large_hashes_agree_with_the_model(void **state)
{
    static struct fixture t;

    (void)state;
    setup(&t, 1);
    run(&t, 800, 9);
    assert_false(collection_is_inline(&t.f.open));
    run(&t, 800, 5);
    run(&t, 1200, 1);
    run(&t, 400, 7);
    check_draws(&t);
    teardown(&t);
}

static void test_small_hashes_agree_with_the_model(void **state)
{
    static struct fixture t;

    (void)state;
    for (uint64_t seed = 10; seed < 16; seed++) {
        setup(&t, seed);
        t.f.name_range = 12;
        run(&t, 150, 6);
        run(&t, 100, 2);                            /* Often gone, and begun anew. */
        t.f.name_range = 60 * (unsigned)(seed - 9); /* Out of the entry. */
        run(&t, 100, 9);
        teardown(&t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_large_hashes_agree_with_the_model),
        cmocka_unit_test(test_small_hashes_agree_with_the_model),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
