#include "base/buf.h"
#include "base/memory.h"
#include "base/random.h"
#include "server/acl/acl_catalog.h"
#include "server/acl/acl_user.h"
#include "server/request/category.h"
#include "server/request/registry.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define SHA_OF_P "148de9c5a7a44d19e56cd9ae1a554bf67847afb0c58f6e12fa29ac7ddfca9940"

struct fixture {
    struct commands *commands;
    struct acl_terms terms;
    struct acl_user *user;
    char text[65536];
};

static int setup(void **state)
{
    struct fixture *f = memory_allocate_zeroed(sizeof(*f));

    f->commands = commands_create();
    f->terms.catalog = acl_catalog_create(f->commands);
    f->user = acl_user_create(&f->terms, slice_of("alice"));
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    acl_user_free(f->user);
    acl_catalog_free((struct acl_catalog *)(uintptr_t)f->terms.catalog);
    commands_free(f->commands);
    memory_free(f);
    return 0;
}

/* Apply the words of `rules`; selectors stand in their own call. */
static enum acl_rule_error apply(struct fixture *f, struct acl_user *user, const char *rules)
{
    enum acl_rule_error error = ACL_RULE_FINE;

    while (*rules != '\0' && error == ACL_RULE_FINE) {
        size_t len = rules[0] == '(' ? strcspn(rules, ")") + 1 : strcspn(rules, " ");

        error = acl_user_apply(user, &f->terms, slice_make(rules, len));
        rules += len;
        rules += *rules == ' ';
    }
    return error;
}

static const char *describe(struct fixture *f, const struct acl_user *user)
{
    struct buf text;

    buf_init(&text, sizeof(f->text) - 1);
    acl_user_describe(user, f->terms.catalog, &text);
    memcpy(f->text, buf_slice(&text).data, text.len);
    f->text[text.len] = '\0';
    buf_release(&text);
    return f->text;
}

static void assert_described(struct fixture *f, const char *rules, const char *expected)
{
    assert_int_equal(apply(f, f->user, rules), ACL_RULE_FINE);
    assert_string_equal(describe(f, f->user), expected);
}

static void test_a_new_user_may_nothing(void **state)
{
    struct fixture *f = *state;

    assert_string_equal(describe(f, f->user), "off resetchannels -@all");
    assert_false(acl_user_has_password(f->user, slice_empty()));
    f->terms.begins_with_channels = true;
    assert_described(f, "reset", "off sanitize-payload &* -@all");
}

static void test_passwords_come_and_go(void **state)
{
    struct fixture *f = *state;

    assert_described(f, "on >p", "on #" SHA_OF_P " resetchannels -@all");
    assert_true(acl_user_has_password(f->user, slice_of("p")));
    assert_false(acl_user_has_password(f->user, slice_of("q")));
    assert_described(f, "#" SHA_OF_P, "on #" SHA_OF_P " resetchannels -@all"); /* Not twice. */
    assert_int_equal(apply(f, f->user, "<q"), ACL_RULE_NO_SUCH_PASSWORD);
    assert_int_equal(apply(f, f->user, "#abc"), ACL_RULE_BAD_HASH);
    assert_int_equal(apply(f, f->user, "!" SHA_OF_P "0"), ACL_RULE_BAD_HASH);
    assert_described(f, "!" SHA_OF_P, "on resetchannels -@all");
    assert_described(f, ">p nopass", "on nopass resetchannels -@all");
    assert_true(acl_user_has_password(f->user, slice_of("anything")));
    assert_described(f, ">p", "on #" SHA_OF_P " resetchannels -@all"); /* One is asked for again. */
    assert_described(f, "<p resetpass", "on resetchannels -@all");
    assert_false(acl_user_has_password(f->user, slice_of("p")));
}

static void test_only_who_may_everything_is_not_looked_at(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(apply(f, f->user, "+@all ~* &*"), ACL_RULE_FINE);
    assert_true(f->user->is_unrestricted);
    assert_int_equal(apply(f, f->user, "-flushall"), ACL_RULE_FINE);
    assert_false(f->user->is_unrestricted);
    assert_int_equal(apply(f, f->user, "(allkeys allcommands allchannels)"), ACL_RULE_FINE);
    assert_true(f->user->is_unrestricted);
    assert_int_equal(apply(f, f->user, "clearselectors"), ACL_RULE_FINE);
    assert_false(f->user->is_unrestricted);
    assert_int_equal(apply(f, f->user, "+@all ~* resetchannels"), ACL_RULE_FINE);
    assert_false(f->user->is_unrestricted);
}

static void test_selectors_are_told_behind_the_users_own_rules(void **state)
{
    struct fixture *f = *state;

    assert_described(f, "on ~a +get (%R~b* +@hash &c) (+@all -@admin)",
                     "on ~a resetchannels -@all +get (%R~b* resetchannels &c -@all +@hash) (resetchannels +@all "
                     "-@admin)");
    assert_int_equal(apply(f, f->user, "(~* ~a)"), ACL_RULE_KEYS_AFTER_ALL);
    assert_int_equal(apply(f, f->user, "(on)"), ACL_RULE_SYNTAX);
    /* It would end its selector when it is read back. */
    assert_int_equal(acl_user_apply(f->user, &f->terms, slice_of("(~a) +get)")), ACL_RULE_SYNTAX);
    assert_int_equal(f->user->selector_count, 3);
    assert_described(f, "clearselectors", "on ~a resetchannels -@all +get");
}

static void test_a_denial_names_what_was_nearest(void **state)
{
    struct slice words[] = {slice_of("mget"), slice_of("a"), slice_of("b")};
    struct fixture *f = *state;
    struct acl_request request = {.entry = commands_find(f->commands, words[0]), .argv = words, .argc = 3};
    size_t index;

    assert_int_equal(acl_user_check(f->user, &request, &index), ACL_DENIED_COMMAND);
    assert_int_equal(apply(f, f->user, "(+mget ~x) (+mget ~a)"), ACL_RULE_FINE);
    assert_int_equal(acl_user_check(f->user, &request, &index), ACL_DENIED_KEY);
    assert_int_equal(index, 2); /* The second selector gets further. */
    assert_int_equal(apply(f, f->user, "(+mget ~a ~b)"), ACL_RULE_FINE);
    assert_int_equal(acl_user_check(f->user, &request, &index), ACL_ALLOWED);
}

static void test_categories_are_told_that_fit_best(void **state)
{
    struct fixture *f = *state;

    assert_described(f, "+get +set +@hash -hget", "off resetchannels -@all +@hash +get +set -hget");
    assert_described(f, "+@all -@dangerous +config|get", "off resetchannels +@all -@dangerous +config|get");
    assert_described(f, "-@all +select|1 +select|0 +client", "off resetchannels -@all +select|1 +select|0 +client");
}

static void test_a_copy_has_nothing_in_common(void **state)
{
    struct fixture *f = *state;
    struct acl_user *copy;

    assert_int_equal(apply(f, f->user, "on >p ~a &b +get|x (+set)"), ACL_RULE_FINE);
    copy = acl_user_copy(f->user, &f->terms);
    assert_described(f, "reset", "off sanitize-payload resetchannels -@all");
    assert_string_equal(describe(f, copy),
                        "on #" SHA_OF_P " ~a resetchannels &b -@all +get|x (resetchannels -@all +set)");
    acl_user_exchange(f->user, copy);
    assert_string_equal(f->user->name, "alice");
    assert_string_equal(describe(f, copy), "off sanitize-payload resetchannels -@all");
    acl_user_free(copy);
}

/* A rule of commands by chance. */
static void draw_rule(struct fixture *f, struct random *random, char *rule, size_t bytes)
{
    const char sign = random_below(random, 2) ? '+' : '-';

    if (random_below(random, 2) == 0) {
        (void)snprintf(rule, bytes, "%c@%s", sign, category_names[random_below(random, CATEGORY_COUNT)].name);
    } else if (random_below(random, 20) == 0) {
        (void)snprintf(rule, bytes, "%c@all", sign);
    } else {
        uint32_t number = (uint32_t)random_below(random, acl_catalog_count(f->terms.catalog));

        (void)snprintf(rule, bytes, "%c%s", sign, acl_catalog_at(f->terms.catalog, number)->full_name);
    }
}

/* Whatever rules a user has got, those that it is told to have make the same user of a new one. */
static void test_a_description_makes_the_same_user(void **state)
{
    struct fixture *f = *state;
    struct random random;

    random_init(&random, 11);
    for (int round = 0; round < 300; round++) {
        struct acl_user *again = acl_user_create(&f->terms, slice_of("bob"));
        char rule[80];
        char first[sizeof(f->text)];

        for (int i = 0; i < 3; i++) {
            draw_rule(f, &random, rule, sizeof(rule));
            assert_int_equal(apply(f, f->user, rule), ACL_RULE_FINE);
        }
        (void)snprintf(first, sizeof(first), "%s", describe(f, f->user));
        assert_int_equal(apply(f, again, first), ACL_RULE_FINE);
        for (uint32_t i = 0; i < acl_catalog_count(f->terms.catalog); i++) {
            assert_int_equal(acl_selector_has_command(again->selectors[0], i),
                             acl_selector_has_command(f->user->selectors[0], i));
        }
        assert_string_equal(describe(f, again), first);
        acl_user_free(again);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_new_user_may_nothing),
        TEST(test_passwords_come_and_go),
        TEST(test_only_who_may_everything_is_not_looked_at),
        TEST(test_selectors_are_told_behind_the_users_own_rules),
        TEST(test_a_denial_names_what_was_nearest),
        TEST(test_categories_are_told_that_fit_best),
        TEST(test_a_copy_has_nothing_in_common),
        TEST(test_a_description_makes_the_same_user),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
