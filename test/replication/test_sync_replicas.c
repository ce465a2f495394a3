#include "replication/sync_replicas.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define ALL UINT64_MAX

/* A master at released offset 1000, whose replica has all of it; a second is 1000 ms. */
struct fixture {
    struct sync_replicas sync;
    struct sync_replicas_view view;
};

static enum sync_replicas_news look(struct fixture *f, uint64_t after_ms, uint64_t released, uint64_t durable)
{
    f->view.now_ms += after_ms;
    f->view.wall_ms = 1700000000000 + f->view.now_ms;
    f->view.released = released;
    f->view.durable = durable;
    return sync_replicas_look(&f->sync, &f->view);
}

static struct fixture start(enum sync_replicas_policy policy)
{
    struct fixture f = {.view = {.wanted = 1, .policy = policy, .timeout_ms = 1000, .now_ms = 5000}};

    assert_int_equal(look(&f, 0, 1000, 1000), SYNC_REPLICAS_NO_NEWS);
    return f;
}

static void assert_shown(const struct fixture *f, const char *state, uint64_t shown)
{
    assert_string_equal(sync_replicas_state_word(f->sync.state), state);
    assert_true(sync_replicas_offset(&f->sync) == shown);
}

static void test_off_holds_nothing(void **state)
{
    struct fixture f = start(SYNC_REPLICAS_WAIT);

    (void)state;
    f.view.wanted = 0;
    assert_int_equal(look(&f, 100000, 2000, 0), SYNC_REPLICAS_NO_NEWS);
    assert_shown(&f, "off", ALL);
    f.view.wanted = 1; /* What was shown stays shown. */
    assert_int_equal(look(&f, 0, 2100, 0), SYNC_REPLICAS_NO_NEWS);
    assert_shown(&f, "in-sync", 2000);
}

static void test_shows_what_replicas_have(void **state)
{
    struct fixture f = start(SYNC_REPLICAS_WAIT);

    (void)state;
    assert_shown(&f, "in-sync", 1000);
    look(&f, 10, 1500, 1000);
    assert_shown(&f, "in-sync", 1000);
    look(&f, 10, 1600, 1500);
    assert_shown(&f, "in-sync", 1500);
    look(&f, 10, 1600, 0); /* It is gone, and still has what it has. */
    assert_shown(&f, "in-sync", 1500);
}

/* A master that was restarted: what it holds may never have reached anybody. */
static void test_nothing_counts_before_a_replica_has_said_so(void **state)
{
    struct fixture f = {.view = {.wanted = 1, .timeout_ms = 1000}};

    (void)state;
    look(&f, 0, 700, 0);
    assert_shown(&f, "in-sync", 0);
    assert_int_equal(look(&f, 1000, 700, 0), SYNC_REPLICAS_IS_LATE);
    look(&f, 10, 700, 700);
    assert_shown(&f, "in-sync", 700);
}

static void test_a_promoted_one_shows_what_it_has(void **state)
{
    struct fixture f = start(SYNC_REPLICAS_WAIT);

    (void)state;
    sync_replicas_begin(&f.sync, 400); /* Another history, at another place. */
    look(&f, 0, 390, 0);
    assert_shown(&f, "in-sync", 400);
}

static void test_waits_for_ever_and_says_so_once(void **state)
{
    struct fixture f = start(SYNC_REPLICAS_WAIT);

    (void)state;
    assert_int_equal(look(&f, 500, 1500, 1000), SYNC_REPLICAS_NO_NEWS);
    assert_int_equal(look(&f, 999, 1500, 1000), SYNC_REPLICAS_NO_NEWS);
    assert_int_equal(look(&f, 1, 1500, 1000), SYNC_REPLICAS_IS_LATE);
    assert_shown(&f, "late", 1000);
    assert_int_equal(look(&f, 1000000, 1500, 1100), SYNC_REPLICAS_NO_NEWS);
    assert_shown(&f, "late", 1100); /* What is there is shown. */
    assert_int_equal(look(&f, 1, 1500, 1500), SYNC_REPLICAS_HAS_RECOVERED);
    assert_shown(&f, "in-sync", 1500);
    assert_int_equal(f.sync.late_count, 1);
    assert_int_equal(f.sync.degraded_count, 0);
}

/* Each byte is there soon, though never all of them: that is not late. */
static void test_a_steady_lag_is_not_late(void **state)
{
    struct fixture f = start(SYNC_REPLICAS_DEGRADE);

    (void)state;
    for (uint64_t released = 1500; released < 100000; released += 500) {
        assert_int_equal(look(&f, 300, released, released - 500), SYNC_REPLICAS_NO_NEWS);
        assert_shown(&f, "in-sync", released - 500);
    }
}

static void test_degrades_until_they_are_near_again(void **state)
{
    struct fixture f = start(SYNC_REPLICAS_DEGRADE);

    (void)state;
    assert_int_equal(look(&f, 500, 1500, 1000), SYNC_REPLICAS_NO_NEWS);
    assert_int_equal(look(&f, 1000, 1600, 1000), SYNC_REPLICAS_HAS_DEGRADED);
    assert_shown(&f, "degraded", ALL);
    assert_int_equal(f.sync.degraded_count, 1);
    assert_true(f.sync.degraded_wall_ms == 1700000000000 + 6500);
    assert_int_equal(look(&f, 60000, 9000, 0), SYNC_REPLICAS_NO_NEWS);
    /* It has what was the goal a minute ago: that is far away. */
    assert_int_equal(look(&f, 10, 9100, 1600), SYNC_REPLICAS_NO_NEWS);
    assert_shown(&f, "degraded", ALL);
    assert_int_equal(look(&f, 500, 9200, 9000), SYNC_REPLICAS_NO_NEWS);
    assert_int_equal(look(&f, 100, 9300, 9100), SYNC_REPLICAS_HAS_RECOVERED);
    assert_shown(&f, "in-sync", 9200); /* Shown at the last look, so it stays shown; the rest is held. */
    look(&f, 10, 9300, 9300);
    assert_shown(&f, "in-sync", 9300);
    assert_int_equal(f.sync.degraded_count, 1);
}

static void test_a_stricter_policy_holds_at_once(void **state)
{
    struct fixture f = start(SYNC_REPLICAS_DEGRADE);

    (void)state;
    look(&f, 0, 1500, 1000);
    assert_int_equal(look(&f, 1000, 1600, 1000), SYNC_REPLICAS_HAS_DEGRADED);
    f.view.policy = SYNC_REPLICAS_WAIT;
    look(&f, 10, 1700, 1000);
    assert_shown(&f, "in-sync", 1600);
}

/* Whatever comes in whatever order, what was shown is never unshown, and nothing is shown beyond what is released. */
static void test_what_is_shown_never_goes_back(void **state)
{
    uint64_t seed = 12345;

    (void)state;
    for (int round = 0; round < 200; round++) {
        struct fixture f = start(round % 2 == 0 ? SYNC_REPLICAS_WAIT : SYNC_REPLICAS_DEGRADE);
        uint64_t released = 1000;
        uint64_t durable = 1000;
        uint64_t shown = 1000;

        for (int i = 0; i < 300; i++) {
            uint64_t now_shown;

            seed = seed * 6364136223846793005u + 1442695040888963407u;
            released += (seed >> 33) % 3 == 0 ? (seed >> 40) % 100 : 0;
            durable = (seed >> 35) % 5 == 0 ? released : durable;
            f.view.wanted = (seed >> 45) % 20 == 0 ? 0 : 1;
            look(&f, (seed >> 50) % 400, released, (seed >> 37) % 7 == 0 ? 0 : durable);
            now_shown = sync_replicas_offset(&f.sync) < released ? sync_replicas_offset(&f.sync) : released;
            assert_true(now_shown >= shown);
            shown = now_shown;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_off_holds_nothing),
        cmocka_unit_test(test_shows_what_replicas_have),
        cmocka_unit_test(test_nothing_counts_before_a_replica_has_said_so),
        cmocka_unit_test(test_a_promoted_one_shows_what_it_has),
        cmocka_unit_test(test_waits_for_ever_and_says_so_once),
        cmocka_unit_test(test_a_steady_lag_is_not_late),
        cmocka_unit_test(test_degrades_until_they_are_near_again),
        cmocka_unit_test(test_a_stricter_policy_holds_at_once),
        cmocka_unit_test(test_what_is_shown_never_goes_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
