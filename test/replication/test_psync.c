#include "replication/psync.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define OURS    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define FORMER  "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define FOREIGN "cccccccccccccccccccccccccccccccccccccccc"
#define NO_ID   "0000000000000000000000000000000000000000"

/* A log of bytes 100 to 1000 of OURS, which grew out of FORMER at 500. */
struct fixture {
    struct history history;
    struct psync_log log;
    enum status hash_status;
    char transcript[512];
};

/* The hash at a position is its double, so that a test can tell it. */
static enum status hash_at(void *context, uint64_t position, uint64_t *hash)
{
    struct fixture *f = context;

    if (f->hash_status == STATUS_OK) {
        *hash = position * 2;
    }
    return f->hash_status;
}

static struct fixture make_fixture(void)
{
    struct fixture f = {.history = {.id = OURS, .previous_id = FORMER, .previous_end = 500}};

    f.log = (struct psync_log){.first = 100, .end = 1000, .hash_at = hash_at};
    return f;
}

static const char *decide(struct fixture *f, struct psync_request request)
{
    struct psync_decision decision;

    f->log.history = &f->history;
    f->log.context = f;
    psync_decide(&request, &f->log, &decision);
    switch (decision.outcome) {
    case PSYNC_PARTIAL:
        snprintf(f->transcript, sizeof(f->transcript), "partial from %" PRIu64 ", %s", decision.position,
                 decision.reason);
        break;
    case PSYNC_FULL:
        snprintf(f->transcript, sizeof(f->transcript), "full, %s", decision.reason);
        break;
    case PSYNC_LATER:
        snprintf(f->transcript, sizeof(f->transcript), "later, %s", decision.reason);
        break;
    }
    return f->transcript;
}

static struct psync_request request(const char *id, int64_t offset)
{
    return (struct psync_request){.id = slice_of(id), .also_id = slice_empty(), .offset = offset};
}

static void test_wire_offset_is_the_first_byte_wanted_counted_from_one(void **state)
{
    struct fixture f = make_fixture();

    (void)state;
    assert_string_equal(decide(&f, request(OURS, 1001)), "partial from 1000, 0 bytes to catch up");
    assert_string_equal(decide(&f, request(OURS, 1000)), "partial from 999, 1 bytes to catch up");
    assert_string_equal(decide(&f, request(OURS, 101)), "partial from 100, 900 bytes to catch up");
    f.log.first = 0;
    assert_string_equal(decide(&f, request(OURS, 1)), "partial from 0, 1000 bytes to catch up");
}

static void test_outside_the_log_is_a_full_sync_with_its_reason(void **state)
{
    struct fixture f = make_fixture();

    (void)state;
    assert_string_equal(decide(&f, request(OURS, 100)), "full, offset 99 is before the log, which begins at 100");
    assert_string_equal(decide(&f, request(OURS, 1002)), "full, offset 1001 is past the log, which ends at 1000");
    assert_string_equal(decide(&f, request(OURS, INT64_MAX)),
                        "full, offset 9223372036854775806 is past the log, which ends at 1000");
}

static void test_previous_history_is_shared_up_to_its_end_only(void **state)
{
    struct fixture f = make_fixture();

    (void)state;
    assert_string_equal(decide(&f, request(FORMER, 501)), "partial from 500, 500 bytes to catch up");
    assert_string_equal(decide(&f, request(FORMER, 502)),
                        "full, history bbbbbbbb ended at offset 500 here, the replica is at 501");
    assert_string_equal(decide(&f, request(FORMER, 100)), "full, offset 99 is before the log, which begins at 100");
}

static void test_unknown_or_missing_history_is_a_full_sync(void **state)
{
    struct fixture f = make_fixture();

    (void)state;
    assert_string_equal(decide(&f, request(FOREIGN, 501)), "full, history cccccccc is unknown here");
    assert_string_equal(decide(&f, request("?", -1)), "full, first sync: the replica has no history");
    assert_string_equal(decide(&f, request("", -1)), "full, first sync: the replica has no history");
    assert_string_equal(decide(&f, request(OURS, -1)), "full, offset -1 is none");
    assert_string_equal(decide(&f, request(OURS, 0)), "full, offset 0 is none");
    assert_string_equal(decide(&f, request(OURS, INT64_MIN)), "full, offset -9223372036854775808 is none");
}

static void test_no_previous_history_matches_nothing(void **state)
{
    struct fixture f = make_fixture();

    (void)state;
    f.history.previous_end = -1;
    memcpy(f.history.previous_id, NO_ID, sizeof(NO_ID));
    f.log.first = 0;
    assert_string_equal(decide(&f, request(NO_ID, 2)), "full, history 00000000 is unknown here");
    assert_string_equal(decide(&f, request(NO_ID, 1)), "full, first sync: the replica holds nothing");
}

static void test_running_hash_must_agree(void **state)
{
    struct fixture f = make_fixture();
    struct psync_request told = request(OURS, 701);

    (void)state;
    told.has_hash = true;
    told.hash = 1400;
    assert_string_equal(decide(&f, told), "partial from 700, 300 bytes to catch up");
    told.hash = 1401;
    assert_string_equal(decide(&f, told), "full, diverged at offset 700: running hash 0000000000000579 there, "
                                          "0000000000000578 here");
    f.hash_status = STATUS_CORRUPT;
    assert_string_equal(decide(&f, told), "full, running hash at offset 700 cannot be read: corrupt");
}

static void test_other_true_id_counts_as_well(void **state)
{
    struct fixture f = make_fixture();
    struct psync_request told = request(FOREIGN, 501);

    (void)state;
    told.also_id = slice_of(FORMER);
    assert_string_equal(decide(&f, told), "partial from 500, 500 bytes to catch up");
    told.offset = 502;
    assert_string_equal(decide(&f, told), "full, history bbbbbbbb ended at offset 500 here, the replica is at 501");
    told.also_id = slice_of(OURS);
    assert_string_equal(decide(&f, told), "partial from 501, 499 bytes to catch up");
}

static void test_replica_ahead_of_a_moving_one_asks_again(void **state)
{
    struct fixture f = make_fixture();

    (void)state;
    f.log.is_catching_up = true;
    assert_string_equal(decide(&f, request(OURS, 1002)), "later, offset 1001 is past the log, which ends at 1000");
    assert_string_equal(decide(&f, request(OURS, 99)), "full, offset 98 is before the log, which begins at 100");
    assert_string_equal(decide(&f, request(FORMER, 1002)),
                        "full, history bbbbbbbb ended at offset 500 here, the replica is at 1001");
}

static void test_offer_names_both_ids_while_nothing_was_written(void **state)
{
    struct history history = make_fixture().history;
    struct psync_offer offer = psync_offer_make(&history, 501);

    (void)state;
    assert_string_equal(offer.id, OURS);
    assert_null(offer.also_id);
    assert_int_equal(offer.offset, 502);

    offer = psync_offer_make(&history, 500);
    assert_string_equal(offer.id, FORMER);
    assert_string_equal(offer.also_id, OURS);
    assert_int_equal(offer.offset, 501);

    history.previous_end = -1;
    offer = psync_offer_make(&history, 0);
    assert_string_equal(offer.id, OURS);
    assert_null(offer.also_id);
}

static void test_lone_tail_begins_where_the_histories_part(void **state)
{
    struct history demoted = {.id = FORMER, .previous_id = NO_ID, .previous_end = -1};
    struct history promoted = make_fixture().history;
    struct history foreign = {.id = FOREIGN, .previous_id = NO_ID, .previous_end = -1};
    struct history sister = {.id = FOREIGN, .previous_id = FORMER, .previous_end = 450};
    bool is_related;

    (void)state;
    assert_int_equal(psync_lone_tail(&demoted, 650, &promoted, 900, &is_related), 500);
    assert_true(is_related);
    assert_int_equal(psync_lone_tail(&demoted, 480, &promoted, 900, &is_related), 480);
    assert_int_equal(psync_lone_tail(&promoted, 650, &demoted, 900, &is_related), 500);
    assert_int_equal(psync_lone_tail(&promoted, 650, &promoted, 600, &is_related), 600);
    assert_int_equal(psync_lone_tail(&promoted, 650, &sister, 900, &is_related), 450);
    assert_true(is_related);
    assert_int_equal(psync_lone_tail(&demoted, 650, &foreign, 900, &is_related), 650);
    assert_false(is_related);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wire_offset_is_the_first_byte_wanted_counted_from_one),
        cmocka_unit_test(test_outside_the_log_is_a_full_sync_with_its_reason),
        cmocka_unit_test(test_previous_history_is_shared_up_to_its_end_only),
        cmocka_unit_test(test_unknown_or_missing_history_is_a_full_sync),
        cmocka_unit_test(test_no_previous_history_matches_nothing),
        cmocka_unit_test(test_running_hash_must_agree),
        cmocka_unit_test(test_other_true_id_counts_as_well),
        cmocka_unit_test(test_replica_ahead_of_a_moving_one_asks_again),
        cmocka_unit_test(test_offer_names_both_ids_while_nothing_was_written),
        cmocka_unit_test(test_lone_tail_begins_where_the_histories_part),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
