#include "base/memory.h"
#include "server/acl/acl_catalog.h"
#include "server/acl/acl_selector.h"
#include "server/request/registry.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

struct fixture {
    struct commands *commands;
    struct acl_catalog *catalog;
    struct acl_selector *selector;
    size_t index; /* Of the word that was denied last. */
};

static int setup(void **state)
{
    struct fixture *f = memory_allocate_zeroed(sizeof(*f));
    struct acl_terms terms = {.begins_with_channels = false};

    f->commands = commands_create();
    f->catalog = acl_catalog_create(f->commands);
    terms.catalog = f->catalog;
    f->selector = acl_selector_create(&terms);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    acl_selector_free(f->selector);
    acl_catalog_free(f->catalog);
    commands_free(f->commands);
    memory_free(f);
    return 0;
}

static enum acl_rule_error apply(struct fixture *f, const char *rules)
{
    return acl_selector_apply_all(f->selector, f->catalog, slice_of(rules));
}

/* What the selector says of a request, its words parted by blanks. */
static enum acl_verdict check(struct fixture *f, const char *text)
{
    struct slice words[8];
    struct acl_request request = {.argv = words};
    struct command_entry *container;

    for (const char *at = text; *at != '\0';) {
        words[request.argc] = slice_make(at, strcspn(at, " "));
        at += words[request.argc].len + (at[words[request.argc].len] == ' ');
        request.argc++;
    }
    request.entry = commands_resolve(f->commands, words, request.argc, &container);
    assert_non_null(request.entry);
    return acl_selector_check(f->selector, &request, &f->index);
}

static void test_commands_are_allowed_one_by_one_and_by_category(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(apply(f, "~*"), ACL_RULE_FINE);
    assert_int_equal(check(f, "get a"), ACL_DENIED_COMMAND);
    assert_int_equal(apply(f, "+GET +@Hash -hdel +config|get"), ACL_RULE_FINE);
    assert_int_equal(check(f, "get a"), ACL_ALLOWED);
    assert_int_equal(check(f, "hset a b c"), ACL_ALLOWED);
    assert_int_equal(check(f, "hdel a b"), ACL_DENIED_COMMAND);
    assert_int_equal(check(f, "config get a"), ACL_ALLOWED);
    assert_int_equal(check(f, "config set a b"), ACL_DENIED_COMMAND);
    assert_int_equal(apply(f, "+config -config|set"), ACL_RULE_FINE);
    assert_int_equal(check(f, "config rewrite"), ACL_ALLOWED);
    assert_int_equal(check(f, "config set a b"), ACL_DENIED_COMMAND);
}

static void test_who_may_do_all_may_do_no_more_once_one_is_forbidden(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(apply(f, "allkeys +@all"), ACL_RULE_FINE);
    assert_true(f->selector->has_all_commands);
    assert_int_equal(apply(f, "-get +get"), ACL_RULE_FINE);
    assert_false(f->selector->has_all_commands);
    assert_true(f->selector->has_future);
    assert_int_equal(check(f, "get a"), ACL_ALLOWED);
    assert_int_equal(apply(f, "nocommands"), ACL_RULE_FINE);
    assert_int_equal(check(f, "get a"), ACL_DENIED_COMMAND);
}

static void test_logging_in_is_never_forbidden(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(check(f, "auth a b"), ACL_ALLOWED);
    assert_int_equal(check(f, "hello 3"), ACL_ALLOWED);
    assert_int_equal(check(f, "ping"), ACL_DENIED_COMMAND);
}

static void test_a_first_argument_is_allowed_until_the_command_is_ruled_anew(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(apply(f, "+select|0 +SELECT|0 +select|7"), ACL_RULE_FINE);
    assert_int_equal(f->selector->first_arguments.count, 2);
    assert_int_equal(check(f, "select 0"), ACL_ALLOWED);
    assert_int_equal(check(f, "select 1"), ACL_DENIED_COMMAND);
    assert_int_equal(apply(f, "-select"), ACL_RULE_FINE);
    assert_int_equal(check(f, "select 0"), ACL_DENIED_COMMAND);
}

static void test_keys_are_allowed_by_what_is_done_with_them(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(apply(f, "+@all %R~r* %W~w* ~b*"), ACL_RULE_FINE);
    assert_int_equal(check(f, "get r1"), ACL_ALLOWED);
    assert_int_equal(check(f, "set r1 v"), ACL_DENIED_KEY);
    assert_int_equal(f->index, 1);
    assert_int_equal(check(f, "set w1 v"), ACL_ALLOWED);
    assert_int_equal(check(f, "set w1 v get"), ACL_DENIED_KEY);
    assert_int_equal(check(f, "copy r1 w1"), ACL_ALLOWED);
    assert_int_equal(check(f, "copy w1 r1"), ACL_DENIED_KEY);
    assert_int_equal(check(f, "mget b1 r1 x b2"), ACL_DENIED_KEY);
    assert_int_equal(f->index, 3);
    assert_int_equal(check(f, "exists x"), ACL_DENIED_KEY); /* Neither reads nor writes: any pattern will do, */
    assert_int_equal(check(f, "exists w1"), ACL_ALLOWED);   /* but one must match. */
    assert_int_equal(apply(f, "%R~w*"), ACL_RULE_FINE);     /* Both rights together now. */
    assert_int_equal(check(f, "set w1 v get"), ACL_ALLOWED);
}

static void test_keys_that_cannot_be_told_are_not_denied(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(apply(f, "+@all ~a"), ACL_RULE_FINE);
    assert_int_equal(check(f, "zunionstore x 1 a"), ACL_DENIED_KEY);
    assert_int_equal(check(f, "zunionstore x many a"), ACL_ALLOWED); /* It will be refused for its words. */
}

static void test_a_pattern_of_channels_is_taken_as_it_stands(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(apply(f, "+@all &news.* &x"), ACL_RULE_FINE);
    assert_int_equal(check(f, "publish news.de m"), ACL_ALLOWED);
    assert_int_equal(check(f, "spublish old m"), ACL_DENIED_CHANNEL);
    assert_int_equal(check(f, "subscribe x news.1 y"), ACL_DENIED_CHANNEL);
    assert_int_equal(f->index, 3);
    assert_int_equal(check(f, "psubscribe news.*"), ACL_ALLOWED);
    assert_int_equal(check(f, "psubscribe news.d*"), ACL_DENIED_CHANNEL);
    assert_int_equal(check(f, "unsubscribe y"), ACL_ALLOWED);
    assert_int_equal(apply(f, "allchannels"), ACL_RULE_FINE);
    assert_int_equal(check(f, "psubscribe *"), ACL_ALLOWED);
}

static void test_faulty_rules_change_nothing(void **state)
{
    static const struct {
        const char *rule;
        enum acl_rule_error error;
    } faults[] = {
        {"+nosuch", ACL_RULE_UNKNOWN},
        {"-@nosuch", ACL_RULE_UNKNOWN},
        {"+config|nosuch", ACL_RULE_UNKNOWN},
        {"+config|get|x", ACL_RULE_DEEP},
        {"+get|", ACL_RULE_SYNTAX},
        {"-get|a", ACL_RULE_UNKNOWN},
        {"+", ACL_RULE_UNKNOWN},
        {"bogus", ACL_RULE_SYNTAX},
        {"~c", ACL_RULE_KEYS_AFTER_ALL},
        {"&c", ACL_RULE_CHANNELS_AFTER_ALL},
    };
    struct fixture *f = *state;

    assert_int_equal(apply(f, "%~a"), ACL_RULE_SYNTAX);
    assert_int_equal(apply(f, "%RR~a"), ACL_RULE_SYNTAX);
    assert_int_equal(apply(f, "%X~a"), ACL_RULE_SYNTAX);
    assert_int_equal(f->selector->keys.count, 0);
    assert_int_equal(apply(f, "+@all -get allkeys allchannels"), ACL_RULE_FINE);
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        assert_int_equal(acl_selector_apply(f->selector, f->catalog, slice_of(faults[i].rule)), faults[i].error);
    }
    assert_int_equal(acl_selector_apply(f->selector, f->catalog, slice_of("+get|a b")), ACL_RULE_SYNTAX);
    assert_true(f->selector->has_all_keys && f->selector->has_all_channels && f->selector->has_future);
    assert_int_equal(f->selector->first_arguments.count + f->selector->keys.count + f->selector->channels.count, 0);
    assert_int_equal(check(f, "get a"), ACL_DENIED_COMMAND);
}

static void test_all_keys_may_be_read_with_a_star(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(apply(f, "%W~* ~a*"), ACL_RULE_FINE);
    assert_false(acl_selector_allows_all_keys(f->selector, ACL_KEY_READ));
    assert_true(acl_selector_allows_all_keys(f->selector, ACL_KEY_WRITE));
    assert_int_equal(apply(f, "%R~*"), ACL_RULE_FINE);
    assert_true(acl_selector_allows_all_keys(f->selector, ACL_KEY_ANY));
}

static void test_commands_of_redis_that_are_not_here_can_be_named(void **state)
{
    struct fixture *f = *state;
    uint32_t number;
    uint32_t container;

    assert_true(acl_catalog_find(f->catalog, slice_of("cluster"), &container));
    assert_true(acl_catalog_find(f->catalog, slice_of("Cluster|NODES"), &number));
    assert_true(number > container && number <= container + acl_catalog_at(f->catalog, container)->subcommand_count);
    assert_int_equal(apply(f, "+cluster|nodes"), ACL_RULE_FINE);
    assert_true(acl_selector_has_command(f->selector, number));
    assert_false(acl_selector_has_command(f->selector, container));
    assert_int_equal(apply(f, "-cluster"), ACL_RULE_FINE);
    assert_false(acl_selector_has_command(f->selector, number));
}

static void test_no_command_is_listed_twice(void **state)
{
    struct fixture *f = *state;

    for (uint32_t i = 0; i < acl_catalog_count(f->catalog); i++) {
        uint32_t first;

        assert_true(acl_catalog_find(f->catalog, slice_of(acl_catalog_at(f->catalog, i)->full_name), &first));
        assert_int_equal(first, i);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_commands_are_allowed_one_by_one_and_by_category),
        TEST(test_who_may_do_all_may_do_no_more_once_one_is_forbidden),
        TEST(test_logging_in_is_never_forbidden),
        TEST(test_a_first_argument_is_allowed_until_the_command_is_ruled_anew),
        TEST(test_keys_are_allowed_by_what_is_done_with_them),
        TEST(test_keys_that_cannot_be_told_are_not_denied),
        TEST(test_a_pattern_of_channels_is_taken_as_it_stands),
        TEST(test_faulty_rules_change_nothing),
        TEST(test_all_keys_may_be_read_with_a_star),
        TEST(test_commands_of_redis_that_are_not_here_can_be_named),
        TEST(test_no_command_is_listed_twice),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
