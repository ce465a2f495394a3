#include "replication/acks.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* "name@offset" of each remembered replica, longest away first. */
static const char *absent(const struct acks *acks)
{
    static char text[256];
    size_t len = 0;

    text[0] = '\0';
    LIST_FOR_EACH(&acks->absent, node)
    {
        const struct ack *ack = LIST_ENTRY(node, struct ack, node);

        len += (size_t)snprintf(text + len, sizeof(text) - len, "%s@%" PRIu64 " ", ack->name, ack->offset);
    }
    return text;
}

static void test_only_online_replicas_that_have_it_count(void **state)
{
    struct acks acks;
    struct ack one;
    struct ack two;

    (void)state;
    acks_init(&acks);
    acks_join(&acks, &one, "one", 100);
    acks_join(&acks, &two, "two", 100);
    assert_int_equal(acks_count(&acks, 100), 0);
    one.is_online = true;
    two.is_online = true;
    assert_int_equal(acks_count(&acks, 100), 2);
    assert_true(acks_update(&one, 150, 10));
    assert_int_equal(acks_count(&acks, 150), 1);
    assert_int_equal(acks_count(&acks, 151), 0);
    acks_leave(&acks, &one, 20, false);
    assert_int_equal(acks_count(&acks, 100), 1);
    acks_leave(&acks, &two, 20, false);
    acks_release(&acks);
}

/* What a replica has kept counts for WAIT, what is on its disk for WAITAOF and sync-replicas. */
static void test_disks_are_counted_apart(void **state)
{
    struct acks acks;
    struct ack one;
    struct ack stock;

    (void)state;
    acks_init(&acks);
    acks_join(&acks, &one, "one", 100);
    acks_join(&acks, &stock, "stock", 100);
    one.is_online = true;
    stock.is_online = true;
    assert_int_equal(acks_count_durable(&acks, 0), 2); /* As Redis: who has nothing to have has it. */
    assert_int_equal(acks_count_durable(&acks, 1), 0); /* Neither has said anything of its disk. */
    assert_true(acks_update(&one, 150, 10));
    assert_true(acks_update_durable(&one, 120));
    assert_false(acks_update_durable(&one, 110));
    assert_int_equal(acks_count_durable(&acks, 120), 1);
    assert_int_equal(acks_count_durable(&acks, 121), 0);
    assert_int_equal(acks_durable_of(&acks, 1), 120);
    assert_int_equal(acks_durable_of(&acks, 2), 0);
    assert_true(acks_update_durable(&stock, 130));
    assert_int_equal(acks_durable_of(&acks, 1), 130);
    assert_int_equal(acks_durable_of(&acks, 2), 120);
    assert_int_equal(acks_durable_of(&acks, 3), 0);
    one.is_online = false;
    assert_int_equal(acks_count_durable(&acks, 120), 1);
    assert_int_equal(acks_durable_of(&acks, 2), 0);
    acks_leave(&acks, &one, 20, false);
    acks_leave(&acks, &stock, 20, false);
    acks_release(&acks);
}

static void test_acknowledgements_never_go_back(void **state)
{
    struct acks acks;
    struct ack one;

    (void)state;
    acks_init(&acks);
    acks_join(&acks, &one, "one", 100);
    assert_true(acks_update(&one, 200, 1));
    assert_false(acks_update(&one, 150, 2));
    assert_int_equal(one.offset, 200);
    assert_int_equal(one.heard_ms, 2); /* It was heard nevertheless. */
    acks_leave(&acks, &one, 3, false);
    acks_release(&acks);
}

static void test_good_ones_were_heard_lately(void **state)
{
    struct acks acks;
    struct ack one;

    (void)state;
    acks_init(&acks);
    acks_join(&acks, &one, "one", 0);
    one.is_online = true;
    acks_update(&one, 1, 5000);
    assert_int_equal(acks_count_good(&acks, 15000, 10000), 1);
    assert_int_equal(acks_count_good(&acks, 15001, 10000), 0);
    acks_leave(&acks, &one, 0, false);
    acks_release(&acks);
}

static void test_who_leaves_is_remembered_until_it_is_back(void **state)
{
    struct acks acks;
    struct ack one;
    struct ack two;

    (void)state;
    acks_init(&acks);
    acks_join(&acks, &one, "one", 100);
    acks_join(&acks, &two, "two", 200);
    acks_leave(&acks, &two, 1, true);
    acks_leave(&acks, &one, 2, true);
    assert_string_equal(absent(&acks), "two@200 one@100 ");
    acks_join(&acks, &two, "two", 300);
    assert_string_equal(absent(&acks), "one@100 ");
    acks_leave(&acks, &two, 3, false);
    assert_string_equal(absent(&acks), "one@100 ");
    acks_forget_all(&acks);
    assert_string_equal(absent(&acks), "");
    acks_release(&acks);
}

/* A replica that reconnects before its old connection is found dead: the old one's end must not leave two of it. */
static void test_two_connections_of_one_replica_are_remembered_once(void **state)
{
    struct acks acks;
    struct ack old;
    struct ack new;

    (void)state;
    acks_init(&acks);
    acks_join(&acks, &old, "one", 100);
    acks_join(&acks, &new, "one", 150);
    acks_leave(&acks, &old, 1, true);
    assert_string_equal(absent(&acks), ""); /* It is not away. */
    acks_leave(&acks, &new, 2, true);
    assert_string_equal(absent(&acks), "one@150 ");
    acks_release(&acks);
}

static void test_the_lowest_is_that_of_whoever_has_least(void **state)
{
    struct acks acks;
    struct ack one;
    struct ack two;
    struct ack syncing;

    (void)state;
    acks_init(&acks);
    assert_int_equal(acks_lowest(&acks), 0);
    acks_join(&acks, &syncing, "syncing", 0);
    assert_int_equal(acks_lowest(&acks), 0);
    acks_join(&acks, &one, "one", 300);
    acks_join(&acks, &two, "two", 200);
    one.is_online = two.is_online = true;
    assert_int_equal(acks_lowest(&acks), 200);
    acks_leave(&acks, &two, 1, true);
    assert_int_equal(acks_lowest(&acks), 200);
    acks_leave(&acks, &one, 2, false);
    acks_leave(&acks, &syncing, 2, false);
    assert_int_equal(acks_lowest(&acks), 200);
    acks_release(&acks);
}

static void test_too_many_absent_ones_let_the_oldest_go(void **state)
{
    struct acks acks;
    struct ack one;

    (void)state;
    acks_init(&acks);
    for (unsigned i = 0; i < ACKS_ABSENT_MAX + 3; i++) {
        char name[16];

        snprintf(name, sizeof(name), "%u", i);
        acks_join(&acks, &one, name, i);
        acks_leave(&acks, &one, i, true);
    }
    assert_int_equal(acks.absent_count, ACKS_ABSENT_MAX);
    assert_string_equal(LIST_ENTRY(acks.absent.head.next, struct ack, node)->name, "3");
    acks_release(&acks);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_only_online_replicas_that_have_it_count),
        cmocka_unit_test(test_disks_are_counted_apart),
        cmocka_unit_test(test_acknowledgements_never_go_back),
        cmocka_unit_test(test_good_ones_were_heard_lately),
        cmocka_unit_test(test_who_leaves_is_remembered_until_it_is_back),
        cmocka_unit_test(test_two_connections_of_one_replica_are_remembered_once),
        cmocka_unit_test(test_the_lowest_is_that_of_whoever_has_least),
        cmocka_unit_test(test_too_many_absent_ones_let_the_oldest_go),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
