#include "replication/failover.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define START 50000u

/* A master at offset 1000 with two replicas, "a" port 1 and "b" port 2. */
struct fixture {
    struct failover failover;
    struct failover_candidate candidates[2];
    struct failover_view view;
    const char *reason;
};

static struct fixture start(void)
{
    struct fixture f = {.view = {.now_ms = START, .end = 1000, .count = 2}};

    f.candidates[0] = (struct failover_candidate){"a", 1, true, true, 900};
    f.candidates[1] = (struct failover_candidate){"b", 2, true, true, 900};
    return f;
}

#define START_FIXTURE(f)                                                                                               \
    struct fixture f = start();                                                                                        \
    f.view.candidates = f.candidates

static const char *begin(struct fixture *f, const char *host, int64_t port, uint64_t timeout_ms, bool is_forced)
{
    const struct failover_request request = {host, port, timeout_ms, is_forced};

    return failover_begin(&f->failover, &request, &f->view);
}

static enum failover_action look(struct fixture *f)
{
    f->reason = "";
    return failover_look(&f->failover, &f->view, &f->reason);
}

static void assert_state(const struct fixture *f, enum failover_state state, const char *host, unsigned port)
{
    assert_int_equal(f->failover.state, state);
    assert_string_equal(f->failover.host, host);
    assert_int_equal(f->failover.port, port);
}

static void reach_progress(struct fixture *f)
{
    assert_null(begin(f, NULL, 0, 0, false));
    f->candidates[1].offset = 1000;
    assert_int_equal(look(f), FAILOVER_DO_FOLLOW);
}

static void test_goes_to_the_first_replica_that_has_everything(void **state)
{
    START_FIXTURE(f);

    (void)state;
    assert_null(begin(&f, NULL, 0, 0, false));
    assert_state(&f, FAILOVER_WAITING, "", 0);
    f.view.now_ms += 1000000; /* There is no time-out unless one is given. */
    assert_int_equal(look(&f), FAILOVER_DO_NOTHING);
    f.candidates[1].offset = 999;
    assert_int_equal(look(&f), FAILOVER_DO_NOTHING);
    f.candidates[1].offset = 1000;
    assert_int_equal(look(&f), FAILOVER_DO_FOLLOW);
    assert_state(&f, FAILOVER_IN_PROGRESS, "b", 2);
    assert_int_equal(look(&f), FAILOVER_DO_NOTHING);
    assert_int_equal(failover_answer(&f.failover, FAILOVER_ACCEPTED), FAILOVER_DO_END);
    assert_state(&f, FAILOVER_NONE, "", 0);
}

static void test_waits_for_the_replica_that_was_named(void **state)
{
    START_FIXTURE(f);

    (void)state;
    assert_null(begin(&f, "a", 1, 0, false));
    f.candidates[1].offset = 1000;
    assert_int_equal(look(&f), FAILOVER_DO_NOTHING);
    f.view.count = 0; /* It may come back. */
    assert_int_equal(look(&f), FAILOVER_DO_NOTHING);
    f.view.count = 2;
    f.candidates[0].offset = 1000;
    assert_int_equal(look(&f), FAILOVER_DO_FOLLOW);
    assert_state(&f, FAILOVER_IN_PROGRESS, "a", 1);
}

/* A place in the log that a replica told before it left is none that it has acknowledged now. */
static void test_only_an_acknowledgement_of_the_stream_counts(void **state)
{
    START_FIXTURE(f);

    (void)state;
    assert_null(begin(&f, NULL, 0, 0, false));
    f.candidates[0] = (struct failover_candidate){"a", 1, true, false, 1000};
    f.candidates[1] = (struct failover_candidate){"b", 2, false, true, 1000};
    assert_int_equal(look(&f), FAILOVER_DO_NOTHING);
    f.candidates[0].has_acknowledged = true;
    assert_int_equal(look(&f), FAILOVER_DO_FOLLOW);
}

static void test_ends_when_its_time_is_over(void **state)
{
    START_FIXTURE(f);

    (void)state;
    assert_null(begin(&f, "a", 1, 500, false));
    f.view.now_ms = START + 499;
    assert_int_equal(look(&f), FAILOVER_DO_NOTHING);
    f.view.now_ms = START + 500;
    f.candidates[0].offset = 1000; /* Too late. */
    assert_int_equal(look(&f), FAILOVER_DO_END);
    assert_string_equal(f.reason, "no replica caught up before the time was over");
    assert_state(&f, FAILOVER_NONE, "", 0);
}

static void test_force_does_not_wait_longer_than_its_time(void **state)
{
    START_FIXTURE(f);

    (void)state;
    assert_null(begin(&f, "a", 1, 500, true));
    f.view.count = 0; /* Not even for one that is there. */
    f.view.now_ms = START + 500;
    assert_int_equal(look(&f), FAILOVER_DO_FOLLOW);
    assert_state(&f, FAILOVER_IN_PROGRESS, "a", 1);
}

static void test_abort_takes_back_what_was_done(void **state)
{
    START_FIXTURE(f);

    (void)state;
    assert_int_equal(failover_abort(&f.failover), FAILOVER_DO_NOTHING);
    assert_null(begin(&f, NULL, 0, 0, false));
    assert_int_equal(failover_abort(&f.failover), FAILOVER_DO_END);
    assert_state(&f, FAILOVER_NONE, "", 0);
    reach_progress(&f);
    assert_int_equal(failover_abort(&f.failover), FAILOVER_DO_PROMOTE);
    assert_state(&f, FAILOVER_NONE, "", 0);
}

static void test_refusal_makes_a_master_again(void **state)
{
    START_FIXTURE(f);

    (void)state;
    reach_progress(&f);
    assert_int_equal(failover_answer(&f.failover, FAILOVER_REFUSED), FAILOVER_DO_PROMOTE);
    f = start();
    f.view.candidates = f.candidates;
    reach_progress(&f);
    assert_int_equal(failover_answer(&f.failover, FAILOVER_MISMATCHED), FAILOVER_DO_PROMOTE);
    assert_state(&f, FAILOVER_NONE, "", 0);
}

/* After a restart nobody knows what happened meanwhile, so no answer makes a second master. */
static void test_resumed_one_never_promotes_by_itself(void **state)
{
    START_FIXTURE(f);

    (void)state;
    failover_resume(&f.failover, "b", 2);
    assert_state(&f, FAILOVER_IN_PROGRESS, "b", 2);
    assert_int_equal(failover_answer(&f.failover, FAILOVER_REFUSED), FAILOVER_DO_NOTHING);
    assert_state(&f, FAILOVER_IN_PROGRESS, "b", 2);
    assert_int_equal(failover_answer(&f.failover, FAILOVER_MISMATCHED), FAILOVER_DO_END);
    assert_state(&f, FAILOVER_NONE, "", 0);
    failover_resume(&f.failover, "b", 2);
    assert_int_equal(failover_answer(&f.failover, FAILOVER_ACCEPTED), FAILOVER_DO_END);
    failover_resume(&f.failover, "b", 2);
    assert_int_equal(failover_abort(&f.failover), FAILOVER_DO_PROMOTE); /* But it can be told to. */
}

static void test_refusals_have_redis_words(void **state)
{
    START_FIXTURE(f);

    (void)state;
    assert_string_equal(begin(&f, "a", 1, 0, true),
                        "ERR FAILOVER with force option requires both a timeout and target HOST and IP.");
    assert_string_equal(begin(&f, NULL, 0, 500, true),
                        "ERR FAILOVER with force option requires both a timeout and target HOST and IP.");
    assert_string_equal(begin(&f, "a", 2, 0, false), "ERR FAILOVER target HOST and PORT is not a replica.");
    assert_string_equal(begin(&f, "a", 65537, 0, false), "ERR FAILOVER target HOST and PORT is not a replica.");
    f.candidates[0].is_online = false;
    assert_string_equal(begin(&f, "a", 1, 0, false), "ERR FAILOVER target replica is not online.");
    f.view.count = 0;
    assert_string_equal(begin(&f, NULL, 0, 0, false), "ERR FAILOVER requires connected replicas.");
    f.view.is_replica = true;
    assert_string_equal(begin(&f, NULL, 0, 0, false), "ERR FAILOVER is not valid when server is a replica.");
    assert_state(&f, FAILOVER_NONE, "", 0);
    f = start();
    f.view.candidates = f.candidates;
    assert_null(begin(&f, "b", 2, 0, false));
    assert_string_equal(begin(&f, NULL, 0, 0, false), "ERR FAILOVER already in progress.");
    assert_state(&f, FAILOVER_WAITING, "b", 2);
}

static void test_states_have_redis_words(void **state)
{
    (void)state;
    assert_string_equal(failover_state_word(FAILOVER_NONE), "no-failover");
    assert_string_equal(failover_state_word(FAILOVER_WAITING), "waiting-for-sync");
    assert_string_equal(failover_state_word(FAILOVER_IN_PROGRESS), "failover-in-progress");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_goes_to_the_first_replica_that_has_everything),
        cmocka_unit_test(test_waits_for_the_replica_that_was_named),
        cmocka_unit_test(test_only_an_acknowledgement_of_the_stream_counts),
        cmocka_unit_test(test_ends_when_its_time_is_over),
        cmocka_unit_test(test_force_does_not_wait_longer_than_its_time),
        cmocka_unit_test(test_abort_takes_back_what_was_done),
        cmocka_unit_test(test_refusal_makes_a_master_again),
        cmocka_unit_test(test_resumed_one_never_promotes_by_itself),
        cmocka_unit_test(test_refusals_have_redis_words),
        cmocka_unit_test(test_states_have_redis_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
