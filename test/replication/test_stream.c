#include "replication/stream.h"

#include "base/resp_write.h"
#include "storage/log/log.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Notes what the stream does: "SET k v;" executed, "[37]" appended bytes, "(GETACK)". */
struct fixture {
    struct stream stream;
    struct stream_sink sink;
    struct buf logged;
    enum status admit_status;
    const char *poison; /* A command that cannot be executed. */
    char transcript[1024];
};

static void note(struct fixture *f, const char *text, size_t len)
{
    size_t at = strlen(f->transcript);

    assert_true(at + len < sizeof(f->transcript));
    memcpy(f->transcript + at, text, len);
    f->transcript[at + len] = '\0';
}

static bool apply(void *context, uint32_t *db, const struct slice *argv, size_t argc)
{
    struct fixture *f = context;

    if (f->poison != NULL && slice_is_word(argv[0], f->poison)) {
        return false;
    }
    if (slice_is_word(argv[0], "select")) {
        *db = (uint32_t)(argv[1].data[0] - '0');
    }
    for (size_t i = 0; i < argc; i++) {
        note(f, " ", i > 0);
        note(f, argv[i].data, argv[i].len);
    }
    note(f, ";", 1);
    return true;
}

static bool apply_silently(void *context, uint32_t *db, const struct slice *argv, size_t argc)
{
    (void)context;
    (void)db;
    (void)argv;
    return argc > 0;
}

static enum status admit(void *context, size_t len)
{
    struct fixture *f = context;

    assert_true(len > 0);
    return f->admit_status;
}

static enum status append(void *context, struct slice change, uint32_t db)
{
    struct fixture *f = context;
    char text[32];

    note(f, text, (size_t)snprintf(text, sizeof(text), "[%zu db%u]", change.len, db));
    buf_put(&f->logged, change);
    return STATUS_OK;
}

static void asked(void *context, bool is_of_disk)
{
    note(context, is_of_disk ? "(disk?)" : "(GETACK)", is_of_disk ? 7 : 8);
}

static void begin(struct fixture *f)
{
    *f = (struct fixture){.sink = {.apply = apply, .admit = admit, .append = append, .asked = asked}};
    f->sink.context = f;
    stream_init(&f->stream);
    buf_init(&f->logged, BUF_NO_CEILING);
}

static void end(struct fixture *f)
{
    stream_release(&f->stream);
    buf_release(&f->logged);
}

/* Requests from words: "SET a 1|INCR b". */
static void put_requests(struct buf *to, const char *text)
{
    char *copy = strdup(text);
    char *next_request = copy;
    char *request;

    while ((request = strsep(&next_request, "|")) != NULL) {
        struct slice argv[8];
        size_t argc = 0;
        char *word;

        while ((word = strsep(&request, " ")) != NULL) {
            argv[argc++] = slice_of(word);
        }
        resp_write_request(to, argv, argc);
    }
    free(copy);
}

static enum stream_outcome feed(struct fixture *f, const char *text)
{
    put_requests(stream_input(&f->stream), text);
    return stream_run(&f->stream, &f->sink, SIZE_MAX);
}

static void assert_transcript(struct fixture *f, const char *expected)
{
    assert_string_equal(f->transcript, expected);
    f->transcript[0] = '\0';
}

static void test_commands_are_executed_and_kept_together(void **state)
{
    struct fixture f;

    (void)state;
    begin(&f);
    assert_int_equal(feed(&f, "SELECT 3|SET a 1|PING"), STREAM_DRAINED);
    assert_transcript(&f, "SELECT 3;SET a 1;[64 db3]");
    end(&f);
}

static void test_transaction_waits_for_its_end(void **state)
{
    struct fixture f;

    (void)state;
    begin(&f);
    assert_int_equal(feed(&f, "SET a 1|MULTI|SET b 2"), STREAM_DRAINED);
    assert_transcript(&f, "SET a 1;[27 db0]");
    assert_int_equal(feed(&f, "SELECT 2|INCR c"), STREAM_DRAINED);
    assert_transcript(&f, "");
    assert_int_equal(feed(&f, "EXEC|SET d 4"), STREAM_DRAINED);
    assert_transcript(&f, "SET b 2;SELECT 2;INCR c;[100 db2]SET d 4;[27 db2]");
    end(&f);
}

static void test_getack_is_answered_with_what_came_before_it(void **state)
{
    struct fixture f;

    (void)state;
    begin(&f);
    assert_int_equal(feed(&f, "SET a 1|REPLCONF GETACK *|SET b 2"), STREAM_DRAINED);
    assert_transcript(&f, "SET a 1;[27 db0](GETACK)SET b 2;[64 db0]");
    end(&f);
}

static void test_empty_lines_ask_and_count_for_nothing(void **state)
{
    struct fixture f;

    (void)state;
    begin(&f);
    buf_put_text(stream_input(&f.stream), "\n");
    put_requests(stream_input(&f.stream), "SET a 1");
    buf_put_text(stream_input(&f.stream), "\r\n\n");
    assert_int_equal(feed(&f, "SET b 2"), STREAM_DRAINED);
    assert_transcript(&f, "(disk?)SET a 1;[27 db0](disk?)(disk?)SET b 2;[27 db0]");
    end(&f);
}

static void test_waits_where_it_is_not_admitted(void **state)
{
    struct fixture f;

    (void)state;
    begin(&f);
    f.admit_status = STATUS_BUSY;
    assert_int_equal(feed(&f, "SET a 1|MULTI|SET b 2|EXEC"), STREAM_WAIT);
    assert_int_equal(f.stream.status, STATUS_BUSY);
    assert_transcript(&f, "");
    f.admit_status = STATUS_OK;
    assert_int_equal(stream_run(&f.stream, &f.sink, 1), STREAM_MORE);
    assert_transcript(&f, "SET a 1;[27 db0]");
    assert_int_equal(stream_run(&f.stream, &f.sink, 1), STREAM_MORE);
    f.admit_status = STATUS_NO_SPACE;
    assert_int_equal(stream_run(&f.stream, &f.sink, SIZE_MAX), STREAM_WAIT);
    assert_int_equal(stream_run(&f.stream, &f.sink, SIZE_MAX), STREAM_WAIT);
    assert_transcript(&f, "");
    f.admit_status = STATUS_OK;
    assert_int_equal(stream_run(&f.stream, &f.sink, SIZE_MAX), STREAM_DRAINED);
    assert_transcript(&f, "SET b 2;[56 db0]");
    end(&f);
}

static void test_budget_stops_between_changes(void **state)
{
    struct fixture f;

    (void)state;
    begin(&f);
    put_requests(stream_input(&f.stream), "SET a 1|SET b 2|SET c 3");
    assert_int_equal(stream_run(&f.stream, &f.sink, 28), STREAM_MORE);
    assert_transcript(&f, "SET a 1;SET b 2;[54 db0]");
    assert_int_equal(stream_run(&f.stream, &f.sink, 28), STREAM_DRAINED);
    assert_transcript(&f, "SET c 3;[27 db0]");
    end(&f);
}

static void test_what_cannot_be_executed_is_named_and_not_kept(void **state)
{
    struct fixture f;

    (void)state;
    begin(&f);
    f.poison = "FLY";
    assert_int_equal(feed(&f, "SET a 1|FLY away|SET b 2"), STREAM_BROKEN);
    assert_transcript(&f, "SET a 1;[27 db0]");
    assert_true(f.stream.has_diverged);
    assert_string_equal(f.stream.problem, "the master's FLY cannot be executed here: the data differs");
    end(&f);
}

static void test_broken_streams_are_named(void **state)
{
    static const struct {
        const char *bytes;
        const char *problem;
    } cases[] = {
        {"SET a 1\r\n", "the master sent an inline command"},
        {"*1\r\n$4\r\nEXEC\r\n", "the master sent EXEC without MULTI"},
        {"*1\r\n$5\r\nMULTI\r\n*1\r\n$5\r\nMULTI\r\n", "the master sent MULTI within MULTI"},
        {"*1\r\n$5\r\nMULTI\r\n\n", "the master sent an empty line within a transaction"},
        {"*0\r\n", "the master sent a request without words"},
        {" \t\r\n", "the master sent a request without words"},
        {"*1\r\n+OK\r\n", "the master's stream is not RESP: Protocol error: expected '$', got '+'"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fixture f;

        begin(&f);
        buf_put_text(stream_input(&f.stream), cases[i].bytes);
        assert_int_equal(stream_run(&f.stream, &f.sink, SIZE_MAX), STREAM_BROKEN);
        assert_string_equal(f.stream.problem, cases[i].problem);
        assert_false(f.stream.has_diverged);
        assert_transcript(&f, "");
        end(&f);
    }
}

/* Whatever the pieces in which it comes, what is logged is what was sent but for keepalives, and the same is executed.
 */
static void test_pieces_do_not_matter(void **state)
{
    static const char text[] =
        "SELECT 1|SET a 1|MULTI|INCR b|SELECT 2|INCR c|EXEC|PING|REPLCONF GETACK *|MULTI|EXEC|DEL a";
    struct buf whole;

    (void)state;
    buf_init(&whole, BUF_NO_CEILING);
    put_requests(&whole, text);
    for (size_t piece = 1; piece <= whole.len; piece++) {
        struct fixture f;
        char executed[256] = "";
        size_t executed_len = 0;

        begin(&f);
        for (size_t at = 0; at < whole.len; at += piece) {
            size_t len = whole.len - at < piece ? whole.len - at : piece;

            buf_put(stream_input(&f.stream), slice_first(slice_after(buf_slice(&whole), at), len));
            while (stream_run(&f.stream, &f.sink, 1 + piece % 40) == STREAM_MORE) {
            }
        }
        for (const char *at = f.transcript; *at != '\0'; at++) {
            if (*at == '[') {
                at = strchr(at, ']');
            } else {
                assert_true(executed_len < sizeof(executed) - 1);
                executed[executed_len++] = *at;
            }
        }
        assert_string_equal(executed, "SELECT 1;SET a 1;INCR b;SELECT 2;INCR c;(GETACK)DEL a;");
        assert_true(slice_equal(buf_slice(&f.logged), buf_slice(&whole)));
        end(&f);
    }
    buf_release(&whole);
}

/* Also when the next change has begun to come, as it always has from a busy master. */
static void test_memory_of_a_long_change_is_given_back(void **state)
{
    struct fixture f;
    char *value = calloc(1, 5000000);
    struct slice argv[] = {slice_of("SET"), slice_of("k"), slice_make(value, 5000000)};

    (void)state;
    begin(&f);
    f.sink.apply = apply_silently;
    resp_write_request(stream_input(&f.stream), argv, 3);
    buf_put_text(stream_input(&f.stream), "*3\r\n$3\r\nSE");
    assert_int_equal(stream_run(&f.stream, &f.sink, SIZE_MAX), STREAM_DRAINED);
    assert_true(stream_input(&f.stream)->capacity <= 1024 * 1024);
    buf_put_text(stream_input(&f.stream), "T\r\n$1\r\nk\r\n$1\r\nv\r\n");
    f.sink.apply = apply;
    assert_int_equal(stream_run(&f.stream, &f.sink, SIZE_MAX), STREAM_DRAINED);
    assert_non_null(strstr(f.transcript, "SET k v;"));
    free(value);
    end(&f);
}

/* The address space is taken and no memory: nothing is written beyond the first line. */
static void test_a_change_longer_than_the_log_takes_is_named(void **state)
{
    struct fixture f;
    char *to;

    (void)state;
    begin(&f);
    buf_put_text(stream_input(&f.stream), "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$2000000000\r\n");
    assert_int_equal(buf_reserve(stream_input(&f.stream), LOG_RECORD_BYTES_MAX, &to), STATUS_OK);
    buf_commit(stream_input(&f.stream), LOG_RECORD_BYTES_MAX / 2);
    assert_int_equal(stream_run(&f.stream, &f.sink, SIZE_MAX), STREAM_DRAINED);
    buf_commit(stream_input(&f.stream), LOG_RECORD_BYTES_MAX / 2);
    assert_int_equal(stream_run(&f.stream, &f.sink, SIZE_MAX), STREAM_BROKEN);
    assert_true(f.stream.is_too_long);
    assert_false(f.stream.has_diverged);
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_commands_are_executed_and_kept_together),
        cmocka_unit_test(test_transaction_waits_for_its_end),
        cmocka_unit_test(test_getack_is_answered_with_what_came_before_it),
        cmocka_unit_test(test_empty_lines_ask_and_count_for_nothing),
        cmocka_unit_test(test_waits_where_it_is_not_admitted),
        cmocka_unit_test(test_budget_stops_between_changes),
        cmocka_unit_test(test_what_cannot_be_executed_is_named_and_not_kept),
        cmocka_unit_test(test_broken_streams_are_named),
        cmocka_unit_test(test_pieces_do_not_matter),
        cmocka_unit_test(test_memory_of_a_long_change_is_given_back),
        cmocka_unit_test(test_a_change_longer_than_the_log_takes_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
