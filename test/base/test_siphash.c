/* Vectors: the reference implementation's for key 00 01 .. 0f and bytes 00 01 02 .., as OpenSSL's SIPHASH gives them
 * too (openssl mac -macopt hexkey:00..0f -macopt size:16 SIPHASH). */
#include "base/bytes.h"
#include "base/siphash.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

static void assert_hash(size_t len, const char *expected)
{
    char bytes[512];
    char hash[SIPHASH_BYTES];
    char text[2 * SIPHASH_BYTES + 1];
    struct siphash_key key = {.first = 0x0706050403020100u, .second = 0x0f0e0d0c0b0a0908u};

    for (size_t i = 0; i < len; i++) {
        bytes[i] = (char)i;
    }
    siphash(slice_make(bytes, len), key, hash);
    for (size_t i = 0; i < SIPHASH_BYTES; i++) {
        snprintf(text + 2 * i, 3, "%02x", (unsigned char)hash[i]);
    }
    assert_string_equal(text, expected);
}

static void test_hash_is_that_of_the_reference(void **state)
{
    (void)state;
    assert_hash(0, "a3817f04ba25a8e66df67214c7550293");
    assert_hash(1, "da87c1d86b99af44347659119b22fc45");
    assert_hash(7, "a1f1ebbed8dbc153c0b84aa61ff08239");
    assert_hash(8, "3b62a9ba6258f5610f83e264f31497b4");
    assert_hash(15, "5493e99933b0a8117e08ec0f97cfc3d9");
    assert_hash(16, "6ee2a4ca67b054bbfd3315bf85230577");
    assert_hash(63, "5150d1772f50834a503e069a973fbd7c");
    assert_hash(500, "c62c8546872ef565a97c7e800beb2424");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hash_is_that_of_the_reference),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
