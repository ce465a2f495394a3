/* Vectors: FIPS 180, appendix A, and RFC 3174; the hash of a hash is Python's. */
#include "base/sha1.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void assert_hash(struct slice bytes, const char *expected)
{
    unsigned char hash[SHA1_BYTES];
    char hex[SHA1_HEX_TEXT];

    sha1(bytes, hash);
    sha1_format(hash, hex);
    assert_string_equal(hex, expected);
}

static void test_hash_is_that_of_the_standard(void **state)
{
    (void)state;
    assert_hash(slice_empty(), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
    assert_hash(slice_of("abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
    assert_hash(slice_of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
                "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
}

static void test_hash_may_replace_what_it_is_of(void **state)
{
    unsigned char hash[SHA1_BYTES];
    char hex[SHA1_HEX_TEXT];

    (void)state;
    sha1(slice_of("abc"), hash);
    sha1(slice_make(hash, sizeof(hash)), hash);
    sha1_format(hash, hex);
    assert_string_equal(hex, "0d3ced9bec10a777aec23ccc353a8c08a633045e");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hash_is_that_of_the_standard),
        cmocka_unit_test(test_hash_may_replace_what_it_is_of),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
