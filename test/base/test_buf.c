#include "base/buf.h"
#include "base/memory.h"
#include "base/random.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/resource.h>

#include <cmocka.h>

static void assert_text(const struct buf *buf, const char *expected)
{
    assert_true(slice_equal(buf_slice(buf), slice_of(expected)));
}

static void test_appends_and_consumes_in_order(void **state)
{
    struct buf buf;

    (void)state;
    buf_init(&buf, BUF_NO_CEILING);
    assert_text(&buf, "");
    buf_put(&buf, slice_empty());
    buf_put_text(&buf, "hello");
    buf_put_byte(&buf, ' ');
    buf_put_format(&buf, "%s-%d", "world", 7);
    assert_text(&buf, "hello world-7");
    buf_consume(&buf, 6);
    buf_truncate(&buf, 5);
    assert_text(&buf, "world");
    assert_int_equal(buf_append(&buf, slice_of("!")), STATUS_OK);
    assert_text(&buf, "world!");
    buf_clear(&buf);
    assert_text(&buf, "");
    assert_int_equal(buf.start, 0);
    buf_release(&buf);
}

static void test_format_grows_to_its_text(void **state)
{
    struct buf buf;

    (void)state;
    buf_init(&buf, BUF_NO_CEILING);
    buf_put_format(&buf, "%0500d", 1);
    buf_put_format(&buf, "%0127d", 1); /* Ends where the first try's room ends. */
    buf_put_format(&buf, "%0128d", 1);
    assert_int_equal(buf.len, 500 + 127 + 128);
    assert_int_equal(buf_slice(&buf).data[499], '1');
    assert_int_equal(buf_slice(&buf).data[buf.len - 1], '1');
    buf_release(&buf);
}

static void test_ceiling_is_kept_and_content_with_it(void **state)
{
    struct buf buf;
    char *tail;

    (void)state;
    buf_init(&buf, 10);
    assert_int_equal(buf_append(&buf, slice_of("12345678")), STATUS_OK);
    assert_int_equal(buf_append(&buf, slice_of("9ab")), STATUS_TOO_BIG);
    assert_int_equal(buf_reserve(&buf, SIZE_MAX, &tail), STATUS_TOO_BIG);
    assert_text(&buf, "12345678");
    assert_int_equal(buf_append(&buf, slice_of("9a")), STATUS_OK);
    buf_consume(&buf, 1);
    assert_int_equal(buf_append(&buf, slice_of("b")), STATUS_OK);
    assert_text(&buf, "23456789ab");
    buf_release(&buf);
}

static void test_reserve_takes_what_is_committed(void **state)
{
    struct buf buf;
    char *tail;

    (void)state;
    buf_init(&buf, BUF_NO_CEILING);
    assert_int_equal(buf_reserve(&buf, 100, &tail), STATUS_OK);
    memcpy(tail, "abc", 3);
    buf_commit(&buf, 3);
    assert_text(&buf, "abc");
    memcpy(buf_put_space(&buf, 3), "def", 3);
    buf_commit(&buf, 2);
    assert_text(&buf, "abcde");
    buf_release(&buf);
}

static void test_refused_memory_leaves_the_content(void **state)
{
    struct buf buf;

    (void)state;
    buf_init(&buf, BUF_NO_CEILING);
    buf_put_text(&buf, "abc");
    buf_consume(&buf, 1);
    for (int start = 0; start < 2; start++) { /* Moving by copy, then by realloc. */
        memory_fail_nth(1, false);
        assert_int_equal(buf_append(&buf, slice_make("", 0)), STATUS_OK); /* Needs no memory. */
        char large[1000] = {0};
        assert_int_equal(buf_append(&buf, slice_make(large, sizeof(large))), STATUS_NO_MEMORY);
        assert_true(memory_fail_stop());
        assert_text(&buf, "bc");
        buf_clear(&buf);
        buf_put_text(&buf, "bc");
    }
    buf_release(&buf);
}

static void test_shrink_gives_memory_back_when_content_allows(void **state)
{
    struct buf buf;

    (void)state;
    buf_init(&buf, BUF_NO_CEILING);
    for (int i = 0; i < 1000; i++) {
        buf_put_text(&buf, "0123456789");
    }
    buf_shrink(&buf, 4096);
    assert_true(buf.capacity >= 10000); /* The content is in the way. */
    buf_consume(&buf, 9997);
    buf_shrink(&buf, 4096);
    assert_int_equal(buf.capacity, 4096);
    assert_text(&buf, "789");
    buf_clear(&buf);
    buf_shrink(&buf, 0);
    assert_null(buf.memory);
    assert_int_equal(buf.ceiling, BUF_NO_CEILING);
}

/* A queue that never grows beyond what is in it keeps its memory bounded, whatever runs through it. */
static void test_memory_is_bounded_by_content_not_by_traffic(void **state)
{
    struct buf buf;
    struct random random;
    uint64_t put_count = 0;
    uint64_t taken_count = 0;

    (void)state;
    buf_init(&buf, BUF_NO_CEILING);
    random_init(&random, 4);
    for (int i = 0; i < 200000; i++) {
        if (buf.len < 1000 && random_below(&random, 2) == 0) {
            for (uint64_t n = random_below(&random, 50); n > 0; n--) {
                buf_put_byte(&buf, (char)put_count++);
            }
        } else if (buf.len > 0) {
            size_t len = 1 + random_below(&random, buf.len);

            assert_int_equal(buf_slice(&buf).data[0], (char)taken_count);
            assert_int_equal(buf_slice(&buf).data[len - 1], (char)(taken_count + len - 1));
            buf_consume(&buf, len);
            taken_count += len;
        }
    }
    assert_true(taken_count > 100000);
    assert_true(buf.capacity <= 4096);
    buf_release(&buf);
}

/* Append and consume at random around the place where the bytes go to the file: what comes out is what went in. */
static void test_much_goes_to_a_file_and_comes_back_in_order(void **state)
{
    struct random random;
    struct buf buf;
    uint32_t written = 0;
    uint32_t read = 0;

    (void)state;
    random_init(&random, 11);
    buf_init(&buf, BUF_NO_CEILING);
    buf_allow_spill(&buf, "/tmp");
    for (int round = 0; round < 300; round++) {
        size_t count = random_below(&random, 100000);

        for (size_t i = 0; i < count; i++, written++) {
            buf_put(&buf, slice_make(&written, sizeof(written)));
        }
        count = random_below(&random, round < 150 ? 50000 : 200000);
        for (size_t i = 0; i < count && read < written; i++, read++) {
            uint32_t value;

            memcpy(&value, buf_slice(&buf).data, sizeof(value));
            assert_int_equal(value, read);
            buf_consume(&buf, sizeof(value));
        }
        assert_int_equal(buf.len, (written - read) * sizeof(written));
        assert_true(buf_memory_bytes(&buf) <= BUF_MEMORY_BYTES_MAX);
        if (round == 140) {
            assert_int_equal(buf_memory_bytes(&buf), 0);
        }
    }
    assert_int_equal(buf.len, 0);
    buf_shrink(&buf, 1000); /* An empty buffer gives its file back. */
    assert_int_equal(buf.capacity, 1000);
    assert_int_equal(buf_memory_bytes(&buf), 1000);
    buf_release(&buf);
}

static void test_without_a_folder_much_stays_in_memory(void **state)
{
    struct buf buf;

    (void)state;
    buf_init(&buf, BUF_NO_CEILING);
    buf_allow_spill(&buf, "/nowhere/at/all");
    for (uint32_t i = 0; i < 3000000; i++) {
        buf_put(&buf, slice_make(&i, sizeof(i)));
    }
    assert_int_equal(buf.len, 12000000);
    assert_true(buf_memory_bytes(&buf) >= buf.len);
    assert_true(buf_lacks_file(&buf));
    for (uint32_t i = 0; i < 3000000; i++) {
        assert_memory_equal(buf_slice(&buf).data, &i, sizeof(i));
        buf_consume(&buf, sizeof(i));
    }
    assert_false(buf_lacks_file(&buf));
    buf_release(&buf);
}

/* Of a file that cannot grow the content goes, rather than to memory; positions in it stay what they are. */
static void test_file_that_cannot_grow_is_lost(void **state)
{
    struct rlimit limit;
    struct rlimit former;
    struct buf buf;
    size_t len = 0;

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &former), 0);
    limit = (struct rlimit){.rlim_cur = (rlim_t)5 * BUF_MEMORY_BYTES_MAX, .rlim_max = former.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    (void)signal(SIGXFSZ, SIG_IGN);
    buf_init(&buf, BUF_NO_CEILING);
    buf_allow_spill(&buf, "/tmp");
    for (; len < 3 * BUF_MEMORY_BYTES_MAX; len += sizeof(len)) {
        buf_put(&buf, slice_make(&len, sizeof(len)));
    }
    assert_false(buf_is_lost(&buf));
    for (; len < 20 * BUF_MEMORY_BYTES_MAX; len += sizeof(len)) {
        buf_put(&buf, slice_make(&len, sizeof(len)));
    }
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &former), 0);
    assert_true(buf_is_lost(&buf));
    assert_false(buf_lacks_file(&buf));
    assert_int_equal(buf.len, len);
    assert_int_equal(buf_memory_bytes(&buf), 0);
    buf_truncate(&buf, 10);
    buf_release(&buf);
    assert_false(buf_is_lost(&buf));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_appends_and_consumes_in_order),
        cmocka_unit_test(test_format_grows_to_its_text),
        cmocka_unit_test(test_ceiling_is_kept_and_content_with_it),
        cmocka_unit_test(test_reserve_takes_what_is_committed),
        cmocka_unit_test(test_refused_memory_leaves_the_content),
        cmocka_unit_test(test_shrink_gives_memory_back_when_content_allows),
        cmocka_unit_test(test_memory_is_bounded_by_content_not_by_traffic),
        cmocka_unit_test(test_much_goes_to_a_file_and_comes_back_in_order),
        cmocka_unit_test(test_without_a_folder_much_stays_in_memory),
        cmocka_unit_test(test_file_that_cannot_grow_is_lost),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
