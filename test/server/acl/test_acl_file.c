#include "base/buf.h"
#include "base/file.h"
#include "base/memory.h"
#include "server/acl/acl.h"
#include "server/acl/acl_file.h"
#include "server/config/config.h"
#include "server/request/registry.h"
#include "support/scratch.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#define REFUSED "WARNING: ACL errors detected, no change to the previously active ACL rules was performed"

struct fixture {
    struct commands *commands;
    struct acl *acl;
    char *scratch;
    struct buf text; /* What was told last. */
};

static int setup(void **state)
{
    struct fixture *f = memory_allocate_zeroed(sizeof(*f));

    f->commands = commands_create();
    f->acl = acl_create(f->commands);
    f->scratch = scratch_create();
    buf_init(&f->text, BUF_NO_CEILING);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    acl_free(f->acl);
    commands_free(f->commands);
    scratch_remove(f->scratch);
    buf_release(&f->text);
    memory_free(f);
    return 0;
}

static const char *told(struct fixture *f)
{
    buf_put_byte(&f->text, '\0');
    return buf_slice(&f->text).data;
}

/* Load a file of that content; the errors, "" for none. */
static const char *load(struct fixture *f, const char *content)
{
    struct acl_file file = {.directory = f->scratch, .path = "users.acl"};
    struct acl *old;

    assert_int_equal(file_replace(file_system_posix(), f->scratch, "users.acl", slice_of(content)), STATUS_OK);
    buf_clear(&f->text);
    if (acl_file_load(f->acl, &file, &old, &f->text)) {
        acl_free(old);
    }
    return told(f);
}

/* All users, a line each. */
static const char *users(struct fixture *f)
{
    buf_clear(&f->text);
    for (size_t i = 0; i < acl_count(f->acl); i++) {
        acl_describe(f->acl, acl_at(f->acl, i), &f->text);
        buf_put_byte(&f->text, '\n');
    }
    return told(f);
}

static const char *configure(struct fixture *f, struct acl_words *seen, struct slice *words, size_t count)
{
    struct config_line line = {.words = words, .word_count = count};

    buf_clear(&f->text);
    (void)acl_add_configured(f->acl, &line, seen, &f->text);
    return told(f);
}

static void test_users_come_from_the_file_alone(void **state)
{
    struct fixture *f = *state;
    const struct acl_user *default_user = acl_default(f->acl);

    (void)acl_add(f->acl, slice_of("gone"));
    assert_string_equal(load(f, "user bob on nopass ~b* +@all\n\n \t\r\n  user  alice on (~a +get)  \r\nuser carol"),
                        "");
    assert_string_equal(users(f), "user alice on resetchannels -@all (~a resetchannels -@all +get)\n"
                                  "user bob on nopass ~b* resetchannels +@all\n"
                                  "user carol off resetchannels -@all\n"
                                  "user default on nopass ~* &* +@all\n");
    assert_ptr_equal(acl_default(f->acl), default_user); /* Sessions point to it. */
    assert_ptr_equal(acl_find(f->acl, slice_of("default")), default_user);
    assert_string_equal(load(f, "user default on nopass +ping\n"), "");
    assert_string_equal(users(f), "user default on nopass resetchannels -@all +ping\n");
    assert_ptr_equal(acl_default(f->acl), default_user);
}

static void test_a_faulty_file_changes_nothing_and_all_faults_are_told(void **state)
{
    struct fixture *f = *state;

    assert_string_equal(load(f, "user bob on\n"), "");
    assert_string_equal(load(f, "user bob off\nuser bob on\n"),
                        "WARNING: Duplicate user 'bob' found on line 2. " REFUSED);
    assert_string_equal(load(f, "# comment\nuser\n"),
                        "users.acl:1 should start with user keyword followed by the username. "
                        "users.acl:2 should start with user keyword followed by the username. " REFUSED);
    assert_string_equal(
        load(f, "user a +foo\n user b ~* ~x %x -baz\nuser c (\n"),
        "users.acl:1: Error in applying operation '+foo': Unknown command or category name in ACL. "
        "users.acl:2: Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and does not have any "
        "effect. Try 'resetkeys' to start with an empty list of patterns. "
        "users.acl:2: Error in applying operation '-baz': Unknown command or category name in ACL. "
        "users.acl:3: Unmatched parenthesis in selector definition." REFUSED);
    assert_string_equal(users(f), "user bob on resetchannels -@all\nuser default on nopass ~* &* +@all\n");
}

static void test_a_missing_file_is_an_error(void **state)
{
    struct fixture *f = *state;
    struct acl_file file = {.directory = f->scratch, .path = "nosuch.acl"};
    struct acl *old;

    buf_clear(&f->text);
    assert_false(acl_file_load(f->acl, &file, &old, &f->text));
    assert_string_equal(told(f), "Error loading ACLs, opening file 'nosuch.acl': No such file or directory");
}

static void test_what_is_saved_is_loaded_again(void **state)
{
    struct fixture *f = *state;
    struct acl_file file = {.directory = f->scratch, .path = "users.acl"};
    char *path = file_join(f->scratch, "users.acl");
    char *text;
    size_t len;

    assert_string_equal(load(f, "user bob on >p %R~b* &c +@all -@dangerous +config|get|\n"),
                        "users.acl:1: Allowing "
                        "first-arg of a subcommand "
                        "is not supported. " REFUSED);
    assert_string_equal(load(f, "user bob on >p %R~b* &c +@all -@dangerous +info (+@hash ~h*)\n"), "");
    assert_int_equal(acl_file_save(f->acl, &file), STATUS_OK);
    assert_int_equal(file_read_whole(file_system_posix(), path, 65536, &text, &len), STATUS_OK);
    assert_string_equal(users(f), text);
    assert_string_equal(load(f, text), "");
    assert_string_equal(users(f), text);
    memory_free(text);
    memory_free(path);
}

static void test_saving_where_no_file_can_be_fails(void **state)
{
    struct fixture *f = *state;
    struct acl_file file = {.directory = f->scratch, .path = "nosuch/users.acl"};

    assert_int_equal(acl_file_save(f->acl, &file), STATUS_NOT_FOUND);
}

static void test_a_configured_user_is_taken_whole_or_not(void **state)
{
    struct fixture *f = *state;
    struct acl_words seen = {.items = NULL};
    struct slice good[] = {slice_of("bob"), slice_of("on"), slice_of("(~a"), slice_of("+get)")};
    struct slice own[] = {slice_of("default"), slice_of("on"), slice_of("nopass"), slice_of("+ping")};
    struct slice faulty[] = {slice_of("eve"), slice_of("on"), slice_of("+nosuch")};
    struct slice secret[] = {slice_of("mallory"), slice_of("<secret")};
    struct slice open[] = {slice_of("oscar"), slice_of("on"), slice_of("(~a")};
    struct slice blank[] = {slice_of("a b"), slice_of("on")};

    assert_string_equal(configure(f, &seen, good, 4), "");
    assert_string_equal(configure(f, &seen, own, 4), "");
    assert_string_equal(configure(f, &seen, good, 4), "Error in user declaration 'bob': Duplicate user found. A user "
                                                      "can only be defined once in config files");
    assert_string_equal(configure(f, &seen, faulty, 3),
                        "Error in user declaration '+nosuch': Unknown command or category name in ACL");
    assert_string_equal(configure(f, &seen, secret, 2), "Error in user declaration 'mallory': The password you are "
                                                        "trying to remove from the user does not exist");
    assert_string_equal(configure(f, &seen, open, 3),
                        "Error in user declaration '(~a': Unmatched parenthesis in selector definition");
    assert_string_equal(configure(f, &seen, blank, 2),
                        "Error in user declaration 'a b': Spaces not allowed in ACL usernames");
    assert_string_equal(users(f), "user bob on resetchannels -@all (~a resetchannels -@all +get)\n"
                                  "user default on nopass resetchannels -@all +ping\n");
    acl_words_clear(&seen);
}

static void test_who_logs_in_must_be_on_and_know_the_password(void **state)
{
    struct fixture *f = *state;

    assert_string_equal(load(f, "user on on >p\nuser off >p\nuser any on nopass\n"), "");
    assert_ptr_equal(acl_authenticate(f->acl, slice_of("on"), slice_of("p")), acl_find(f->acl, slice_of("on")));
    assert_null(acl_authenticate(f->acl, slice_of("on"), slice_of("")));
    assert_null(acl_authenticate(f->acl, slice_of("off"), slice_of("p")));
    assert_null(acl_authenticate(f->acl, slice_of("nosuch"), slice_of("p")));
    assert_non_null(acl_authenticate(f->acl, slice_of("any"), slice_of("p")));
}

static void test_requirepass_is_plain_until_more_is_ruled(void **state)
{
    struct fixture *f = *state;
    struct acl_user *user = acl_default(f->acl);

    assert_true(acl_is_open(f->acl) && acl_is_plain(f->acl, slice_empty()));
    acl_set_default_password(f->acl, slice_of("p"));
    assert_false(acl_is_open(f->acl) || acl_is_plain(f->acl, slice_empty()));
    assert_true(acl_is_plain(f->acl, slice_of("p")));
    assert_int_equal(acl_user_apply(user, acl_terms(f->acl), slice_of(">q")), ACL_RULE_FINE);
    assert_false(acl_is_plain(f->acl, slice_of("p")));
    acl_set_default_password(f->acl, slice_empty());
    assert_true(acl_is_plain(f->acl, slice_empty()));
    (void)acl_add(f->acl, slice_of("bob"));
    assert_false(acl_is_plain(f->acl, slice_empty()));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_users_come_from_the_file_alone),
        TEST(test_a_faulty_file_changes_nothing_and_all_faults_are_told),
        TEST(test_a_missing_file_is_an_error),
        TEST(test_what_is_saved_is_loaded_again),
        TEST(test_saving_where_no_file_can_be_fails),
        TEST(test_a_configured_user_is_taken_whole_or_not),
        TEST(test_who_logs_in_must_be_on_and_know_the_password),
        TEST(test_requirepass_is_plain_until_more_is_ruled),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
