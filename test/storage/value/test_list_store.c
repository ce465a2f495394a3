/* Lists against an array: both ends, edits inside, trims, small lists that grow out of their entry, long elements,
 * checkpoints, restarts. */
#include "base/memory.h"
#include "storage/value/list_store.h"
#include "support/collection_fixture.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define MODEL_ITEMS 4000

struct model_item {
    char *bytes;
    size_t len;
};

struct fixture {
    struct collection_fixture f;
    struct model_item items[MODEL_ITEMS];
    size_t count;
};

static void forget(struct fixture *t, size_t index)
{
    memory_free(t->items[index].bytes);
    t->count--;
    memmove(&t->items[index], &t->items[index + 1], (t->count - index) * sizeof(t->items[0]));
}

static void remember(struct fixture *t, size_t index, struct slice item)
{
    assert_true(t->count < MODEL_ITEMS);
    memmove(&t->items[index + 1], &t->items[index], (t->count - index) * sizeof(t->items[0]));
    t->items[index] = (struct model_item){.bytes = memory_copy(item.data, item.len), .len = item.len};
    t->count++;
}

static void setup(struct fixture *t, uint64_t seed)
{
    collection_fixture_open(&t->f, ENTRY_LIST, seed);
    t->count = 0;
}

static void teardown(struct fixture *t)
{
    while (t->count > 0) {
        forget(t, t->count - 1);
    }
    collection_fixture_close(&t->f);
}

static struct slice item_of(const struct fixture *t, size_t index)
{
    return slice_make(t->items[index].bytes, t->items[index].len);
}

static void push_one(struct fixture *t)
{
    struct slice item = collection_fixture_name(&t->f);
    size_t index = collection_fixture_below(&t->f, t->count + 1);

    switch (collection_fixture_below(&t->f, 5)) {
    case 0:
        list_insert(&t->f.open, index, item);
        remember(t, index, item);
        break;
    case 1:
    case 2:
        list_push(&t->f.open, LIST_LEFT, item);
        remember(t, 0, item);
        break;
    default:
        list_push(&t->f.open, LIST_RIGHT, item);
        remember(t, t->count, item);
        break;
    }
}

static bool is_equal(const struct fixture *t, size_t index, struct slice item)
{
    return slice_equal(item_of(t, index), item);
}

/* Make an element at random the equal of some others, and remove up to so many of them from one end. */
static void remove_some(struct fixture *t)
{
    size_t limit = collection_fixture_below(&t->f, 3) == 0 ? SIZE_MAX : 1 + collection_fixture_below(&t->f, 5);
    enum list_end end = collection_fixture_below(&t->f, 2) == 0 ? LIST_LEFT : LIST_RIGHT;
    struct slice item = slice_of("the equal of others");
    size_t removed = 0;

    for (size_t equals = collection_fixture_below(&t->f, 12); equals > 0; equals--) {
        size_t index = collection_fixture_below(&t->f, t->count);

        list_replace(&t->f.open, index, item);
        forget(t, index);
        remember(t, index, item);
    }
    for (size_t seen = 0, total = t->count; seen < total && removed < limit; seen++) {
        size_t index = end == LIST_LEFT ? seen - removed : total - 1 - seen;

        if (is_equal(t, index, item)) {
            forget(t, index);
            removed++;
        }
    }
    assert_int_equal(list_remove_equal(&t->f.open, item, end, limit), removed);
    assert_int_equal(list_count(&t->f.open), t->count);
}

static void pop_one(struct fixture *t)
{
    enum list_end end = collection_fixture_below(&t->f, 2) == 0 ? LIST_LEFT : LIST_RIGHT;
    size_t index = end == LIST_LEFT ? 0 : t->count - 1;
    struct buf item;

    if (collection_fixture_below(&t->f, 4) == 0) {
        remove_some(t);
        return;
    }
    buf_init(&item, BUF_NO_CEILING);
    list_pop(&t->f.open, end, &item);
    assert_true(slice_equal(buf_slice(&item), item_of(t, index)));
    buf_release(&item);
    forget(t, index);
}

static void replace_one(struct fixture *t)
{
    struct slice item = collection_fixture_name(&t->f);
    size_t index = collection_fixture_below(&t->f, t->count);

    list_replace(&t->f.open, index, item);
    forget(t, index);
    remember(t, index, item);
}

/* Cut a little off either end, or seldom nearly all off one. */
static void trim(struct fixture *t)
{
    bool is_deep = collection_fixture_below(&t->f, 20) == 0;
    size_t start = collection_fixture_below(&t->f, t->count < 5 || is_deep ? t->count + 1 : 5);
    size_t from_right = collection_fixture_below(&t->f, 5);
    size_t count = t->count - start < from_right ? 0 : t->count - start - from_right;

    if (is_deep) {
        count = t->count - start < 3 ? t->count - start : collection_fixture_below(&t->f, 3);
    }
    list_trim(&t->f.open, start, count);
    while (start-- > 0) {
        forget(t, 0);
    }
    while (t->count > count) {
        forget(t, t->count - 1);
    }
}

/* Walk from a place at random to that end, or some of the way. */
static void check_walk(struct fixture *t, bool is_forward)
{
    size_t index = t->count == 0 ? 0 : collection_fixture_below(&t->f, t->count);
    size_t left = collection_fixture_below(&t->f, 3) == 0 ? 5 : MODEL_ITEMS;
    size_t met = 0;
    struct list_walk walk;
    struct slice item;

    if (t->count == 0 && !is_forward) {
        return;
    }
    list_walk_begin(&walk, &t->f.open, index, is_forward);
    while (left-- > 0 && list_walk_next(&walk, &item)) {
        assert_true(slice_equal(item, item_of(t, is_forward ? index + met : index - met)));
        met++;
    }
    list_walk_end(&walk);
    if (left == SIZE_MAX) {
        return; /* Ended before the list did. */
    }
    assert_int_equal(met, is_forward ? t->count - index : index + 1);
}

static void check_all(struct fixture *t)
{
    assert_int_equal(list_count(&t->f.open), t->count);
    for (size_t i = 0; i < t->count; i++) {
        assert_true(slice_equal(list_at(&t->f.open, i), item_of(t, i)));
    }
    check_walk(t, true);
    check_walk(t, false);
}

/* `steps` of a few edits each, of which `push_share` of ten add. */
static void run(struct fixture *t, unsigned steps, unsigned push_share)
{
    for (unsigned i = 0; i < steps; i++) {
        unsigned edits = 1 + (unsigned)collection_fixture_below(&t->f, 4);

        collection_fixture_begin(&t->f, t->count);
        while (edits-- > 0) {
            uint64_t choice = collection_fixture_below(&t->f, 10);

            if (choice < push_share || t->count == 0) {
                push_one(t);
            } else if (choice == 9 && collection_fixture_below(&t->f, 4) == 0) {
                trim(t);
            } else if (choice == 8) {
                replace_one(t);
            } else {
                pop_one(t);
            }
        }
        collection_fixture_end(&t->f);
        collection_fixture_shake(&t->f);
        if (i % 25 == 0) {
            collection_fixture_begin(&t->f, t->count);
            check_all(t);
            collection_fixture_end(&t->f);
        }
    }
}

static void test_large_lists_agree_with_the_model(void **state)
{
    static struct fixture t;

    (void)state;
    setup(&t, 3);
    run(&t, 700, 8);
    assert_false(collection_is_inline(&t.f.open));
    run(&t, 500, 5);
    run(&t, 1500, 1);
    run(&t, 300, 8);
    teardown(&t);
}

static void test_small_lists_agree_with_the_model(void **state)
{
    static struct fixture t;

    (void)state;
    for (uint64_t seed = 30; seed < 36; seed++) {
        setup(&t, seed);
        t.f.name_range = seed % 2 == 0 ? 9 : 300; /* Without long elements, and with. */
        run(&t, 200, 4);
        run(&t, 100, 1);
        run(&t, 100, 7);
        teardown(&t);
    }
}

/* A queue's positions run far from where they began. */
static void test_queue_agrees_with_the_model_for_long(void **state)
{
    static struct fixture t;

    (void)state;
    setup(&t, 4);
    run(&t, 200, 8);
    for (int i = 0; i < 3000; i++) {
        struct slice item = collection_fixture_name(&t.f);
        struct buf popped;

        collection_fixture_begin(&t.f, t.count);
        list_push(&t.f.open, LIST_RIGHT, item);
        remember(&t, t.count, item);
        buf_init(&popped, BUF_NO_CEILING);
        list_pop(&t.f.open, LIST_LEFT, &popped);
        assert_true(slice_equal(buf_slice(&popped), item_of(&t, 0)));
        buf_release(&popped);
        forget(&t, 0);
        collection_fixture_end(&t.f);
        collection_fixture_shake(&t.f);
    }
    collection_fixture_begin(&t.f, t.count);
    check_all(&t);
    collection_fixture_end(&t.f);
    teardown(&t);
}

/* `count` elements, each named by its place. */
static void fill(struct fixture *t, size_t count)
{
    char name[32];

    collection_fixture_begin(&t->f, t->count);
    for (size_t i = 0; i < count; i++) {
        struct slice item = slice_make(name, (size_t)snprintf(name, sizeof(name), "element %zu", i));

        list_push(&t->f.open, LIST_RIGHT, item);
        remember(t, t->count, item);
    }
    collection_fixture_end(&t->f);
}

static uint64_t generation(struct fixture *t)
{
    uint64_t generation;

    collection_fixture_begin(&t->f, t->count);
    generation = t->f.open.entry.generation;
    collection_fixture_end(&t->f);
    return generation;
}

static void trim_to(struct fixture *t, size_t start, size_t count)
{
    collection_fixture_begin(&t->f, t->count);
    list_trim(&t->f.open, start, count);
    while (start-- > 0) {
        forget(t, 0);
    }
    while (t->count > count) {
        forget(t, t->count - 1);
    }
    collection_fixture_end(&t->f);
    collection_fixture_begin(&t->f, t->count);
    check_all(t);
    collection_fixture_end(&t->f);
}

/* As many deletions as elements would stand in the tables. */
static void test_trim_that_leaves_little_begins_anew(void **state)
{
    static struct fixture t;
    uint64_t old;

    (void)state;
    setup(&t, 5);
    fill(&t, 3000);
    old = generation(&t);
    trim_to(&t, 500, 1000);
    assert_int_equal(generation(&t), old);
    trim_to(&t, 300, 150);
    assert_int_not_equal(generation(&t), old);
    trim_to(&t, 100, 20);
    assert_int_equal(generation(&t), 0); /* Inline. */
    trim_to(&t, 3, 0);
    fill(&t, 1000);
    trim_to(&t, 1000, 0);
    teardown(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_large_lists_agree_with_the_model),
        cmocka_unit_test(test_small_lists_agree_with_the_model),
        cmocka_unit_test(test_trim_that_leaves_little_begins_anew),
        cmocka_unit_test(test_queue_agrees_with_the_model_for_long),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
