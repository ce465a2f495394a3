#include "storage/log/log_record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define SEED 0x12345678u

static const struct log_record_header sample = {
    .payload_len = 300,
    .payload_crc = 0xdeadbeef,
    .offset = 1000,
    .synced = 900,
    .wall_ms = 1700000000000,
    .hash = 0x0123456789abcdef,
};

static void test_header_survives_encoding(void **state)
{
    char bytes[LOG_RECORD_HEADER_BYTES];
    struct log_record_header header;

    (void)state;
    log_record_encode(&sample, SEED, bytes);
    assert_true(log_record_decode(bytes, SEED, &header));
    assert_int_equal(header.payload_len, sample.payload_len);
    assert_int_equal(header.payload_crc, sample.payload_crc);
    assert_int_equal(header.offset, sample.offset);
    assert_int_equal(header.synced, sample.synced);
    assert_int_equal(header.wall_ms, sample.wall_ms);
    assert_int_equal(header.hash, sample.hash);
}

static void test_every_flipped_bit_and_a_foreign_seed_are_refused(void **state)
{
    char bytes[LOG_RECORD_HEADER_BYTES];
    struct log_record_header header = {.offset = 42};

    (void)state;
    log_record_encode(&sample, SEED, bytes);
    for (size_t bit = 0; bit < sizeof(bytes) * 8; bit++) {
        bytes[bit / 8] = (char)(bytes[bit / 8] ^ (1 << bit % 8));
        assert_false(log_record_decode(bytes, SEED, &header));
        bytes[bit / 8] = (char)(bytes[bit / 8] ^ (1 << bit % 8));
    }
    assert_false(log_record_decode(bytes, SEED + 1, &header));
    assert_int_equal(header.offset, 42);
}

static void test_an_offset_that_overflows_is_refused(void **state)
{
    char bytes[LOG_RECORD_HEADER_BYTES];
    struct log_record_header header = sample;

    (void)state;
    header.offset = (uint64_t)INT64_MAX - sample.payload_len;
    log_record_encode(&header, SEED, bytes);
    assert_true(log_record_decode(bytes, SEED, &header));
    header.offset++;
    log_record_encode(&header, SEED, bytes);
    assert_false(log_record_decode(bytes, SEED, &header));
}

static void test_only_a_header_that_knows_of_a_sync_behind_the_offset_may_prove(void **state)
{
    char bytes[LOG_RECORD_HEADER_BYTES];

    (void)state;
    log_record_encode(&sample, SEED, bytes);
    assert_true(log_record_may_prove(bytes, 899));
    assert_false(log_record_may_prove(bytes, 900));
    memset(bytes, 0, sizeof(bytes));
    assert_false(log_record_may_prove(bytes, 0));
    memset(bytes, 'x', sizeof(bytes));
    assert_true(log_record_may_prove(bytes, 0)); /* A first sieve only. */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_header_survives_encoding),
        cmocka_unit_test(test_every_flipped_bit_and_a_foreign_seed_are_refused),
        cmocka_unit_test(test_an_offset_that_overflows_is_refused),
        cmocka_unit_test(test_only_a_header_that_knows_of_a_sync_behind_the_offset_may_prove),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
