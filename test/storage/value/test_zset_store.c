/* Sorted sets against an array that is kept in order: members short, long and of one long prefix, scores few enough to
 * be equal often, small sets that grow out of their entry, checkpoints, restarts. */
#include "base/memory.h"
#include "base/random.h"
#include "storage/value/zset_memo.h"
#include "storage/value/zset_walk.h"
#include "support/keyspace_fixture.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define KEY           slice_of("key")
#define LONG_PREFIX   464
#define MEMBER_ROOM   600
#define MODEL_MEMBERS 4000

struct model_item {
    double score;
    size_t len;
    char member[MEMBER_ROOM];
};

struct fixture {
    struct keyspace_fixture *keyspace;
    struct random random;
    struct collection zset;    /* Open. */
    struct model_item **items; /* In order. */
    size_t count;
    unsigned member_range; /* Members are drawn from so many of each kind. */
    unsigned score_range;
};

static struct slice model_member(const struct fixture *f, size_t index)
{
    return slice_make(f->items[index]->member, f->items[index]->len);
}

static void open_zset(struct fixture *f)
{
    enum status status = collection_open(f->keyspace->keyspace, 0, KEY, ENTRY_ZSET, &f->zset);

    assert_int_equal(status, f->count == 0 ? STATUS_NOT_FOUND : STATUS_OK);
}

static void close_zset(struct fixture *f)
{
    collection_commit(&f->zset);
    collection_close(&f->zset);
}

/* A member: short; or of one prefix that only the full bytes tell apart; or so short that it ends within it. */
static struct slice draw_member(struct fixture *f, char bytes[MEMBER_ROOM])
{
    uint64_t number = random_below(&f->random, f->member_range);
    uint64_t kind = random_below(&f->random, 10);
    size_t len;

    if (kind < 7) {
        return slice_make(bytes, (size_t)snprintf(bytes, MEMBER_ROOM, "m%llu", (unsigned long long)number));
    }
    memset(bytes, 'x', MEMBER_ROOM);
    len = LONG_PREFIX - 2 + number % 40; /* Literal ones of 462 to 479 bytes, and hashed ones. */
    bytes[len - 1] = (char)('a' + number % 26);
    return slice_make(bytes, kind == 9 ? LONG_PREFIX + number % 2 : len);
}

static double draw_score(struct fixture *f)
{
    uint64_t number = random_below(&f->random, f->score_range);

    switch (number) {
    case 0:
        return (double)INFINITY;
    case 1:
        return -(double)INFINITY;
    case 2:
        return random_below(&f->random, 2) == 0 ? 0.0 : -0.0;
    default:
        return (double)number / 4 - 2;
    }
}

/* The first index that is not before the item; `*found` if it is the item's. */
static size_t model_find_place(const struct fixture *f, double score, struct slice member)
{
    size_t at = 0;
    size_t high = f->count;

    while (at < high) {
        size_t middle = at + (high - at) / 2;

        if (zset_order(f->items[middle]->score, model_member(f, middle), score, member) < 0) {
            at = middle + 1;
        } else {
            high = middle;
        }
    }
    return at;
}

static bool model_find(const struct fixture *f, struct slice member, size_t *index)
{
    for (*index = 0; *index < f->count; ++*index) {
        if (slice_equal(model_member(f, *index), member)) {
            return true;
        }
    }
    return false;
}

static void model_remove(struct fixture *f, size_t index)
{
    memory_free(f->items[index]);
    f->count--;
    memmove(f->items + index, f->items + index + 1, (f->count - index) * sizeof(*f->items));
}

static void model_put(struct fixture *f, struct slice member, double score)
{
    struct model_item *item;
    size_t index;

    if (model_find(f, member, &index)) {
        if (f->items[index]->score == score) {
            return;
        }
        model_remove(f, index);
    }
    assert_true(f->count < MODEL_MEMBERS);
    index = model_find_place(f, score, member);
    memmove(f->items + index + 1, f->items + index, (f->count - index) * sizeof(*f->items));
    item = memory_allocate(sizeof(*item));
    *item = (struct model_item){.score = score, .len = member.len};
    memcpy(item->member, member.data, member.len);
    f->items[index] = item;
    f->count++;
}

static void put_one(struct fixture *f)
{
    char bytes[MEMBER_ROOM];
    struct slice member = draw_member(f, bytes);
    double score = draw_score(f);
    size_t index;

    assert_int_equal(zset_put(&f->zset, member, score), !model_find(f, member, &index));
    model_put(f, member, score);
}

static void remove_one(struct fixture *f)
{
    char bytes[MEMBER_ROOM];
    struct slice member = draw_member(f, bytes);
    size_t index;
    bool is_there = model_find(f, member, &index);

    assert_int_equal(zset_remove(&f->zset, member), is_there);
    if (is_there) {
        model_remove(f, index);
    }
}

/* Pop from one end, as queues do. */
static void pop_one(struct fixture *f, bool is_first)
{
    struct zset_walk walk;
    struct zset_batch batch;
    struct slice member;
    size_t index = is_first ? 0 : f->count - 1;
    double score;

    if (f->count == 0) {
        return;
    }
    zset_batch_init(&batch);
    zset_walk_begin(&walk, &f->zset, is_first);
    assert_true(zset_walk_next(&walk, &member, &score));
    zset_batch_add(&batch, member, score);
    zset_walk_end(&walk);
    assert_true(slice_equal(zset_batch_member(&batch, 0), model_member(f, index)));
    zset_take(&f->zset, zset_batch_member(&batch, 0), score);
    model_remove(f, index);
    zset_batch_release(&batch);
}

/* The walk gives the model's items from `next` on, forward, or from that before it, backward; at most `limit`. */
static void assert_walk(const struct fixture *f, struct zset_walk *walk, size_t next, size_t limit)
{
    struct slice member;
    double score;

    for (; limit > 0; limit--) {
        bool is_there = walk->is_forward ? next < f->count : next > 0;
        size_t index = walk->is_forward ? next++ : --next;

        assert_int_equal(zset_walk_next(walk, &member, &score), is_there);
        if (!is_there) {
            assert_false(zset_walk_next(walk, &member, &score));
            break;
        }
        assert_true(slice_equal(member, model_member(f, index)));
        assert_true(score == f->items[index]->score);
    }
    zset_walk_end(walk);
}

static struct zset_cut draw_cut(struct fixture *f, char bytes[MEMBER_ROOM])
{
    static const enum zset_cut_kind kinds[] = {ZSET_CUT_END, ZSET_CUT_SCORE, ZSET_CUT_ITEM};
    struct zset_cut cut = {
        .kind = kinds[random_below(&f->random, 3)],
        .is_after = random_below(&f->random, 2) == 0,
        .score = draw_score(f),
        .member = draw_member(f, bytes),
    };

    if (f->count > 0 && random_below(&f->random, 2) == 0) {
        size_t index = random_below(&f->random, f->count);

        memcpy(bytes, f->items[index]->member, f->items[index]->len);
        cut.member = slice_make(bytes, f->items[index]->len);
        cut.score = f->items[index]->score;
    }
    return cut;
}

static size_t model_cut(const struct fixture *f, const struct zset_cut *cut)
{
    size_t index = 0;

    while (index < f->count && !zset_cut_precedes(cut, f->items[index]->score, model_member(f, index))) {
        index++;
    }
    return index;
}

static void check_cuts(struct fixture *f)
{
    char bytes[MEMBER_ROOM];
    char other_bytes[MEMBER_ROOM];
    struct zset_cut cut = draw_cut(f, bytes);
    struct zset_cut other = draw_cut(f, other_bytes);
    size_t place = model_cut(f, &cut);
    size_t other_place = model_cut(f, &other);
    struct zset_walk walk;

    assert_int_equal(zset_count_before(&f->zset, &cut), place);
    assert_int_equal(zset_count_between(&f->zset, &cut, &other), other_place > place ? other_place - place : 0);
    zset_walk_begin_at(&walk, &f->zset, &cut, true);
    assert_walk(f, &walk, place, 20);
    zset_walk_begin_at(&walk, &f->zset, &cut, false);
    assert_walk(f, &walk, place, 20);
}

static void check_ranks(struct fixture *f)
{
    size_t rank = random_below(&f->random, f->count + 2);
    struct zset_walk walk;
    double score;

    zset_walk_begin_rank(&walk, &f->zset, rank, true);
    assert_walk(f, &walk, rank, 20);
    zset_walk_begin_rank(&walk, &f->zset, rank, false);
    assert_walk(f, &walk, rank < f->count ? rank + 1 : 0, 20);
    if (rank < f->count) {
        assert_true(zset_score(&f->zset, model_member(f, rank), &score));
        assert_true(score == f->items[rank]->score);
        assert_int_equal(zset_rank_of(&f->zset, model_member(f, rank), score), rank);
    }
}

static void check_all(struct fixture *f)
{
    struct zset_walk walk;

    assert_int_equal(zset_count(&f->zset), f->count);
    zset_walk_begin(&walk, &f->zset, true);
    assert_walk(f, &walk, 0, SIZE_MAX);
    zset_walk_begin(&walk, &f->zset, false);
    assert_walk(f, &walk, f->count, SIZE_MAX);
}

static void pass_checkpoint(struct fixture *f)
{
    close_zset(f);
    if (keyspace_fixture_has_checkpoint(f->keyspace)) {
        keyspace_fixture_end_checkpoint(f->keyspace);
    } else if (random_below(&f->random, 4) == 0) {
        keyspace_fixture_restart(f->keyspace);
    } else {
        keyspace_fixture_begin_checkpoint(f->keyspace);
    }
    open_zset(f);
}

static void begin(struct fixture *f, uint64_t seed)
{
    *f = (struct fixture){.keyspace = keyspace_fixture_open(), .member_range = 3000, .score_range = 12};
    f->items = memory_allocate_zeroed((MODEL_MEMBERS + 1) * sizeof(*f->items));
    random_init(&f->random, seed);
    open_zset(f);
}

static void end(struct fixture *f)
{
    close_zset(f);
    if (keyspace_fixture_has_checkpoint(f->keyspace)) {
        keyspace_fixture_end_checkpoint(f->keyspace);
    }
    while (f->count > 0) {
        model_remove(f, f->count - 1);
    }
    memory_free(f->items);
    keyspace_fixture_close(f->keyspace);
}

/* `adding` of 10 edits add; the others take away. */
static void run(struct fixture *f, size_t edits, unsigned adding)
{
    for (size_t i = 0; i < edits; i++) {
        uint64_t choice = random_below(&f->random, 10);

        if (choice < adding) {
            put_one(f);
        } else if (choice % 3 == 0) {
            remove_one(f);
        } else {
            pop_one(f, choice % 3 == 1);
        }
        if (i % 8 == 0) {
            check_cuts(f);
            check_ranks(f);
        }
        if (random_below(&f->random, 700) == 0) {
            check_all(f);
            pass_checkpoint(f);
        }
        if (random_below(&f->random, 50) == 0) {
            close_zset(f);
            open_zset(f);
        }
    }
    check_all(f);
}

static void test_large_sets_agree_with_an_ordered_array(void **state)
{
    struct fixture f;

    (void)state;
    begin(&f, 1);
    run(&f, 3000, 10);
    run(&f, 2000, 5);
    run(&f, 2500, 8);
    run(&f, 3000, 2);
    end(&f);
}

static void test_small_sets_agree_with_an_ordered_array(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        struct fixture f;

        begin(&f, seed);
        f.member_range = 20 + 30 * (unsigned)seed;
        run(&f, 400, 7);
        run(&f, 200, 3);
        end(&f);
    }
}

/* All scores equal, as sets that are read by member have them. */
static void test_cuts_by_member_agree_with_an_ordered_array(void **state)
{
    struct fixture f;

    (void)state;
    begin(&f, 3);
    f.score_range = 1;
    run(&f, 1500, 9);
    for (int i = 0; i < 300; i++) {
        char bytes[MEMBER_ROOM];
        struct zset_cut cut = {.kind = ZSET_CUT_MEMBER, .is_after = i % 2 == 0, .member = draw_member(&f, bytes)};
        size_t place = model_cut(&f, &cut);
        struct zset_walk walk;

        assert_int_equal(zset_count_before(&f.zset, &cut), place);
        zset_walk_begin_at(&walk, &f.zset, &cut, true);
        assert_walk(&f, &walk, place, 5);
        zset_walk_begin_at(&walk, &f.zset, &cut, false);
        assert_walk(&f, &walk, place, 5);
    }
    end(&f);
}

struct seen {
    struct fixture *fixture;
    size_t count;
};

static void see(void *context, struct slice member, double score)
{
    struct seen *seen = context;
    size_t index;

    assert_true(model_find(seen->fixture, member, &index));
    assert_true(score == seen->fixture->items[index]->score);
    seen->count++;
}

static void test_scan_meets_each_member_once(void **state)
{
    struct fixture f;
    struct seen seen = {.fixture = &f};
    struct zset_visitor visitor = {.visit = see, .context = &seen};
    uint64_t cursor = 0;

    (void)state;
    begin(&f, 4);
    run(&f, 1000, 9);
    do {
        cursor = zset_scan(&f.zset, cursor, 10, &visitor);
    } while (cursor != 0);
    assert_int_equal(seen.count, f.count);
    end(&f);
}

static void fill(struct fixture *f, size_t count)
{
    char bytes[MEMBER_ROOM];

    for (size_t i = 0; i < count; i++) {
        struct slice member = slice_make(bytes, (size_t)snprintf(bytes, sizeof(bytes), "member %zu", i));

        assert_true(zset_put(&f->zset, member, (double)i));
    }
}

static void test_negative_zero_keeps_its_sign_in_rows(void **state)
{
    struct fixture f;
    struct zset_walk walk;
    struct slice member;
    double score;

    (void)state;
    begin(&f, 5);
    fill(&f, 300);
    assert_true(zset_put(&f.zset, slice_of("m"), -0.0));
    assert_false(zset_put(&f.zset, slice_of("m"), 0.0)); /* They are equal. */
    assert_true(zset_score(&f.zset, slice_of("m"), &score));
    assert_true(score == 0 && signbit(score));
    zset_walk_begin_rank(&walk, &f.zset, 0, true);
    assert_true(zset_walk_next(&walk, &member, &score));
    assert_true(slice_equal(member, slice_of("m")) && signbit(score));
    assert_true(zset_walk_next(&walk, &member, &score));
    assert_false(signbit(score));
    zset_walk_end(&walk);
    close_zset(&f);
    f.count = 1;
    open_zset(&f);
    f.count = 0;
    end(&f);
}

static void test_clear_leaves_an_orphan_and_nothing_else(void **state)
{
    struct fixture f;

    (void)state;
    begin(&f, 6);
    fill(&f, 1000);
    close_zset(&f);
    f.count = 1;
    open_zset(&f);
    f.count = 0;
    collection_clear(&f.zset);
    close_zset(&f);
    assert_int_equal(keyspace_key_count(f.keyspace->keyspace, 0), 0);
    keyspace_fixture_restart(f.keyspace);
    keyspace_fixture_purge(f.keyspace);
    assert_int_equal(keyspace_fixture_row_count(f.keyspace, TABLE_SCORES, slice_empty()), 0);
    assert_int_equal(keyspace_fixture_row_count(f.keyspace, TABLE_FIELDS, slice_empty()), 0);
    open_zset(&f);
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_large_sets_agree_with_an_ordered_array),
        cmocka_unit_test(test_small_sets_agree_with_an_ordered_array),
        cmocka_unit_test(test_cuts_by_member_agree_with_an_ordered_array),
        cmocka_unit_test(test_scan_meets_each_member_once),
        cmocka_unit_test(test_negative_zero_keeps_its_sign_in_rows),
        cmocka_unit_test(test_clear_leaves_an_orphan_and_nothing_else),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
