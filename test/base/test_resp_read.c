#include "base/buf.h"
#include "base/memory.h"
#include "base/random.h"
#include "base/resp_read.h"
#include "base/resp_write.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static const struct resp_limits open_limits = {.bulk_bytes_max = 512 * 1024 * 1024};
static const struct resp_limits unauthenticated_limits = {.bulk_bytes_max = 512 * 1024 * 1024,
                                                          .is_unauthenticated = true};

/* Read all requests of `input`, which comes `step` bytes at a time, each time in another place in memory, and write
 * what was read as text: "[a b] " for a request, "-error" at a protocol error, "..." for what is unfinished. */
static void transcribe(struct buf *transcript, struct slice input, size_t step, const struct resp_limits *limits)
{
    struct resp_reader reader;
    enum resp_outcome outcome = RESP_INCOMPLETE;
    size_t start = 0;
    size_t end = 0;
    char *copy = NULL;

    resp_reader_init(&reader);
    do {
        size_t consumed = SIZE_MAX;

        memory_free(copy);
        copy = memory_copy(input.data + start, end - start);
        outcome = resp_read(&reader, slice_make(copy, end - start), limits, &consumed);
        if (outcome == RESP_COMMAND) {
            buf_put_byte(transcript, '[');
            for (uint32_t i = 0; i < reader.argc; i++) {
                buf_put_text(transcript, i == 0 ? "" : " ");
                buf_put(transcript, reader.argv[i]);
            }
            buf_put_text(transcript, "] ");
            start += consumed;
        } else if (outcome == RESP_ERROR) {
            buf_put_format(transcript, "-%s", reader.error);
        } else if (end == input.len) {
            buf_put_text(transcript, start < end ? "..." : "");
            break;
        } else {
            end = input.len - end > step ? end + step : input.len;
        }
    } while (outcome != RESP_ERROR);
    memory_free(copy);
    resp_reader_release(&reader);
}

static void assert_transcript_of(struct slice input, const char *expected, const struct resp_limits *limits)
{
    static const size_t steps[] = {SIZE_MAX, 1, 2, 3, 7};

    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        struct buf transcript;

        buf_init(&transcript, BUF_NO_CEILING);
        transcribe(&transcript, input, steps[i], limits);
        buf_put_byte(&transcript, '\0');
        assert_string_equal(buf_slice(&transcript).data, expected);
        buf_release(&transcript);
    }
}

static void assert_transcript(const char *input, const char *expected)
{
    assert_transcript_of(slice_of(input), expected, &open_limits);
}

static void test_requests_follow_each_other(void **state)
{
    (void)state;
    assert_transcript("", "");
    assert_transcript("*1\r\n$4\r\nPING\r\n", "[PING] ");
    assert_transcript("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$0\r\n\r\n*2\r\n$3\r\nGET\r\n$1\r\nk\r\n", "[SET k ] [GET k] ");
    assert_transcript("*1\r\n$4\r\nPING\r\nPING a\r\n*1\r\n$4\r\nQUIT\r\n", "[PING] [PING a] [QUIT] ");
    assert_transcript("*0\r\n*-1\r\n\r\n\n*1\r\n$1\r\nx\r\n", "[] [] [] [] [x] ");
    assert_transcript("*9\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n$1\r\n4\r\n$1\r\n5\r\n$1\r\n6\r\n$1\r\n7\r\n$1\r\n8\r\n"
                      "$1\r\n9\r\n",
                      "[1 2 3 4 5 6 7 8 9] ");
}

static void test_unfinished_requests_wait(void **state)
{
    (void)state;
    assert_transcript("*", "...");
    assert_transcript("*1\r", "...");
    assert_transcript("*1\r\n", "...");
    assert_transcript("*1\r\n$4\r\nPIN", "...");
    assert_transcript("*1\r\n$4\r\nPING\r", "...");
    assert_transcript("*1\r\n$4", "...");
    assert_transcript("*1\r\nfoo", "..."); /* The '$' is missed once its line has ended, as in Redis. */
    assert_transcript("*2147483647\r\n", "...");
    assert_transcript("PING", "...");
}

/* Redis looks for the CR alone, so what stands for its LF may be anything, after arguments too. */
static void test_line_ends_are_not_checked(void **state)
{
    (void)state;
    assert_transcript("*1\rX$4\rYPINGab*1\r\n$1\r\nx\r\n", "[PING] [x] ");
}

/* Texts and cases were compared with redis-server 7.0.15. */
static void test_protocol_errors_are_redis_own(void **state)
{
    (void)state;
    assert_transcript("*a\r\n", "-Protocol error: invalid multibulk length");
    assert_transcript("*\r\n", "-Protocol error: invalid multibulk length");
    assert_transcript("*01\r\n", "-Protocol error: invalid multibulk length");
    assert_transcript("*+1\r\n", "-Protocol error: invalid multibulk length");
    assert_transcript("*1 \r\n", "-Protocol error: invalid multibulk length");
    assert_transcript("*3\nfoo\r\n", "-Protocol error: invalid multibulk length");
    assert_transcript("*2147483648\r\n", "-Protocol error: invalid multibulk length");
    assert_transcript("*99999999999999999999\r\n", "-Protocol error: invalid multibulk length");
    assert_transcript("*1\r\n$a\r\n", "-Protocol error: invalid bulk length");
    assert_transcript("*1\r\n$-1\r\n", "-Protocol error: invalid bulk length");
    assert_transcript("*1\r\n$04\r\n", "-Protocol error: invalid bulk length");
    assert_transcript("*1\r\n$\r\n", "-Protocol error: invalid bulk length");
    assert_transcript("*1\r\n$536870913\r\n", "-Protocol error: invalid bulk length");
    assert_transcript("*1\r\n:4\r\n", "-Protocol error: expected '$', got ':'");
    assert_transcript("*2\r\n$1\r\nx\r\n*1\r\n", "-Protocol error: expected '$', got '*'");
    assert_transcript_of(slice_make("*1\r\n\0\r\n", 7), "-Protocol error: expected '$', got ' '", &open_limits);
}

static void test_limits_are_tight_before_auth(void **state)
{
    (void)state;
    assert_transcript_of(slice_of("*10\r\n"), "...", &unauthenticated_limits);
    assert_transcript_of(slice_of("*11\r\n"), "-Protocol error: unauthenticated multibulk length",
                         &unauthenticated_limits);
    assert_transcript_of(slice_of("*1\r\n$16384\r\n"), "...", &unauthenticated_limits);
    assert_transcript_of(slice_of("*1\r\n$16385\r\n"), "-Protocol error: unauthenticated bulk length",
                         &unauthenticated_limits);
    assert_transcript_of(slice_of("*1\r\n$536870913\r\n"), "-Protocol error: invalid bulk length",
                         &unauthenticated_limits);
}

/* `prefix`, and `fill` as often as it takes to `len` bytes in all. */
static void assert_long_line(const char *prefix, char fill, size_t len, const char *expected)
{
    struct buf input;
    struct buf transcript;

    buf_init(&input, BUF_NO_CEILING);
    buf_init(&transcript, BUF_NO_CEILING);
    buf_put_text(&input, prefix);
    while (input.len < len) {
        buf_put_byte(&input, fill);
    }
    transcribe(&transcript, buf_slice(&input), 4096, &open_limits);
    buf_put_byte(&transcript, '\0');
    assert_string_equal(buf_slice(&transcript).data, expected);
    buf_release(&input);
    buf_release(&transcript);
}

static void test_endless_lines_are_cut_off(void **state)
{
    size_t max = RESP_INLINE_BYTES_MAX;

    (void)state;
    assert_long_line("*", '1', max, "...");
    assert_long_line("*", '1', max + 1, "-Protocol error: too big mbulk count string");
    assert_long_line("*1\r\n$", '1', 4 + max, "...");
    assert_long_line("*1\r\n$", '1', 4 + max + 1, "-Protocol error: too big bulk count string");
    assert_long_line("PING", 'x', max, "...");
    assert_long_line("PING", 'x', max + 1, "-Protocol error: too big inline request");
}

static void test_inline_commands_are_quoted_as_redis_does(void **state)
{
    (void)state;
    assert_transcript("PING\n", "[PING] ");
    assert_transcript("  SET  k\tv \r\n", "[SET k v] ");
    assert_transcript("ECHO \"a b\" 'c d'\r\n", "[ECHO a b c d] ");
    assert_transcript("ECHO \"\\x41\\q\\\"\\xzz\"\r\n", "[ECHO Aq\"xzz] ");
    assert_transcript("ECHO \"\\n\\r\\t\\b\\a\"\r\n", "[ECHO \n\r\t\b\a] ");
    assert_transcript("ECHO 'a\\'b\\n'\r\n", "[ECHO a'b\\n] ");
    assert_transcript("ECHO ab\"c d\" e\r\n", "[ECHO abc d e] ");
    assert_transcript("ECHO \"\"\r\n", "[ECHO ] ");
    assert_transcript("ECHO \vfoo a\vb\r\n", "[ECHO foo a\vb] ");
    assert_transcript("ECHO a\rb\r\n", "[ECHO a b] ");
    assert_transcript("\"PING\"\r\n", "[PING] ");
    assert_transcript("ECHO \"a\r\n", "-Protocol error: unbalanced quotes in request");
    assert_transcript("ECHO 'a\r\n", "-Protocol error: unbalanced quotes in request");
    assert_transcript("ECHO \"a\"b\r\n", "-Protocol error: unbalanced quotes in request");
    assert_transcript("ECHO 'a'b\r\n", "-Protocol error: unbalanced quotes in request");
    assert_transcript("ECHO \"a\\\r\n", "-Protocol error: unbalanced quotes in request");
    assert_transcript_of(slice_make("E \0\r\n", 5), "[E ", &open_limits); /* The NUL is an argument of one byte. */
}

/* Random requests, written by resp_write and cut at random places, come back byte for byte. */
static void test_requests_come_back_however_they_are_cut(void **state)
{
    struct random random;

    (void)state;
    random_init(&random, 3);
    for (int round = 0; round < 300; round++) {
        struct buf input;
        struct buf expected;
        struct buf transcript;
        uint64_t request_count = 1 + random_below(&random, 4);

        buf_init(&input, BUF_NO_CEILING);
        buf_init(&expected, BUF_NO_CEILING);
        buf_init(&transcript, BUF_NO_CEILING);
        for (uint64_t i = 0; i < request_count; i++) {
            struct slice argv[20];
            char bytes[64];
            size_t argc = 1 + random_below(&random, 20);

            for (size_t at = 0; at < sizeof(bytes); at++) {
                bytes[at] = "ab\r\n$*1"[random_below(&random, 7)];
            }
            buf_put_byte(&expected, '[');
            for (size_t at = 0; at < argc; at++) {
                argv[at] = slice_make(bytes, random_below(&random, sizeof(bytes)));
                buf_put_text(&expected, at == 0 ? "" : " ");
                buf_put(&expected, argv[at]);
            }
            buf_put_text(&expected, "] ");
            resp_write_request(&input, argv, argc);
        }
        transcribe(&transcript, buf_slice(&input), 1 + random_below(&random, 100), &open_limits);
        assert_true(slice_equal(buf_slice(&transcript), buf_slice(&expected)));
        buf_release(&input);
        buf_release(&expected);
        buf_release(&transcript);
    }
}

/* A count is only a promise: what is announced costs nothing before it comes, and a long bulk string is waited for
 * without reading its bytes again. */
static void test_announced_sizes_reserve_nothing(void **state)
{
    struct resp_reader reader;
    struct slice input = slice_of("*2147483647\r\n$536870912\r\nabc");
    size_t consumed;

    (void)state;
    resp_reader_init(&reader);
    assert_int_equal(resp_read(&reader, input, &open_limits, &consumed), RESP_INCOMPLETE);
    assert_int_equal(reader.argv_capacity, 0);
    assert_int_equal(resp_reader_missing(&reader, input.len), 536870912 - 3 + 2);
    assert_int_equal(reader.position, input.len - 3);
    resp_reader_release(&reader);
}

static void test_argument_array_does_not_grow_without_memory(void **state)
{
    struct resp_reader reader;
    struct buf input;
    size_t consumed;

    (void)state;
    buf_init(&input, BUF_NO_CEILING);
    buf_put_text(&input, "*100\r\n");
    for (int i = 0; i < 100; i++) {
        buf_put_text(&input, "$1\r\nx\r\n");
    }
    for (long long nth = 1;; nth++) {
        enum resp_outcome outcome;

        resp_reader_init(&reader);
        memory_fail_nth(nth, false);
        outcome = resp_read(&reader, buf_slice(&input), &open_limits, &consumed);
        assert_int_equal(outcome, memory_fail_stop() ? RESP_ERROR : RESP_COMMAND);
        resp_reader_release(&reader);
        if (outcome == RESP_COMMAND) {
            assert_true(nth > 4);
            break;
        }
    }
    buf_release(&input);
}

static void test_large_argument_array_goes_after_its_request(void **state)
{
    struct resp_reader reader;
    struct buf input;
    size_t consumed;

    (void)state;
    resp_reader_init(&reader);
    buf_init(&input, BUF_NO_CEILING);
    buf_put_text(&input, "*5000\r\n");
    for (int i = 0; i < 5000; i++) {
        buf_put_text(&input, "$1\r\nx\r\n");
    }
    assert_int_equal(resp_read(&reader, buf_slice(&input), &open_limits, &consumed), RESP_COMMAND);
    assert_int_equal(reader.argc, 5000);
    assert_int_equal(resp_read(&reader, slice_of("*1\r\n$1\r\nx\r\n"), &open_limits, &consumed), RESP_COMMAND);
    assert_true(reader.argv_capacity < 5000);
    resp_reader_release(&reader);
    buf_release(&input);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests_follow_each_other),
        cmocka_unit_test(test_unfinished_requests_wait),
        cmocka_unit_test(test_line_ends_are_not_checked),
        cmocka_unit_test(test_protocol_errors_are_redis_own),
        cmocka_unit_test(test_limits_are_tight_before_auth),
        cmocka_unit_test(test_endless_lines_are_cut_off),
        cmocka_unit_test(test_inline_commands_are_quoted_as_redis_does),
        cmocka_unit_test(test_requests_come_back_however_they_are_cut),
        cmocka_unit_test(test_announced_sizes_reserve_nothing),
        cmocka_unit_test(test_argument_array_does_not_grow_without_memory),
        cmocka_unit_test(test_large_argument_array_goes_after_its_request),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
