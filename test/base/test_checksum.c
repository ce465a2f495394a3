#include "base/checksum.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static void test_published_values(void **state)
{
    struct checksum_hash128 hash = checksum_hash128(slice_empty(), 0);

    (void)state;
    assert_int_equal(checksum_crc32(0, slice_of("123456789")), 0xcbf43926);
    assert_true(checksum_crc64(0, slice_of("123456789")) == 0xe9c6d914c4b8d9cau);
    assert_true(checksum_hash64(slice_empty(), 0) == 0x2d06800538d394c2u);
    assert_true(hash.high == 0x99aa06d3014798d8u && hash.low == 0x6001c324468d497fu);
    assert_true(checksum_hash64(slice_of("a"), 1) != checksum_hash64(slice_of("a"), 2));
}

/* The polynomial's definition, a bit at a time. */
static uint64_t crc64_by_bits(uint64_t crc, struct slice bytes)
{
    for (size_t i = 0; i < bytes.len; i++) {
        crc ^= (unsigned char)bytes.data[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x95ac9329ac4bc9b5u : 0);
        }
    }
    return crc;
}

/* Every length around the strides, from every alignment, from any state. */
static void test_crc64_is_its_definition(void **state)
{
    struct random random;
    char bytes[300];

    (void)state;
    random_init(&random, 5);
    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (char)random_next(&random);
    }
    for (size_t start = 0; start < 16; start++) {
        for (size_t len = 0; len <= 270; len++) {
            struct slice slice = slice_make(bytes + start, len);
            uint64_t crc = random_next(&random);

            assert_true(checksum_crc64(crc, slice) == crc64_by_bits(crc, slice));
        }
    }
}

static void test_checksums_resume_at_any_byte(void **state)
{
    struct slice whole = slice_of("the running hash of a history is resumed at every record, however they are cut");

    (void)state;
    for (size_t cut = 0; cut <= whole.len; cut++) {
        uint64_t crc64 = checksum_crc64(0, slice_first(whole, cut));
        uint32_t crc32 = checksum_crc32(0, slice_first(whole, cut));

        assert_true(checksum_crc64(crc64, slice_after(whole, cut)) == checksum_crc64(0, whole));
        assert_int_equal(checksum_crc32(crc32, slice_after(whole, cut)), checksum_crc32(0, whole));
    }
}

/* Printed, not asserted: sanitizers and busy machines are slow. */
static void test_crc64_speed(void **state)
{
    size_t len = 16 << 20;
    char *bytes = memory_allocate_zeroed(len);
    uint64_t start_us = clock_monotonic_us();
    uint64_t crc = checksum_crc64(1, slice_make(bytes, len));
    uint64_t took_us = clock_monotonic_us() - start_us;

    (void)state;
    assert_true(crc != 1);
    printf("crc64: %.2f GB/s\n", (double)len / 1000.0 / (double)(took_us + 1));
    memory_free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_published_values),
        cmocka_unit_test(test_crc64_is_its_definition),
        cmocka_unit_test(test_checksums_resume_at_any_byte),
        cmocka_unit_test(test_crc64_speed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
