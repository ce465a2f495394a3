#include "server/acl/acl_log.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static int setup(void **state)
{
    *state = acl_log_create();
    return 0;
}

static int teardown(void **state)
{
    acl_log_free(*state);
    return 0;
}

static void deny(struct acl_log *log, const char *object, uint64_t now_ms, const char *client)
{
    struct acl_event event = {.verdict = ACL_DENIED_KEY,
                              .object = slice_of(object),
                              .user = slice_of("u"),
                              .client = slice_of(client),
                              .now_ms = now_ms};

    acl_log_add(log, &event);
}

/* "object*count:client " of each entry, newest first. */
static const char *content(struct acl_log *log)
{
    static _Thread_local char text[1024];
    size_t len = 0;

    text[0] = '\0';
    LIST_FOR_EACH(acl_log_entries(log), node)
    {
        const struct acl_log_entry *entry = LIST_ENTRY(node, struct acl_log_entry, node);

        len += (size_t)snprintf(text + len, sizeof(text) - len, "%.*s*%llu:%.*s ", (int)entry->object.len,
                                entry->object.data, (unsigned long long)entry->count, (int)entry->client.len,
                                entry->client.data);
    }
    return text;
}

static void test_like_denials_within_a_minute_are_one_entry(void **state)
{
    struct acl_log *log = *state;
    struct acl_event other = {.verdict = ACL_DENIED_CHANNEL,
                              .object = slice_of("a"),
                              .user = slice_of("u"),
                              .client = slice_of("4"),
                              .now_ms = 130000};

    deny(log, "a", 1000, "1");
    deny(log, "b", 2000, "1");
    deny(log, "a", 61000, "2");
    assert_string_equal(content(log), "a*2:2 b*1:1 ");
    deny(log, "a", 121001, "3"); /* A minute since the latest of them. */
    assert_string_equal(content(log), "a*1:3 a*2:2 b*1:1 ");
    acl_log_add(log, &other);
    assert_string_equal(content(log), "a*1:4 a*1:3 a*2:2 b*1:1 ");
    other.context = ACL_CONTEXT_MULTI;
    acl_log_add(log, &other);
    other.user = slice_of("v");
    acl_log_add(log, &other);
    assert_int_equal(acl_log_count(log), 6);
}

static void test_only_the_newest_ten_are_looked_at(void **state)
{
    struct acl_log *log = *state;
    char name[2] = "a";

    for (; name[0] <= 'j'; name[0]++) {
        deny(log, name, 1000, "");
    }
    deny(log, "a", 1000, "");
    assert_int_equal(acl_log_count(log), 10);
    deny(log, "k", 1000, "");
    deny(log, "b", 1000, ""); /* The eleventh. */
    assert_int_equal(acl_log_count(log), 12);
}

static void test_the_oldest_go_where_there_is_no_room(void **state)
{
    struct acl_log *log = *state;

    acl_log_set_capacity(log, 2);
    deny(log, "a", 1, "");
    deny(log, "b", 2, "");
    deny(log, "c", 3, "");
    assert_string_equal(content(log), "c*1: b*1: ");
    acl_log_set_capacity(log, 1);
    deny(log, "b", 4, "");
    assert_string_equal(content(log), "b*2: c*1: "); /* Not before a new one comes. */
    deny(log, "d", 4, "");
    assert_string_equal(content(log), "d*1: ");
    acl_log_set_capacity(log, 0);
    deny(log, "e", 4, "");
    assert_string_equal(content(log), "");
}

static void test_reset_forgets_all(void **state)
{
    struct acl_log *log = *state;

    deny(log, "a", 1, "");
    acl_log_reset(log);
    assert_int_equal(acl_log_count(log), 0);
    deny(log, "a", 1, "");
    assert_string_equal(content(log), "a*1: ");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_like_denials_within_a_minute_are_one_entry),
        TEST(test_only_the_newest_ten_are_looked_at),
        TEST(test_the_oldest_go_where_there_is_no_room),
        TEST(test_reset_forgets_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
