/* The configuration: files and includes, the command line, CONFIG GET and SET, and what CONFIG REWRITE leaves. */
#include "base/file.h"
#include "base/memory.h"
#include "server/config/config.h"
#include "storage/log/log.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
    struct config *config;
    char folder[64];
    char error[CONFIG_ERROR_BYTES];
    enum config_request request;
};

static int set_up(void **state)
{
    struct fixture *f = memory_allocate_zeroed(sizeof(*f));

    f->config = config_create();
    snprintf(f->folder, sizeof(f->folder), "/tmp/hearth-test-config-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    config_free(f->config);
    assert_int_equal(file_remove_tree(file_system_posix(), f->folder), STATUS_OK);
    memory_free(f);
    return 0;
}

static void write_file(struct fixture *f, const char *name, const char *text)
{
    assert_int_equal(file_replace(file_system_posix(), f->folder, name, slice_of(text)), STATUS_OK);
}

static void assert_file(struct fixture *f, const char *name, const char *expected)
{
    char *path = file_join(f->folder, name);
    char *text;
    size_t len;

    assert_int_equal(file_read_whole(file_system_posix(), path, 1 << 20, &text, &len), STATUS_OK);
    assert_string_equal(text, expected);
    memory_free(text);
    memory_free(path);
}

static enum status load(struct fixture *f, const char *name, char *option, char *value)
{
    char *path = file_join(f->folder, name);
    char *argv[] = {(char *)(uintptr_t) "hearth-server", path, option, value, NULL};
    int argc = option == NULL ? 2 : value == NULL ? 3 : 4;
    enum status status = config_load(f->config, argc, argv, &f->request, f->error);

    memory_free(path);
    return status;
}

static enum status set(struct fixture *f, const char *name, const char *value)
{
    struct slice pair[] = {slice_of(name), slice_of(value)};

    return config_set(f->config, pair, 1, f->error);
}

static void collect(void *context, struct slice name, struct slice value)
{
    buf_put_format(context, "%.*s=%.*s;", (int)name.len, name.data, (int)value.len, value.data);
}

static void assert_get(struct fixture *f, const char *pattern, const char *expected)
{
    struct slice patterns[] = {slice_of(pattern)};
    struct buf out;

    buf_init(&out, BUF_NO_CEILING);
    config_get(f->config, patterns, 1, collect, &out);
    buf_put_byte(&out, '\0');
    assert_string_equal(buf_slice(&out).data, expected);
    buf_release(&out);
}

static void test_file_includes_and_command_line_come_in_that_order(void **state)
{
    struct fixture *f = *state;

    write_file(f, "common.conf", "requirepass \"se cret\"\nport 7000\nappendfsync everysec\n");
    write_file(f, "node.conf", "# a node\n  include common.conf\nport 7001\ncheckpoint-memory 32mb\n");
    assert_int_equal(load(f, "node.conf", (char *)(uintptr_t) "--port", (char *)(uintptr_t) "7002"), STATUS_OK);
    assert_int_equal(f->config->port, 7002);
    assert_string_equal(f->config->require_password, "se cret");
    assert_int_equal(f->config->append_fsync, LOG_SYNC_EVERYSEC);
    assert_int_equal(f->config->checkpoint_memory_bytes, 32 * 1024 * 1024);
    assert_get(f, "replica*of", "replicaof=;");
    assert_get(f, "appendfs*", "appendfsync=everysec;");
}

static void test_one_word_of_the_command_line_may_hold_several(void **state)
{
    struct fixture *f = *state;

    write_file(f, "a.conf", "");
    assert_int_equal(load(f, "a.conf", (char *)(uintptr_t) "--replicaof", (char *)(uintptr_t) "127.0.0.1 6379"),
                     STATUS_OK);
    assert_string_equal(f->config->replica_of, "127.0.0.1 6379");
}

static void test_unknown_directive_names_file_line_and_nearest(void **state)
{
    struct fixture *f = *state;

    write_file(f, "bad.conf", "port 7000\n\nmaxclient 5\n");
    assert_int_equal(load(f, "bad.conf", NULL, NULL), STATUS_INVALID);
    assert_non_null(strstr(f->error, "bad.conf: line 3: unknown directive 'maxclient'; did you mean 'maxclients'?"));
}

static void test_a_circle_of_includes_is_an_error(void **state)
{
    struct fixture *f = *state;

    write_file(f, "a.conf", "include a.conf\n");
    assert_int_equal(load(f, "a.conf", NULL, NULL), STATUS_INVALID);
    assert_non_null(strstr(f->error, "circle"));
}

static void test_set_is_all_or_nothing(void **state)
{
    struct fixture *f = *state;
    struct slice pairs[] = {slice_of("timeout"), slice_of("5"), slice_of("maxclients"), slice_of("x")};

    assert_int_equal(config_set(f->config, pairs, 2, f->error), STATUS_INVALID);
    assert_string_equal(f->error,
                        "CONFIG SET failed (possibly related to argument 'maxclients') - argument couldn't be "
                        "parsed into an integer");
    assert_int_equal(f->config->timeout_s, 0);
}

static void test_set_gives_redis_errors(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(set(f, "bogus", "1"), STATUS_INVALID);
    assert_string_equal(f->error, "Unknown option or number of arguments for CONFIG SET - 'bogus'");
    assert_int_equal(set(f, "databases", "2"), STATUS_INVALID);
    assert_string_equal(f->error, "CONFIG SET failed (possibly related to argument 'databases') - can't set immutable "
                                  "config");
    assert_int_equal(set(f, "hz", "0"), STATUS_INVALID);
    assert_string_equal(f->error, "CONFIG SET failed (possibly related to argument 'hz') - argument must be between 1 "
                                  "and 500 inclusive");
    assert_int_equal(set(f, "loglevel", "loud"), STATUS_INVALID);
    assert_string_equal(f->error,
                        "CONFIG SET failed (possibly related to argument 'loglevel') - argument(s) must be one "
                        "of the following: debug, verbose, notice, warning");
}

static bool refuse_always(void *context, char error[CONFIG_ERROR_BYTES])
{
    *(int *)context += 1;
    snprintf(error, CONFIG_ERROR_BYTES, "no way");
    return false;
}

static void test_an_observer_that_refuses_puts_all_back(void **state)
{
    struct fixture *f = *state;
    struct slice pairs[] = {slice_of("timeout"), slice_of("5"), slice_of("port"), slice_of("1")};
    int calls = 0;

    config_on_change(f->config, "port", refuse_always, &calls);
    assert_int_equal(config_set(f->config, pairs, 2, f->error), STATUS_INVALID);
    assert_string_equal(f->error, "CONFIG SET failed (possibly related to argument 'port') - no way");
    assert_int_equal(f->config->timeout_s, 0);
    assert_int_equal(f->config->port, 6379);
    assert_int_equal(calls, 2); /* Once with the new values, once to go back. */
}

/* "A" hides the "n" beside it, as in Redis, and so says less than the value. */
static void test_value_that_its_text_does_not_tell_is_put_back(void **state)
{
    struct fixture *f = *state;
    struct slice pairs[] = {slice_of("notify-keyspace-events"), slice_of(""), slice_of("hz"), slice_of("x")};
    int64_t classes;

    assert_int_equal(set(f, "notify-keyspace-events", "KAn"), STATUS_OK);
    assert_get(f, "notify-keyspace-events", "notify-keyspace-events=AK;");
    classes = f->config->notify_keyspace_events;
    assert_int_equal(config_set(f->config, pairs, 2, f->error), STATUS_INVALID);
    assert_int_equal(f->config->notify_keyspace_events, classes);
}

static bool count_calls(void *context, char error[CONFIG_ERROR_BYTES])
{
    (void)error;
    *(int *)context += 1;
    return true;
}

static void test_function_that_observes_several_is_called_once(void **state)
{
    struct fixture *f = *state;
    struct slice pairs[] = {slice_of("timeout"), slice_of("5"), slice_of("hz"), slice_of("20")};
    int calls = 0;

    config_on_change(f->config, "timeout", count_calls, &calls);
    config_on_change(f->config, "hz", count_calls, &calls);
    assert_int_equal(config_set(f->config, pairs, 2, f->error), STATUS_OK);
    assert_int_equal(calls, 1);
    assert_int_equal(set(f, "hz", "30"), STATUS_OK);
    assert_int_equal(calls, 2);
}

static void test_output_limits_are_set_by_class(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(set(f, "client-output-buffer-limit", "pubsub 1mb 512kb 7"), STATUS_OK);
    assert_get(f, "client-output-buffer-limit",
               "client-output-buffer-limit=normal 0 0 0 slave 268435456 67108864 60 pubsub 1048576 524288 7;");
}

static void test_shutdown_takes_several_options_in_any_order(void **state)
{
    struct fixture *f = *state;

    write_file(f, "s.conf", "shutdown-on-sigterm now nosave\n");
    assert_int_equal(load(f, "s.conf", NULL, NULL), STATUS_OK);
    assert_get(f, "shutdown-on-sigterm", "shutdown-on-sigterm=nosave now;");
    assert_int_equal(set(f, "shutdown-on-sigterm", "force  DEFAULT"), STATUS_OK);
    assert_get(f, "shutdown-on-sigterm", "shutdown-on-sigterm=force;");
    assert_int_equal(set(f, "shutdown-on-sigterm", "default"), STATUS_OK);
    assert_get(f, "shutdown-on-sigterm", "shutdown-on-sigterm=default;");
    assert_int_equal(set(f, "shutdown-on-sigterm", "nosave later"), STATUS_INVALID);
    assert_int_equal(set(f, "shutdown-on-sigterm", ""), STATUS_INVALID);
    assert_int_equal(set(f, "shutdown-on-sigterm", "save nosave"), STATUS_INVALID);
    assert_non_null(strstr(f->error, "can't be used simultaneously"));
    assert_get(f, "shutdown-on-sigterm", "shutdown-on-sigterm=default;");
}

static void test_what_is_not_listed_is_told_to_those_who_know_its_name(void **state)
{
    struct fixture *f = *state;

    assert_get(f, "key-load-dela?", "");
    assert_get(f, "loading-process-*", "");
    assert_get(f, "Key-Load-Delay", "Key-Load-Delay=0;");
    assert_int_equal(set(f, "loading-process-events-interval-bytes", "1023"), STATUS_INVALID);
    assert_int_equal(set(f, "loading-process-events-interval-bytes", "1024"), STATUS_OK);
    assert_get(f, "loading-process-events-interval-bytes", "loading-process-events-interval-bytes=1024;");
}

/* As Redis: lines add up, and an empty one begins anew. */
static void test_an_empty_save_forgets_those_before_it(void **state)
{
    struct fixture *f = *state;

    write_file(f, "a.conf", "save 900 1\nsave 60 5\nsave \"\"\n");
    assert_int_equal(load(f, "a.conf", NULL, NULL), STATUS_OK);
    assert_get(f, "save", "save=;");
    write_file(f, "b.conf", "include a.conf\nsave 30 1\nsave 10 2\n");
    assert_int_equal(load(f, "b.conf", NULL, NULL), STATUS_OK);
    assert_get(f, "save", "save=30 1 10 2;");
}

static void test_rewrite_keeps_comments_and_order_and_says_what_is(void **state)
{
    struct fixture *f = *state;

    write_file(f, "r.conf", "# head\nport 7000\n\nmaxclients 100 \ntimeout 9\nport 7000\nsave 60 1\n# tail");
    assert_int_equal(load(f, "r.conf", NULL, NULL), STATUS_OK);
    assert_int_equal(set(f, "maxclients", "200"), STATUS_OK);
    assert_int_equal(set(f, "timeout", "0"), STATUS_OK); /* Back to the default: its line goes. */
    config_assign(f->config, "replicaof", "10.0.0.1 6379");
    assert_int_equal(set(f, "masterauth", "a b"), STATUS_OK);
    assert_int_equal(config_rewrite(f->config), STATUS_OK);
    assert_file(f, "r.conf",
                "# head\nport 7000\n\nmaxclients 200\nport 7000\nsave 60 1\n# tail\n"
                "# Generated by CONFIG REWRITE\nreplicaof 10.0.0.1 6379\nmasterauth \"a b\"\n");
    config_assign(f->config, "replicaof", "");
    assert_int_equal(config_rewrite(f->config), STATUS_OK);
    assert_file(f, "r.conf",
                "# head\nport 7000\n\nmaxclients 200\nport 7000\nsave 60 1\n# tail\n"
                "# Generated by CONFIG REWRITE\nmasterauth \"a b\"\n");
}

static void test_what_was_rewritten_reads_back_the_same(void **state)
{
    struct fixture *f = *state;

    write_file(f, "r.conf", "");
    assert_int_equal(load(f, "r.conf", NULL, NULL), STATUS_OK);
    assert_int_equal(set(f, "requirepass", "q\"uo\\te #1\n"), STATUS_OK);
    assert_int_equal(set(f, "client-output-buffer-limit", "normal 1gb 0 0"), STATUS_OK);
    assert_int_equal(config_rewrite(f->config), STATUS_OK);
    config_free(f->config);
    f->config = config_create();
    assert_int_equal(load(f, "r.conf", NULL, NULL), STATUS_OK);
    assert_string_equal(f->config->require_password, "q\"uo\\te #1\n");
    assert_int_equal(f->config->output_limits[CONFIG_CLIENT_NORMAL].hard_bytes, 1024 * 1024 * 1024);
}

static void test_rewrite_without_a_file_says_so(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(config_rewrite(f->config), STATUS_NOT_FOUND);
}

static void test_percentiles_are_kept_in_their_short_form(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(set(f, "latency-tracking-info-percentiles", "0.0 50.10 1e1 33.3333333 1e-9 100"), STATUS_OK);
    assert_string_equal(f->config->latency_tracking_percentiles, "0 50.1 10 33.333333 0 100");
    assert_int_equal(set(f, "latency-tracking-info-percentiles", "1  3"), STATUS_INVALID);
    assert_int_equal(set(f, "latency-tracking-info-percentiles", "1 "), STATUS_INVALID);
    assert_int_equal(set(f, "latency-tracking-info-percentiles", "nan"), STATUS_INVALID);
    assert_string_equal(f->error,
                        "CONFIG SET failed (possibly related to argument 'latency-tracking-info-percentiles') "
                        "- Invalid latency-tracking-info-percentiles parameters");
    assert_int_equal(set(f, "latency-tracking-info-percentiles", ""), STATUS_OK);
    assert_string_equal(f->config->latency_tracking_percentiles, "");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_file_includes_and_command_line_come_in_that_order),
        TEST(test_one_word_of_the_command_line_may_hold_several),
        TEST(test_unknown_directive_names_file_line_and_nearest),
        TEST(test_a_circle_of_includes_is_an_error),
        TEST(test_set_is_all_or_nothing),
        TEST(test_set_gives_redis_errors),
        TEST(test_percentiles_are_kept_in_their_short_form),
        TEST(test_an_observer_that_refuses_puts_all_back),
        TEST(test_value_that_its_text_does_not_tell_is_put_back),
        TEST(test_function_that_observes_several_is_called_once),
        TEST(test_output_limits_are_set_by_class),
        TEST(test_shutdown_takes_several_options_in_any_order),
        TEST(test_what_is_not_listed_is_told_to_those_who_know_its_name),
        TEST(test_an_empty_save_forgets_those_before_it),
        TEST(test_rewrite_keeps_comments_and_order_and_says_what_is),
        TEST(test_what_was_rewritten_reads_back_the_same),
        TEST(test_rewrite_without_a_file_says_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
