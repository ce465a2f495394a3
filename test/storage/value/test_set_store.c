/* Sets against an array that is searched from its beginning: members short and long, small sets that grow out of their
 * entry, slots without holes, checkpoints, restarts. */
#include "base/memory.h"
#include "storage/value/set_store.h"
#include "support/collection_fixture.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define MODEL_MEMBERS 1000

struct model_member {
    char *bytes;
    size_t len;
    unsigned seen;
};

struct fixture {
    struct collection_fixture f;
    struct model_member members[MODEL_MEMBERS];
    size_t count;
};

static void forget(struct fixture *t, size_t index)
{
    memory_free(t->members[index].bytes);
    t->members[index] = t->members[--t->count];
}

static void setup(struct fixture *t, uint64_t seed)
{
    collection_fixture_open(&t->f, ENTRY_SET, seed);
    t->count = 0;
}

static void teardown(struct fixture *t)
{
    while (t->count > 0) {
        forget(t, t->count - 1);
    }
    collection_fixture_close(&t->f);
}

/* The member's index, or the count. */
static size_t find(const struct fixture *t, struct slice member)
{
    size_t index = 0;

    while (index < t->count && !slice_equal(slice_make(t->members[index].bytes, t->members[index].len), member)) {
        index++;
    }
    return index;
}

static void add_one(struct fixture *t)
{
    struct slice member = collection_fixture_name(&t->f);
    size_t index = find(t, member);

    assert_int_equal(set_add(&t->f.open, member), index == t->count);
    if (index == t->count) {
        assert_true(t->count < MODEL_MEMBERS);
        t->members[t->count++] =
            (struct model_member){.bytes = memory_copy(member.data, member.len), .len = member.len};
    }
}

static void remove_one(struct fixture *t)
{
    struct slice member = collection_fixture_name(&t->f);
    size_t index = find(t, member);

    assert_int_equal(set_remove(&t->f.open, member), index < t->count);
    if (index < t->count) {
        forget(t, index);
    }
}

static void see(void *context, struct slice member)
{
    struct fixture *t = context;
    size_t index = find(t, member);

    assert_true(index < t->count);
    t->members[index].seen++;
}

/* Each member was seen once since the last call. */
static void assert_saw_all(struct fixture *t)
{
    for (size_t i = 0; i < t->count; i++) {
        assert_int_equal(t->members[i].seen, 1);
        t->members[i].seen = 0;
    }
}

static void check_all(struct fixture *t)
{
    struct set_visitor visitor = {.visit = see, .context = t};
    struct set_walk walk;
    struct slice member;
    uint64_t cursor = 0;

    assert_int_equal(set_count(&t->f.open), t->count);
    set_walk_begin(&walk, &t->f.open);
    while (set_walk_next(&walk, &member)) {
        see(t, member);
    }
    set_walk_end(&walk);
    assert_saw_all(t);
    for (uint64_t slot = 0; slot < t->count; slot++) {
        see(t, set_at(&t->f.open, slot));
    }
    assert_saw_all(t);
    if (t->count > 0) {
        do {
            cursor = set_scan(&t->f.open, cursor, 7, &visitor);
        } while (cursor != 0);
        assert_saw_all(t);
    }
}

/* `steps` of a few edits each, of which `add_share` of ten add. */
static void run(struct fixture *t, unsigned steps, unsigned add_share)
{
    for (unsigned i = 0; i < steps; i++) {
        unsigned edits = 1 + (unsigned)collection_fixture_below(&t->f, 4);
        struct slice member;

        collection_fixture_begin(&t->f, t->count);
        while (edits-- > 0) {
            if (collection_fixture_below(&t->f, 10) < add_share) {
                add_one(t);
            } else {
                remove_one(t);
            }
            member = collection_fixture_name(&t->f);
            assert_int_equal(set_contains(&t->f.open, member), find(t, member) < t->count);
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

static void test_large_sets_agree_with_the_model(void **state)
{
    static struct fixture t;

    (void)state;
    setup(&t, 2);
    run(&t, 800, 9);
    assert_false(collection_is_inline(&t.f.open));
    run(&t, 800, 5);
    run(&t, 1200, 1);
    run(&t, 400, 7);
    teardown(&t);
}

static void test_small_sets_agree_with_the_model(void **state)
{
    static struct fixture t;

    (void)state;
    for (uint64_t seed = 20; seed < 26; seed++) {
        setup(&t, seed);
        t.f.name_range = 12;
        run(&t, 150, 6);
        run(&t, 100, 2);                             /* Often gone, and begun anew. */
        t.f.name_range = 60 * (unsigned)(seed - 19); /* Out of the entry. */
        run(&t, 100, 9);
        teardown(&t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_large_sets_agree_with_the_model),
        cmocka_unit_test(test_small_sets_agree_with_the_model),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
