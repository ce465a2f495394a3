#include "storage/snapshot/snapshot_format.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static struct snapshot_header sample_header(void)
{
    struct snapshot_header header = {
        .version = SNAPSHOT_VERSION,
        .history = {.id = "0123456789012345678901234567890123456789",
                    .previous_id = "abcdefabcdefabcdefabcdefabcdefabcdefabcd",
                    .previous_end = 4711},
        .position = {.offset = 5000, .hash = 0x1122334455667788},
        .created_ms = 1790000000000,
        .raw_bytes = 8 * 4096,
        .compression = SNAPSHOT_ZLIB,
        .env_version = 1,
        .page_bytes = 4096,
    };

    return header;
}

static void test_header_says_what_it_was_told(void **state)
{
    struct snapshot_header header = sample_header();
    struct snapshot_header decoded;
    char bytes[SNAPSHOT_HEADER_BYTES];
    const char *reason;

    (void)state;
    header.history.previous_end = -1;
    snapshot_header_encode(&header, bytes);
    assert_int_equal(snapshot_header_decode(bytes, &decoded, &reason), STATUS_OK);
    assert_string_equal(decoded.history.id, header.history.id);
    assert_string_equal(decoded.history.previous_id, header.history.previous_id);
    assert_int_equal(decoded.history.previous_end, -1);
    assert_int_equal(decoded.position.offset, header.position.offset);
    assert_int_equal(decoded.position.hash, header.position.hash);
    assert_int_equal(decoded.created_ms, header.created_ms);
    assert_int_equal(decoded.raw_bytes, header.raw_bytes);
    assert_int_equal(decoded.compression, SNAPSHOT_ZLIB);
    assert_int_equal(decoded.env_version, 1);
    assert_int_equal(decoded.page_bytes, 4096);
}

static void test_any_flipped_bit_of_a_header_is_refused(void **state)
{
    struct snapshot_header header = sample_header();
    struct snapshot_header decoded;
    char bytes[SNAPSHOT_HEADER_BYTES];
    const char *reason;

    (void)state;
    snapshot_header_encode(&header, bytes);
    for (size_t bit = 0; bit < 8 * sizeof(bytes); bit++) {
        bytes[bit / 8] ^= (char)(1 << bit % 8);
        assert_int_not_equal(snapshot_header_decode(bytes, &decoded, &reason), STATUS_OK);
        bytes[bit / 8] ^= (char)(1 << bit % 8);
    }
    assert_int_equal(snapshot_header_decode(bytes, &decoded, &reason), STATUS_OK);
}

static void test_a_later_version_is_unsupported_and_not_corrupt(void **state)
{
    struct snapshot_header header = sample_header();
    char bytes[SNAPSHOT_HEADER_BYTES];
    const char *reason;

    (void)state;
    header.version = SNAPSHOT_VERSION + 1;
    snapshot_header_encode(&header, bytes);
    assert_int_equal(snapshot_header_decode(bytes, &header, &reason), STATUS_UNSUPPORTED);
}

static void test_any_flipped_bit_of_a_block_header_or_trailer_is_refused(void **state)
{
    struct snapshot_block_header block = {.raw_len = 4096, .stored_len = 100, .number = 3, .stored_crc = 5};
    struct snapshot_trailer trailer = {.block_count = 1, .raw_bytes = 100};
    char bytes[SNAPSHOT_TRAILER_BYTES];
    const char *reason;

    (void)state;
    block.raw_hash = checksum_hash128(slice_of("x"), 0);
    snapshot_block_header_encode(&block, bytes);
    assert_int_equal(snapshot_block_header_decode(bytes, &block, &reason), STATUS_OK);
    for (size_t bit = 0; bit < 8 * SNAPSHOT_BLOCK_HEADER_BYTES; bit++) {
        bytes[bit / 8] ^= (char)(1 << bit % 8);
        assert_int_equal(snapshot_block_header_decode(bytes, &block, &reason), STATUS_CORRUPT);
        bytes[bit / 8] ^= (char)(1 << bit % 8);
    }
    snapshot_trailer_encode(&trailer, bytes);
    assert_true(snapshot_is_trailer(bytes));
    assert_int_equal(snapshot_trailer_decode(bytes, &trailer, &reason), STATUS_OK);
    for (size_t bit = 0; bit < 8 * SNAPSHOT_TRAILER_BYTES; bit++) {
        bytes[bit / 8] ^= (char)(1 << bit % 8);
        assert_int_equal(snapshot_trailer_decode(bytes, &trailer, &reason), STATUS_CORRUPT);
        bytes[bit / 8] ^= (char)(1 << bit % 8);
    }
}

static void test_impossible_lengths_are_refused_with_a_right_checksum(void **state)
{
    static const uint32_t lengths[][2] = {
        {SNAPSHOT_BLOCK_BYTES + 1, 5}, {100, 101}, {100, 0}, {UINT32_MAX, UINT32_MAX}, {0, 1},
    };
    char bytes[SNAPSHOT_BLOCK_HEADER_BYTES];
    const char *reason;

    (void)state;
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        struct snapshot_block_header block = {.raw_len = lengths[i][0], .stored_len = lengths[i][1]};

        snapshot_block_header_encode(&block, bytes);
        assert_int_equal(snapshot_block_header_decode(bytes, &block, &reason), STATUS_CORRUPT);
        assert_string_equal(reason, "impossible length");
    }
}

static void test_the_name_does_not_depend_on_a_known_raw_length(void **state)
{
    struct snapshot_header header = sample_header();
    char bytes[SNAPSHOT_HEADER_BYTES];
    char names[3][SNAPSHOT_NAME_LEN + 1];

    (void)state;
    snapshot_header_encode(&header, bytes);
    snapshot_name(snapshot_digest_begin(bytes), names[0]);
    header.raw_bytes = 0;
    snapshot_header_encode(&header, bytes);
    snapshot_name(snapshot_digest_begin(bytes), names[1]);
    header.position.offset++;
    snapshot_header_encode(&header, bytes);
    snapshot_name(snapshot_digest_begin(bytes), names[2]);
    assert_string_equal(names[0], names[1]);
    assert_string_not_equal(names[0], names[2]);
    assert_true(snapshot_name_is_valid(slice_of(names[0])));
    assert_false(snapshot_name_is_valid(slice_of("../../etc/passwd")));
    names[0][31] = 'g';
    assert_false(snapshot_name_is_valid(slice_of(names[0])));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_header_says_what_it_was_told),
        cmocka_unit_test(test_any_flipped_bit_of_a_header_is_refused),
        cmocka_unit_test(test_a_later_version_is_unsupported_and_not_corrupt),
        cmocka_unit_test(test_any_flipped_bit_of_a_block_header_or_trailer_is_refused),
        cmocka_unit_test(test_impossible_lengths_are_refused_with_a_right_checksum),
        cmocka_unit_test(test_the_name_does_not_depend_on_a_known_raw_length),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
