#include "base/memory.h"
#include "base/random.h"
#include "storage/rdb/rdb_lzf.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#define INPUT_MAX 20000
#define CANARY    0x5a

/* Compress `input` into exactly `capacity` bytes, with nothing written beyond, and see that it comes back. */
static size_t compress(struct rdb_lzf *lzf, struct slice input, size_t capacity)
{
    char *packed = memory_allocate(capacity + 2);
    char *again = memory_allocate(input.len);
    size_t len;

    memset(packed, CANARY, capacity + 2);
    len = rdb_lzf_compress(lzf, input, packed, capacity);
    assert_true(len <= capacity);
    assert_int_equal(packed[capacity + 1], CANARY);
    if (len != 0) {
        assert_true(rdb_lzf_expand(slice_make(packed, len), again, input.len));
        assert_memory_equal(again, input.data, input.len);
    }
    memory_free(again);
    memory_free(packed);
    return len;
}

/* Text of few different bytes, with runs of one byte and copies of earlier parts. */
static size_t fill(struct random *random, char *text)
{
    size_t len = 1 + random_below(random, random_below(random, 4) == 0 ? INPUT_MAX : 300);
    uint64_t letters = 1 + random_below(random, 40);

    for (size_t at = 0; at < len;) {
        size_t run = 1 + random_below(random, 400);
        bool copies = at > 0 && random_below(random, 3) == 0;
        size_t from = copies ? random_below(random, at) : 0;

        for (; run > 0 && at < len; run--) {
            text[at++] = copies ? text[from++] : (char)('a' + random_below(random, letters));
        }
    }
    return len;
}

static void test_what_was_compressed_comes_back(void **state)
{
    static char text[INPUT_MAX];
    struct random random;
    struct rdb_lzf lzf;

    (void)state;
    random_init(&random, 7);
    rdb_lzf_init(&lzf);
    for (int i = 0; i < 3000; i++) {
        struct slice input = slice_make(text, fill(&random, text));

        (void)compress(&lzf, input, input.len + 1000);
        (void)compress(&lzf, input, 1 + random_below(&random, input.len));
    }
    rdb_lzf_release(&lzf);
}

static void test_numbers_of_places_may_run_out(void **state)
{
    static char text[1000];
    struct rdb_lzf lzf;
    size_t len;

    (void)state;
    memset(text, 'a', sizeof(text));
    rdb_lzf_init(&lzf);
    len = compress(&lzf, slice_make(text, sizeof(text)), sizeof(text));
    assert_in_range(len, 1, 100);
    lzf.begin = UINT32_MAX - 1500;
    assert_int_equal(compress(&lzf, slice_make(text, sizeof(text)), sizeof(text)), len);
    assert_int_equal(compress(&lzf, slice_make(text, sizeof(text)), sizeof(text)), len);
    assert_int_equal(lzf.begin, sizeof(text));
    rdb_lzf_release(&lzf);
}

static void test_an_earlier_string_leaves_nothing(void **state)
{
    struct rdb_lzf used;
    struct rdb_lzf fresh;
    struct slice first = slice_of("the quick brown fox jumps over the lazy dog, the quick brown fox jumps");
    struct slice second = slice_of("over the lazy dog the quick brown fox, over the lazy dog the fox");
    char a[100];
    char b[100];
    size_t len;

    (void)state;
    rdb_lzf_init(&used);
    rdb_lzf_init(&fresh);
    assert_true(rdb_lzf_compress(&used, first, a, sizeof(a)) > 0);
    len = rdb_lzf_compress(&used, second, a, sizeof(a));
    assert_int_equal(rdb_lzf_compress(&fresh, second, b, sizeof(b)), len);
    assert_memory_equal(a, b, len);
    rdb_lzf_release(&fresh);
    rdb_lzf_release(&used);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_was_compressed_comes_back),
        cmocka_unit_test(test_numbers_of_places_may_run_out),
        cmocka_unit_test(test_an_earlier_string_leaves_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
